"""What people may read of the log: what they missed, and pages of history.

Owned by the reader thread; it has one read-only connection. It must never write or checkpoint,
and never give a person what was said in a room while they were not in it, except as history.

Everything here is one idea: a page is the merge of a few ordered sources (a room, direct messages
to a person, from a person, or the full-text index), each of them read from an index and never
further than the page is long. So a page costs the same in a log of a thousand or a million.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from secure_chat.limits import Limits
from secure_chat.log import sources
from secure_chat.log.base import Keep, Missed, Query
from secure_chat.log.entries import Entries, cost
from secure_chat.log.opening import open_for_reading, unreadable
from secure_chat.log.searching import Stretch, search
from secure_chat.log.sources import END, Ordered, Source
from secure_chat.wire.messages import History, Page, Said

__all__ = ["SqliteReader", "needs_index"]


def needs_index(history: History) -> bool:
    """Tell whether the full-text index must be caught up before this question is read."""
    return history.search is not None or history.author is not None


class SqliteReader:
    """Reads the log beside its writer; made by `SqliteReader.open` after the writer opened it."""

    def __init__(self, db: sqlite3.Connection, limits: Limits) -> None:
        self._db = db
        self._limits = limits
        self._entries = Entries(db)

    @classmethod
    def open(cls, path: Path, limits: Limits) -> "SqliteReader":
        """Open a log that its writer has open, for reading only.

        Args:
            path: the file.
            limits: how long a page may be.

        Raises:
            StoreError: the file cannot be read.
        """
        return cls(open_for_reading(path), limits)

    def missed(self, person: str, after: int, most: int) -> Missed:
        """Return what a person was due after a cursor: their rooms then, and direct messages.

        Args:
            person: whose messages.
            after: the cursor, a sequence number.
            most: how many messages at most; texts are bounded by `page_bytes` too.

        Returns:
            The oldest of them, and how far that reaches; ask again from `upto` until it does
            not move any more.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._snapshot():
            head = self._head()
            number = self._entries.number(person)
            due = [*self._stays(number), *sources.direct(number)]
            seqs = self._pick(due, (after, head + 1), most + 1)
            messages = self._messages(seqs[:most], self._limits.page_bytes)
        whole = len(messages) == len(seqs)
        return Missed(tuple(messages), head if whole else messages[-1].seq if messages else after)

    def newest(self, person: str, count: int) -> Missed:
        """Return what a person sees on a first run: the end of the history they may read.

        Args:
            person: whose messages.
            count: how many, from the newest backwards; bounded by `tail_entries`, and in bytes
                by half of what may wait for a peer.

        Returns:
            The messages in ascending order; `upto` is the newest number of all.

        Raises:
            StoreError: the file cannot be read.
        """
        limits = self._limits
        with self._snapshot():
            head = self._head()
            number = self._entries.number(person)
            readable = [*self._rooms(number), *sources.direct(number)]
            most = min(count, limits.tail_entries)
            seqs = self._pick(readable, (0, head + 1), most, newest=True)
            messages = self._messages(seqs, limits.outbox_bytes // 2)
        return Missed(tuple(reversed(messages)), head)

    def history(self, query: Query) -> Page:
        """Return a page of history; the rights are settled in the query.

        Args:
            query: the question; when `needs_index` says so, the writer has caught up before.
                Files are not asked for together with words or an author.

        Returns:
            The page in ascending order. `more`: ask again, above its last message or, with
            `newest`, below its first.

        Raises:
            StoreError: the file cannot be read.
        """
        asked, limits = query.history, self._limits
        most = min(asked.limit, limits.page_entries)
        seqs: list[int] = []
        with self._snapshot():
            asked_for = self._sources(query)
            spans = self._spans(asked)
            for span in reversed(spans) if asked.newest else spans:
                seqs += self._pick(asked_for, span, most + 1 - len(seqs), newest=asked.newest)
            messages = self._messages(seqs[:most], limits.page_bytes)
        more = len(messages) < len(seqs)
        return Page(asked.re, messages[::-1] if asked.newest else messages, more)

    def file(self, person: str, rooms: Sequence[str], seq: int) -> Keep | None:
        """Return the file that a message refers to, if the person may read it.

        Args:
            person: who asks; direct messages of theirs may be read.
            rooms: the rooms they may read.
            seq: the number of the message.

        Returns:
            None when there is no such message, when it refers to no file (any more), or when it
            is not theirs to read. For a stream that has ended, what its end says of it.

        Raises:
            StoreError: the file cannot be read.
        """
        with self._snapshot():
            return self._entries.file(person, rooms, seq)

    def close(self) -> None:
        """Close the file; the writer closes after this, so that it can clear the WAL away."""
        self._db.close()

    # --- what a person may read ------------------------------------------------------------

    def _stays(self, person: int) -> Iterator[Source]:
        for room, joined, left in self._db.execute(
            "SELECT room, joined, left FROM place WHERE person = ?", (person,)
        ).fetchall():
            yield sources.room(room, joined, END if left is None else left)

    def _rooms(self, person: int) -> list[Source]:
        rows = self._db.execute(
            "SELECT room FROM place WHERE person = ? AND left IS NULL", (person,)
        )
        return [sources.room(number) for (number,) in rows]

    def _sources(self, query: Query) -> Sequence[Ordered]:
        asked = query.history
        me = self._entries.number(query.person)
        other = None if asked.with_ is None else self._entries.number(asked.with_)
        rooms = [self._entries.number(room) for room in query.rooms]
        if needs_index(asked):
            return self._index_source(asked, me, other, rooms)
        found = [sources.room(room) for room in rooms]
        if other is not None:
            found += sources.pair(me, other)
        elif asked.room is None:
            found += sources.direct(me)
        return sources.files(found) if asked.files else found

    def _index_source(
        self, asked: History, me: int, other: int | None, rooms: list[int]
    ) -> list[Stretch]:
        places = [f"r{room}" for room in rooms]
        if other is not None:
            places.append(f"p{min(me, other)}x{max(me, other)}")
        elif asked.room is None:
            places.append(f"d{me}")
        if not places:
            return []
        rights = [frozenset(places)]
        if asked.author is not None:
            rights.append(frozenset({f"a{self._entries.number(asked.author)}"}))
        firsts = self._db.execute("SELECT first FROM part ORDER BY first").fetchall()
        return search((first for (first,) in firsts), tuple(rights), asked.search)

    # --- when ------------------------------------------------------------------------------

    def _spans(self, asked: History) -> list[tuple[int, int]]:
        """Return the open ranges of numbers that a question is about, in ascending order."""
        above = asked.after
        below = END if asked.before is None else asked.before
        if asked.since is None and asked.until is None:
            return [(above, below)]
        spans = []
        for run in self._runs():
            low = run.start if asked.since is None else run.start + self._before(run, asked.since)
            high = run.stop if asked.until is None else run.start + self._before(run, asked.until)
            spans.append((max(above, low - 1), min(below, high)))
        return spans

    def _runs(self) -> Iterator[range]:
        """Yield the stretches of the log in which the clock never went back."""
        steps = [seq for (seq,) in self._db.execute("SELECT seq FROM step ORDER BY seq")]
        ends = [*steps, self._head() + 1]
        for first, end in zip([self._floor(), *steps], ends, strict=True):
            yield range(first, end)

    def _before(self, run: range, moment: int) -> int:
        """Return how many entries of a run are older than a moment."""
        return bisect_left(run, moment, key=self._at)

    def _at(self, seq: int) -> int:
        at: int = self._db.execute("SELECT at FROM entry WHERE seq = ?", (seq,)).fetchone()[0]
        return at

    # --- reading ---------------------------------------------------------------------------

    def _pick(
        self, ordered: Sequence[Ordered], span: tuple[int, int], count: int, *, newest: bool = False
    ) -> list[int]:
        """Return the first `count` numbers of all sources together, from the asked end."""
        above, below = span
        found: list[int] = []
        # Of the tables of the index the one at the asked end first: it may be all that is needed.
        for source in reversed(ordered) if newest else ordered:
            low, high = max(above, source.above), min(below, source.below)
            if high - low <= 1 or count <= 0:
                continue
            more = source.read(self._db, low, high, count, newest=newest)
            # A set, because a direct message to oneself comes from two sources.
            found = sorted({*found, *more}, reverse=newest)[:count]
            # Once there are enough, further sources matter only as far as they can do better.
            if len(found) == count:
                above, below = (found[-1], below) if newest else (above, found[-1])
        return found

    def _messages(self, seqs: list[int], most_bytes: int) -> list[Said]:
        """Return the entries in the order asked for, as many as fit, but at least one."""
        messages: list[Said] = []
        room_left = most_bytes
        for seq in seqs:
            message = self._entries.said(seq)
            room_left -= cost(message)
            if messages and room_left < 0:
                break
            messages.append(message)
        return messages

    def _head(self) -> int:
        row = self._db.execute("SELECT seq FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return int(row[0]) if row else self._floor() - 1

    def _floor(self) -> int:
        row = self._db.execute("SELECT value FROM counter WHERE name = 'floor'").fetchone()
        return int(row[0])

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Let everything inside see the log at one moment, whatever the writer does."""
        try:
            self._db.execute("BEGIN")
            try:
                yield
            finally:
                self._db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise unreadable(error) from error
