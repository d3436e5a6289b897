"""What people may read of the log: what they missed, and pages of history.

Owned by the reader thread; it has one read-only connection. It must never write or checkpoint,
and never give a person what was said in a room while they were not in it, except as history.

Everything here is one idea: a page is the merge of a few ordered sources (a room, direct messages
to a person, from a person, or the full-text index), each of them read from an index and never
further than the page is long. So a page costs the same in a log of a thousand or a million.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.limits import Limits
from secure_chat.log.base import Missed, Query
from secure_chat.log.opening import open_for_reading, unreadable
from secure_chat.log.schema import unpack_id
from secure_chat.wire.messages import History, Page, Said

__all__ = ["SqliteReader", "needs_index"]

_END: Final = 2**63 - 1
# What an entry costs in a frame at most beside its texts: field names, numbers and lengths.
_ENTRY_BYTES: Final = 80

# INDEXED BY makes the plan part of the question: without its index it fails instead of scanning.
_TARGET: Final = "FROM entry INDEXED BY entry_target WHERE kind = 0 AND target = ? AND seq"
_SENT: Final = "FROM entry INDEXED BY entry_sent WHERE target < 0 AND author = ? AND seq"
_PAIR: Final = (
    "FROM entry INDEXED BY entry_pair WHERE target < 0 AND author = ? AND -target = ? AND seq"
)
_WORDS: Final = "FROM words WHERE words MATCH ? AND rowid"


def _ordered(source: str) -> tuple[str, str]:
    """Return the question for a source's numbers between two bounds, oldest and newest first."""
    column = source.rsplit(" ", 1)[1]
    question = f"SELECT {column} {source} > ? AND {column} < ? ORDER BY {column}"
    return f"{question} LIMIT ?", f"{question} DESC LIMIT ?"


_QUESTIONS: Final = {source: _ordered(source) for source in (_TARGET, _SENT, _PAIR, _WORDS)}


@dataclass(frozen=True, slots=True)
class _Source:
    """Numbers that belong to a page, in order, strictly between two bounds."""

    select: str
    keys: tuple[int | str, ...]
    above: int = 0
    below: int = _END


def needs_index(history: History) -> bool:
    """Tell whether the full-text index must be caught up before this question is read."""
    return history.search is not None or history.author is not None


