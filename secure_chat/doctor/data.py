"""Where data is kept: whether it can be written there, how much room is left, who else is at it.

`read_data` asks the file system and SQLite and changes nothing; the rest is pure. What stands in
the log and in the journals is for `logfile` and `journals`.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.doctor.dates import Written
from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.doctor.folder import Place, look
from secure_chat.doctor.journals import JournalLook, check_journals, read_journal
from secure_chat.doctor.logfile import LogLook, check_log, read_log

__all__ = ["Data", "data_findings", "read_data"]

_HERE: Final = Area.DATA
_MEGABYTE: Final = 1_000_000
_LITTLE_BYTES: Final = 100 * _MEGABYTE
_NO_BYTES: Final = 10 * _MEGABYTE
_OTHERS: Final = 0o077
_FILES: Final = ("log.sqlite", "client.sqlite", "handshakes.jsonl", "handshakes-refused.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What is known of the data of one community.

    Args:
        folder: its folder.
        trouble: why nothing can be written there, "" when it can.
        free: bytes that are free there, None when nobody knows.
        open: folders and files that others may look into.
        running: whether a host is at work on it.
        log: the host's log, None when there is none.
        journals: the handshake journals of the host and of the clients.
    """

    folder: Path
    trouble: str
    free: int | None
    open: tuple[Place, ...]
    running: bool
    log: LogLook | None
    journals: tuple[JournalLook, ...]

    @property
    def written(self) -> list[Written]:
        """What was written there last, with its moment."""
        found = [
            Written("the newest handshake record", j.newest) for j in self.journals if j.newest
        ]
        if self.log is not None and self.log.newest is not None:
            found.append(Written("the newest entry of the log", self.log.newest))
        return found


def read_data(folder: Path, now: float, *, thorough: bool) -> Data:
    """Return what is known of a community's data.

    Args:
        folder: the community's own, `host/` and `clients/NAME/` below it.
        now: seconds since 1970 UTC.
        thorough: read all of it, however much that is.
    """
    host = folder / "host"
    every = (host, *_subfolders(folder / "clients"))
    ends = [end for end in every if look(end, read=False).kind == "folder"]
    return Data(
        folder=folder,
        trouble=_try_to_write(host),
        free=_free(_nearest(folder)),
        open=tuple(_open(ends)),
        running=_is_held(host / "lock.sqlite"),
        log=read_log(host / "log.sqlite", thorough=thorough),
        journals=tuple(read_journal(end, now, thorough=thorough) for end in ends),
    )


def data_findings(data: Data) -> list[Finding]:
    """Judge a community's data.

    Args:
        data: what is known of it.
    """
    return [
        *_writable(data),
        *_room(data),
        *settled(
            _open_findings(data.open), _HERE.ok("open-data", "only you may look into the data")
        ),
        *_running(data),
        *check_log(data.log),
        *check_journals(data.journals),
    ]


def _writable(data: Data) -> Iterator[Finding]:
    if data.trouble:
        yield _HERE.fault(
            "data-folder",
            f"nothing can be kept in {data.folder}",
            why=data.trouble,
            hint="correct its owner and its rights, or choose another folder with --data",
            where=data.folder,
        )
    else:
        yield _HERE.ok("data-folder", f"data can be kept in {data.folder}", where=data.folder)


def _room(data: Data) -> Iterator[Finding]:
    if data.free is None:
        return
    what = f"{data.free // _MEGABYTE:,} MB are free for data"
    hint = "make room, or choose a folder on another disk with --data"
    if data.free < _NO_BYTES:
        why = "a full disk keeps everybody from saying anything"
        yield _HERE.fault("low-disk", f"only {what}", why=why, hint=hint, where=data.folder)
    elif data.free < _LITTLE_BYTES:
        why = "the log and the journals need room to grow"
        yield _HERE.warning("low-disk", f"only {what}", why=why, hint=hint, where=data.folder)
    else:
        yield _HERE.ok("low-disk", what, where=data.folder)


def _open_findings(places: Iterable[Place]) -> Iterator[Finding]:
    for place in places:
        yield _HERE.warning(
            "open-data",
            f"others may look into {place.name} (mode {place.mode:03o})",
            why="what was said stands in the log, who came and went in the journals",
            hint=f"chmod go= {place.path}",
            where=place.path,
        )


def _running(data: Data) -> Iterator[Finding]:
    if data.running:
        yield _HERE.note(
            "host-running",
            "a host is running with this data folder",
            why="a second one would not start with it",
            where=data.folder / "host",
        )


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _nearest(path: Path) -> Path:
    """Return the path itself or the first folder above it that is there."""
    while not look(path, read=False).there and path != path.parent:
        path = path.parent
    return path


def _try_to_write(folder: Path) -> str:
    """Return why no file can be made there, "" when it can; nothing is left behind.

    Rights alone do not tell: a disk may be mounted for reading, or a system forbid more.
    """
    try:
        with tempfile.TemporaryFile(dir=_nearest(folder)):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def _free(path: Path) -> int | None:
    try:
        usage = shutil.disk_usage(path)
    except OSError:
        return None
    # What is no disk has no room and needs none.
    return usage.free if usage.total else None


def _open(ends: Iterable[Path]) -> Iterator[Place]:
    """Yield what others can get at: a file only when its folder lets them in."""
    for end in ends:
        folder = look(end, f"{end.parent.name}/{end.name}")
        if not folder.mode or not folder.mode & _OTHERS:
            continue
        yield folder
        for name in _FILES:
            file = look(end / name, f"{folder.name}/{name}", read=False)
            if file.mode and file.mode & _OTHERS:
                yield file


def _is_held(lock: Path) -> bool:
    """Tell whether a host holds the folder, by trying to read what it has locked.

    Only SQLite may touch the file: closing it otherwise would take away the locks that this very
    process may hold.
    """
    if look(lock, read=False).kind != "file":
        return False
    uri = f"{lock.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=0, isolation_level=None)) as db:
            db.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY
    return False
