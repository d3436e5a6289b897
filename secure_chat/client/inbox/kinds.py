"""What a file is by its first bytes, whatever it is called.

Pure, used by whoever shows or lands a received file. It opens nothing and trusts nobody's word; it
judges the beginning only, so a file may still be two kinds at once: nothing may be run or drawn
because of what this says. Where a kind has no registered media type (IANA), the common one is used.
"""

import codecs
import re
import struct
from typing import Final

__all__ = ["FIRST_BYTES", "UNKNOWN", "media_type"]

FIRST_BYTES: Final = 4_096
"""How many bytes of a file are enough for `media_type`."""

UNKNOWN: Final = "application/octet-stream"
"""What is none of the kinds that are known here."""

_TEXT: Final = "text/plain"
_CERTIFICATE: Final = "application/pem-certificate-chain"
_MP3: Final = "audio/mpeg"
_ELF: Final = "application/x-elf"
_MACH_O: Final = "application/x-mach-binary"
_WINDOWS: Final = "application/vnd.microsoft.portable-executable"
_DOS: Final = "application/x-dosexec"
_WASM: Final = "application/wasm"
_HTML: Final = "text/html"
_XML: Final = "text/xml"
_SCRIPT: Final = "text/x-shellscript"
_BYTECODE: Final = "application/java-vm"
_SHORTCUT: Final = "application/x-ms-shortcut"

# Where the bytes stand, which they are, what that is; the first that fits counts.
_MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"\xfd7zXZ\0", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (4, b"1AY&SY", "application/x-bzip2"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (257, b"ustar", "application/x-tar"),
    (0, b"ID3\x02", _MP3),
    (0, b"ID3\x03", _MP3),
    (0, b"ID3\x04", _MP3),
    (0, b"OggS", "application/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"\x7fELF", _ELF),
    (0, b"\xfe\xed\xfa\xce", _MACH_O),
    (0, b"\xfe\xed\xfa\xcf", _MACH_O),
    (0, b"\xce\xfa\xed\xfe", _MACH_O),
    (0, b"\xcf\xfa\xed\xfe", _MACH_O),
    (0, b"L\0\0\0\x01\x14\x02\0", _SHORTCUT),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    (0, b"\0asm", _WASM),
    (0, b"#!", _SCRIPT),
)
# What follows `RIFF` and four bytes of length.
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/vnd.wave", b"AVI ": "video/x-msvideo"}
# The brand of an ISO base media file that is not a film.
_BRANDS: Final = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"msf1": "image/heif",
    b"M4A ": "audio/mp4",
    b"qt  ": "video/quicktime",
}
# Of a Mach-O for several machines and of Java, the one by its few machines.
_FAT: Final = b"\xca\xfe\xba\xbe"
_MOST_MACHINES: Final = 30
_MATROSKA: Final = b"\x1aE\xdf\xa3"
_DOCTYPE_WITHIN: Final = 64
_BMP_HEADERS: Final = frozenset({12, 40, 52, 56, 64, 108, 124})
_BMP: Final = struct.Struct("<2s12xI")
# Eleven bits of sync, any version, layer III, any protection; then neither a bad bit rate nor a bad
# sampling rate.
_MP3_FRAME: Final = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x00-\xef]")
_BAD_RATE: Final = 0x0C
_PE_POINTER: Final = 0x3C
_CERTIFICATE_LINE: Final = re.compile(
    r"^-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----", re.MULTILINE
)
_PAGE: Final = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|script)\b", re.IGNORECASE)
_MARKUP: Final = re.compile(r"\s*<(?:!--|(?:\?xml|!doctype|(?:[a-z]+:)?svg)\b)", re.IGNORECASE)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")


def media_type(first_bytes: bytes) -> str:
    """Return the media type that a file's first bytes tell, "application/octet-stream" if none.

    SVG and other XML is `text/xml`, and never an image: it may hold scripts and links. JSON is
    `text/plain`, because its beginning does not tell it from any other text.

    Args:
        first_bytes: the first `FIRST_BYTES` of the file, or all of a shorter one.
    """
    for at, magic, kind in _MAGIC:
        if first_bytes.startswith(magic, at):
            return kind
    return _media(first_bytes) or _program(first_bytes) or _text(first_bytes) or UNKNOWN


def _media(data: bytes) -> str:
    """Return the type of a picture, a sound or a film that takes more than one look, or ""."""
    if data.startswith(b"RIFF"):
        return _RIFF.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video/mp4")
    if data.startswith(_MATROSKA):
        return "video/webm" if b"webm" in data[:_DOCTYPE_WITHIN] else "video/matroska"
    if len(data) >= _BMP.size:
        magic, header = _BMP.unpack_from(data)
        if magic == b"BM" and header in _BMP_HEADERS:
            return "image/bmp"
    if _MP3_FRAME.match(data) and data[2] & _BAD_RATE != _BAD_RATE:
        return _MP3
    return ""


def _program(data: bytes) -> str:
    """Return the type of a program that takes more than one look, or ""."""
    if data.startswith(b"MZ"):
        at = int.from_bytes(data[_PE_POINTER : _PE_POINTER + 4], "little")
        if data[at : at + 4] == b"PE\0\0":
            return _WINDOWS
        return _DOS if b"\0" in data[:_PE_POINTER] else ""
    if data.startswith(_FAT):
        machines = int.from_bytes(data[4:8], "big")
        return _MACH_O if machines <= _MOST_MACHINES else _BYTECODE
    return ""


def _text(data: bytes) -> str:
    """Return the type of a text in UTF-8 without control characters, or ""."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    try:
        # The last letter may be cut off in the middle.
        text = decoder.decode(data, final=len(data) < FIRST_BYTES)
    except UnicodeDecodeError:
        return ""
    if not text or _CONTROLS.search(text):
        return ""
    if _PAGE.match(text):
        return _HTML
    if _MARKUP.match(text):
        return _XML
    return _CERTIFICATE if _CERTIFICATE_LINE.search(text) else _TEXT
