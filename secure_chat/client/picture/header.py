"""What a picture's first bytes say of it: kind, size and frames, judged before any decoder.

Pure functions over a stranger's bytes, used on any thread. They never look further than
`picture_parts` allows, never copy the file, and raise nothing but `PictureRefused`.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from secure_chat.client.picture.refusal import PictureRefused, Why
from secure_chat.limits import Limits

__all__ = ["Header", "Kind", "look"]


class Kind(StrEnum):
    """The kinds that can be shown, by the names that Pillow has for them."""

    PNG = "PNG"
    JPEG = "JPEG"
    GIF = "GIF"
    WEBP = "WEBP"
    BMP = "BMP"


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself; only its decoder knows whether that is true.

    Args:
        kind: how it is written.
        width: in pixels, before it is turned the way its camera was held.
        height: in pixels, the same.
        frames: how many pictures are in it, the first of which is shown; None where counting
            them would mean reading the whole file.
    """

    kind: Kind
    width: int
    height: int
    frames: int | None = 1


def look(data: bytes, limits: Limits) -> Header:
    """Read a picture's header and hold it against the limits; `draw` does this by itself.

    Args:
        data: the whole file.
        limits: how many bytes, pixels and parts are too many.

    Raises:
        PictureRefused: it is too large, or not of a kind that can be shown, or cut off.
    """
    if len(data) > limits.picture_bytes:
        why = f"it has {len(data):,} bytes, and {limits.picture_bytes:,} are the most"
        raise PictureRefused(Why.FILE_TOO_LARGE, why)
    try:
        header = _read(data, limits.picture_parts)
    except struct.error:
        raise PictureRefused(Why.BROKEN, "it ends before it has said its size") from None
    width, height = header.width, header.height
    if width < 1 or height < 1:
        raise PictureRefused(Why.BROKEN, f"it says that it has {width} x {height} pixels")
    if max(width, height) > limits.picture_side or width * height > limits.picture_pixels:
        why = (
            f"it says that it has {width:,} x {height:,} pixels; the most are "
            f"{limits.picture_pixels:,} in all and {limits.picture_side:,} in a row"
        )
        raise PictureRefused(Why.TOO_MANY_PIXELS, why)
    return header


def _read(data: bytes, parts: int) -> Header:
    """Read the header by the kind that the first bytes tell."""
    for magic, read in _KINDS:
        if data.startswith(magic):
            return read(data, parts)
    raise PictureRefused(Why.NO_PICTURE, "its first bytes are those of no kind known here")


# --- PNG -----------------------------------------------------------------------------------

_PNG_SIZE: Final = struct.Struct(">I4sII")
_PNG_FIRST: Final = 8
_PNG_SIZE_BYTES: Final = 13
# A length and a type before each chunk's bytes, a check sum behind them.
_PNG_AROUND: Final = 12


def _png(data: bytes, parts: int) -> Header:
    length, name, width, height = _PNG_SIZE.unpack_from(data, _PNG_FIRST)
    if (length, name) != (_PNG_SIZE_BYTES, b"IHDR"):
        raise PictureRefused(Why.BROKEN, "its first part is not the one with its size")
    at = _PNG_FIRST + _PNG_AROUND + length
    return Header(Kind.PNG, width, height, _png_frames(data, at, parts))


def _png_frames(data: bytes, at: int, parts: int) -> int | None:
    """Count the frames: an animated PNG says how many they are before its pixels begin."""
    for _ in range(parts):
        head = data[at : at + 8]
        if len(head) < 8 or head[4:] in {b"IDAT", b"IEND"}:  # noqa: PLR2004 -- length and type
            return 1
        if head[4:] == b"acTL":
            return int.from_bytes(data[at + 8 : at + 12], "big")
        at += _PNG_AROUND + int.from_bytes(head[:4], "big")
    return None


# --- JPEG ----------------------------------------------------------------------------------

