"""The full-text index as the log's writer keeps it: filled behind the commit, merged in steps.

Owned by `log.sqlite`, used on the hub's thread. SQLite keeps no copy of what it has indexed, so it
must never take words out that did not go in exactly so: everything here reads them from the view
`spoken`, before and after an entry changes.

The index has a table for each stretch of the log, see the table `part`. Only the last one is
filled; the others are made one piece each when there is time.

What is taken out is only noted by FTS5. The words themselves stay in the pieces of the table that
hold them until these are merged with the note, see `purge`.
"""

import sqlite3
from bisect import bisect_right
from typing import Final

from secure_chat.log.schema import create_words, words_table
from secure_chat.log.transactions import Transactions

__all__ = ["Words", "set_counter"]

_INDEX: Final = (
    "INSERT INTO {words} (rowid, text, scope)"
    " SELECT seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_UNINDEX: Final = (
    "INSERT INTO {words} ({words}, rowid, text, scope)"
    " SELECT 'delete', seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_MERGE: Final = "INSERT INTO {words} ({words}, rank) VALUES ('merge', ?)"
_DROP: Final = "DROP TABLE {words}"
_DUE: Final = "SELECT max(first) FROM part WHERE due AND first < ?"
_MARK: Final = "UPDATE part SET due = ? WHERE first = ?"


class Words:
    """The words of what was said, up to a watermark.

    Args:
        db: the writer's connection.
        do: its transactions.
        upto: the watermark as the file has it.
        span: how many entries a table holds.

    Attributes:
        upto: everything up to this number is in the index.
    """

    def __init__(self, db: sqlite3.Connection, do: Transactions, upto: int, span: int) -> None:
        self._db = db
        self._do = do
        self._span = span
        rows = db.execute("SELECT first FROM part ORDER BY first")
        # Never empty: when the last table goes, another is begun.
        self._firsts: list[int] = [first for (first,) in rows]
        self.upto = upto

    @property
    def room(self) -> int:
        """How many entries `fill` may take in at once."""
        left = self._left()
        return left if left > 0 else self._span

    def fill(self, upto: int) -> None:
        """Take further entries in, in a transaction of its own that the next append syncs.

        Args:
            upto: the last of them, no more than there is `room` for.

        Raises:
            StoreFull: there is no room on the disk; nothing changed.
            StoreBroken: the disk failed.
        """
        full = self._left() <= 0
        first = self.upto + 1 if full else self._firsts[-1]
        with self._do.writing_unsynced():
            if full:
                create_words(self._db, first)
            self._execute(_INDEX, first, self.upto, upto)
            set_counter(self._db, "indexed", upto)
        if full:
            self._firsts.append(first)
        self.upto = upto

    def merge(self, pages: int) -> bool:
        """Bring pieces of the index together, in a transaction of its own.

        Of the table that is filled as many as have gathered, else all of one that is full.

        Args:
            pages: about how many pages to write.

        Returns:
            Whether there may be more to do.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        last = self._firsts[-1]
        with self._do.writing_unsynced():
            return self._merge(last, pages) or self._unite(last, pages)

    def purge(self, pages: int) -> bool:
        """Do a step of making a table one piece, after which nothing of what was taken out is left.

        Steps of it begin anew when the table was filled twice in between.

        Args:
            pages: about how many pages to write.

        Returns:
            Whether there is more to do.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        with self._do.writing_unsynced():
            return self._unite(self._firsts[-1] + 1, pages)

    def take_out(self, seq: int) -> bool:
        """Take an entry out, in a transaction of the caller, before it changes.

        Args:
            seq: its number.

        Returns:
            Whether it was in; `put_in` what it has become then.
        """
        if seq > self.upto:
            return False
        first = self._first_of(seq)
        self._execute(_UNINDEX, first, seq - 1, seq)
        self._db.execute(_MARK, (1, first))
        return True

    def put_in(self, seq: int) -> None:
        """Take an entry in again as it reads now, in a transaction of the caller.

        Args:
            seq: its number; it was in before.
        """
        self._execute(_INDEX, self._first_of(seq), seq - 1, seq)

    def take_out_until(self, seq: int) -> None:
        """Take the oldest entries out, in a transaction of the caller, before they are deleted.

        Args:
            seq: the last of them; `taken_out` when the transaction is done.
        """
        kept = self._kept(seq)
        if kept[0] > self.upto:
            create_words(self._db, kept[0])
        for first in self._firsts:
            if first < kept[0]:
                self._execute(_DROP, first)
                self._db.execute("DELETE FROM part WHERE first = ?", (first,))
        self._execute(_UNINDEX, kept[0], kept[0] - 1, min(seq, self.upto))
        set_counter(self._db, "indexed", max(seq, self.upto))

    def taken_out(self, seq: int) -> None:
        """Note that `take_out_until` took place.

        Args:
            seq: the last of the entries.
        """
        self._firsts = self._kept(seq)
        self.upto = max(self.upto, seq)

    def _left(self) -> int:
        """Return how many entries the last table has room for; it may have too many already."""
        return self._firsts[-1] + self._span - 1 - self.upto

    def _kept(self, seq: int) -> list[int]:
        """Return the beginnings of the tables that are left when the entries up to one are gone."""
        if seq >= self.upto:
            return [seq + 1]
        return self._firsts[self._firsts.index(self._first_of(seq + 1)) :]

    def _first_of(self, seq: int) -> int:
        """Return the beginning of the table that holds an entry."""
        return self._firsts[max(0, bisect_right(self._firsts, seq) - 1)]

    def _unite(self, below: int, pages: int) -> bool:
        """Do a step for a table that is due and begins below a number; tell whether there was."""
        (first,) = self._db.execute(_DUE, (below,)).fetchone()
        # A negative number has all pieces merged, however few there are.
        if first is not None and not self._merge(first, -pages):
            self._db.execute(_MARK, (0, first))
        return first is not None

    def _merge(self, first: int, pages: int) -> bool:
        before = self._db.total_changes
        self._execute(_MERGE, first, pages)
        # One change is the command itself (https://sqlite.org/fts5.html, "merge").
        return self._db.total_changes - before > 1

    def _execute(self, statement: str, first: int, *values: int) -> None:
        self._db.execute(statement.format(words=words_table(first)), values)


def set_counter(db: sqlite3.Connection, name: str, value: int) -> None:
    """Set one of the file's counters.

    Args:
        db: in a transaction.
        name: which.
        value: the number.
    """
    db.execute("UPDATE counter SET value = ? WHERE name = ?", (value, name))
