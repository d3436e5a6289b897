"""A file for somebody else that appears under its name when it is whole, and never over another.

On the thread of whoever asks. What is written stands beside its place under another name until it
is safe on the disk; a program that is killed before leaves that draft, and the next one that makes
a file of this name takes it away.
"""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from secure_chat.errors import StoreError
from secure_chat.pki.files import open_private, sync_folder

__all__ = ["check_free", "new_file"]

_DRAFT: Final = ".part"
_CHANCE_BYTES: Final = 6
# What file systems say that have no second names, as those of most memory sticks.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


def check_free(path: Path) -> None:
    """Refuse a place where something stands; asked early, because `new_file` is the last to know.

    Args:
        path: the file that is going to be made.

    Raises:
        StoreError: something has that name.
    """
    if os.path.lexists(path):
        raise _taken(path)


@contextmanager
def new_file(path: Path, *, mode: int = 0o600) -> Iterator[BinaryIO]:
    """Give a file to write to, which gets its name when the block ends well.

    Args:
        path: its name; nothing may stand there.
        mode: 0o600 for what is secret; the file is never wider than that, not for a moment.

    Raises:
        StoreError: something stands there, or it cannot be written.
    """
    check_free(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(_CHANCE_BYTES)}{_DRAFT}")
    try:
        for left in _drafts(path):
            left.unlink(missing_ok=True)
        try:
            with os.fdopen(open_private(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL), "w+b") as file:
                yield file
                file.flush()
                draft.chmod(mode)
                os.fsync(file.fileno())
            _name(draft, path)
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise _taken(path) from error
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            hint="make room, or name a file in another folder",
        ) from error


def _drafts(path: Path) -> list[Path]:
    """Return what earlier programs left that were killed."""
    begin = f".{path.name}."
    return [
        one
        for one in path.parent.iterdir()
        if one.name.startswith(begin)
        and one.name.endswith(_DRAFT)
        and len(one.name) == len(begin) + 2 * _CHANCE_BYTES + len(_DRAFT)
    ]


def _name(draft: Path, path: Path) -> None:
    """Give a draft its name, but never one that something has."""
    try:
        # A link fails where a rename would overwrite what came in between.
        os.link(draft, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        check_free(path)
        draft.rename(path)


def _taken(path: Path) -> StoreError:
    return StoreError(
        f"{path} is there already",
        why="no file is ever overwritten",
        hint="name another file, or move that one away",
    )