class SqliteReader:
    """Reads the log beside its writer; made by `SqliteReader.open` after the writer opened it."""

    def __init__(self, db: sqlite3.Connection, limits: Limits) -> None:
        self._db = db
        self._limits = limits
        # Names are never changed or taken away, so what was read once stays true.
        self._names: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

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
            number = self._number(person)
            sources = [*self._stays(number), *_direct(number)]
            seqs = self._pick(sources, (after, head + 1), most + 1)
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
            number = self._number(person)
            sources = [*self._rooms(number), *_direct(number)]
            most = min(count, limits.tail_entries)
            seqs = self._pick(sources, (0, head + 1), most, newest=True)
            messages = self._messages(seqs, limits.outbox_bytes // 2)
        return Missed(tuple(reversed(messages)), head)

    def history(self, query: Query) -> Page:
        """Return a page of history; the rights are settled in the query.

        Args:
            query: the question; when `needs_index` says so, the writer has caught up before.

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
            sources = self._sources(query)
            spans = self._spans(asked)
            for span in reversed(spans) if asked.newest else spans:
                seqs += self._pick(sources, span, most + 1 - len(seqs), newest=asked.newest)
            messages = self._messages(seqs[:most], limits.page_bytes)
        more = len(messages) < len(seqs)
        return Page(asked.re, messages[::-1] if asked.newest else messages, more)

    def close(self) -> None:
        """Close the file; the writer closes after this, so that it can clear the WAL away."""
        self._db.close()

    # --- what a person may read ------------------------------------------------------------

    def _stays(self, person: int) -> Iterator[_Source]:
        for room, joined, left in self._db.execute(
            "SELECT room, joined, left FROM place WHERE person = ?", (person,)
        ).fetchall():
            yield _Source(_TARGET, (room,), joined, _END if left is None else left)

    def _rooms(self, person: int) -> list[_Source]:
        rows = self._db.execute(
            "SELECT room FROM place WHERE person = ? AND left IS NULL", (person,)
        )
        return [_Source(_TARGET, row) for row in rows]

    def _sources(self, query: Query) -> list[_Source]:
        asked = query.history
        me = self._number(query.person)
        other = None if asked.with_ is None else self._number(asked.with_)
        rooms = [self._number(room) for room in query.rooms]
        if needs_index(asked):
            return self._index_source(asked, me, other, rooms)
        sources = [_Source(_TARGET, (room,)) for room in rooms]
        if other is not None:
            sources += [_Source(_PAIR, (me, other)), _Source(_PAIR, (other, me))]
        elif asked.room is None:
            sources += _direct(me)
        return sources

    def _index_source(
        self, asked: History, me: int, other: int | None, rooms: list[int]
    ) -> list[_Source]:
        scopes = [f"r{room}" for room in rooms]
        if other is not None:
            scopes.append(f"p{min(me, other)}x{max(me, other)}")
        elif asked.room is None:
            scopes.append(f"d{me}")
        if not scopes:
            return []
        match = f"scope : ({' OR '.join(scopes)})"
        if asked.author is not None:
            match += f" AND scope : a{self._number(asked.author)}"
        if asked.search is not None:
            # Each word is quoted, so no word is an operator; a zero byte would end the question.
            # Only words side by side, without AND, leave those aside that are signs alone.
            words = asked.search.replace("\0", " ").replace('"', " ").split()
            if not words:
                return []
            match += " AND text : (" + " ".join(f'"{word}"' for word in words) + ")"
        return [_Source(_WORDS, (match,))]

    # --- when ------------------------------------------------------------------------------

    def _spans(self, asked: History) -> list[tuple[int, int]]:
        """Return the open ranges of numbers that a question is about, in ascending order."""
        above = asked.after
        below = _END if asked.before is None else asked.before
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
        self, sources: Iterable[_Source], span: tuple[int, int], count: int, *, newest: bool = False
    ) -> list[int]:
        """Return the first `count` numbers of all sources together, from the asked end."""
        above, below = span
        found: list[int] = []
        for source in sources:
            low, high = max(above, source.above), min(below, source.below)
            if high - low <= 1 or count <= 0:
                continue
            question = _QUESTIONS[source.select][newest]
            rows = self._db.execute(question, (*source.keys, low, high, count))
            # A set, because a direct message to oneself comes from two sources.
            found = sorted({*found, *(seq for (seq,) in rows)}, reverse=newest)[:count]
            # Once there are enough, further sources matter only as far as they can do better.
            if len(found) == count:
                above, below = (found[-1], below) if newest else (above, found[-1])
        return found

    def _messages(self, seqs: list[int], most_bytes: int) -> list[Said]:
        """Return the entries in the order asked for, as many as fit, but at least one."""
        messages: list[Said] = []
        room_left = most_bytes
        for seq in seqs:
            row = self._db.execute(
                "SELECT at, author, id, target, text FROM entry WHERE seq = ?", (seq,)
            ).fetchone()
            message = self._said(seq, row)
            room_left -= _cost(message)
            if messages and room_left < 0:
                break
            messages.append(message)
        return messages

    def _said(self, seq: int, row: tuple[int, int, str | bytes, int, str]) -> Said:
        at, author, id_, target, text = row
        other = self._name(abs(target))
        room, to = (other, None) if target > 0 else (None, other)
        return Said(seq, at, self._name(author), unpack_id(id_), text, room, to)

    def _head(self) -> int:
        row = self._db.execute("SELECT seq FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        return int(row[0]) if row else self._floor() - 1

    def _floor(self) -> int:
        row = self._db.execute("SELECT value FROM counter WHERE name = 'floor'").fetchone()
        return int(row[0])

    def _name(self, number: int) -> str:
        name = self._names.get(number)
        if name is None:
            row = self._db.execute("SELECT text FROM name WHERE number = ?", (number,)).fetchone()
            name = self._names[number] = row[0]
        return name

    def _number(self, name: str) -> int:
        """Return a name's number; 0, which nothing has, when the log never met it."""
        number = self._numbers.get(name, 0)
        if not number:
            row = self._db.execute("SELECT number FROM name WHERE text = ?", (name,)).fetchone()
            if row is not None:
                number = self._numbers[name] = row[0]
        return number

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


def _direct(person: int) -> tuple[_Source, _Source]:
    return _Source(_TARGET, (-person,)), _Source(_SENT, (person,))


def _cost(message: Said) -> int:
    other = message.room or message.to or ""
    return _ENTRY_BYTES + len(message.text.encode()) + len(message.author + message.id + other)
