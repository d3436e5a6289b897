"""Bringing a connection up to date: from the log page by page, then from the tail, then live.

Owned by the hub's thread. One page is on its way to a peer at a time, so a slow peer costs one
page of memory; the step from the tail to live is one command, so nothing slips through between.
"""

from typing import Final

from secure_chat.hub.commands import Command, Feed, ReadMissed, Send
from secure_chat.hub.roster import Roster
from secure_chat.hub.session import Phase, Session
from secure_chat.hub.tail import Tail, weight
from secure_chat.limits import Limits
from secure_chat.log.base import Missed
from secure_chat.wire.messages import Hello, Live, Membership, Said

__all__ = ["CatchUp"]

_NOT_NEWEST: Final = -1


class CatchUp:
    """Serves every connection that is behind.

    Args:
        roster: whose phases it moves.
        tail: the newest entries.
        limits: the sizes of pages.
        out: where decided commands go.
    """

    def __init__(self, roster: Roster, tail: Tail, limits: Limits, out: list[Command]) -> None:
        self._roster = roster
        self._tail = tail
        self._limits = limits
        self._out = out

    def begin(self, session: Session, hello: Hello, head: int) -> None:
        """Start with what a welcomed connection missed.

        Args:
            session: the connection.
            hello: its cursor, or how much of the past it wants on a first run.
            head: the newest committed sequence number.
        """
        session.since = head
        session.cursor = head if hello.cursor is None else min(hello.cursor, head)
        if hello.cursor is None and hello.history:
            self._ask(session, min(hello.history, self._limits.tail_entries))
        else:
            self._go_on(session)

    def lagging(self, session: Session, seq: int) -> None:
        """Take a peer whose outbox is full out of live delivery; it has everything up to `seq`."""
        if session.phase is Phase.LIVE:
            session.cursor = seq
            self._roster.advance(session, Phase.DRAINING)

    def drained(self, session: Session) -> None:
        """Go on with a peer that has room again."""
        if session.phase is Phase.DRAINING:
            self._go_on(session)

    def page_read(self, session: Session, missed: Missed) -> None:
        """Hand a page of the log on to the peer, and the rest too when the tail has it."""
        if session.phase is not Phase.READING:
            return
        known = max(session.cursor, session.since)
        page = _merged(missed, [move for move in session.person.moves.values() if move.seq > known])
        session.cursor = max(session.cursor, missed.upto)
        if self._tail.covers(session.cursor):
            self._feed_tail(session, page)
        else:
            self._feed(session, page, live=False)

    def _go_on(self, session: Session) -> None:
        if self._tail.covers(session.cursor):
            self._feed_tail(session, [])
        else:
            self._ask(session, _NOT_NEWEST)

    def _ask(self, session: Session, newest: int) -> None:
        self._roster.advance(session, Phase.READING)
        self._out.append(ReadMissed(session.conn, session.person.name, session.cursor, newest))

    def _feed_tail(self, session: Session, page: list[Said | Membership]) -> None:
        heard = self._tail.heard(session.person, session.cursor, session.since)
        # Half of an outbox: the peer's may still hold some of the page before, and live frames
        # follow. Something goes out each time, so that it ends.
        left = self._limits.outbox_bytes // 2 - sum(map(weight, page))
        for number, message in enumerate(heard):
            if left <= 0 and (number or page):
                session.cursor = heard[number - 1].seq if number else session.cursor
                self._feed(session, page + heard[:number], live=False)
                return
            left -= weight(message)
        session.cursor = max(session.cursor, self._tail.head)
        self._feed(session, page + heard, live=True)

    def _feed(self, session: Session, messages: list[Said | Membership], *, live: bool) -> None:
        self._out.append(Feed(session.conn, tuple(messages), session.cursor, live))
        if live:
            self._out.append(Send(session.conn, Live(session.cursor)))
        self._roster.advance(session, Phase.LIVE if live else Phase.DRAINING)


def _merged(missed: Missed, moves: list[Membership]) -> list[Said | Membership]:
    """Return a page with the changes of membership that happened within it."""
    within = [move for move in moves if move.seq <= missed.upto]
    if not within:
        return list(missed.messages)
    return sorted((*missed.messages, *within), key=lambda message: message.seq)
