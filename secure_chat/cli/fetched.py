"""Which files were fetched already: one small file in the client's own folder.

Used by `get --all` and by the chat, on the thread that fetches. One number a line is added behind
each file that has landed, so that two commands at once do each other no harm. What is lost of it is
fetched once more.
"""

import os
from pathlib import Path
from typing import Final

from secure_chat.errors import StoreError

__all__ = ["Fetched"]

_NAME: Final = "fetched"
_MOST_DIGITS: Final = 18


class Fetched:
    """The numbers of the messages whose files have landed here.

    Args:
        folder: the client's own; made when the first number is noted.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / _NAME

    def numbers(self) -> frozenset[int]:
        """Return them; a line that is none counts for nothing.

        Raises:
            StoreError: they cannot be read.
        """
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            raise self._failed(error) from error
        return frozenset(
            int(line) for line in lines if line.isdigit() and len(line) <= _MOST_DIGITS
        )

    def add(self, seq: int) -> None:
        """Note one.

        Raises:
            StoreError: it cannot be written.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
            descriptor = os.open(self._path, flags, 0o600)
            try:
                # One write: what another command writes at the same time stands before or behind.
                os.write(descriptor, b"%d\n" % seq)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self._path} cannot be used",
            why=error.strerror or str(error),
            hint="It only says what was fetched already; it may be deleted.",
        )
