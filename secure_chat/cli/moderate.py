"""`securechat moderate ACT TARGET`: what operators do in the chat, by the owner at the shell."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet
from secure_chat.cli.owner import done_by
from secure_chat.errors import IdentityError, UsageError

if TYPE_CHECKING:
    from secure_chat.pki.act import Act

__all__ = ["EXAMPLES", "moderate"]

EXAMPLES: Final = """Examples:

  securechat moderate kick bob --reason "please calm down"

  securechat moderate mute bob --for 1h

  securechat moderate close-room secrets
"""


class _Act(StrEnum):
    KICK = "kick"
    MUTE = "mute"
    UNMUTE = "unmute"
    CLOSE_ROOM = "close-room"
    OPEN_ROOM = "open-room"


_DEEDS: Final = {
    _Act.KICK: "kicked",
    _Act.MUTE: "muted",
    _Act.UNMUTE: "unmuted",
    _Act.CLOSE_ROOM: "closed-room",
    _Act.OPEN_ROOM: "opened-room",
}


def moderate(
    act: Annotated[
        _Act,
        typer.Argument(
            metavar="ACT",
            help=f"What to do: {', '.join(_Act)}.",
            show_default=False,
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(metavar="NAME|ROOM", help="To whom, or which room.", show_default=False),
    ],
    span: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="SPAN",
            help="How long a mute lasts. [default: until it is lifted]",
            show_default=False,
        ),
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, in words.", show_default=False)
    ] = "",
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Kick or mute somebody, or close a room, from the host's shell.

    What operators do inside the chat; the owner may do it to operators too. A running host acts on
    it within a second, and after a restart it still holds. Who is kicked may come back; who shall
    not is revoked with `securechat certs revoke`.
    """
    from secure_chat.pki.act import Deed
    from secure_chat.pki.moderation import record
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    if span is not None and act is not _Act.MUTE:
        raise UsageError("--for belongs to a mute", hint="Leave it out.")
    room = act in {_Act.CLOSE_ROOM, _Act.OPEN_ROOM}
    if room:
        _check_room(target)
    vault = Vault(certs)
    now = vault.clock.now()
    until = None if span is None else now + _seconds(span)
    if not vault.audit_file.exists():
        raise IdentityError(
            f"{vault.audit_file} is missing",
            why="only the folder of whoever runs the host has it",
            hint="Name that folder with --certs.",
        )
    done = record(
        vault,
        Deed(_DEEDS[act]),
        name="" if room else target,
        room=target if room else "",
        until=until,
        now=now,
        by=done_by("moderate"),
        reason=reason,
    )
    if as_json:
        console.data_json(_as_json(act, done))
    else:
        console.talk(_in_words(act, target, done))


def _seconds(span: str) -> float:
    from secure_chat.limits import Limits
    from secure_chat.pki.duration import parse_duration

    seconds, most = parse_duration(span).total_seconds(), Limits().mute_seconds
    if seconds > most:
        raise UsageError(
            f"a mute lasts at most {most} seconds, or until it is lifted",
            hint="Leave --for out to mute somebody until it is lifted.",
        )
    return seconds


def _check_room(name: str) -> None:
    """Refuse what names no room, and the room that is always open.

    Raises:
        UsageError: it is one of them.
    """
    from secure_chat.hub.room import LOBBY, is_room

    if not is_room(name):
        raise UsageError(
            f"{name!r} is no name of a room",
            why="it has lower-case letters and digits with single . _ - between them",
        )
    if name == LOBBY:
        raise UsageError(f"{LOBBY} is always open", why="everybody is in it from the start")


def _as_json(act: _Act, done: "Act") -> dict[str, Any]:
    return {
        "act": str(act),
        "name": done.name or None,
        "room": done.room or None,
        "until": done.until or None,
        "at": done.at,
        "by": done.by,
        "reason": done.reason or None,
    }


def _in_words(act: _Act, target: str, done: "Act") -> str:
    """Return what has been decided and what a running host makes of it."""
    return {
        _Act.KICK: f"{target} is sent away; who shall not come back: securechat certs revoke",
        _Act.MUTE: f"{target} may not speak {f'until {done.until}' if done.until else 'any more'}",
        _Act.UNMUTE: f"{target} may speak again",
        _Act.CLOSE_ROOM: f"nobody may speak in {target} or join it any more",
        _Act.OPEN_ROOM: f"{target} is open again",
    }[act]
