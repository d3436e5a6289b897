"""Answers about people and rooms, and the right to read history and files.

Owned by the hub's thread. Everything here is answered from the committed state and in pages;
history itself and what a message refers to are the reader's, the bytes of files the depot's. The
hub settles only what the asker may read.
"""

from bisect import bisect_right

from secure_chat.hub.commands import Command, OpenFile, ReadFile, ReadHistory, Send
from secure_chat.hub.drafts import Question
from secure_chat.hub.events import FileRead
from secure_chat.hub.roster import Roster
from secure_chat.hub.session import Session
from secure_chat.hub.standing import Standing
from secure_chat.limits import Limits
from secure_chat.log.base import Query
from secure_chat.wire.messages import (
    Code,
    Error,
    Fetch,
    FromHost,
    History,
    People,
    Person,
    Profile,
    RoomInfo,
    RoomList,
    Rooms,
    Who,
    Whois,
)

__all__ = ["Questions"]


class Questions:
    """Answers every question a client may ask.

    Args:
        roster: who is where.
        standing: the certificates.
        limits: the sizes of pages.
        out: where decided commands go.
    """

    def __init__(
        self, roster: Roster, standing: Standing, limits: Limits, out: list[Command]
    ) -> None:
        self._roster = roster
        self._standing = standing
        self._limits = limits
        self._out = out

    def answer(self, session: Session, question: Question) -> None:
        """Answer from what is committed now."""
        if isinstance(question, Who):
            self._who(session, question)
        elif isinstance(question, Rooms):
            self._rooms(session, question)
        elif isinstance(question, Whois):
            self._whois(session, question)
        elif isinstance(question, Fetch):
            self._fetch(session, question)
        else:
            self._history(session, question)

    def file_read(self, session: Session, event: FileRead) -> None:
        """Have the depot send the file that a message refers to, or say that there is none."""
        keep = event.keep
        if keep is None:
            text = "no message that you may read has that file, or it is no longer kept"
            self._refuse(session, event.fetch.re, Code.NO_FILE, text)
        else:
            self._out.append(OpenFile(session.conn, keep.author, keep.file, event.fetch))

    def _who(self, session: Session, who: Who) -> None:
        """Answer with a page of a room's members."""
        room = self._roster.rooms.get(who.room)
        if room is None:
            self._refuse(session, who.re, Code.BAD_ROOM, "there is no such room")
            return
        names, more = self._page(room.names(), who.after)
        people = self._roster.people
        self._answer(
            session,
            People(who.re, room.name, [Person(name, people[name].here) for name in names], more),
        )

    def _rooms(self, session: Session, rooms: Rooms) -> None:
        """Answer with a page of the rooms there are."""
        names, more = self._page(self._roster.room_names(), rooms.after)
        self._answer(session, RoomList(rooms.re, [self._info(session, n) for n in names], more))

    def _whois(self, session: Session, whois: Whois) -> None:
        """Answer with what the host knows of a person."""
        name = whois.name
        entry = self._standing.newest(name)
        person = self._roster.people.get(name)
        if entry is None and person is None:
            self._refuse(session, whois.re, Code.NOBODY, "nobody here has that name")
            return
        connected = list(person.sessions.values()) if person else []
        certificate = connected[-1].identity if connected else entry
        shared = sorted(person.rooms & session.person.rooms) if person else []
        here = person.here if person else 0
        if certificate is None:
            self._answer(session, Profile(whois.re, name, "", here, shared))
            return
        self._answer(
            session,
            Profile(
                whois.re,
                name,
                certificate.role,
                here,
                shared,
                fingerprint=certificate.fingerprint,
                serial=certificate.serial,
                not_before=certificate.not_before,
                not_after=certificate.not_after,
            ),
        )

    def _history(self, session: Session, history: History) -> None:
        """Hand a question for history on to the reader, with the right to the answer settled."""
        person, room = session.person, history.room
        if not history.limit or (room is not None and history.with_ is not None):
            text = "ask for at least one message, of a room or with a person, not both"
            self._refuse(session, history.re, Code.BAD_QUERY, text)
        elif history.files and (history.search is not None or history.author is not None):
            text = "ask for files, or for words or an author, not for both"
            self._refuse(session, history.re, Code.BAD_QUERY, text)
        elif room is not None and room not in person.rooms:
            text = "only members can read that room; join it first"
            self._refuse(session, history.re, Code.NOT_A_MEMBER, text)
        else:
            rooms = () if history.with_ is not None else self._readable(session)
            rooms = rooms if room is None else (room,)
            self._out.append(ReadHistory(session.conn, Query(person.name, rooms, history)))

    def _fetch(self, session: Session, fetch: Fetch) -> None:
        """Ask the reader which file is meant, with the right to the message settled."""
        name, rooms = session.person.name, self._readable(session)
        self._out.append(ReadFile(session.conn, name, rooms, fetch))

    @staticmethod
    def _readable(session: Session) -> tuple[str, ...]:
        return tuple(sorted(session.person.rooms))

    def _info(self, session: Session, name: str) -> RoomInfo:
        room = self._roster.rooms[name]
        return RoomInfo(name, len(room.members), len(room.here), name in session.person.rooms)

    def _page(self, names: list[str], after: str) -> tuple[list[str], bool]:
        start = bisect_right(names, after)
        end = start + self._limits.names_per_page
        return names[start:end], end < len(names)

    def _answer(self, session: Session, message: FromHost) -> None:
        self._out.append(Send(session.conn, message))

    def _refuse(self, session: Session, number: int, code: Code, text: str) -> None:
        self._answer(session, Error(code, text, re=number))
