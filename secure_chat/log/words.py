"""The full-text index as the log's writer keeps it: filled behind the commit, merged in steps.

Owned by `log.sqlite`, used on the hub's thread. SQLite keeps no copy of what it has indexed, so it
must never take words out that did not go in exactly so: everything here reads them from the view
`spoken`, before and after an entry changes.

What is taken out is only noted by FTS5. The words themselves stay in the pieces of the index that
hold them until these are merged with the note, see `purge`.
"""

import sqlite3
from typing import Final

from secure_chat.log.transactions import Transactions

__all__ = ["Words", "set_counter"]

_INDEX: Final = (
    "INSERT INTO words (rowid, text, scope)"
    " SELECT seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_UNINDEX: Final = (
    "INSERT INTO words (words, rowid, text, scope)"
    " SELECT 'delete', seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_MERGE: Final = "INSERT INTO words (words, rank) VALUES ('merge', ?)"


class Words:
    """The words of what was said, up to a watermark.

    Args:
        db: the writer's connection.
        do: its transactions.
        upto: the watermark as the file has it.

    Attributes:
        upto: everything up to this number is in the index.
    """

    def __init__(self, db: sqlite3.Connection, do: Transactions, upto: int) -> None:
        self._db = db
        self._do = do
        self.upto = upto

    def fill(self, upto: int) -> None:
        """Take further entries in, in a transaction of its own that the next append syncs.

        Args:
            upto: the last of them.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        with self._do.writing_unsynced():
            self._db.execute(_INDEX, (self.upto, upto))
            set_counter(self._db, "indexed", upto)
        self.upto = upto

    def merge(self, pages: int) -> bool:
        """Bring pieces of the index together, in a transaction of its own.

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
            self._db.execute(_MERGE, (pages,))
        # One change is the command itself (https://sqlite.org/fts5.html, "merge").
        return self._db.total_changes - before > 1

    def purge(self, pages: int) -> bool:
        """Do a step of making one piece of all, after which nothing is left of what was taken out.

        Steps of it begin anew when the index was filled twice in between.

        Args:
            pages: about how many pages to write.

        Returns:
            Whether there is more to do.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        # A negative number has all pieces merged, however few there are.
        return self.merge(-pages)

    def take_out(self, seq: int) -> bool:
        """Take an entry out, in a transaction of the caller, before it changes.

        Args:
            seq: its number.

        Returns:
            Whether it was in; `put_in` what it has become then.
        """
        if seq > self.upto:
            return False
        self._db.execute(_UNINDEX, (seq - 1, seq))
        return True

    def put_in(self, seq: int) -> None:
        """Take an entry in again as it reads now, in a transaction of the caller.

        Args:
            seq: its number; it was in before.
        """
        self._db.execute(_INDEX, (seq - 1, seq))

    def take_out_until(self, seq: int) -> None:
        """Take the oldest entries out, in a transaction of the caller, before they are deleted.

        Args:
            seq: the last of them.
        """
        self._db.execute(_UNINDEX, (0, min(seq, self.upto)))
        set_counter(self._db, "indexed", max(seq, self.upto))


def set_counter(db: sqlite3.Connection, name: str, value: int) -> None:
    """Set one of the file's counters.

    Args:
        db: in a transaction.
        name: which.
        value: the number.
    """
    db.execute("UPDATE counter SET value = ? WHERE name = ?", (value, name))
