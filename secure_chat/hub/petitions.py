"""What clients ask the registrar for: new certificates, and what operators do to people and rooms.

Owned by the hub's thread. It judges who may ask for what about whom and hands on what is right.
Nothing is done here: the registrar writes an act down, and it is in force when the next registry
says so.
"""

from typing import Final

from secure_chat.hub.commands import Command, Fault, Petition, Send
from secure_chat.hub.events import Replied
from secure_chat.hub.room import LOBBY
from secure_chat.hub.roster import Roster
from secure_chat.hub.sanctions import Sanctions
from secure_chat.hub.session import Session
from secure_chat.hub.standing import Standing
from secure_chat.limits import Limits
from secure_chat.pki.identity import Role
from secure_chat.wire.messages import Code, Error, Measure, Moderate, Renew

__all__ = ["Petitions"]

_ON_ROOMS: Final = frozenset({Measure.CLOSE_ROOM, Measure.OPEN_ROOM})
_ON_PEOPLE: Final = frozenset(Measure) - _ON_ROOMS


class Petitions:
    """Judges petitions and passes the answers on.

    Args:
        roster: which rooms there are.
        standing: who is known, and who is an operator.
        sanctions: which rooms are closed.
        limits: how much may be asked.
        out: where decided commands go.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        standing: Standing,
        sanctions: Sanctions,
        limits: Limits,
        out: list[Command],
    ) -> None:
        self._roster = roster
        self._standing = standing
        self._sanctions = sanctions
        self._limits = limits
        self._out = out

    def ask(self, session: Session, asked: Renew | Moderate) -> None:
        """Hand a petition on to the registrar, or say why not."""
        fault = self._waiting(session, asked) or self._fault(session, asked)
        if fault is not None:
            code, text = fault
            self._out.append(Send(session.conn, Error(code, text, re=asked.re)))
            return
        session.petitions[asked.re] = type(asked)
        self._out.append(Petition(session.conn, session.identity, asked))

    def replied(self, session: Session, event: Replied) -> None:
        """Pass the registrar's answer on."""
        if event.message.re is not None:
            session.petitions.pop(event.message.re, None)
        self._out.append(Send(session.conn, event.message))

    def _waiting(self, session: Session, asked: Renew | Moderate) -> Fault | None:
        waiting = session.petitions
        if asked.re in waiting:
            return Code.BAD_QUERY, "an earlier request with that number is not answered yet"
        if isinstance(asked, Renew) and Renew in waiting.values():
            return Code.BAD_QUERY, "a new certificate is being made already; wait for it"
        if len(waiting) >= self._limits.petitions:
            return Code.BAD_QUERY, f"{len(waiting)} requests are not answered yet; wait for them"
        return None

    def _fault(self, session: Session, asked: Renew | Moderate) -> Fault | None:
        if isinstance(asked, Moderate):
            return self._role(session) or self._form(asked) or self._target(session, asked)
        most = self._limits.request_bytes
        if len(asked.request.encode()) > most:
            return Code.TOO_LONG, f"a certificate request may have {most} bytes"
        return None

    def _form(self, asked: Moderate) -> Fault | None:
        if asked.act in _ON_PEOPLE:
            right = bool(asked.name) and not asked.room
        else:
            right = asked.act in _ON_ROOMS and bool(asked.room) and not asked.name
        if not right:
            return _BAD_ACT
        if asked.seconds and asked.act != Measure.MUTE:
            return Code.BAD_QUERY, "only a mute has a length"
        if asked.seconds > self._limits.mute_seconds:
            most = self._limits.mute_seconds
            return Code.BAD_QUERY, f"a mute lasts at most {most} seconds, or until it is lifted"
        return None

    def _target(self, session: Session, asked: Moderate) -> Fault | None:
        name, room = asked.name, asked.room
        if room == LOBBY:
            return Code.NOT_ALLOWED, "the lobby is always open"
        if room:
            known = room in self._roster.rooms or room in self._sanctions.closed
            return None if known else (Code.BAD_ROOM, "there is no such room")
        if name == session.person.name:
            return Code.NOT_ALLOWED, "nobody can do that to themselves"
        if not self._standing.knows(name):
            return Code.NOBODY, "nobody here has that name"
        if self._standing.is_operator(name):
            return Code.NOT_ALLOWED, "only the host's owner can do that to an operator"
        return None

    @staticmethod
    def _role(session: Session) -> Fault | None:
        if session.identity.role == Role.OPERATOR:
            return None
        return Code.NOT_ALLOWED, "only operators can do that"


_BAD_ACT: Final[Fault] = (
    Code.BAD_QUERY,
    "an act is kick, mute, unmute or ban with a name, or close-room or open-room with a room",
)
