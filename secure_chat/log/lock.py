"""One program at a time in a data folder: a lock that goes away with the process that holds it.

Owned by the thread that took it. The lock is SQLite's own on a small file beside the data: it is
the same on every system, needs no clean-up after a kill, and cannot be held by a number that
another process has been given meanwhile.
"""

import sqlite3
from pathlib import Path

from secure_chat.errors import StoreError

__all__ = ["FolderLock"]


class FolderLock:
    """Holds a folder until `release` or the end of the process.

    Args:
        folder: exists and is writable.
        holder: who else may hold it, for the error's sentence: «a host», «a client of bob».

    Raises:
        StoreError: somebody holds it, or the folder cannot be written to.
    """

    def __init__(self, folder: Path, holder: str) -> None:
        self._db: sqlite3.Connection | None = None
        path = folder / "lock.sqlite"
        try:
            self._db = sqlite3.connect(path, timeout=0, isolation_level=None)
            self._db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self.release()
            if "locked" in str(error):
                raise StoreError(
                    f"the data folder {folder} is in use",
                    why=f"{holder} is running with it",
                    hint="Stop that one first, or choose another folder with --data.",
                ) from error
            raise StoreError(
                f"the data folder {folder} cannot be used",
                why=str(error),
                hint="Check that you may write there, or choose another folder with --data.",
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        if self._db is not None:
            self._db.close()
            self._db = None
