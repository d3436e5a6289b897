"""A file of lines that grows, is rotated by size, and may be read while it is written.

`LineFile` is owned by the thread that writes; readers (`handshakes.parts`) open the files
themselves and need nothing of it. A full or broken disk must never stop the program: a line is
written whole or counted lost.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from secure_chat.handshakes.parts import numbered

__all__ = ["LineFile"]

# Text mode would turn every line end on Windows into two characters.
_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)


class LineFile:
    """The writing end: `path` is the newest file, `path.1` the one before it, and so on.

    Args:
        path: where to; its folder is made when it is missing.
        most_bytes: a file that would grow beyond is rotated first.
        most_files: how many there are at most, the newest included.
    """

    def __init__(self, path: Path, most_bytes: int, most_files: int) -> None:
        self.path = path
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._file: int | None = None
        self._torn = False

    def append(self, line: bytes) -> bool:
        """Write one line, its end included; False when the disk took none of it.

        Args:
            line: whole; the file holds it whole or, as far as the disk allows, not at all.
        """
        try:
            file = self._open()
            before = os.fstat(file).st_size
            if before + len(line) > self._most_bytes:
                file = self._rotate(file)
                before = os.fstat(file).st_size
            return self._write(file, line, before)
        except OSError:
            self.close()
            return False

    def close(self) -> None:
        """Let go of the file; the next line opens it again."""
        if self._file is not None:
            with suppress(OSError):
                os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self.path, _FLAGS, 0o600)
            self._torn = not _ends_whole(self.path)
        return self._file

    def _write(self, file: int, line: bytes, before: int) -> bool:
        """Append in one call, so that two programs with one journal cannot mix their lines."""
        data = b"\n" + line if self._torn else line
        if os.write(file, data) == len(data):
            self._torn = False
            return True
        # A disk that filled up in the middle: take the piece back, or at least end it next time.
        self._torn = True
        with suppress(OSError):
            os.ftruncate(file, before)
            self._torn = data is not line
        return False

    def _rotate(self, file: int) -> int:
        """Move every file one place back; the last one falls off."""
        ours = os.fstat(file)
        self.close()
        with suppress(OSError):
            # Another program with the same journal may have moved it already.
            if ours.st_size and os.path.samestat(ours, self.path.stat()):
                self._shift()
        return self._open()

    def _shift(self) -> None:
        paths = [numbered(self.path, number) for number in range(self._most_files)]
        for older, newer in zip(reversed(paths), reversed(paths[:-1]), strict=False):
            with suppress(FileNotFoundError):
                newer.replace(older)
        if self._most_files == 1:
            self.path.unlink()


def _ends_whole(path: Path) -> bool:
    """Tell whether a file ends with a line end; a crash may have torn its last line."""
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
