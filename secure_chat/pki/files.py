"""Files and folders with exact modes, safe on disk before anybody relies on them.

Used by whoever holds the lock of the certificates folder. Nothing here replaces a file.
"""

import os
import stat
import sys
from pathlib import Path

__all__ = ["create_file", "create_folder", "open_private", "sync_folder"]

# Windows cannot open a folder to sync it and has no modes; access lists of the user's own
# profile protect the files there.
_POSIX = sys.platform != "win32"
_BINARY = getattr(os, "O_BINARY", 0)


def create_file(path: Path, data: bytes, mode: int) -> None:
    """Make a new file with exactly this mode, whatever the umask, and sync its content.

    Args:
        path: must not exist; a symbolic link there is not followed.
        data: the whole content.
        mode: 0o600 for what is secret; the file is never wider than that, not for a moment.

    Raises:
        FileExistsError: something is there already.
        OSError: the system refuses.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode & 0o600)
    with os.fdopen(descriptor, "wb") as file:
        path.chmod(mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def open_private(path: Path, flags: int) -> int:
    """Open a file that only its owner may read, made 0600 whatever the umask; no symbolic link."""
    descriptor = os.open(path, flags | _BINARY | getattr(os, "O_NOFOLLOW", 0), 0o600)
    if _POSIX:
        os.fchmod(descriptor, 0o600)
    return descriptor


def create_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, or make an existing one so.

    Raises:
        OSError: the system refuses, or something else has this name.
    """
    try:
        path.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        if not path.is_dir():
            raise
    if stat.S_IMODE(path.stat().st_mode) != stat.S_IRWXU:
        path.chmod(stat.S_IRWXU)


def sync_folder(path: Path) -> None:
    """Make sure that names made, moved and deleted in a folder survive a loss of power."""
    if not _POSIX:
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
