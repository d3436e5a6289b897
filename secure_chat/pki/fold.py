"""The registry as the fold of the audit trail: what all its lines together say.

Pure, on any thread. It never guesses: a whole line that cannot be read might have revoked
somebody, so nothing is loaded then.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import msgspec

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import REPLACED, SUPERSEDED, Entry, Invite, Overlap, Registry

__all__ = ["fold"]


def fold(trail: bytes, *, where: str = "audit.jsonl") -> Registry:
    """Return what a trail says.

    Args:
        trail: the file's bytes; a last line without its end does not count.
        where: the file's name, for the error.

    Raises:
        IdentityError: a whole line cannot be read.
    """
    state = _State()
    for number, line in enumerate(trail.split(b"\n")[:-1], start=1):
        try:
            state.take(_DECODE.decode(line))
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise IdentityError(
                f"line {number} of {where} is damaged",
                why="who is revoked cannot be known without it",
                hint="put the file back from a copy, or run `securechat init-certs --force`",
            ) from error
    return state.registry()


_DECODE: Final = msgspec.json.Decoder(Act)
_PASSING: Final = (REPLACED, SUPERSEDED)


@dataclass(slots=True)
class _State:
    """What the lines so far say."""

    entries: dict[str, Entry] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    roles: dict[str, Role] = field(default_factory=dict)
    invites: dict[str, Invite] = field(default_factory=dict)
    kicks: dict[str, float] = field(default_factory=dict)
    mutes: dict[str, float] = field(default_factory=dict)
    closed_rooms: set[str] = field(default_factory=set)
    overlap: Overlap | None = None
    # The authority of lines from before there could be two, which name none.
    first: str = ""

    def take(self, act: Act) -> None:
        """Take one line in; an act that means nothing here is passed over."""
        take = _TAKES.get(act.act)
        if take is not None:
            take(self, act)

    def registry(self) -> Registry:
        """Return all of it as one frozen value."""
        return Registry(
            self.entries,
            retired=frozenset(self.retired),
            roles=self.roles,
            invites=self.invites,
            kicks=self.kicks,
            mutes=self.mutes,
            closed_rooms=frozenset(self.closed_rooms),
            overlap=self.overlap,
        )

    def created_authority(self, act: Act) -> None:
        self.overlap, self.first = None, act.fingerprint
        self._replaced(None)

    def added_authority(self, act: Act) -> None:
        self.overlap = Overlap(
            authority=act.fingerprint, since=_seconds(act.at), until=_seconds(act.until)
        )

    def retired_authority(self, act: Act) -> None:
        self.overlap = None
        self._replaced(act.fingerprint)

    def _replaced(self, authority: str | None) -> None:
        """End what an authority issued; None stands for all of them.

        Lines that name none are from before there could be two, so from the older one.
        """
        for serial, entry in self.entries.items():
            ours = authority is None or entry.authority in ("", authority)
            if entry.state == "valid" and ours:
                self.entries[serial] = replace(entry, state="revoked", reason=REPLACED)

    def issued(self, act: Act) -> None:
        known = self.entries.get(act.serial)
        # Only an authority that was put back can give a certificate its worth back.
        if known is not None and known.reason != REPLACED:
            return
        self.entries[act.serial] = Entry(
            name=act.name,
            role=Role(act.role),
            serial=act.serial,
            fingerprint=act.fingerprint,
            not_before=int(_seconds(act.not_before)),
            not_after=int(_seconds(act.not_after)),
            authority=act.authority or self.first,
            replaces=act.replaces,
            issued=_seconds(act.at),
        )
        invite = self.invites.get(act.invite)
        if invite is not None:
            self.invites[act.invite] = replace(invite, state="used")

    def revoked(self, act: Act) -> None:
        known = self.entries.get(act.serial)
        # A reason that was given weighs more than that there is a successor, never the reverse.
        if known is not None and (known.state == "valid" or known.reason in _PASSING):
            self.entries[act.serial] = replace(
                known, state="revoked", reason=act.reason, revoked=_seconds(act.at)
            )

    def retired_name(self, act: Act) -> None:
        self.retired.add(act.name)

    def promoted(self, act: Act) -> None:
        self.roles[act.name] = Role.OPERATOR

    def demoted(self, act: Act) -> None:
        self.roles[act.name] = Role.MEMBER

    def invited(self, act: Act) -> None:
        self.invites[act.invite] = Invite(
            id=act.invite,
            name=act.name,
            role=Role(act.role),
            digest=act.digest,
            since=_seconds(act.at),
            until=_seconds(act.until),
            by=act.by,
        )

    def cancelled_invite(self, act: Act) -> None:
        invite = self.invites.get(act.invite)
        if invite is not None and invite.state == "open":
            self.invites[act.invite] = replace(invite, state="cancelled")

    def kicked(self, act: Act) -> None:
        self.kicks[act.name] = _seconds(act.at)

    def muted(self, act: Act) -> None:
        self.mutes[act.name] = _seconds(act.until) if act.until else math.inf

    def unmuted(self, act: Act) -> None:
        self.mutes.pop(act.name, None)

    def closed_room(self, act: Act) -> None:
        self.closed_rooms.add(act.room)

    def opened_room(self, act: Act) -> None:
        self.closed_rooms.discard(act.room)


_TAKES: Final[dict[str, Callable[[_State, Act], None]]] = {
    Deed.CREATED_AUTHORITY: _State.created_authority,
    Deed.ADDED_AUTHORITY: _State.added_authority,
    Deed.RETIRED_AUTHORITY: _State.retired_authority,
    Deed.ISSUED: _State.issued,
    Deed.ADOPTED: _State.issued,
    Deed.REVOKED: _State.revoked,
    Deed.RETIRED_NAME: _State.retired_name,
    Deed.PROMOTED: _State.promoted,
    Deed.DEMOTED: _State.demoted,
    Deed.INVITED: _State.invited,
    Deed.CANCELLED_INVITE: _State.cancelled_invite,
    Deed.KICKED: _State.kicked,
    Deed.MUTED: _State.muted,
    Deed.UNMUTED: _State.unmuted,
    Deed.CLOSED_ROOM: _State.closed_room,
    Deed.OPENED_ROOM: _State.opened_room,
}


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
