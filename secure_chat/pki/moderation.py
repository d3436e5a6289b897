"""What is done to people and rooms of the chat without touching a certificate.

Each act is one line of the audit trail, on the thread of whoever asks; a running host reads it and
acts on it, and after a restart it still holds. Who may do what to whom is for the hub to judge;
whoever can write this file may do all of it.
"""

from typing import Final

from secure_chat.clock import rfc3339
from secure_chat.errors import UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.vault import Vault

__all__ = ["record"]

_ON_PEOPLE: Final = frozenset({Deed.KICKED, Deed.MUTED, Deed.UNMUTED})
_ON_ROOMS: Final = frozenset({Deed.CLOSED_ROOM, Deed.OPENED_ROOM})


def record(  # noqa: PLR0913 # an act has as many parts
    vault: Vault,
    deed: Deed,
    *,
    name: str = "",
    room: str = "",
    until: float | None = None,
    now: float,
    by: str,
    reason: str = "",
) -> Act:
    """Write an act down.

    Args:
        vault: the folder.
        deed: kicked, muted or unmuted a person; closed or opened a room.
        name: the person, for acts on people.
        room: the room, for acts on rooms.
        until: when a mute ends, seconds since 1970 UTC; None for when it is lifted.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        reason: why, in words.

    Returns:
        What was written.

    Raises:
        UsageError: nobody has that name, or the act and what it is done to do not fit.
        IdentityError: the trail cannot be read or written.
    """
    person, place = deed in _ON_PEOPLE, deed in _ON_ROOMS
    if not (person or place) or bool(name) != person or bool(room) != place:
        raise UsageError(
            f"{deed} needs {'a room' if place else 'a name'} and nothing else",
            hint="kick, mute and unmute are for people, close and open are for rooms",
        )
    if until is not None and (deed is not Deed.MUTED or until <= now):
        raise UsageError("only a mute has an end, and it lies ahead", hint="leave the span out")
    act = Act(
        at=rfc3339(now),
        act=deed,
        name=name,
        room=room,
        until="" if until is None else rfc3339(until),
        by=by,
        reason=reason,
    )
    with vault.audit.lock():
        if person and vault.registry().newest(name) is None:
            raise UsageError(f"nobody is called {name!r} here", hint="see `securechat certs list`")
        vault.audit.append_locked([act])
    return act
