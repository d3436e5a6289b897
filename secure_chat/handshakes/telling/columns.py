"""Text in columns of a terminal: how wide it is, how it is cut, padded and wrapped.

Pure. It counts columns, not characters: letters of East Asia take two, marks none. Text that comes
here must be printable already; what is unprintable has no width at all.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["fitted", "padded", "width", "wrapped"]

_WIDE: Final = frozenset({"W", "F"})
_NO_WIDTH: Final = frozenset({"Mn", "Me"})
_CUT_HERE: Final = ".."


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def fitted(text: str, columns: int) -> str:
    """Return a text in at most so many columns; a longer one ends in a dot-dot."""
    if width(text) <= columns:
        return text
    kept, room = "", columns - len(_CUT_HERE)
    for letter in text:
        room -= _columns(letter)
        if room < 0:
            break
        kept += letter
    return kept + _CUT_HERE


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """Return a text in exactly so many columns, at their left end or at their right one."""
    text = fitted(text, columns)
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Yield a text in lines of at most so many columns, broken at blanks where there are any."""
    line = ""
    for word in text.split():
        if line and width(line) + 1 + width(word) > columns:
            yield line
            line = ""
        line = f"{line} {word}" if line else word
        while width(line) > columns:
            head, line = _split(line, columns)
            yield head
    if line or not text.strip():
        yield line


def _split(text: str, columns: int) -> tuple[str, str]:
    """Return what fits, at least one letter, and the rest."""
    taken, room = 1, columns - _columns(text[0])
    while room >= _columns(text[taken]):
        room -= _columns(text[taken])
        taken += 1
    return text[:taken], text[taken:]


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in _NO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in _WIDE else 1
