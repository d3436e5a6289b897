"""An upload that is not sealed yet: its file, how far it is hashed and how far it is synced.

Owned by the depot's thread. What comes is hashed on its way to the disk; what a restart has left
there is hashed again from the file, a step at a time, so that nothing else waits for long.
"""

import hashlib
import os
from pathlib import Path

from secure_chat.pki.files import open_private

__all__ = ["Part"]


class Part:
    """A part file, open for appending.

    Args:
        path: the file; made when it is missing, readable by its owner only.

    Attributes:
        length: how many bytes it has.
        hashed: how many of them the running hash covers.
        unsynced: how many bytes were written since a sync was begun last.

    Raises:
        OSError: it cannot be opened.
    """

    __slots__ = ("_descriptor", "_hash", "hashed", "length", "path", "unsynced")

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = open_private(path, os.O_RDWR | os.O_CREAT)
        self.length = os.lseek(self._descriptor, 0, os.SEEK_END)
        # What another run has written may not be on the disk yet.
        self.unsynced = self.length
        self.hashed = 0
        self._hash = hashlib.sha256()

    def append(self, data: bytes) -> None:
        """Write bytes at the end, all of them or none.

        Raises:
            OSError: the disk is full or broken; the file is as it was.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._descriptor, view) :]
        except OSError:
            self._cut(self.length)
            raise
        if self.hashed == self.length:
            self._hash.update(data)
            self.hashed += len(data)
        self.length += len(data)
        self.unsynced += len(data)

    def hash_on(self, most: int) -> bool:
        """Hash what the running hash does not cover yet, at most so many bytes of it.

        Returns:
            Whether it covers everything now.

        Raises:
            OSError: the file cannot be read.
        """
        if self.hashed < self.length:
            os.lseek(self._descriptor, self.hashed, os.SEEK_SET)
            data = os.read(self._descriptor, min(most, self.length - self.hashed))
            os.lseek(self._descriptor, self.length, os.SEEK_SET)
            if not data:
                raise OSError(0, f"{self.path} has become shorter")
            self._hash.update(data)
            self.hashed += len(data)
        return self.hashed == self.length

    def digest(self) -> str:
        """Return the hash of what is covered, lower-case hex."""
        return self._hash.hexdigest()

    def clear(self) -> None:
        """Throw all bytes away; the upload begins anew.

        Raises:
            OSError: the system refuses.
        """
        self._cut(0)
        self.length = self.hashed = self.unsynced = 0
        self._hash = hashlib.sha256()

    def twin(self) -> int:
        """Return another descriptor of the file, for a sync on another thread, which closes it."""
        self.unsynced = 0
        return os.dup(self._descriptor)

    def close(self) -> None:
        """Give the descriptor back; the bytes stay."""
        os.close(self._descriptor)

    def _cut(self, length: int) -> None:
        os.ftruncate(self._descriptor, length)
        os.lseek(self._descriptor, length, os.SEEK_SET)
