"""A picture from a peer as text for a terminal: judged, decoded elsewhere, drawn.

Used on the thread that shows things, which waits for the decoder; it owns nothing. It never lets
a byte of the picture's file reach the terminal, only pixels that were decoded from it.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from secure_chat.client.picture.cells import Depth, blocks, letters
from secure_chat.client.picture.header import look
from secure_chat.client.picture.order import Pixels
from secure_chat.client.picture.process import decoded
from secure_chat.client.picture.protocols import Protocol, iterm, kitty, offered
from secure_chat.client.picture.sixel import MOST_COLOURS, sixel
from secure_chat.limits import Limits

__all__ = ["draw"]


class _Cell(NamedTuple):
    """How many pixels are drawn in a cell of the terminal."""

    width: int
    height: int


_HALVES: Final = _Cell(1, 2)
# Nobody knows how large a cell is on the screen. This is fine enough for most, and the terminal
# fits the picture into the cells that it is told.
_FITTED: Final = _Cell(10, 20)
# Small: a sixel is a pixel of the screen, and a picture must not grow beyond its room.
_SIXELS: Final = _Cell(8, 16)
_CELLS: Final = {
    Protocol.KITTY: _FITTED,
    Protocol.ITERM: _FITTED,
    Protocol.SIXEL: _SIXELS,
}


def draw(  # noqa: PLR0913 -- a picture, its room, where it is shown, and what is too much
    data: bytes,
    *,
    columns: int,
    rows: int,
    environ: Mapping[str, str],
    limits: Limits,
    protocol: Protocol | None = None,
) -> str:
    """Return what draws a picture in a terminal; waits for its decoder.

    Print it as it is at the beginning of a line, and a line end behind it.

    Args:
        data: the whole file, as a peer sent it.
        columns: how many cells wide it may be drawn; it keeps its shape and never grows.
        rows: how many cells high.
        environ: tells what the terminal can do (`os.environ`).
        limits: what is too large or takes too long.
        protocol: how to draw it whatever the terminal can do, for a window that takes only
            cells; None for the best that is offered.

    Raises:
        PictureRefused: it cannot be shown, with the reason and what to do.
    """
    header = look(data, limits)
    way = offered(environ) if protocol is None else protocol
    cell = _CELLS.get(way, _HALVES)
    most = limits.picture_drawn_side
    box = (min(max(columns, 1) * cell.width, most), min(max(rows, 1) * cell.height, most))
    colours = MOST_COLOURS if way is Protocol.SIXEL else 0
    return _written(decoded(data, header, box, limits, colours), way, cell)


def _written(pixels: Pixels, way: Protocol, cell: _Cell) -> str:
    """Return the pixels as the terminal takes them."""
    columns, rows = -(-pixels.width // cell.width), -(-pixels.height // cell.height)
    if way is Protocol.KITTY:
        return kitty(pixels, columns, rows)
    if way is Protocol.ITERM:
        return iterm(pixels, columns, rows)
    if way is Protocol.SIXEL:
        return sixel(pixels)
    if way is Protocol.LETTERS:
        return "\n".join(letters(pixels))
    depth = Depth.ALL if way is Protocol.TRUECOLOUR else Depth.CUBE
    return "\n".join(blocks(pixels, depth))
