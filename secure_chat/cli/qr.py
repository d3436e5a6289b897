"""A text as a QR code in a terminal: two rows of it in each line, by half blocks.

Only what shows an invitation loads this.
"""

import itertools
from collections.abc import Iterator
from typing import Final

import segno

__all__ = ["qr_lines"]

_BORDER: Final = 4  # light modules around it; readers need them
_HALVES: Final = {
    (False, False): "█",
    (False, True): "▀",
    (True, False): "▄",
    (True, True): " ",
}
"""What is drawn for a dark or light module above another: the light ones are."""

_PAINT: Final = "\x1b[97;40m"
_END: Final = "\x1b[0m"


def qr_lines(text: str, *, painted: bool) -> Iterator[str]:
    """Yield the lines of a QR code.

    Args:
        text: what a reader gets.
        painted: say which colour is light and which is dark; otherwise the terminal must be dark,
            although most readers take the reverse too.
    """
    code = segno.make_qr(text, error="l")
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=_BORDER)]
    for above, below in itertools.zip_longest(rows[::2], rows[1::2]):
        lower = below or [True] * len(above)
        line = "".join(_HALVES[pair] for pair in zip(above, lower, strict=True))
        yield f"{_PAINT}{line}{_END}" if painted else line
