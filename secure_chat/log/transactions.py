"""Transactions on the one connection that writes the log, and what its errors mean.

Owned by `log.sqlite`, used on the hub's thread. After a disk error it must never let anybody use
the connection again: the system may have forgotten pages that were not synced, so nothing that the
connection says later can be trusted, and only opening the file anew tells what is stored.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from secure_chat.errors import StoreBroken, StoreFull

__all__ = ["Transactions"]


class Transactions:
    """Wraps whatever is done with the connection.

    Args:
        db: in autocommit mode, with synchronous = FULL.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._broken = ""

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Do all of the body or nothing of it; synced to the disk when it returns.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed; whether it is stored is unknown.
        """
        with self.using():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield
                self._db.execute("COMMIT")
            finally:
                # SQLite has ended it by itself after some errors, and the first error counts.
                if self._db.in_transaction:
                    with suppress(sqlite3.Error):
                        self._db.execute("ROLLBACK")

    @contextmanager
    def writing_unsynced(self) -> Iterator[None]:
        """Do the same, and let the next synced transaction sync it; for what can be made again.

        Raises:
            StoreFull: there is no room; nothing changed.
            StoreBroken: the disk failed.
        """
        with self.using():
            self._db.execute("PRAGMA synchronous = NORMAL")
            try:
                with self.writing():
                    yield
            finally:
                self._db.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def using(self) -> Iterator[None]:
        """Turn the errors of the body into those of a log.

        Raises:
            StoreFull: there is no room.
            StoreBroken: the disk failed, now or before.
        """
        if self._broken:
            raise _broke(self._broken)
        try:
            yield
        except sqlite3.Error as error:
            # Errors of the Python module itself, as on a closed file, have no code.
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
                raise StoreFull(
                    "the log has no room",
                    why=str(error),
                    hint="make room on the host's disk; it goes on by itself",
                ) from error
            self._broken = str(error)
            raise _broke(self._broken) from error


def _broke(why: str) -> StoreBroken:
    return StoreBroken(
        "the log's disk failed", why=why, hint="check the disk, then start the host again"
    )
