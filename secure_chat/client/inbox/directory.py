"""An open folder: what is done in it goes by its descriptor and never follows a link.

Owned by whoever opened it, on one thread at a time. A name is one part of a path, made by
`names.safe_name` or by us. Where a system cannot work by descriptor (Windows) the path is used
instead: names are as safe there, but a folder above could be exchanged meanwhile. That is said here
and nowhere hidden: such a system gives no better promise to any program.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from secure_chat.errors import TransferError

__all__ = ["BY_DESCRIPTOR", "Directory", "identity", "is_folder", "is_ours", "telling"]

BY_DESCRIPTOR: Final = {
    os.open,
    os.stat,
    os.mkdir,
    os.link,
    os.rename,
    os.unlink,
    os.rmdir,
} <= os.supports_dir_fd and os.listdir in os.supports_fd
"""Whether this system can do all of it by descriptor."""

# What a system does not have is not asked for.
_CLOSED: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)
# Opening a pipe that somebody planted must not wait for its other end.
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOSED
_LINKED: Final = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0)
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class Directory:
    """A folder that is open; `open` one, then `enter` those within.

    Args:
        path: where it was when it was opened; for telling, and where there are no descriptors.
        descriptor: the open folder, None where the system cannot work by descriptor.
    """

    def __init__(self, path: Path, descriptor: int | None) -> None:
        self.path = path
        self._descriptor = descriptor

    @classmethod
    def open(
        cls, path: Path, *, follow: bool = False, by_descriptor: bool = BY_DESCRIPTOR
    ) -> "Directory":
        """Open a folder.

        Args:
            path: it; links above it are followed, they are the person's own.
            follow: whether it may be a link itself.
            by_descriptor: False to work by path.

        Raises:
            OSError: it is no folder, or may not be opened.
        """
        if by_descriptor:
            return cls(path, os.open(path, _FOLDER | (0 if follow else _NO_LINK)))
        if not is_folder(path.stat() if follow else path.lstat()):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return cls(path, None)

    @property
    def by_descriptor(self) -> bool:
        """Whether it is worked in by descriptor."""
        return self._descriptor is not None

    def enter(self, name: str) -> "Directory":
        """Open a folder in this one; a link is refused with an `OSError`."""
        if self._descriptor is None:
            return Directory.open(self.path / name, by_descriptor=False)
        descriptor = os.open(name, _FOLDER | _NO_LINK, dir_fd=self._descriptor)
        return Directory(self.path / name, descriptor)

    def close(self) -> None:
        """Close it; twice does nothing."""
        if self._descriptor is not None and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def identity(self) -> tuple[int, int]:
        """Return what no other folder has."""
        if self._descriptor is None:
            return identity(self.path.stat())
        return identity(os.fstat(self._descriptor))

    def look(self, name: str) -> os.stat_result | None:
        """Return what stands under a name, a link itself and not what it leads to; None if free."""
        try:
            return os.stat(self._at(name), dir_fd=self._descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def names(self) -> list[str]:
        """Return all names in it, sorted."""
        place = self.path if self._descriptor is None else self._descriptor
        return sorted(os.listdir(place))  # noqa: PTH208 -- a descriptor is no path

    def open_file(self, name: str, flags: int) -> int:
        """Open a file that is no link, a new one for its owner only; it never waits.

        Args:
            name: in this folder.
            flags: as `os.open` takes them.
        """
        flags |= _NO_LINK | _NO_WAIT | _CLOSED
        return os.open(self._at(name), flags, 0o600, dir_fd=self._descriptor)

    def make(self, name: str) -> None:
        """Make a folder that only its owner may enter."""
        os.mkdir(self._at(name), 0o700, dir_fd=self._descriptor)

    def link(self, name: str, into: "Directory", new: str) -> None:
        """Give a file a second name that is free; a link gets one itself and is not followed."""
        os.link(
            self._at(name),
            into._at(new),  # noqa: SLF001 -- another of the same class
            src_dir_fd=self._descriptor,
            dst_dir_fd=into._descriptor,  # noqa: SLF001 -- another of the same class
            follow_symlinks=os.link not in os.supports_follow_symlinks,
        )

    def move(self, name: str, into: "Directory", new: str) -> None:
        """Give something another name, in place of a file or an empty folder that has it."""
        os.replace(
            self._at(name),
            into._at(new),  # noqa: SLF001 -- another of the same class
            src_dir_fd=self._descriptor,
            dst_dir_fd=into._descriptor,  # noqa: SLF001 -- another of the same class
        )

    def remove(self, name: str) -> None:
        """Take away a name that is no folder's."""
        os.unlink(self._at(name), dir_fd=self._descriptor)

    def remove_folder(self, name: str, most_depth: int) -> None:
        """Take away a folder with all that is in it; links in it are taken away, not followed.

        Args:
            name: in this folder.
            most_depth: how many folders within each other at most.

        Raises:
            OSError: something cannot be removed.
        """
        if most_depth < 0:
            raise OSError(errno.ELOOP, "the folder is nested too deeply")
        with self.enter(name) as folder:
            for inner in folder.names():
                found = folder.look(inner)
                if found is not None and is_folder(found):
                    folder.remove_folder(inner, most_depth - 1)
                else:
                    folder.remove(inner)
        self.remove_empty(name)

    def remove_empty(self, name: str) -> None:
        """Take away a folder that has nothing in it; one that has refuses with an `OSError`."""
        os.rmdir(self._at(name), dir_fd=self._descriptor)

    def sync(self) -> None:
        """Make sure that names made, moved and removed here survive a loss of power."""
        if self._descriptor is not None:
            os.fsync(self._descriptor)

    def _at(self, name: str) -> str:
        """Return how the system is told of a name."""
        return name if self._descriptor is not None else str(self.path / name)


def identity(found: os.stat_result) -> tuple[int, int]:
    """Return what two different files that exist at one time do not share."""
    return found.st_dev, found.st_ino


def is_folder(found: os.stat_result) -> bool:
    """Tell whether it is a folder itself, and nothing that leads to one."""
    return stat.S_ISDIR(found.st_mode) and not getattr(found, "st_file_attributes", 0) & _LINKED


def is_ours(found: os.stat_result) -> bool:
    """Tell whether it belongs to whoever runs this program."""
    return sys.platform == "win32" or found.st_uid == os.geteuid()


@contextmanager
def telling(what: str) -> Iterator[None]:
    """Make what a person can be told of what the system refuses.

    Args:
        what: one sentence without a full stop: what did not work.

    Raises:
        TransferError: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        hint = "look at the rights of the folder, or choose another one"
        if error.errno in _FULL:
            hint = "make room on the disk, then get it again: what has come already is kept"
        raise TransferError(what, why=error.strerror or str(error), hint=hint) from error
