"""The audit trail `certs/audit.jsonl`: one line per act, appended, never changed.

Owned by whoever holds its lock, from any process; readers need no lock. The registry is the fold
of this file (`pki.fold`), so what is not written here was never issued.

The lock is an exclusive transaction on an empty SQLite file: it works alike on every platform, it
waits without polling of our own, and it is gone with the process however the process ends, which
a lock file that has to be deleted is not.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from secure_chat.errors import IdentityError
from secure_chat.pki.act import Act
from secure_chat.pki.files import create_file, open_private
from secure_chat.pki.fold import fold
from secure_chat.pki.registry import Registry

__all__ = ["AuditTrail", "RegistryWatch"]

LOCK_SECONDS: Final = 30.0
_STEP_BYTES: Final = 4_096


class AuditTrail:
    """The file and its lock.

    Args:
        path: the file; its folder must exist before anything is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path.with_name("audit.lock")

    @contextmanager
    def lock(self, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Be the only one that changes the folder, across processes.

        Args:
            seconds: how long to wait for another one.

        Raises:
            IdentityError: another one is still at it, or the folder cannot be written.
        """
        try:
            # Closing a descriptor of a file drops the locks of the whole process on it, so the
            # file is opened here only when it has to be made.
            if not self._lock.exists():
                create_file(self._lock, b"", 0o600)
        except FileExistsError:
            pass
        except OSError as error:
            raise _unusable(self._lock, error) from error
        with closing(sqlite3.connect(self._lock, timeout=seconds, isolation_level=None)) as held:
            try:
                held.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise IdentityError(
                        f"{self._lock} cannot be locked",
                        why=str(error),
                        hint="check that its folder is yours and on a disk of this computer",
                    ) from error
                raise IdentityError(
                    f"another command is changing {self.path.parent}",
                    why=str(error),
                    hint="wait until it has ended and run this again",
                ) from error
            yield

    def append(self, acts: Sequence[Act]) -> None:
        """Take the lock and write acts behind the others, safe on disk when it returns.

        Raises:
            IdentityError: the file cannot be locked or written.
        """
        with self.lock():
            self.append_locked(acts)

    def append_locked(self, acts: Iterable[Act]) -> None:
        """Write acts behind the others; the caller holds the lock.

        A last line without its end was cut by a crash and never counted: it is taken away first.

        Raises:
            IdentityError: the file cannot be written.
        """
        new = b"".join(act.line() for act in acts)
        try:
            descriptor = open_private(self.path, os.O_RDWR | os.O_CREAT)
            with os.fdopen(descriptor, "r+b") as file:
                end = _whole(file)
                file.truncate(end)
                file.seek(end)
                file.write(new)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _unusable(self.path, error) from error

    def complete_locked(self, acts: Iterable[Act]) -> None:
        """Write those acts that are not there yet, after a crash; the caller holds the lock.

        Raises:
            IdentityError: the file cannot be read or written.
        """
        try:
            old = self.path.read_bytes() if self.path.exists() else b""
        except OSError as error:
            raise _unusable(self.path, error) from error
        known = set(old.splitlines(keepends=True))
        new = [act for act in acts if act.line() not in known]
        if new or (old and not old.endswith(b"\n")):
            self.append_locked(new)

    def registry(self, more: Iterable[Act] = ()) -> Registry:
        """Read the whole trail.

        Args:
            more: acts that shall count as if they were written already.

        Raises:
            IdentityError: it is missing, unreadable, or a line in it is damaged.
        """
        try:
            trail = self.path.read_bytes()
        except OSError as error:
            raise _unusable(self.path, error) from error
        new = b"".join(act.line() for act in more)
        return fold(trail[: trail.rfind(b"\n") + 1] + new, where=str(self.path))


class RegistryWatch:
    """Looks whether the trail has changed; owned by the thread that polls.

    Args:
        path: the trail.
    """

    def __init__(self, path: Path) -> None:
        self._trail = AuditTrail(path)
        self._seen: tuple[int, int] | None = None

    def poll(self) -> Registry | None:
        """Return the registry when the file changed since the last call, else None.

        Raises:
            IdentityError: the changed file cannot be used; said once for each change, and what
                was read before goes on counting.
        """
        now = self._stamp()
        if now == self._seen:
            return None
        self._seen = now
        return self._trail.registry()

    def _stamp(self) -> tuple[int, int]:
        try:
            status = self._trail.path.stat()
        except OSError:
            return (-1, -1)
        return (status.st_size, status.st_mtime_ns)


def _whole(file: BinaryIO) -> int:
    """Return where the last line that has an end ends; a line is short, so few bytes are read."""
    end = file.seek(0, os.SEEK_END)
    tail = b""
    while end > 0 and b"\n" not in tail:
        step = min(end, _STEP_BYTES)
        file.seek(end - step)
        tail = file.read(step)
        end -= step
    return end + tail.rfind(b"\n") + 1


def _unusable(path: Path, error: OSError) -> IdentityError:
    return IdentityError(
        f"{path} cannot be used",
        why=error.strerror or str(error),
        hint=f"check that the folder {path.parent} is yours, or run `securechat init-certs`",
    )