_MARKER: Final = struct.Struct(">BB")
_SEGMENT: Final = struct.Struct(">H")
_JPEG_SIZE: Final = struct.Struct(">HBHH")
_FILL: Final = 0xFF
# Markers with nothing behind them: temporary and restarts.
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
# Every start of a frame: C0 to CF but for tables (C4), the reserved C8 and conditioning (CC).
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# A beginning, an end or pixels where the size should have come first.
_TOO_FAR: Final = frozenset({0xD8, 0xD9, 0xDA})


def _jpeg(data: bytes, parts: int) -> Header:
    at = 2
    for _ in range(parts):
        begin, marker = _MARKER.unpack_from(data, at)
        if begin != _FILL or marker in _TOO_FAR:
            break
        if marker == _FILL:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            _, _, height, width = _JPEG_SIZE.unpack_from(data, at + 2)
            return Header(Kind.JPEG, width, height)
        else:
            (length,) = _SEGMENT.unpack_from(data, at + 2)
            at += 2 + length
    raise PictureRefused(Why.BROKEN, "its size does not come where it should")


# --- GIF, WebP, BMP ------------------------------------------------------------------------

_PAIR: Final = struct.Struct("<HH")


def _gif(data: bytes, parts: int) -> Header:
    del parts
    width, height = _PAIR.unpack_from(data, 6)
    return Header(Kind.GIF, width, height, None)


_WEBP_FIRST: Final = struct.Struct("<4sI4s4sI")
_WEBP_LOSSY: Final = struct.Struct("<3s3sHH")
_WEBP_LOSSLESS: Final = struct.Struct("<BI")
_WEBP_EXTENDED: Final = struct.Struct("<B3s3s3s")
_WEBP_MOVES: Final = 0x02
_14_BITS: Final = 0x3FFF


def _webp(data: bytes, parts: int) -> Header:
    del parts
    _, _, form, name, _ = _WEBP_FIRST.unpack_from(data, 0)
    at = _WEBP_FIRST.size
    if form == b"WEBP" and name == b"VP8 ":
        _, begin, width, height = _WEBP_LOSSY.unpack_from(data, at)
        if begin == b"\x9d\x01\x2a":
            # The two bits above the 14 only ask for it to be drawn larger.
            return Header(Kind.WEBP, width & _14_BITS, height & _14_BITS)
    elif form == b"WEBP" and name == b"VP8L":
        begin, bits = _WEBP_LOSSLESS.unpack_from(data, at)
        if begin == 0x2F:  # noqa: PLR2004 -- the only use of the signature
            return Header(Kind.WEBP, (bits & _14_BITS) + 1, (bits >> 14 & _14_BITS) + 1)
    elif form == b"WEBP" and name == b"VP8X":
        flags, _, across, down = _WEBP_EXTENDED.unpack_from(data, at)
        width, height = (int.from_bytes(side, "little") + 1 for side in (across, down))
        return Header(Kind.WEBP, width, height, None if flags & _WEBP_MOVES else 1)
    raise PictureRefused(Why.NO_PICTURE, "it begins like WebP and goes on like something else")


_BMP_HEAD: Final = 14
_BMP_OLD: Final = 12
_BMP_NEW: Final = 40


def _bmp(data: bytes, parts: int) -> Header:
    del parts
    (head,) = struct.unpack_from("<I", data, _BMP_HEAD)
    if head == _BMP_OLD:
        width, height = _PAIR.unpack_from(data, _BMP_HEAD + 4)
    elif head >= _BMP_NEW:
        # A height below zero says that the rows come from the top.
        width, height = struct.unpack_from("<Ii", data, _BMP_HEAD + 4)
    else:
        raise PictureRefused(Why.NO_PICTURE, "it begins like BMP and goes on like something else")
    return Header(Kind.BMP, width, abs(height))


_KINDS: Final[tuple[tuple[bytes, Callable[[bytes, int], Header]], ...]] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"GIF87a", _gif),
    (b"GIF89a", _gif),
    (b"RIFF", _webp),
    (b"BM", _bmp),
)
