"""The log of one host in one SQLite file: the only connection that writes and checkpoints it.

Owned by the hub, used on its thread only. It must never report as committed what is not synced to
the disk, never use a sequence number twice, and never go on after the disk failed.

One append is one transaction. A batch is first stored as if nothing in it were a repetition, which
the unique index proves in passing; only when it objects is the batch looked through one by one.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from secure_chat.clock import Clock
from secure_chat.limits import Limits
from secure_chat.log import schema
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Outcome, Place
from secure_chat.log.inserting import Insertion
from secure_chat.log.names import Numbers
from secure_chat.log.opening import open_for_writing, unusable
from secure_chat.log.transactions import Transactions

__all__ = ["SqliteLog"]

_AGAIN: Final = attrgetter("again")
_ENTRIES: Final = Insertion("entry", columns=7)
_JOIN: Final = (
    "INSERT INTO place SELECT ?, ?, ?, NULL WHERE NOT EXISTS"
    " (SELECT 1 FROM place WHERE person = ? AND room = ? AND left IS NULL)"
)
_LEAVE: Final = "UPDATE place SET left = ? WHERE person = ? AND room = ? AND left IS NULL"
_STORED: Final = (
    "SELECT seq, at, kind, target, text FROM entry WHERE author = ? AND id = ? UNION ALL"
    " SELECT seq, at, NULL, NULL, NULL FROM retired WHERE author = ? AND id = ?"
)
_USED_BEFORE: Final = (
    "SELECT 1 FROM entry CROSS JOIN retired ON retired.author = entry.author"
    " AND retired.id = entry.id WHERE entry.seq > ? LIMIT 1"
)

_INDEX: Final = (
    "INSERT INTO words (rowid, text, scope)"
    " SELECT seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_UNINDEX: Final = (
    "INSERT INTO words (words, rowid, text, scope)"
    " SELECT 'delete', seq, text, scope FROM spoken WHERE seq <= ?"
)

_Row = tuple[int, int, int, int, str | bytes, int, str]
# A text's is 0.
_KIND: Final = itemgetter(2)


class _Repeated(Exception):
    """The batch holds an id that was used before."""


class SqliteLog:
    """Everything committed, in one order; made by `SqliteLog.open`.

    Attributes:
        head: the newest sequence number, 0 in an empty log.
        floor: the oldest sequence number kept; 1 as long as nothing was pruned.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, clock: Clock) -> None:
        self._db = db
        self._path = path
        self._clock = clock
        self._do = Transactions(db)
        self._numbers = Numbers(db.execute("SELECT text, number FROM name"))
        counters: dict[str, int] = dict(db.execute("SELECT name, value FROM counter"))
        self.floor: int = counters["floor"]
        self._indexed = counters["indexed"]
        last = db.execute("SELECT seq, at FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        self.head: int = last[0] if last else self.floor - 1
        self._at: int = last[1] if last else 0
        self._retired = db.execute("SELECT 1 FROM retired LIMIT 1").fetchone() is not None

    @classmethod
    def open(cls, path: Path, clock: Clock, limits: Limits) -> "SqliteLog":
        """Open the log, made when it is missing and brought to this version when it is older.

        Args:
            path: the file; its folder must exist. Only one process may do this at a time.
            clock: says when a batch was committed.
            limits: the host's limits.

        Raises:
            StoreError: the file cannot be used: foreign, newer, damaged or not writable.
        """
        db = open_for_writing(path, limits)
        try:
            return cls(db, path, clock)
        except sqlite3.Error as error:
            db.close()
            raise unusable(path, error) from error

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store a batch in one transaction and sync it to the disk.

        Args:
            drafts: each with exactly one target; ids may repeat earlier ones.

        Returns:
            One outcome a draft, in their order.

        Raises:
            StoreFull: there is no room; nothing is stored, the next call may succeed.
            StoreBroken: the disk failed; whether the batch is stored is unknown until the file
                is opened again, and every later call raises this too.
        """
        if not drafts:
            return []
        at = int(self._clock.now() * 1000)
        first = self.head + 1
        if not any(map(_AGAIN, drafts)):
            with suppress(_Repeated):
                self._store(drafts, at)
                return [Committed(seq, at) for seq in range(first, self.head + 1)]
        outcomes, fresh = self._sort_out(drafts, at)
        if fresh:
            self._store(fresh, at)
        return outcomes

    def _store(self, drafts: Sequence[Draft], at: int) -> None:
        numbers = self._numbers
        try:
            with self._do.writing():
                rows = self._rows(drafts, at)
                if numbers.fresh:
                    self._db.executemany("INSERT INTO name VALUES (?, ?)", numbers.fresh)
                self._insert(rows)
                if at < self._at:
                    self._db.execute("INSERT INTO step VALUES (?)", (self.head + 1,))
            numbers.keep()
        finally:
            # What is still fresh belongs to a transaction that did not happen.
            numbers.forget()
        self.head += len(rows)
        self._at = at

    def _rows(self, drafts: Sequence[Draft], at: int) -> list[_Row]:
        numbers, said, pack = self._numbers, Kind.SAID, schema.pack_id
        # One expression for each column, because this runs once for every message.
        return [
            (
                seq,
                at,
                0 if draft.kind is said else draft.kind.value,
                numbers[draft.author],
                pack(draft.id),
                -numbers[draft.to or ""] if draft.room is None else numbers[draft.room],
                draft.text,
            )
            for seq, draft in enumerate(drafts, self.head + 1)
        ]

    def _insert(self, rows: list[_Row]) -> None:
        try:
            _ENTRIES.run(self._db, rows)
        except sqlite3.IntegrityError as error:
            # Any other constraint would mean that somebody else wrote to the file.
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            raise _Repeated from error
        if self._retired and self._db.execute(_USED_BEFORE, (self.head,)).fetchone():
            raise _Repeated
        for seq, _, kind, person, _, room, _ in filter(_KIND, rows):
            if kind == Kind.JOINED.value:
                self._db.execute(_JOIN, (person, room, seq, person, room))
            else:
                self._db.execute(_LEAVE, (seq, person, room))

    def _sort_out(self, drafts: Sequence[Draft], at: int) -> tuple[list[Outcome], list[Draft]]:
        """Return every outcome, given that the new drafts among them are stored next."""
        outcomes: list[Outcome] = []
        fresh: dict[tuple[str, str], tuple[int, Draft]] = {}
        for draft in drafts:
            key = (draft.author, draft.id)
            if key in fresh:
                seq, first = fresh[key]
                same = replace(draft, again=False) == first
                outcomes.append(Committed(seq, at, repeated=True) if same else Conflict(seq))
                continue
            outcome = self._earlier(draft)
            if outcome is None and draft.again:
                outcome = Absent()
            elif outcome is None:
                seq = self.head + len(fresh) + 1
                fresh[key] = (seq, draft)
                outcome = Committed(seq, at)
            outcomes.append(outcome)
        return outcomes, [draft for _, draft in fresh.values()]

    def _earlier(self, draft: Draft) -> Outcome | None:
        """Return what became of this id earlier, or None when it is new."""
        numbers = self._numbers
        key = (numbers.get(draft.author), schema.pack_id(draft.id))
        with self._do.using():
            stored = self._db.execute(_STORED, key + key).fetchone()
        if stored is None:
            return None
        seq, at, kind, target, text = stored
        room = draft.room
        wanted = -numbers.get(draft.to or "", 0) if room is None else numbers.get(room, 0)
        # Of a retired entry only the id is kept, so its text cannot be compared any more.
        if kind is None or (kind, target, text) == (draft.kind.value, wanted, draft.text):
            return Committed(seq, at, repeated=True)
        return Conflict(seq)

    def places(self) -> list[Place]:
        """Return every membership, current and past, to load the hub at start."""
        names = {number: name for name, number in self._numbers.items()}
        with self._do.using():
            rows = self._db.execute("SELECT person, room, joined, left FROM place").fetchall()
        return [Place(names[person], names[room], *span) for person, room, *span in rows]

    @property
    def unindexed(self) -> int:
        """How many sequence numbers the full-text index is behind the head."""
        return self.head - self._indexed

    def index(self, most: int) -> int:
        """Take further entries into the full-text index, in a transaction of their own.

        It is not synced by itself: the next append does that, and after a power cut the index is
        filled again from where it stood.

        Args:
            most: how many entries at once; hundreds cost little more than one.

        Returns:
            How many entries were passed; 0 means that a search now finds everything.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        upto = min(self.head, self._indexed + most)
        done = upto - self._indexed
        if done:
            with self._do.writing_unsynced():
                self._db.execute(_INDEX, (self._indexed, upto))
                self._count("indexed", upto)
            self._indexed = upto
        return done

    def merge(self, pages: int) -> bool:
        """Bring pieces of the full-text index together, so that a search has fewer to look at.

        Each `index` adds a piece. SQLite would merge by itself in the middle of one, for as long
        as 30 ms in a large log; in steps nobody waits for long.

        Args:
            pages: about how many pages to write.

        Returns:
            Whether there may be more to do.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        before = self._db.total_changes
        with self._do.writing_unsynced():
            self._db.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (pages,))
        # One change is the command itself (https://sqlite.org/fts5.html, "merge").
        return self._db.total_changes - before > 1

    def prune(self, before_ms: int, most: int) -> int:
        """Take away the oldest entries up to the first that is younger than a moment.

        Args:
            before_ms: entries committed before this go, milliseconds since 1970 UTC.
            most: how many entries in this one transaction; call again until it returns 0.

        Returns:
            How many entries are gone; `floor` is above them. Their ids stay used.

        Raises:
            StoreFull: there is no room even to delete; nothing changed.
            StoreBroken: the disk failed.
        """
        last = self.floor - 1
        with self._do.writing():
            for seq, at in self._db.execute(
                "SELECT seq, at FROM entry ORDER BY seq LIMIT ?", (most,)
            ).fetchall():
                if at >= before_ms:
                    break
                last = seq
            gone = last - self.floor + 1
            if gone:
                self._take_away(last)
        if gone:
            self.floor = last + 1
            self._indexed = max(self._indexed, last)
            self._retired = True
        return gone

    def _take_away(self, last: int) -> None:
        execute = self._db.execute
        execute(_UNINDEX, (min(last, self._indexed),))
        execute("INSERT INTO retired SELECT author, id, seq, at FROM entry WHERE seq <= ?", (last,))
        execute("DELETE FROM entry WHERE seq <= ?", (last,))
        execute("DELETE FROM step WHERE seq <= ?", (last + 1,))
        # The last stay of a person in a room is kept: it tells that they are no newcomer.
        execute(
            "DELETE FROM place WHERE left <= ? AND EXISTS (SELECT 1 FROM place AS later WHERE"
            " later.person = place.person AND later.room = place.room"
            " AND later.joined > place.joined)",
            (last,),
        )
        self._count("floor", last + 1)
        self._count("indexed", max(self._indexed, last))

    def size(self) -> int:
        """Return the bytes on the disk, the write-ahead log included."""
        files = (self._path, self._path.with_name(f"{self._path.name}-wal"))
        return sum(file.stat().st_size for file in files if file.exists())

    def checkpoint(self) -> int:
        """Move what is committed from the WAL to its place, as far as no reader is in the way.

        Commits do this by themselves now and then; call it when there is nothing else to do.

        Returns:
            How many pages are left to move.

        Raises:
            StoreBroken: the disk failed; what was committed is still safe in the WAL.
        """
        with self._do.using():
            _, pages, moved = self._db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages - moved)

    def close(self) -> None:
        """Close the file; readers should have closed theirs before, so that the WAL goes too."""
        self._db.close()

    def _count(self, name: str, value: int) -> None:
        self._db.execute("UPDATE counter SET value = ? WHERE name = ?", (value, name))
