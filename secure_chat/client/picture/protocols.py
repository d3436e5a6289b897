"""Which way of showing pictures a terminal offers, and the two that take a picture whole.

Pure. A terminal is judged by the environment and never asked: its answer would arrive among what
the person types. What is written is made here from pixels; no byte of a peer is passed through.
"""

import struct
import zlib
from base64 import b64encode
from collections.abc import Mapping
from enum import Enum
from typing import Final

from secure_chat.client.picture.order import Pixels

__all__ = ["Protocol", "iterm", "kitty", "offered", "png"]


class Protocol(Enum):
    """The ways, from the best to the one that works on paper."""

    KITTY = "kitty graphics"
    ITERM = "iTerm2 inline images"
    SIXEL = "sixel"
    TRUECOLOUR = "half blocks in 24-bit colour"
    COLOURS = "half blocks in 256 colours"
    LETTERS = "letters"


# What terminals say of themselves: a variable, how its value begins, and what they then take.
_SIGNS: Final = (
    ("KITTY_WINDOW_ID", "", Protocol.KITTY),
    ("TERM", "xterm-kitty", Protocol.KITTY),
    ("TERM", "xterm-ghostty", Protocol.KITTY),
    ("TERM_PROGRAM", "ghostty", Protocol.KITTY),
    ("TERM_PROGRAM", "iTerm.app", Protocol.ITERM),
    ("LC_TERMINAL", "iTerm2", Protocol.ITERM),
    ("TERM_PROGRAM", "WezTerm", Protocol.ITERM),
    ("WEZTERM_PANE", "", Protocol.ITERM),
    ("TERM_PROGRAM", "mintty", Protocol.ITERM),
    ("TERM", "foot", Protocol.SIXEL),
    ("TERM", "mlterm", Protocol.SIXEL),
    ("TERM", "contour", Protocol.SIXEL),
    ("TERM", "yaft", Protocol.SIXEL),
)
# Programs between us and the terminal, which keep only cells of what is written to them.
_BETWEEN: Final = ("TMUX", "STY", "ZELLIJ")
_BETWEEN_TERMS: Final = ("screen", "tmux")
# Of them screen hands the word of the terminal below it on, and has no such colours itself.
_FEWER_COLOURS: Final = "STY"
_WITHOUT_COLOUR: Final = ("dumb", "unknown", "ansi", "vt1", "vt2", "vt3")
_ALL_COLOURS: Final = frozenset({"truecolor", "24bit"})


def offered(environ: Mapping[str, str]) -> Protocol:
    """Return the best way to show a picture that the environment tells of.

    Args:
        environ: of the process at the terminal; whether there is one is the caller's to know.
    """
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR") or term.startswith(_WITHOUT_COLOUR):
        return Protocol.LETTERS
    between = any(environ.get(name) for name in _BETWEEN) or term.startswith(_BETWEEN_TERMS)
    if not between:
        for name, beginning, protocol in _SIGNS:
            value = environ.get(name, "")
            if value and value.startswith(beginning):
                return protocol
    if environ.get(_FEWER_COLOURS):
        return Protocol.COLOURS
    if environ.get("COLORTERM") in _ALL_COLOURS or term.endswith("-direct"):
        return Protocol.TRUECOLOUR
    if not term:
        # Windows has no TERM; its newer terminal has all colours and says so like this.
        return Protocol.TRUECOLOUR if environ.get("WT_SESSION") else Protocol.LETTERS
    return Protocol.COLOURS


# --- kitty ---------------------------------------------------------------------------------

# Characters of base64 in one sequence; more is not taken.
_CHUNK: Final = 4_096


def kitty(pixels: Pixels, columns: int, rows: int) -> str:
    """Return a picture as kitty's graphics protocol has it.

    Args:
        pixels: the picture.
        columns: how many cells wide it is shown.
        rows: how many cells high it is shown.
    """
    payload = b64encode(png(pixels)).decode()
    chunks = [payload[at : at + _CHUNK] for at in range(0, len(payload), _CHUNK)]
    sequences: list[str] = []
    for number, chunk in enumerate(chunks):
        # Quiet (q=2): an answer of the terminal would be taken for what the person types.
        keys = f"a=T,f=100,q=2,c={columns},r={rows}," if number == 0 else "q=2,"
        more = int(number + 1 < len(chunks))
        sequences.append(f"\x1b_G{keys}m={more};{chunk}\x1b\\")
    return "".join(sequences)


# --- iTerm2 --------------------------------------------------------------------------------


def iterm(pixels: Pixels, columns: int, rows: int) -> str:
    """Return a picture as iTerm2 and those after it take it, without a name to save it under.

    Args:
        pixels: the picture.
        columns: how many cells wide it is shown.
        rows: how many cells high it is shown.
    """
    octets = png(pixels)
    keys = f"inline=1;size={len(octets)};width={columns};height={rows};preserveAspectRatio=1"
    return f"\x1b]1337;File={keys}:{b64encode(octets).decode()}\x07"


# --- PNG -----------------------------------------------------------------------------------

_8_BITS_RGB: Final = (8, 2, 0, 0, 0)


def png(pixels: Pixels) -> bytes:
    """Return pixels as a PNG file that has nothing else in it."""
    width, height, data = pixels
    lines = (data[at : at + 3 * width] for at in range(0, len(data), 3 * width))
    # Each line says first how it is filtered; these are not.
    packed = zlib.compress(b"".join(b"\x00" + line for line in lines))
    size = struct.pack(">II5B", width, height, *_8_BITS_RGB)
    parts = (_part(b"IHDR", size), _part(b"IDAT", packed), _part(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _part(name: bytes, data: bytes) -> bytes:
    return b"".join(
        (
            len(data).to_bytes(4, "big"),
            name,
            data,
            zlib.crc32(name + data).to_bytes(4, "big"),
        )
    )
