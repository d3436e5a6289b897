"""A rotated file of lines, read while it is written: its parts as they stood at one moment.

For any thread of any process beside the one that writes; it changes nothing and needs nothing of
the writer. Parts are known by what they are, not by their names: whatever is rotated meanwhile,
each line is read once, and none is missed that was not deleted.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple

__all__ = [
    "OnRead",
    "Part",
    "Tail",
    "backwards",
    "bracket",
    "forwards",
    "numbered",
    "opened",
    "standing",
]

OnRead = Callable[[int], object]
"""Told how many bytes have been read or passed over."""

_BLOCK: Final = 65_536
# While files are moved, the oldest first, one number has no file for a moment; never two.
_MISSING_AT_END: Final = 2


class Part(NamedTuple):
    """One file of a rotated one, as it stood when it was looked at.

    Args:
        path: the newest file's; the others have a number behind it.
        number: which one it was; it grows with each rotation.
        identity: what stays the same then: device and file number.
        size: bytes.
    """

    path: Path
    number: int
    identity: tuple[int, int]
    size: int


def numbered(path: Path, number: int) -> Path:
    """Return the path of one part.

    Args:
        path: the newest one's.
        number: 0 for the newest, 1 for the one before it, and so on.
    """
    return path.with_name(f"{path.name}.{number}") if number else path


def standing(path: Path) -> tuple[Part, ...]:
    """Return the parts of a rotated file as they stand now, the newest first.

    Args:
        path: the newest one's; without any file there are no parts.
    """
    found: dict[tuple[int, int], Part] = {}
    for number, about in _present(path, 0):
        # One that is moved between two looks is met twice, at growing numbers.
        identity = about.st_dev, about.st_ino
        found.setdefault(identity, Part(path, number, identity, about.st_size))
    return tuple(found.values())


def opened(part: Part) -> IO[bytes] | None:
    """Open a part wherever it has been moved to; None when it was deleted.

    Next: close the file.
    """
    for number, about in _present(part.path, part.number):
        if (about.st_dev, about.st_ino) == part.identity:
            with suppress(FileNotFoundError):
                file = numbered(part.path, number).open("rb")
                if _identity(file) == part.identity:
                    return file
                # It has been moved in this moment, to a number that comes next.
                file.close()
    return None


def backwards(file: IO[bytes], begin: int, end: int, on_read: OnRead) -> Iterator[bytes]:
    """Yield the lines between two offsets from the last to the first, without their ends.

    Only what is asked for is read.

    Args:
        file: open for reading.
        begin: where a line begins.
        end: where a line begins, or the end of the file.
        on_read: told of each block.
    """
    at = end
    head: list[bytes] = []
    while at > begin:
        size = min(_BLOCK, at - begin)
        at = file.seek(at - size)
        block = file.read(size)
        on_read(size)
        if b"\n" not in block:
            head.append(block)
            continue
        first, *whole = block.split(b"\n")
        whole[-1] += b"".join(reversed(head))
        head = [first]
        yield from reversed(whole)
    yield b"".join(reversed(head))


def forwards(file: IO[bytes], begin: int, end: int, on_read: OnRead) -> Iterator[bytes]:
    """Yield the lines between two offsets from the first to the last, without their ends.

    Args:
        file: open for reading.
        begin: where a line begins.
        end: where a line begins, or the end of the file.
        on_read: told of each block.
    """
    at = file.seek(begin)
    rest = b""
    while block := file.read(min(_BLOCK, end - at)):
        at += len(block)
        on_read(len(block))
        *whole, rest = (rest + block).split(b"\n")
        yield from whole
    yield rest


def bracket(file: IO[bytes], size: int, is_late: Callable[[bytes], bool | None]) -> tuple[int, int]:
    """Return where the last of the early lines begins, or 0, and the first of the late ones.

    Lines are taken to be early first and late from somewhere on; without a late one its place is
    the end. Where that is not quite so, it is one of the places where early ones turn to late.

    Args:
        file: open for reading.
        size: so much of it counts.
        is_late: tells late lines from early ones; None of one that cannot be told.
    """
    early, late = 0, size
    while late - early > _BLOCK:
        met = _next_told(file, (early + late) // 2, late, is_late)
        if met is None:
            break
        at, is_it_late = met
        if is_it_late:
            late = at
        else:
            early = at
    at = file.seek(early)
    while at < late and (line := file.readline()):
        told = is_late(line)
        if told:
            return early, at
        if told is not None:
            early = at
        at += len(line)
    return early, late


class Tail:
    """The reading end of a rotated file that grows: what has been added since the last look.

    Args:
        path: the newest file's; it need not exist yet.
        behind: begin behind the whole lines of this part; None for all lines there are.
    """

    def __init__(self, path: Path, behind: Part | None = None) -> None:
        self._path = path
        self._rest = b""
        self._file = None if behind is None else opened(behind)
        if self._file is not None and behind is not None:
            self._file.seek(_line_begin(self._file, behind.size))

    def lines(self) -> list[bytes]:
        """Return the whole lines added since the last look; a torn one waits for its end."""
        found = self._drain()
        while newer := self._newer():
            # What was written between reading to the end and the rotation.
            found += self._drain()
            file = opened(newer)
            if file is None:
                break
            self.close()
            self._file = file
            found += self._drain()
        return found

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._rest = b""

    def _drain(self) -> list[bytes]:
        if self._file is None:
            return []
        *whole, self._rest = (self._rest + self._file.read()).split(b"\n")
        return whole

    def _newer(self) -> Part | None:
        """Return the part behind the one that is being read, None when that is the newest."""
        parts = standing(self._path)
        known = [part.identity for part in parts]
        ours = None if self._file is None else _identity(self._file)
        # All are newer than one that was deleted, or than none at all.
        at = known.index(ours) if ours in known else len(parts)
        return parts[at - 1] if at else None


def _present(path: Path, number: int) -> Iterator[tuple[int, os.stat_result]]:
    """Yield the numbers of the parts there are, from one number on."""
    missing = 0
    while missing < _MISSING_AT_END:
        try:
            about = numbered(path, number).stat()
        except (FileNotFoundError, NotADirectoryError):
            missing += 1
        else:
            missing = 0
            yield number, about
        number += 1


def _identity(file: IO[bytes]) -> tuple[int, int]:
    about = os.fstat(file.fileno())
    return about.st_dev, about.st_ino


def _next_told(
    file: IO[bytes], at: int, end: int, is_late: Callable[[bytes], bool | None]
) -> tuple[int, bool] | None:
    """Return where the next line begins that can be told, and whether it is late."""
    file.seek(at)
    at += len(file.readline())
    while at < end and (line := file.readline()):
        told = is_late(line)
        if told is not None:
            return at, told
        at += len(line)
    return None


def _line_begin(file: IO[bytes], end: int) -> int:
    """Return where the line begins that is unfinished at an offset; the offset when none is."""
    at = end
    while at:
        size = min(_BLOCK, at)
        at = file.seek(at - size)
        found = file.read(size).rfind(b"\n")
        if found >= 0:
            return at + found + 1
    return 0
