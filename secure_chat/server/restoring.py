"""A host's certificates folder and log out of a backup, put where there are none yet.

On the thread of the command that asks. The folder is made by one change (`pki.change`), so it is
whole or empty whatever kills us; the log is written beside its place and gets its name before
that. A restore that was interrupted is run again: it takes away what the first one left, or goes
on behind it. It must never overwrite anything.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec

from secure_chat.clock import rfc3339
from secure_chat.errors import IdentityError, StoreError
from secure_chat.log.copying import check_log
from secure_chat.log.lock import FolderLock
from secure_chat.log.opening import open_for_reading
from secure_chat.pki.act import Act
from secure_chat.pki.change import Change, finish_change, new_backup
from secure_chat.pki.files import create_folder, open_private, sync_folder
from secure_chat.pki.fold import fold
from secure_chat.pki.registry import Registry
from secure_chat.pki.vault import Vault
from secure_chat.server.archive import Archive, Member
from secure_chat.server.backup import BACKED_UP, CERTS, LOG, belongs

__all__ = ["Restored", "restore"]

_TRAIL: Final = "audit.jsonl"
_AUTHORITY: Final = "ca.crt"
_COMMUNITY: Final = "community"
_NEEDED: Final = frozenset({_TRAIL, _AUTHORITY, _COMMUNITY})
# What stands in a folder that counts as empty: version control's file, and the folder's lock.
_NOTHING: Final = (".gitignore", "audit.lock")
# What a command that was interrupted may have left, to be finished or cleared away.
_STAGING: Final = ".staging"
# What SQLite would take for a part of the log that is going to stand there.
_BESIDE: Final = tuple(f"{LOG}{end}" for end in ("-wal", "-shm", "-journal"))
_ID: Final = re.compile(r"[0-9a-f]{32}")
_PIECE: Final = 1 << 20
_SECRET: Final = 0o600
_PUBLIC: Final = 0o644
_READABLE: Final = 0o044


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What came out of a backup.

    Args:
        certs: the certificates folder.
        files: how many files it has.
        community: the community's id.
        made: when the backup was made, RFC 3339; "" when it does not say.
        registry: what its audit trail says.
        log: where the log stands; None when there was none in it, or none was wanted.
    """

    certs: Path
    files: int
    community: str
    made: str
    registry: Registry
    log: Path | None


def restore(  # noqa: PLR0913, PLR0917 - a restore has as many parts
    path: Path,
    passphrase: bytes,
    certs: Path,
    data: Callable[[str], Path] | None,
    now: float,
    by: str,
) -> Restored:
    """Put a backup back where there is nothing yet.

    Args:
        path: the backup.
        passphrase: what it was made with.
        certs: the certificates folder; made when it is missing.
        data: gives the host's data folder of a community; None to leave the log out.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: the passphrase is no text.
        IdentityError: the certificates folder cannot be written, or another command is at it.
        StoreError: something is there already, the backup cannot be read, or a file cannot be
            written; there is no certificate, key or log then that was not there before.
    """
    with Archive(path, passphrase) as archive, _folder(certs):
        run = _Run(certs, data, now, by)
        try:
            archive.read(run.take)
            return run.commit()
        finally:
            run.clear()


@contextmanager
def _folder(certs: Path) -> Iterator[None]:
    """Hold an empty certificates folder; one that was made for it is gone after an error."""
    made = not certs.exists()
    try:
        if not made:
            # Before its rights are changed: it may be anybody's.
            _check_empty(certs, besides=_STAGING)
        create_folder(certs)
    except OSError as error:
        raise _unwritable(certs, error) from error
    trail = Vault(certs).audit
    try:
        with trail.lock():
            finished = finish_change(certs)
            _check_empty(certs, finished=finished)
            yield
    except BaseException:
        if made:
            with suppress(OSError):
                (certs / "audit.lock").unlink(missing_ok=True)
                certs.rmdir()
        raise


def _check_empty(certs: Path, *, besides: str = "", finished: bool = False) -> None:
    allowed = (*_NOTHING, besides) if besides else _NOTHING
    if all(item.name.startswith(allowed) for item in certs.iterdir()):
        return
    if finished:
        raise StoreError(
            f"{certs} is not empty",
            why="a command that was interrupted there has been finished just now",
            hint="look at it with `securechat certs list`",
        )
    raise StoreError(
        f"{certs} is not empty",
        why="a restore never overwrites certificates or keys",
        hint="move it away first, or name another folder with --certs",
    )


