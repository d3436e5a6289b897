"""One program at a time in a data folder: a lock that goes away with the process that holds it.

Used by whoever owns the folder, one thread at a time. The lock is SQLite's own on a small file
beside the data: it is the same on every system, needs no clean-up after a kill, and cannot be held
by a number that another process has been given meanwhile.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from secure_chat.errors import StoreBusy, StoreError

__all__ = ["FolderLock"]

_FILE: Final = "lock.sqlite"


class FolderLock:
    """Holds a folder until `release` or the end of the process.

    Args:
        folder: where to; made when missing, readable by its owner only.
        holder: who else may hold it, for the error's sentence: «another host».

    Raises:
        StoreBusy: somebody holds it.
        StoreError: the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, holder: str) -> None:
        self._db: sqlite3.Connection | None = None
        path = folder / _FILE
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Made here, because SQLite would let the group and others read it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False
            )
            self._db.execute("BEGIN EXCLUSIVE")
        except (OSError, sqlite3.Error) as error:
            self.release()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                raise StoreBusy(
                    f"the data folder {folder} is in use",
                    why=f"{holder} is running with it",
                    hint="Stop that one first, or choose another folder with --data.",
                ) from error
            raise StoreError(
                f"the data folder {folder} cannot be used",
                why=getattr(error, "strerror", None) or str(error),
                hint="Check that you may write there, or choose another folder with --data.",
            ) from error

    def release(self) -> None:
        """Let the next one in."""
        if self._db is not None:
            self._db.close()
            self._db = None
