"""A copy of the log as it stood at one moment, made while a host goes on writing it.

On the thread of whoever asks, from any process. It reads only, so it neither holds up the writer
nor moves anything of the write-ahead file; that file may grow until the copy is made. The copy has
no name while it is made and read, so whatever ends the program, it is gone.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

from secure_chat.errors import StoreError, StoreFull
from secure_chat.log import schema
from secure_chat.log.opening import open_for_reading, unreadable
from secure_chat.pki.files import open_private

__all__ = ["LogCopy", "ToldPages", "check_log", "copied_log"]

_PAGES: Final = 1_024
_CHANCE_BYTES: Final = 8
# Where a file says that it needs a write-ahead file beside it, and what it says without one
# (https://sqlite.org/fileformat.html section 1.3.3).
_JOURNAL_AT: Final = 18
_NO_JOURNAL: Final = b"\x01\x01"
_PRIMARY_CODE: Final = 0xFF
# Of a log whose entries are all too old to be kept, the numbers are not used again.
_HEAD: Final = (
    "SELECT coalesce((SELECT max(seq) FROM entry),"
    " (SELECT value - 1 FROM counter WHERE name = 'floor'))"
)

ToldPages: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class LogCopy:
    """A log at one moment.

    Args:
        file: the copy, at its beginning; one file that needs no other beside it.
        head: the newest sequence number in it, 0 in an empty log.
    """

    file: BinaryIO
    head: int

    @property
    def size(self) -> int:
        """Its bytes."""
        return os.fstat(self.file.fileno()).st_size


@contextmanager
def copied_log(source: Path, progress: ToldPages | None = None) -> Iterator[LogCopy]:
    """Copy a log with SQLite's backup API; the copy is gone when the block ends.

    Args:
        source: the log's file, of a host that runs or not; the copy stands on the same disk.
        progress: told the bytes copied and the bytes in all, now and then.

    Raises:
        StoreError: the log is missing, is no log, or the copy cannot be written.
    """
    if not source.exists():
        raise StoreError(
            f"there is no log at {source}",
            why="no host has run with this folder yet, or its data is elsewhere",
            hint="name the right folder with --data, or leave --with-log out",
        )
    place = source.with_name(f".{source.name}.{secrets.token_hex(_CHANCE_BYTES)}.copy")
    try:
        descriptor = open_private(place, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except OSError as error:
        raise _unwritable(place, error.strerror or str(error)) from error
    try:
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            head = _copy(source, place, progress)
            try:
                file.seek(_JOURNAL_AT)
                file.write(_NO_JOURNAL)
                file.seek(0)
            except OSError as error:
                raise _unwritable(place, error.strerror or str(error)) from error
            yield LogCopy(file, head)
    finally:
        with suppress(OSError):
            place.unlink(missing_ok=True)


def check_log(db: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is no log of ours, or one of a newer program.

    Args:
        db: a connection to it.
        path: its name, for the error.

    Raises:
        StoreError: it is another program's, or its format is not known here.
    """
    if db.execute("PRAGMA application_id").fetchone()[0] != schema.APPLICATION:
        raise StoreError(
            f"{path} is no log of securechat", hint="name the right folder with --data"
        )
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > schema.VERSION:
        raise StoreError(
            f"{path} was written by a newer securechat",
            why=f"its format is {version}, this program knows up to {schema.VERSION}",
            hint="update securechat",
        )


def _copy(source: Path, place: Path, progress: ToldPages | None) -> int:
    """Fill the copy and take its name away; return the newest number in it."""
    try:
        # Never made by SQLite: others could read it then, and it would be another file than ours.
        target = f"{place.resolve().as_uri()}?mode=rw"
        with (
            closing(open_for_reading(source)) as log,
            closing(sqlite3.connect(target, uri=True, isolation_level=None)) as copy,
        ):
            # Windows keeps the name of an open file; there it is taken away at the end.
            with suppress(PermissionError):
                place.unlink()
            # Neither has a name that it could be found by after a crash, so neither is needed.
            copy.execute("PRAGMA journal_mode = OFF")
            copy.execute("PRAGMA synchronous = OFF")
            # Whoever holds a transaction sees one moment, however long the copying takes.
            log.execute("BEGIN")
            check_log(log, source)
            page = log.execute("PRAGMA page_size").fetchone()[0]
            head = log.execute(_HEAD).fetchone()[0]

            def told(_status: int, left: int, total: int) -> None:
                if progress is not None:
                    progress((total - left) * page, total * page)

            log.backup(copy, pages=_PAGES, progress=told)
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & _PRIMARY_CODE == sqlite3.SQLITE_FULL:
            raise StoreFull(
                f"there is no room for a copy of the log beside {source}",
                why=str(error),
                hint="make room on that disk",
            ) from error
        raise unreadable(error) from error
    return int(head)


def _unwritable(path: Path, why: str) -> StoreError:
    return StoreError(f"{path} cannot be written", why=why, hint="make room there")
