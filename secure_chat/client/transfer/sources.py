"""Where the bytes of an upload come from: a file, the memory, or a stream that is just being read.

Owned by the porter once the upload has begun, used on its thread.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from secure_chat.client.inbox.directory import telling
from secure_chat.client.inbox.gathering import Found, Gathered, check_unchanged, open_found
from secure_chat.errors import TransferError

__all__ = [
    "FedSource",
    "FileSource",
    "MemorySource",
    "Source",
    "StreamSource",
    "member",
    "single_file",
]


class Source(Protocol):
    """What an upload asks of where its bytes come from."""

    def read(self, at: int, count: int) -> bytes:
        """Return so many bytes from there on.

        Raises:
            TransferError: it has other bytes by now, or none.
        """

    def check(self) -> None:
        """Make sure that what was read is still what is there.

        Raises:
            TransferError: it has changed meanwhile.
        """

    def close(self) -> None:
        """Give back what it holds."""


class FedSource(Source, Protocol):
    """One whose bytes come to be while they are sent."""

    def feed(self, data: bytes) -> int:
        """Add bytes at the end; returns how many there have been then."""


class FileSource:
    """A file, opened at the first read: a folder may have more of them than can be open.

    Args:
        opened: opens it, if it is still the one that was chosen.
        check: raises `TransferError` when the open file is not as it was then.
    """

    def __init__(self, opened: Callable[[], BinaryIO], check: Callable[[BinaryIO], None]) -> None:
        self._opened = opened
        self._check = check
        self._file: BinaryIO | None = None
        self._at = 0

    def read(self, at: int, count: int) -> bytes:
        """Return so many bytes from there on.

        Raises:
            TransferError: it has changed, or cannot be read.
        """
        if self._file is None:
            self._file = self._opened()
            self._at = 0
        with telling("a file that is being sent cannot be read"):
            if at != self._at:
                self._file.seek(at)
            data = self._file.read(count)
        self._at = at + len(data)
        if len(data) < count:
            # It has become shorter, which the check will say.
            self.check()
        return data

    def check(self) -> None:
        """Make sure that it is as it was when it was chosen.

        Raises:
            TransferError: it has changed meanwhile.
        """
        if self._file is None:
            self._file = self._opened()
        self._check(self._file)

    def close(self) -> None:
        """Close it."""
        if self._file is not None:
            self._file.close()
            self._file = None


def single_file(path: Path, size: int, mtime_ns: int) -> FileSource:
    """Return the source of one file.

    Args:
        path: the file.
        size: how many bytes it had when it was chosen.
        mtime_ns: when it was changed last by then, nanoseconds since 1970.
    """

    def opened() -> BinaryIO:
        with telling(f"{path} cannot be read"):
            # A pipe put there meanwhile must not make anybody wait.
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            file = os.fdopen(os.open(path, flags), "rb", buffering=0)
        try:
            check(file)
        except TransferError:
            file.close()
            raise
        return file

    def check(file: BinaryIO) -> None:
        with telling(f"{path} cannot be read"):
            now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (size, mtime_ns) or not stat.S_ISREG(now.st_mode):
            raise TransferError(
                f"{path} has changed while it was being sent",
                why="its size or its time is another one than at the beginning",
                hint="Send it again when nothing writes to it.",
            )

    return FileSource(opened, check)


def member(gathered: Gathered, found: Found) -> FileSource:
    """Return the source of a file of a folder.

    Args:
        gathered: the folder.
        found: the file.
    """
    return FileSource(
        lambda: open_found(gathered, found), lambda file: check_unchanged(file, found)
    )


class MemorySource:
    """Bytes in memory.

    Args:
        data: those that are there already.
    """

    def __init__(self, data: bytes = b"") -> None:
        self._data = data

    def feed(self, data: bytes) -> int:
        """Add bytes at the end; returns how many there are then."""
        self._data += data
        return len(self._data)

    def read(self, at: int, count: int) -> bytes:
        """Return so many bytes from there on."""
        return self._data[at : at + count]

    def check(self) -> None:
        """Memory does not change."""

    def close(self) -> None:
        """Nothing is held."""


class StreamSource:
    """What was read of a stream and the host may not have yet."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.first = 0
        """The first byte that is still here."""

    def feed(self, data: bytes) -> int:
        """Add what was just read; returns how many bytes the stream has had."""
        self._held += data
        return self.first + len(self._held)

    def read(self, at: int, count: int) -> bytes:
        """Return so many bytes from there on."""
        return bytes(self._held[at - self.first : at - self.first + count])

    def check(self) -> None:
        """What was read once does not change."""

    def keep(self, first: int) -> None:
        """Forget what the host has: everything before `first`."""
        del self._held[: first - self.first]
        self.first = first

    def close(self) -> None:
        """Forget all of it."""
        self._held.clear()
