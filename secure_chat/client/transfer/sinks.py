"""Where the bytes of a download go: a partial file, the memory, or whoever reads along.

Owned by the porter while the download runs, used on its thread; whoever began it has it before and
gets it back when all of it is verified. What is fed to a reader is written on the reader's thread,
because a pipe may take its time.
"""

import queue
import threading
from typing import Protocol

from secure_chat.client.inbox.part import Part
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["MemorySink", "PartSink", "PipeSink", "Sink"]


class Sink(Protocol):
    """What a download asks of where its bytes go."""

    @property
    def written(self) -> int:
        """How many bytes of the file have been written."""

    def write(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            TransferError: it takes no more.
        """

    def rewind(self) -> None:
        """Throw away all of it: it is wrong."""

    def end(self, *, whole: bool) -> None:
        """Nothing more comes.

        Args:
            whole: whether all of it is there and verified; otherwise it is left for another time.
        """


class PartSink:
    """A partial file in an inbox; synced on the way, so that its end does not take long.

    While the disk syncs, the next bytes are written already: that is done on a thread that lives
    as long as one sync, and never more than one at a time.

    Args:
        part: the file.
        limits: `sync_bytes` is used.
    """

    def __init__(self, part: Part, limits: Limits) -> None:
        self._part = part
        self._every = limits.sync_bytes
        self._synced = part.size
        self._syncing: threading.Thread | None = None
        self._error: TransferError | None = None

    @property
    def written(self) -> int:
        """How many bytes of the file have been written."""
        return self._part.size

    def write(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            TransferError: the disk takes no more.
        """
        self._part.write(data)
        if self._part.size - self._synced >= self._every:
            self._await()
            if self._error is not None:
                raise self._error
            self._synced = self._part.size
            self._syncing = threading.Thread(target=self._sync, name="client-sync", daemon=True)
            self._syncing.start()

    def rewind(self) -> None:
        """Cut all of it off."""
        self._await()
        self._part.truncate(0)
        self._synced = 0

    def end(self, *, whole: bool) -> None:
        """Close a file that is not whole; what it has stays. One that is whole is to be landed."""
        self._await()
        if not whole:
            self._part.close()

    def _sync(self) -> None:
        try:
            self._part.sync()
        except TransferError as error:
            # Told with the next write; without one the landing syncs again, and is told itself.
            self._error = error

    def _await(self) -> None:
        if self._syncing is not None:
            self._syncing.join()
            self._syncing = None


class MemorySink:
    """Bytes in memory, for a folder's list of files."""

    def __init__(self) -> None:
        self.data = bytearray()

    @property
    def written(self) -> int:
        """How many bytes there are."""
        return len(self.data)

    def write(self, data: bytes) -> None:
        """Add bytes at the end."""
        self.data += data

    def rewind(self) -> None:
        """Forget all of them."""
        self.data.clear()

    def end(self, *, whole: bool) -> None:
        """Bytes need no end."""


class PipeSink:
    """Bytes for a reader on another thread, who takes them and says `took`.

    There never wait more than one window of them: no more are let come before they are taken.
    """

    def __init__(self) -> None:
        self.ended = False
        """Whether the reader has taken all that will ever come."""
        self._pieces: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._taken = 0

    @property
    def written(self) -> int:
        """How many bytes the reader has passed on."""
        return self._taken

    def take(self, seconds: float) -> bytes:
        """Return the next bytes, b"" when none came in time or nothing more comes; the reader's."""
        try:
            data = self._pieces.get(timeout=seconds)
        except queue.Empty:
            return b""
        self.ended = not data
        return data

    def took(self, count: int) -> None:
        """Note that so many bytes more were passed on; the reader's."""
        self._taken += count

    def write(self, data: bytes) -> None:
        """Hand bytes to the reader."""
        self._pieces.put(data)

    def rewind(self) -> None:
        """What is given cannot be taken back, so such a download is never begun again."""

    def end(self, *, whole: bool) -> None:
        """Wake the reader; why it is over, the outcome says."""
        del whole
        self._pieces.put(b"")
