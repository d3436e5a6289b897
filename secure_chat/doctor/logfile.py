"""The host's log on the disk: whether it is ours, of a version we know, and whole.

`read_log` opens it for reading only, beside a running host if need be; the rest is pure.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.doctor.findings import Area, Finding
from secure_chat.doctor.folder import look
from secure_chat.log.schema import APPLICATION, VERSION

__all__ = ["LogLook", "check_log", "read_log"]

_HERE: Final = Area.DATA
# Checking one of this size takes a second or two.
_SMALL_BYTES: Final = 64 * 1_048_576
_BUSY_SECONDS: Final = 2.0
_GOOD: Final = "ok"
_COPY: Final = "stop the host, put the log back from a copy, and keep the damaged one"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLook:
    """What is known of a log.

    Args:
        path: its file.
        size: bytes.
        trouble: why it cannot be read, in SQLite's words; "" when it can.
        foreign: whether another program made it.
        version: its format.
        checked: SQLite's first words about its inside, "" when that was not looked at.
        newest: when its last entry was made, seconds since 1970 UTC; None without one.
    """

    path: Path
    size: int = 0
    trouble: str = ""
    foreign: bool = False
    version: int = 0
    checked: str = ""
    newest: float | None = None


def read_log(path: Path, *, thorough: bool) -> LogLook | None:
    """Return what is known of a log, None when there is no file.

    Args:
        path: its file.
        thorough: look at all of its inside, however large it is.
    """
    place = look(path, read=False)
    if not place.there or place.trouble:
        return None
    try:
        size = path.stat().st_size
        with closing(_open(path)) as db:
            return _look(db, path, size, check=thorough or size <= _SMALL_BYTES)
    except (OSError, sqlite3.Error) as error:
        return LogLook(path=path, trouble=str(error))


def check_log(log: LogLook | None) -> list[Finding]:
    """Judge a log.

    Args:
        log: what is known of it, None when there is none yet.
    """
    if log is None:
        return []
    if log.trouble:
        return [
            _HERE.fault(
                "damaged-log",
                "the log cannot be read",
                why=log.trouble,
                hint=f"check its owner and its rights; if it is damaged: {_COPY}",
                where=log.path,
            )
        ]
    if log.foreign:
        return [
            _HERE.fault(
                "foreign-log",
                f"{log.path.name} belongs to another program",
                why="its application id is not securechat's",
                hint="choose another folder with --data",
                where=log.path,
            )
        ]
    if log.version > VERSION:
        return [
            _HERE.fault(
                "newer-log",
                "the log was written by a newer securechat",
                why=f"its format is {log.version}, this program knows up to {VERSION}",
                hint="update securechat, or choose another folder with --data",
                where=log.path,
            )
        ]
    return [_inside(log)]


def _inside(log: LogLook) -> Finding:
    if log.checked == "":
        return _HERE.note(
            "damaged-log",
            f"the log was opened, but not looked through ({log.size // 1_048_576} MiB)",
            hint="run doctor with --thorough",
            where=log.path,
        )
    if log.checked != _GOOD:
        return _HERE.fault(
            "damaged-log", "the log is damaged", why=log.checked, hint=_COPY, where=log.path
        )
    return _HERE.ok("damaged-log", "the log is whole", where=log.path)


def _open(path: Path) -> sqlite3.Connection:
    """Open the file for reading; without a writer's files beside it none are made."""
    alone = not path.with_name(f"{path.name}-wal").exists()
    uri = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_SECONDS)


def _look(db: sqlite3.Connection, path: Path, size: int, *, check: bool) -> LogLook:
    application: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables: int = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    foreign = application != APPLICATION and bool(application or version or tables)
    if foreign or version > VERSION or not tables:
        return LogLook(path=path, size=size, foreign=foreign, version=version, checked=_GOOD)
    last = db.execute("SELECT at FROM entry ORDER BY seq DESC LIMIT 1").fetchone()
    checked = str(db.execute("PRAGMA quick_check(1)").fetchone()[0]) if check else ""
    newest = None if last is None else last[0] / 1_000
    return LogLook(path=path, size=size, version=version, checked=checked, newest=newest)
