"""Pictures for tests: real ones made by Pillow, and hostile ones made by hand."""

import struct
import zlib
from io import BytesIO
from typing import Any, Final

from PIL import Image

from secure_chat.client.picture.order import Order, Pixels
from secure_chat.limits import Limits

__all__ = [
    "FORMATS",
    "LIMITS",
    "PNG",
    "bands",
    "chunk",
    "gif",
    "gigabyte",
    "grid",
    "order",
    "png",
    "saved",
]

LIMITS: Final = Limits()
FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
PNG: Final = b"\x89PNG\r\n\x1a\n"


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return a picture as a file."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bands(width: int = 60, height: int = 40) -> Image.Image:
    """Return a picture whose left half is red and whose right half is blue."""
    image = Image.new("RGB", (width, height), (255, 0, 0))
    image.paste((0, 0, 255), (width // 2, 0, width, height))
    return image


def grid(rows: list[list[tuple[int, int, int]]]) -> Pixels:
    """Return pixels as the decoder answers with them."""
    data = b"".join(bytes(pixel) for row in rows for pixel in row)
    return Pixels(len(rows[0]), len(rows), data)


def order(kind: str, width: int, height: int, **changed: int) -> Order:
    """Return an order for a picture that says that it is so large."""
    room = {"most_width": 80, "most_height": 48, "colours": 0}
    bound = {"pixels": LIMITS.picture_pixels, "memory": LIMITS.picture_memory_bytes, "seconds": 10}
    return Order(kind, width, height, **(room | bound | changed))


def gigabyte() -> bytes:
    """Return a million bytes that inflate to a gigabyte of nothing."""
    packer = zlib.compressobj()
    head = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    # Each block stands for itself, so the same one can be there a thousand times.
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + block * 1_024


def chunk(name: bytes, data: bytes) -> bytes:
    """Return one part of a PNG."""
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def png(width: int, height: int, *parts: bytes) -> bytes:
    """Return a PNG in 8-bit grey that says that it is so large, with these parts behind that."""
    head = chunk(b"IHDR", struct.pack(">II5B", width, height, 8, 0, 0, 0, 0))
    return PNG + head + b"".join(parts) + chunk(b"IEND", b"")


def gif(width: int, height: int, frames: int, *, frame: tuple[int, int] = (1, 1)) -> bytes:
    """Return a GIF of so many frames, each of one colour and so large."""
    screen = struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes((255, 0, 0, 0, 0, 255))
    place = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0)
    # Two bits a code: begin, pixel 0, end.
    return b"GIF89a" + screen + (place + b"\x02\x02\x44\x01\x00") * frames + b";"
