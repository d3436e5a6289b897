"""The tables of the files' index: how the file is opened and made, and what its columns mean.

Used by the store, once when it opens the file. It must never change a file that is foreign or
newer than this program.
"""

import sqlite3
from pathlib import Path
from typing import Final

from secure_chat.errors import StoreError

__all__ = ["APPLICATION", "VERSION", "open_index"]

# Four letters at offset 68 of the file ("scfl"), so that no other program's file is taken for ours.
APPLICATION: Final = 0x7363666C

_TABLES: Final = """
-- Bytes that are stored once, whoever sent them.
CREATE TABLE blob (
    sha256 BLOB PRIMARY KEY,
    size INTEGER NOT NULL
) WITHOUT ROWID;

-- Numbers are never used again, so a part file that was left behind is nobody's.
CREATE TABLE upload (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    up TEXT NOT NULL,
    within TEXT NOT NULL,   -- the upload of the folder's manifest, '' for none
    declared INTEGER,       -- bytes that it will have, NULL for a stream
    sha256 BLOB,            -- its blob once it is sealed, NULL before
    at INTEGER NOT NULL,    -- milliseconds since 1970 UTC: begun, asked for again or sealed
    used INTEGER NOT NULL DEFAULT 0, -- whether a message has referred to it
    UNIQUE (person, up)
);
CREATE INDEX upload_blob ON upload (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX upload_open ON upload (at) WHERE sha256 IS NULL;
CREATE INDEX upload_within ON upload (person, within) WHERE within <> '';
CREATE INDEX upload_whole ON upload (at) WHERE within = '' AND sha256 IS NOT NULL;

-- Manifests that are forgotten; what is within them is taken away a little at a time.
CREATE TABLE gone (
    person TEXT NOT NULL,
    up TEXT NOT NULL,
    PRIMARY KEY (person, up)
) WITHOUT ROWID
"""

_MIGRATIONS: Final = (_TABLES,)
VERSION: Final = len(_MIGRATIONS)


def open_index(path: Path) -> sqlite3.Connection:
    """Open the index, made when it is missing and brought to this version when it is older.

    Args:
        path: the file; its folder must exist.

    Returns:
        A connection in autocommit mode, for one thread at a time.

    Raises:
        StoreError: the file cannot be used: foreign, newer, damaged or not writable.
    """
    try:
        # Made here because SQLite would make it readable for others; its WAL takes after it.
        path.touch(mode=0o600)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=1)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        _migrate(db, path)
    except sqlite3.Error as error:
        db.close()
        raise _unusable(path, error) from error
    except StoreError:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    found = _version(db, path)
    for pragma in (
        "journal_mode = WAL",
        # A sealed upload is told to its sender, so it must survive a power cut.
        "synchronous = FULL",
        "journal_size_limit = 16777216",
        "temp_store = MEMORY",
        # A disk error in a mapped page would kill the process instead of raising.
        "mmap_size = 0",
        "trusted_schema = OFF",
    ):
        db.execute(f"PRAGMA {pragma}")
    for number, script in enumerate(_MIGRATIONS[found:], found + 1):
        db.execute("BEGIN IMMEDIATE")
        try:
            for statement in script.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")


def _version(db: sqlite3.Connection, path: Path) -> int:
    application: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables: int = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise StoreError(
            f"{path} belongs to another program",
            why=f"its application id is {application:#x}, not {APPLICATION:#x}",
            hint="choose another folder with --data",
        )
    if version > VERSION:
        raise StoreError(
            f"{path} was written by a newer securechat",
            why=f"its format is {version}, this program knows up to {VERSION}",
            hint="update securechat, or choose another folder with --data",
        )
    return version


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the index of the files, {path}, cannot be opened",
        why=str(error),
        hint="check that the folder is writable and the file is not damaged",
    )
