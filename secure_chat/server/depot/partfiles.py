"""The part files that are open: written to, synced every few MiB, hashed again where need be.

Owned by the depot's thread. How many are open is bounded by the turns that uploads take. It
decides nothing about uploads; whoever uses it hears of errors.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

from secure_chat.log.blobs.part import Part
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.kit import Kit

__all__ = ["PartFiles"]

_HASH_STEP: Final = 1_048_576


class PartFiles:
    """The open part files.

    Args:
        kit: what the depot works with.
        sync: has a descriptor synced and closed; answered by `Synced`.
    """

    def __init__(self, kit: Kit, sync: Callable[[int, int], None]) -> None:
        self._store = kit.store
        self._limits = kit.limits
        self._sync = sync
        self._parts: dict[int, Part] = {}
        self._rows: dict[int, Row] = {}
        self._syncing: set[int] = set()
        # Those whose running hash does not cover all of them, who waits longest first.
        self._behind: dict[int, None] = {}

    def open(self, row: Row) -> Part:
        """Return an upload's part.

        Raises:
            OSError: it cannot be opened.
        """
        part = self._parts.get(row.number)
        if part is None:
            part = self._parts[row.number] = self._store.part(row)
            self._rows[row.number] = row
            self._mind_hash(row.number, part)
        return part

    def append(self, row: Row, data: bytes) -> None:
        """Write the next bytes of an upload.

        Raises:
            OSError: the disk is full or broken; the part is as it was.
        """
        part = self.open(row)
        part.append(data)
        self._store.grew(row, len(data))
        self._mind_hash(row.number, part)
        if part.unsynced >= self._limits.sync_bytes:
            self.sync(row.number)

    def sync(self, number: int) -> None:
        """Have what is not synced brought to the disk; while that goes on, nothing more.

        Raises:
            OSError: the host has no descriptor left for it.
        """
        part = self._parts[number]
        if part.unsynced and number not in self._syncing:
            self._syncing.add(number)
            self._sync(number, part.twin())

    def synced(self, number: int) -> None:
        """Hear that a sync is done; the next one begins if there is enough for it."""
        self._syncing.discard(number)
        part = self._parts.get(number)
        if part is not None and part.unsynced >= self._limits.sync_bytes:
            # Without a descriptor the next chunk tries it again.
            with suppress(OSError):
                self.sync(number)

    def crowded(self, number: int) -> bool:
        """Tell whether the disk is behind with an upload."""
        part = self._parts.get(number)
        most = 2 * self._limits.sync_bytes
        return part is not None and number in self._syncing and part.unsynced >= most

    def safe(self, number: int) -> bool:
        """Tell whether all bytes of an open part are on the disk."""
        return number not in self._syncing and not self._parts[number].unsynced

    def clear(self, row: Row) -> None:
        """Throw the bytes of an upload away.

        Raises:
            OSError: the system refuses.
        """
        part = self.open(row)
        length = part.length
        part.clear()
        self._behind.pop(row.number, None)
        self._store.grew(row, -length)

    def close(self, number: int) -> None:
        """Close a part, if it is open; its bytes stay."""
        part = self._parts.pop(number, None)
        self._rows.pop(number, None)
        self._behind.pop(number, None)
        if part is not None:
            part.close()

    def close_all(self) -> None:
        """Close everything."""
        for number in list(self._parts):
            self.close(number)

    @property
    def behind(self) -> bool:
        """Whether there is something to hash again."""
        return bool(self._behind)

    def hash_on(self) -> tuple[Row, OSError | None]:
        """Hash a step of a part that was written before; call only when something is `behind`.

        Returns:
            The upload, whether it is caught up or not, and why it cannot be read.
        """
        number = next(iter(self._behind))
        del self._behind[number]
        part = self._parts[number]
        try:
            part.hash_on(_HASH_STEP)
        except OSError as error:
            return self._rows[number], error
        self._mind_hash(number, part)
        return self._rows[number], None

    def _mind_hash(self, number: int, part: Part) -> None:
        if part.hashed < part.length:
            self._behind[number] = None
