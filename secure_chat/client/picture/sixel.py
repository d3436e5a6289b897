"""Pixels as sixels: bands of six rows, drawn once for each colour that is in them.

Pure. A row of pixels is handled as one whole number where that saves a loop over all of them.
"""

import re
from typing import Final

from secure_chat.client.picture.order import Pixels

__all__ = ["MOST_COLOURS", "sixel"]

MOST_COLOURS: Final = 64
"""How many colours a picture may have; every terminal with sixels has registers for so many."""

_BAND: Final = 6
# The character for "none of the six"; the one for any of them is that many further on.
_NONE: Final = 0x3F
_AS_TEXT: Final = bytes((_NONE + bits) & 0xFF for bits in range(256))
_REPEATED: Final = re.compile(r"(.)\1{3,}")


def sixel(pixels: Pixels) -> str:
    """Return a picture as a sequence of sixels.

    Args:
        pixels: the picture, of no more than `MOST_COLOURS` colours.
    """
    colours = pixels.colours
    numbers = {colour: number for number, colour in enumerate(colours)}
    lines = [bytes(map(numbers.__getitem__, pixels.row(row))) for row in range(pixels.height)]
    palette = "".join(_register(number, colour) for number, colour in enumerate(colours))
    bands = "-".join(_band(lines[at : at + _BAND]) for at in range(0, len(lines), _BAND))
    # One pixel is as wide as high, and what is not painted stays as it was.
    return f'\x1bP0;1q"1;1;{pixels.width};{pixels.height}{palette}{bands}\x1b\\'


def _register(number: int, colour: bytes) -> str:
    """Return what says how much red, green and blue a colour has, in hundredths."""
    red, green, blue = ((value * 100 + 127) // 255 for value in colour)
    return f"#{number};2;{red};{green};{blue}"


def _band(lines: list[bytes]) -> str:
    """Return six rows: one layer for each colour, each begun at the left again."""
    return "$".join(_layer(lines, colour) for colour in sorted(set().union(*lines)))


def _layer(lines: list[bytes], colour: int) -> str:
    """Return where in six rows one colour is."""
    bits = 0
    for row, line in enumerate(lines):
        table = bytearray(256)
        table[colour] = 1 << row
        bits |= int.from_bytes(line.translate(table), "big")
    text = bits.to_bytes(len(lines[0]), "big").translate(_AS_TEXT).decode("ascii")
    return f"#{colour}" + _REPEATED.sub(_shortened, text.rstrip(chr(_NONE)))


def _shortened(run: re.Match[str]) -> str:
    """Return the same character many times, written shortly."""
    return f"!{len(run[0])}{run[1]}"
