"""Files that are being read, a few of them open at a time.

Owned by the depot's thread. However many downloads there are, the host has descriptors left for
its connections. A file that was deleted meanwhile is not read any further.
"""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path

__all__ = ["Handles"]


class Handles:
    """Reads pieces of files.

    Args:
        most: how many files are open at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: OrderedDict[Path, FileIO] = OrderedDict()

    def read(self, path: Path, at: int, size: int) -> bytes:
        """Read bytes of a file.

        Args:
            path: the file.
            at: from where.
            size: how many.

        Raises:
            FileNotFoundError: it is gone.
            OSError: it cannot be read, or is shorter than it should be.
        """
        file = self._open.get(path)
        if file is None:
            file = self._open[path] = FileIO(path)
            if len(self._open) > self._most:
                self._open.popitem(last=False)[1].close()
        else:
            self._open.move_to_end(path)
        file.seek(at)
        data = file.read(size)
        if len(data) != size:
            raise OSError(f"{path} is shorter than it should be")
        return data

    def forget(self, paths: Iterable[Path]) -> None:
        """Read these files no more: they were deleted, or have another name now."""
        for path in paths:
            file = self._open.pop(path, None)
            if file is not None:
                file.close()

    def close(self) -> None:
        """Close all files."""
        with suppress(KeyError):
            while True:
                self._open.popitem()[1].close()