class _Run:
    """One restore, under the folder's lock.

    Args:
        certs: the certificates folder, empty.
        data: gives the host's data folder of a community.
        now: seconds since 1970 UTC.
        by: who does it.
    """

    def __init__(
        self, certs: Path, data: Callable[[str], Path] | None, now: float, by: str
    ) -> None:
        self._certs = certs
        self._data = data
        self._act = Act(at=rfc3339(now), act="restored", by=by)
        self._change = Change(certs, backup=new_backup(certs, now).name)
        self._last: dict[str, bytes] = {}
        self._names: set[str] = set()
        self._log: _Log | None = None

    def take(self, member: Member) -> None:
        """Take one file out of the backup."""
        if member.name in self._names:
            raise _strange(member.name)
        self._names.add(member.name)
        if member.name == LOG:
            if self._data is not None:
                self._log = _Log(self._data(self._community()))
                self._log.take(member)
            return
        name = PurePosixPath(member.name)
        inner = PurePosixPath(*name.parts[1:])
        if name.parts[:1] != (CERTS,) or str(name) != member.name or not belongs(inner):
            raise _strange(member.name)
        content = member.content.read()
        if str(inner) in _NEEDED:
            self._last[str(inner)] = content
        else:
            # Never wider than they were, and a key only for its owner.
            public = member.mode & _READABLE and inner.suffix != ".key"
            self._change.add(str(inner), content, _PUBLIC if public else _SECRET)

    def commit(self) -> Restored:
        """Put everything in its place; all of the backup has been read and is genuine."""
        missing = sorted(_NEEDED - self._last.keys())
        if missing:
            raise StoreError(
                "the backup is not one of a host's certificates",
                why=f"{', '.join(missing)} is not in it",
                hint="name a file that `securechat certs backup` made",
            )
        trail, community = self._last[_TRAIL], self._community()
        registry = fold(trail, where=f"{_TRAIL} of the backup")
        log = None if self._log is None else self._log.place()
        self._change.add(_COMMUNITY, self._last[_COMMUNITY], _PUBLIC)
        self._change.add(_TRAIL, trail[: trail.rfind(b"\n") + 1] + self._act.line(), _SECRET)
        # Nothing works without it, so it is the last to come.
        self._change.add(_AUTHORITY, self._last[_AUTHORITY], _PUBLIC)
        self._change.commit()
        return Restored(
            certs=self._certs,
            files=len(self._names - {LOG}),
            community=community,
            made=_made(trail),
            registry=registry,
            log=log,
        )

    def clear(self) -> None:
        """Take away what did not get its name; behind `commit` there is nothing."""
        if self._log is not None:
            self._log.clear()
        with suppress(IdentityError):
            finish_change(self._certs)

    def _community(self) -> str:
        text = self._last.get(_COMMUNITY, b"").decode("ascii", "replace").strip()
        if _ID.fullmatch(text) is None:
            raise StoreError(
                "the backup does not say which community it is of",
                why=f"{_COMMUNITY} is missing in front of the log, or damaged",
                hint="name a file that `securechat certs backup` made",
            )
        return text


class _Log:
    """The log of a backup on its way to its place; nobody else uses the folder meanwhile.

    Args:
        folder: the host's data folder.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = FolderLock(folder, "a host")
        self._target = folder / LOG
        self._draft = folder / f".{LOG}.restoring"
        self._there = False

    def take(self, member: Member) -> None:
        """Write it beside its place; one that is there already may be the very same."""
        try:
            self._there = self._target.exists()
            if self._there:
                self._compare(member)
                return
            for name in _BESIDE:
                if self._target.with_name(name).exists():
                    raise _taken(self._target.with_name(name))
            self._draft.unlink(missing_ok=True)
            with os.fdopen(
                open_private(self._draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb"
            ) as file:
                while piece := member.content.read(_PIECE):
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unwritable(self._draft, error) from error

    def place(self) -> Path:
        """Look at what was written and give it its name."""
        if not self._there:
            self._check()
            try:
                self._draft.rename(self._target)
                sync_folder(self._target.parent)
            except OSError as error:
                raise _unwritable(self._target, error) from error
        return self._target

    def clear(self) -> None:
        """Take the draft away and let others use the folder."""
        with suppress(OSError):
            self._draft.unlink(missing_ok=True)
        self._lock.release()

    def _compare(self, member: Member) -> None:
        """Go on behind a restore that was interrupted when the log had its name already."""
        same = self._target.stat().st_size == member.size
        with self._target.open("rb") as file:
            while same and (piece := member.content.read(_PIECE)):
                same = file.read(len(piece)) == piece
        if not same:
            raise _taken(self._target)

    def _check(self) -> None:
        try:
            with closing(open_for_reading(self._draft)) as db:
                check_log(db, Path(LOG))
                told = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
        except sqlite3.Error as error:
            told = str(error)
        if told != "ok":
            raise StoreError(
                "the log in the backup is damaged",
                why=told,
                hint="restore an older backup, or leave the log out with --without-log",
            )


def _made(trail: bytes) -> str:
    """Return when a backup was made, as its own trail says."""
    for line in reversed(trail.splitlines()):
        with suppress(msgspec.MsgspecError):
            act = msgspec.json.decode(line, type=Act)
            if act.act == BACKED_UP:
                return act.at
    return ""


def _taken(path: Path) -> StoreError:
    return StoreError(
        f"{path} is there already",
        why="a restore never overwrites a log",
        hint="move it away first, name another folder with --data, or use --without-log",
    )


def _strange(name: str) -> StoreError:
    return StoreError(
        f"the backup has a file with the name {name!r}",
        why="a backup of ours has no such file",
        hint="do not use this file",
    )


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written",
        why=error.strerror or str(error),
        hint="make room or correct the folder's rights, then run this again",
    )
