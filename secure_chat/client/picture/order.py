"""What the decoder's process is asked for and what it answers; values that both ends know.

Pure; used on both sides of the pipe. The order travels as arguments of the command, the answer as
one line of text with pixels behind it. What came over the pipe is believed only as far as it can
be checked: a picture may have taken the process over.
"""

import re
from typing import Final, NamedTuple

from secure_chat.client.picture.refusal import PictureRefused, Why

__all__ = ["Order", "Pixels", "answer", "understand"]

_PIXEL: Final = 3
# Bytes of the line before the pixels, and of the words in it.
_MOST_HEAD: Final = 1_024
_MOST_WORDS: Final = 500

_DRAWN: Final = re.compile(rb"pixels ([0-9]{1,6}) ([0-9]{1,6})\n")
_REFUSED: Final = re.compile(rb"refused ([a-z-]+) ([^\n]*)\n")


class Pixels(NamedTuple):
    """A picture as it is drawn: `height` rows of `width` pixels of red, green and blue bytes."""

    width: int
    height: int
    data: bytes

    def row(self, number: int) -> list[bytes]:
        """Return the pixels of one row, three bytes each; none below the last row."""
        begin = number * self.width * _PIXEL
        octets = self.data[begin : begin + self.width * _PIXEL]
        return [octets[at : at + _PIXEL] for at in range(0, len(octets), _PIXEL)]

    @property
    def colours(self) -> list[bytes]:
        """Every colour that is in it, in order."""
        octets = self.data
        return sorted({octets[at : at + _PIXEL] for at in range(0, len(octets), _PIXEL)})


class Order(NamedTuple):
    """What a decoder is to do with the bytes that it reads.

    Args:
        kind: the only format that it may take them for.
        width: what their header says, in pixels; anything else is a lie.
        height: the same.
        most_width: of the picture that it answers with, in pixels.
        most_height: the same.
        colours: how many different ones that may have; 0 for any number.
        pixels: how many of them a picture may have.
        memory: bytes that the process may take.
        seconds: of processor time that it may take.
    """

    kind: str
    width: int
    height: int
    most_width: int
    most_height: int
    colours: int
    pixels: int
    memory: int
    seconds: int

    def words(self) -> list[str]:
        """Return it as arguments of a command."""
        return [str(word) for word in self]

    @classmethod
    def of(cls, words: list[str]) -> "Order":
        """Return it from arguments of a command."""
        kind, *numbers = words
        return cls(kind, *map(int, numbers))

    @property
    def most_answer(self) -> int:
        """How many bytes an answer has at most."""
        return _MOST_HEAD + self.most_width * self.most_height * _PIXEL


def answer(outcome: Pixels | PictureRefused) -> bytes:
    """Write what came of an order; `understand` reads it."""
    if isinstance(outcome, PictureRefused):
        why = outcome.why[:_MOST_WORDS].encode("ascii", "replace")
        return b"refused %b %b\n" % (outcome.code.encode(), why)
    return b"pixels %d %d\n%b" % outcome


def understand(octets: bytes, order: Order) -> Pixels:
    """Read what came of an order.

    Args:
        octets: all that the process wrote.
        order: what it was asked for.

    Raises:
        PictureRefused: it says why there is no picture, or says nothing that can be right.
    """
    refused = _REFUSED.match(octets, 0, _MOST_HEAD)
    if refused and refused[1].decode() in set(Why):
        raise PictureRefused(Why(refused[1].decode()), refused[2].decode("ascii", "replace"))
    drawn = _DRAWN.match(octets)
    if drawn:
        pixels = Pixels(int(drawn[1]), int(drawn[2]), octets[drawn.end() :])
        if _is_fitting(pixels, order):
            return pixels
    raise PictureRefused(Why.CRASHED, "the decoder ended without an answer that can be right")


def _is_fitting(pixels: Pixels, order: Order) -> bool:
    """Tell whether pixels are as many, and as few colours, as were asked for."""
    fits = 0 < pixels.width <= order.most_width and 0 < pixels.height <= order.most_height
    if not fits or len(pixels.data) != pixels.width * pixels.height * _PIXEL:
        return False
    return not order.colours or len(pixels.colours) <= order.colours
