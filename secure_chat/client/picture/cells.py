"""Pixels as rows of text: two of them in each cell by half blocks, or one letter for two.

Pure. The only escape sequence that comes out sets colours (SGR), and each row ends by setting them
back, so rows can be indented, cut into a window, or printed one by one.
"""

from collections.abc import Iterator
from enum import Enum
from itertools import groupby, zip_longest
from typing import Final, NamedTuple

from secure_chat.client.picture.order import Pixels

__all__ = ["Depth", "blocks", "letters"]

_UPPER: Final = "\u2580"
_BACK: Final = "\x1b[0m"


class Depth(Enum):
    """How many colours a terminal has."""

    ALL = "24 bits"
    CUBE = "256"


class _Cell(NamedTuple):
    """Two pixels, one above the other; an empty one is the terminal's own background."""

    upper: bytes
    lower: bytes


def blocks(pixels: Pixels, depth: Depth) -> list[str]:
    """Return a picture as rows of half blocks, one cell for two pixels.

    Args:
        pixels: as wide as the row has cells, and twice as high as there are rows.
        depth: which colours the terminal can show.
    """
    return ["".join(_painted(cells, depth)) + _BACK for cells in _cells(pixels)]


def letters(pixels: Pixels) -> list[str]:
    """Return a picture as rows of ASCII, from blank for black to @ for white."""
    return ["".join(_letter(cell) for cell in cells) for cells in _cells(pixels)]


def _cells(pixels: Pixels) -> Iterator[list[_Cell]]:
    for row in range(0, pixels.height, 2):
        pairs = zip_longest(pixels.row(row), pixels.row(row + 1), fillvalue=b"")
        yield [_Cell(upper, lower) for upper, lower in pairs]


def _painted(cells: list[_Cell], depth: Depth) -> Iterator[str]:
    """Yield the cells of a row; equal neighbours share what sets their colours."""
    for cell, equals in groupby(cells):
        lower = _colour(48, cell.lower, depth) if cell.lower else "49"
        yield f"\x1b[{_colour(38, cell.upper, depth)};{lower}m"
        yield _UPPER * len(list(equals))


def _colour(which: int, pixel: bytes, depth: Depth) -> str:
    red, green, blue = pixel
    if depth is Depth.ALL:
        return f"{which};2;{red};{green};{blue}"
    return f"{which};5;{_number(red, green, blue)}"


# --- 256 colours ---------------------------------------------------------------------------

# A cube of six steps a side from 16 on, then 24 greys from nearly black to nearly white.
_STEPS: Final = (0, 95, 135, 175, 215, 255)
_GREYS: Final = tuple(range(8, 239, 10))
_CUBE_FROM: Final = 16
_GREYS_FROM: Final = 232


def _nearest(value: int, among: tuple[int, ...]) -> int:
    return min(range(len(among)), key=lambda index: abs(among[index] - value))


_STEP: Final = bytes(_nearest(value, _STEPS) for value in range(256))
_GREY: Final = bytes(_nearest(value, _GREYS) for value in range(256))


def _number(red: int, green: int, blue: int) -> int:
    """Return the number of the colour, among 256, that comes nearest."""
    pixel = (red, green, blue)
    steps = [_STEP[value] for value in pixel]
    grey = _GREY[sum(pixel) // 3]
    in_cube = sum((_STEPS[step] - value) ** 2 for step, value in zip(steps, pixel, strict=True))
    in_greys = sum((_GREYS[grey] - value) ** 2 for value in pixel)
    if in_greys < in_cube:
        return _GREYS_FROM + grey
    return _CUBE_FROM + 36 * steps[0] + 6 * steps[1] + steps[2]


# --- letters -------------------------------------------------------------------------------

_RAMP: Final = " .:-=+*#%@"
# How bright red, green and blue are to the eye, in thousandths.
_BRIGHTNESS: Final = (299, 587, 114)


def _letter(cell: _Cell) -> str:
    """Return the letter that is as bright as a cell."""
    octets = cell.upper + cell.lower
    weights = _BRIGHTNESS * (len(octets) // 3)
    bright = sum(weight * value for weight, value in zip(weights, octets, strict=True))
    return _RAMP[bright * len(_RAMP) // (sum(weights) * 256)]
