"""Getting rid of what was edited away or deleted, wherever else in the log's files it still stands.

Owned by `log.sqlite`, used on the hub's thread when there is time. The commit of a deletion has
overwritten the row; but the write-ahead file still has the page as it was, and the full-text index
the words, until the piece that holds them is merged. What is left to do is written down with the
deletion, so a host that is killed goes on with it. It must never wait for a reader.

What stays: the length of the text; what a disk or its file system keeps of old blocks.
"""

import sqlite3
from typing import Final

from secure_chat.log.opening import BUSY_SECONDS
from secure_chat.log.transactions import Transactions
from secure_chat.log.words import Words, set_counter

__all__ = ["Scrubbing"]

_NOTHING: Final = 0
_PAGES: Final = 1
_WORDS: Final = 2
_COUNTER: Final = "scrub"
_NOTE: Final = "UPDATE counter SET value = max(value, ?) WHERE name = 'scrub'"
# A step writes about so many pages of the index; longer ones are not faster in all.
_STEP_PAGES: Final = 64


class Scrubbing:
    """What is left to overwrite, and the steps that do so.

    Args:
        db: the writer's connection.
        do: its transactions.
        words: the full-text index.
        left: the counter as the file has it.

    Attributes:
        due: whether there may be something to do.
        purging: whether a table of the full-text index is being merged, which begins anew when
            the table is filled twice in between.
    """

    def __init__(self, db: sqlite3.Connection, do: Transactions, words: Words, left: int) -> None:
        self._db = db
        self._do = do
        self._words = words
        self.due = left > _NOTHING
        self.purging = False

    def note(self, *, words: bool) -> None:
        """Write down that something was edited away or deleted, in the transaction that did it.

        Args:
            words: whether the full-text index had its words.
        """
        self._db.execute(_NOTE, (_WORDS if words else _PAGES,))
        # Should the transaction fail, then a look at the counter finds nothing to do.
        self.due = True

    def step(self) -> bool:
        """Do a part of what is left.

        Returns:
            Whether all is done.

        Raises:
            StoreFull: there is no room; call again later.
            StoreBroken: the disk failed.
        """
        left = self._left()
        if left == _WORDS:
            self.purging = self._words.purge(_STEP_PAGES)
            if self.purging:
                return False
            self._set(_PAGES)
        if left and not self._cut():
            return False
        if left:
            self._set(_NOTHING)
        self.due = False
        return True

    def _cut(self) -> bool:
        """Move the write-ahead file's pages to their place and make it empty, unless it is read."""
        with self._do.using():
            self._db.execute("PRAGMA busy_timeout = 0")
            try:
                busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        return not busy

    def _left(self) -> int:
        with self._do.using():
            row = self._db.execute("SELECT value FROM counter WHERE name = ?", (_COUNTER,))
            return int(row.fetchone()[0])

    def _set(self, left: int) -> None:
        with self._do.writing_unsynced():
            set_counter(self._db, _COUNTER, left)
