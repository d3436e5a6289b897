"""What a person asks to be committed: a message, joining a room, leaving one.

Owned by the hub's thread. A request becomes a draft for the log, an acknowledgement of what is
committed already, or an error; nobody else hears of it before the log has answered. Membership is
judged as it will be once the waiting drafts are stored, so a text may follow its own joining.
"""

import re
from typing import Final

from secure_chat.hub.commands import Command, Fault, Send
from secure_chat.hub.contents import Contents
from secure_chat.hub.drafts import Drafts
from secure_chat.hub.room import is_room
from secure_chat.hub.roster import Roster
from secure_chat.hub.sanctions import ROOM_CLOSED, Sanctions
from secure_chat.hub.session import Session
from secure_chat.hub.standing import Standing
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Ack, Code, ContentKind, Error, Join, Leave, Say

__all__ = ["Requests"]

# Looked up once: on the path of every message, a member of an enum costs more than a draft.
_SAID: Final = Kind.SAID


class Requests:
    """Judges requests and drafts what is right.

    Args:
        roster: who is a member where.
        drafts: where drafts wait.
        standing: who can be written to.
        sanctions: who may not speak, and which rooms are closed.
        contents: what a message may be beside its text.
        limits: the sizes allowed.
        out: where decided commands go.
    """

    def __init__(  # noqa: PLR0913 - the pieces it works with, wired once in `hub`
        self,
        *,
        roster: Roster,
        drafts: Drafts,
        standing: Standing,
        sanctions: Sanctions,
        contents: Contents,
        limits: Limits,
        out: list[Command],
    ) -> None:
        self._roster = roster
        self._drafts = drafts
        self._standing = standing
        self._sanctions = sanctions
        self._contents = contents
        self._limits = limits
        self._out = out
        self._is_id = re.compile(rf"[A-Za-z0-9_.:-]{{1,{limits.id_chars}}}", re.ASCII).fullmatch

    def say(self, session: Session, say: Say) -> None:
        """Draft a text or what else is said, or tell its author what is wrong with it."""
        fault, content = self._fault(say), say.content
        if content is not None:
            fault = fault or self._contents.fault(say.text, content)
        if fault is not None:
            self._refuse(session, say.id, fault)
            return
        bar, author = self._bar(session, say), session.person.name
        if content is not None:
            content, missing = self._contents.complete(author, content)
            bar = bar or missing
        again = bar is not None
        draft = Draft(_SAID, author, say.id, say.room, say.to, say.text, again, content)
        if bar is None:
            self._drafts.add(session, draft)
        else:
            # What was right when it was committed is acknowledged again whatever happened since.
            self._drafts.add_again(session, draft, bar)

    def join(self, session: Session, join: Join) -> None:
        """Draft a joining; a member already is told when that happened."""
        person, room = session.person, join.room
        if not self._is_id(join.id):
            self._refuse(session, join.id, self._bad_id())
        elif not is_room(room):
            self._refuse(session, join.id, _BAD_ROOM)
        elif person.is_member(room):
            self._confirm_later(session, join)
        elif room in self._sanctions.closed:
            draft = Draft(Kind.JOINED, person.name, join.id, room, None, "", again=True)
            self._drafts.add_again(session, draft, ROOM_CLOSED)
        elif person.rooms_expected() >= self._limits.rooms_per_person:
            text = f"nobody may be in more than {self._limits.rooms_per_person} rooms"
            self._refuse(session, join.id, (Code.TOO_MANY_ROOMS, text))
        elif room not in self._roster.rooms and len(self._roster.rooms) >= self._limits.rooms:
            text = f"this host has its {self._limits.rooms} rooms already"
            self._refuse(session, join.id, (Code.TOO_MANY_ROOMS, text))
        else:
            self._drafts.move(session, Kind.JOINED, join.id, room)

    def leave(self, session: Session, leave: Leave) -> None:
        """Draft a leaving; whoever left before is told when that happened."""
        person, room = session.person, leave.room
        if not self._is_id(leave.id):
            self._refuse(session, leave.id, self._bad_id())
        elif person.is_member(room):
            self._drafts.move(session, Kind.LEFT, leave.id, room)
        elif room in person.expected or room in person.moves:
            self._confirm_later(session, leave)
        else:
            self._refuse(session, leave.id, _NOT_A_MEMBER)

    def confirm(self, session: Session, asked: Join | Leave, failed: Fault | None) -> None:
        """Acknowledge a membership that is already as asked.

        Args:
            session: who asked.
            asked: the request.
            failed: why the draft it relied on was not stored, if so.
        """
        move = session.person.moves.get(asked.room)
        if move is not None and move.member is isinstance(asked, Join):
            self._out.append(Send(session.conn, Ack(asked.id, move.seq, move.at)))
        else:
            self._refuse(session, asked.id, failed or _OVERTAKEN)

    def _confirm_later(self, session: Session, asked: Join | Leave) -> None:
        if session.person.expected:
            self._drafts.behind.append((session, asked))
        else:
            self.confirm(session, asked, None)

    def _fault(self, say: Say) -> Fault | None:
        text, most = say.text, self._limits.message_bytes
        if not self._is_id(say.id):
            return self._bad_id()
        if (not text or text.isspace()) and say.content is None:
            return _EMPTY
        # An ASCII text has as many bytes as characters, which saves encoding nearly every one.
        if len(text) > most or (not text.isascii() and len(text.encode()) > most):
            return Code.TOO_LONG, f"a message may have {most} bytes of UTF-8"
        return _BAD_TARGET if (say.room is None) is (say.to is None) else None

    def _bar(self, session: Session, say: Say) -> Fault | None:
        """Return why something cannot be said now, or None."""
        person, room = session.person, say.room
        if person.muted and not _takes_back(say):
            return self._sanctions.muted(person.name)
        if room is None:
            return None if self._standing.knows(say.to or "") else _NOBODY
        if room in self._sanctions.closed and not _takes_back(say):
            return ROOM_CLOSED
        return None if person.is_member(room) else _NOT_HEARD

    def _refuse(self, session: Session, ident: str, fault: Fault) -> None:
        code, text = fault
        self._out.append(Send(session.conn, Error(code, text, id=ident)))

    def _bad_id(self) -> Fault:
        most = self._limits.id_chars
        return Code.BAD_ID, f"an id has 1 to {most} characters of A-Z a-z 0-9 _ . : -"


def _takes_back(say: Say) -> bool:
    """Tell whether this deletes what was said: that is not to speak, so no sanction bars it."""
    return say.content is not None and say.content.kind == ContentKind.DELETION


_BAD_ROOM: Fault = (
    Code.BAD_ROOM,
    "a room's name has 1 to 64 characters of a-z and 0-9 with single . _ or - between them",
)
_BAD_TARGET: Fault = Code.BAD_TARGET, "a message goes to a room or to a person, to exactly one"
_EMPTY: Fault = Code.EMPTY, "a message must say something"
_NOBODY: Fault = Code.NOBODY, "nobody here has that name"
_NOT_HEARD: Fault = (
    Code.NOT_A_MEMBER,
    "only members of that room can speak in it; join it first",
)
_NOT_A_MEMBER: Fault = Code.NOT_A_MEMBER, "only members of that room can do this; join it first"
_OVERTAKEN: Fault = Code.ID_CONFLICT, "that id belongs to an earlier request; use a new id"
