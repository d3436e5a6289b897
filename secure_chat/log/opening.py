"""How the log's file is opened: by its one writer with the settings that keep it safe, and to read.

Owned by whoever starts the host; the connections made here then belong to one thread each. It must
never touch a file that is foreign or newer, and never let a reader write or checkpoint.
"""

import sqlite3
from pathlib import Path
from typing import Final

from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from secure_chat.log import schema

__all__ = ["BUSY_SECONDS", "open_for_reading", "open_for_writing", "unreadable", "unusable"]

# How long the writer waits for a lock that only a second writer could hold.
BUSY_SECONDS: Final = 1


def open_for_writing(path: Path, limits: Limits) -> sqlite3.Connection:
    """Open the file, made when it is missing and brought to this version when it is older.

    Args:
        path: the file; its folder must exist.
        limits: how large the WAL and the cache may be.

    Returns:
        A connection in autocommit mode.

    Raises:
        StoreError: the file cannot be used: foreign, newer, damaged or not writable.
    """
    try:
        # Made here because SQLite would make it readable for others; its WAL takes after it.
        path.touch(mode=0o600)
        # Opened by whoever starts the host, then used by the hub's thread alone.
        db = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
        )
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        schema.migrate(db, before=lambda: _prepare(db, limits))
    except sqlite3.Error as error:
        db.close()
        raise unusable(path, error) from error
    except StoreError:
        db.close()
        raise
    return db


def _prepare(db: sqlite3.Connection, limits: Limits) -> None:
    for pragma in (
        # Readers go on while we commit, and a commit is one append to one file and one sync.
        "journal_mode = WAL",
        # Each commit is synced before it returns: after a power cut NORMAL would have lost
        # acknowledged messages.
        "synchronous = FULL",
        # A page written again and again moves to its place once; the default number of frames
        # still fits the first block of the index that all connections share.
        f"wal_autocheckpoint = {limits.log_wal_pages}",
        # The WAL keeps its size, because a sync is cheaper when the file does not grow; only
        # what a long reader made it grow beyond this is cut off.
        f"journal_size_limit = {limits.log_wal_pages * 4096}",
        # The upper levels of the index of ids stay in memory with millions of entries.
        f"cache_size = {-limits.log_cache_bytes // 1024}",
        # What is deleted is overwritten, pages that are not used any more included.
        "secure_delete = ON",
        # Nothing needs a file beside the log, so a full disk cannot stop what only reads.
        "temp_store = MEMORY",
        # A disk error in a mapped page would kill the process instead of raising.
        "mmap_size = 0",
        # The views of a file from elsewhere must not call functions with side effects.
        "trusted_schema = OFF",
    ):
        db.execute(f"PRAGMA {pragma}")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a file that its writer has open, for reading only.

    Args:
        path: the file.

    Returns:
        A connection in autocommit mode.

    Raises:
        StoreError: there is no such file.
    """
    try:
        db = sqlite3.connect(
            # mode=ro: this connection can neither write nor checkpoint, whatever is asked.
            f"{path.resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            # Opened by whoever starts the host, then used by the reader's thread alone.
            check_same_thread=False,
        )
    except sqlite3.Error as error:
        raise unreadable(error) from error
    # A disk error in a mapped page would kill the process instead of raising.
    db.execute("PRAGMA mmap_size = 0")
    return db


def unreadable(error: sqlite3.Error) -> StoreError:
    """Return what a person is told when reading failed."""
    return StoreError(
        "the log cannot be read", why=str(error), hint="check the disk, then start the host again"
    )


def unusable(path: Path, error: Exception) -> StoreError:
    """Return what a person is told when the writer cannot start."""
    return StoreError(
        f"the log {path} cannot be opened",
        why=str(error),
        hint="check that the folder is writable and the file is not damaged",
    )
