"""Pictures for tests, made by hand: what sends them needs no library."""

import struct
import zlib

__all__ = ["png"]


def png(width: int, height: int) -> bytes:
    """Return a red picture."""

    def part(name: bytes, data: bytes) -> bytes:
        end = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", end)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff\0\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", rows) + part(b"IEND", b"")
