"""Reading numbers and vectors out of TLS bytes that a stranger wrote.

Pure, used on the disk thread. It must never read beyond its end: what is too short raises `Cut`,
which the parsers of this folder turn into "not known".
"""

import struct

__all__ = ["Cut", "Octets"]


class Cut(Exception):
    """The bytes end before what they promise."""


class Octets:
    """A place in some bytes, moving forward.

    Args:
        data: the bytes to read.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes.

        Raises:
            Cut: there are fewer.
        """
        end = self._at + size
        if end > len(self._data):
            raise Cut
        taken = self._data[self._at : end]
        self._at = end
        return taken

    def peek(self) -> int | None:
        """Return the next byte without moving, None at the end."""
        return self._data[self._at] if self else None

    def number(self, size: int) -> int:
        """Return the next `size` bytes as an unsigned big-endian number."""
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> "Octets":
        """Return what the next vector holds; its length stands before it in `size` bytes."""
        return Octets(self.take(self.number(size)))

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data) - self._at)

    def numbers(self) -> tuple[int, ...]:
        """Return all that is left as numbers of two bytes each, as TLS has its own.

        Raises:
            Cut: the last one is not whole.
        """
        rest = self.rest()
        if len(rest) % 2:
            raise Cut
        return struct.unpack(f">{len(rest) // 2}H", rest)
