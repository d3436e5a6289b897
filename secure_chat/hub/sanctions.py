"""What operators and the owner decreed beyond certificates: who may not speak, where nobody may.

Owned by the hub's thread. It takes this from each new registry and tells whom it concerns. On the
path of a message are only `Person.muted` and `closed`; everything else happens when the registry
changes, when somebody is welcomed, and when a mute ends.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from secure_chat.hub.commands import Command, Fault, Send
from secure_chat.hub.room import LOBBY
from secure_chat.hub.roster import Roster
from secure_chat.hub.session import Session
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import Code, Notice

__all__ = ["ROOM_CLOSED", "Sanctions"]

ROOM_CLOSED: Final[Fault] = (
    Code.ROOM_CLOSED,
    "that room is closed; an operator or the host's owner can open it again",
)


class Sanctions:
    """Mutes and closed rooms in force.

    Args:
        roster: who there is.
        registry: what was decreed before the hub was made.
        out: where decided commands go.
    """

    def __init__(self, roster: Roster, registry: Registry, out: list[Command]) -> None:
        self._roster = roster
        self._out = out
        self._now = self._at = 0.0
        self._mutes: Mapping[str, float] = {}
        self._end = math.inf
        self.closed: frozenset[str] = frozenset()
        self.registry_changed(registry)

    @property
    def due(self) -> float | None:
        """When `tick` ends a mute, on the monotonic clock; None for never."""
        return None if self._end == math.inf else self._now + self._end - self._at

    def tick(self, now: float, at: float) -> None:
        """Let time pass.

        Args:
            now: seconds on the monotonic clock.
            at: seconds since 1970 UTC, by which mutes end.
        """
        self._now, self._at = now, at
        if at >= self._end:
            self._enforce(self._mutes)

    def registry_changed(self, registry: Registry) -> None:
        """Enforce what another registry says; the lobby is open whatever it says."""
        self.closed = registry.closed_rooms - {LOBBY}
        self._enforce(registry.mutes)

    def welcome(self, session: Session, *, tell: bool) -> None:
        """Apply to somebody who comes in what was decreed before.

        Args:
            session: the connection.
            tell: whether its client hears of it.
        """
        person = session.person
        person.muted = person.name in self._mutes
        if person.muted and tell:
            self._out.append(Send(session.conn, Notice(*self.muted(person.name))))

    def muted(self, name: str) -> Fault:
        """Return why somebody who is muted may not speak."""
        until = self._mutes[name]
        if until == math.inf:
            return Code.MUTED, "you are muted until an operator or the host's owner lifts it"
        moment = datetime.fromtimestamp(until, UTC)
        return Code.MUTED, f"you are muted until {moment:%Y-%m-%d %H:%M:%S} UTC"

    def _enforce(self, mutes: Mapping[str, float]) -> None:
        """Take over what is still in force of these mutes, and tell whom a change concerns."""
        before = self._mutes
        self._mutes = {name: until for name, until in mutes.items() if until > self._at}
        self._end = min(self._mutes.values(), default=math.inf)
        for name in before:
            if name not in self._mutes:
                self._tell(name, _UNMUTED, muted=False)
        for name, until in self._mutes.items():
            if before.get(name) != until:
                self._tell(name, self.muted(name), muted=True)

    def _tell(self, name: str, news: Fault, *, muted: bool) -> None:
        person = self._roster.people.get(name)
        if person is None:
            return
        person.muted = muted
        self._out.extend(
            Send(session.conn, Notice(*news))
            for session in person.sessions.values()
            if session.here()
        )


_UNMUTED: Final[Fault] = Code.UNMUTED, "you may speak again"
