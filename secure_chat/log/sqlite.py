"""The log of one host in one SQLite file: the only connection that writes and checkpoints it.

Owned by the hub, used on its thread only. It must never report as committed what is not synced to
the disk, never use a sequence number twice, and never go on after the disk failed.

One append is one transaction; how a batch gets into the tables is `log.storing`'s business.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from operator import attrgetter
from pathlib import Path
from typing import Final

from secure_chat.clock import Clock
from secure_chat.limits import Limits
from secure_chat.log import files
from secure_chat.log.base import Draft, Outcome, Place
from secure_chat.log.names import Numbers
from secure_chat.log.opening import open_for_writing, unusable
from secure_chat.log.retention import old_until, take_away
from secure_chat.log.rewriting import Rewriting
from secure_chat.log.scrubbing import Scrubbing
from secure_chat.log.storing import Repeated, Storing
from secure_chat.log.transactions import Transactions
from secure_chat.log.words import Words

__all__ = ["SqliteLog"]

_AGAIN: Final = attrgetter("again")


class SqliteLog:
    """Everything committed, in one order; made by `SqliteLog.open`.

    Attributes:
        head: the newest sequence number, 0 in an empty log.
        floor: the oldest sequence number kept; 1 as long as nothing was pruned.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, clock: Clock, limits: Limits) -> None:
        self._db = db
        self._path = path
        self._clock = clock
        self._do = Transactions(db)
        self._numbers = Numbers(db.execute("SELECT text, number FROM name"))
        counters: dict[str, int] = dict(db.execute("SELECT name, value FROM counter"))
        self.floor: int = counters["floor"]
        self._words = Words(db, self._do, counters["indexed"], limits.index_entries)
        self._scrubbing = Scrubbing(db, self._do, self._words, counters["scrub"])
        rewriting = Rewriting(db, self._numbers, self._words, self._scrubbing)
        retired = db.execute("SELECT 1 FROM retired LIMIT 1").fetchone() is not None
        self._storing = Storing(db, self._numbers, rewriting, retired=retired)
        last = db.execute("SELECT seq, at FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
        self.head: int = last[0] if last else self.floor - 1
        self._at: int = last[1] if last else 0

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
            return cls(db, path, clock, limits)
        except sqlite3.Error as error:
            db.close()
            raise unusable(path, error) from error

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Store a batch in one transaction and sync it to the disk.

        What an edit or a deletion does to the entry that it is about is done in the same
        transaction; `scrub` when there is time afterwards.

        Args:
            drafts: each with exactly one target; ids may repeat earlier ones.

        Returns:
            One outcome a draft, in their order. `Absent` also when the entry that its content is
            `of` is not there, is elsewhere, is deleted, or is not what such a draft may be about.

        Raises:
            StoreFull: there is no room; nothing is stored, the next call may succeed.
            StoreBroken: the disk failed; whether the batch is stored is unknown until the file
                is opened again, and every later call raises this too.
        """
        if not drafts:
            return []
        at = int(self._clock.now() * 1000)
        if not any(map(_AGAIN, drafts)):
            with suppress(Repeated):
                return self._store(drafts, at, new=True)
        return self._store(drafts, at, new=False)

    def _store(self, drafts: Sequence[Draft], at: int, *, new: bool) -> list[Outcome]:
        numbers, first = self._numbers, self.head + 1
        store = self._storing.store if new else self._storing.sort_out
        try:
            with self._do.writing():
                outcomes, count = store(drafts, first, at)
                if numbers.fresh:
                    self._db.executemany("INSERT INTO name VALUES (?, ?)", numbers.fresh)
                if count and at < self._at:
                    self._db.execute("INSERT INTO step VALUES (?)", (first,))
            numbers.keep()
        finally:
            # What is still fresh belongs to a transaction that did not happen.
            numbers.forget()
        if count:
            self.head += count
            self._at = at
        return outcomes

    def places(self) -> list[Place]:
        """Return every membership, current and past, to load the hub at start."""
        names = {number: name for name, number in self._numbers.items()}
        with self._do.using():
            rows = self._db.execute("SELECT person, room, joined, left FROM place").fetchall()
        return [Place(names[person], names[room], *span) for person, room, *span in rows]

    @property
    def unindexed(self) -> int:
        """How many sequence numbers the full-text index is behind the head."""
        return self.head - self._words.upto

    def index(self, most: int) -> int:
        """Take further entries into the full-text index, in a transaction of their own.

        It is not synced by itself: the next append does that, and after a power cut the index is
        filled again from where it stood.

        Args:
            most: how many entries at once; hundreds cost little more than one.

        Returns:
            How many entries were passed, fewer than asked for where a table of the index is full;
            0 means that a search now finds everything.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        done = min(self.unindexed, most, self._words.room)
        if done:
            self._words.fill(self._words.upto + done)
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
        return self._words.merge(pages)

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
        with self._do.writing():
            last = old_until(self._db, before_ms, most)
            if last:
                take_away(self._db, self._words, last)
        if not last:
            return 0
        gone = last - self.floor + 1
        self.floor = last + 1
        self._words.taken_out(last)
        self._storing.retired = True
        return gone

    def referred(self, ups: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those uploads that some entry refers to, to tell which bytes are still needed.

        Args:
            ups: each with whose it is and its id.

        Raises:
            StoreBroken: the disk failed.
        """
        with self._do.using():
            return files.referred(self._db, self._numbers, ups)

    @property
    def scrub_due(self) -> bool:
        """Whether something was edited away or deleted that the files still have somewhere."""
        return self._scrubbing.due

    @property
    def purging(self) -> bool:
        """Whether `scrub` is amid the full-text index, and `index` better waits for some seconds.

        A few times of it in between are enough to make that begin anew again and again.
        """
        return self._scrubbing.purging

    def scrub(self) -> bool:
        """Overwrite a part of what was edited away or deleted, wherever else the files have it.

        One step takes some milliseconds; call it when there is nothing else to do, again a little
        later as long as `scrub_due`. Never waits for a reader.

        Returns:
            Whether all is done; False when there is more, or when a reader was in the way.

        Raises:
            StoreFull: there is no room; call again later.
            StoreBroken: the disk failed.
        """
        return self._scrubbing.step()

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
