"""Hostile text made printable: the one function between what a peer wrote and a terminal.

Pure, used on every thread. It never lets a control, escape, bidi or invisible character through
and never trusts anything: bodies, names, rooms, error texts and file names all pass here.
"""

import unicodedata
from typing import Final

__all__ = ["MOST_CHARACTERS", "MOST_LINES", "MOST_MARKS", "printable"]

MOST_CHARACTERS: Final = 4_096
MOST_LINES: Final = 30
MOST_MARKS: Final = 4

# A tab is harmless as blanks and common in pasted code; a terminal would move its cursor.
_TAB: Final = "    "

# Characters that draw nothing but are letters or marks to Unicode, so no category tells them:
# fillers and variation selectors. U+FE0E and U+FE0F are left alone: every other emoji has one.
_INVISIBLE: Final = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFDD0, 0xFDEF),
    (0xFE00, 0xFE0D),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),
)
_LAST_OF_C1: Final = 0x9F
# The last two code points of every plane are no characters.
_END_OF_PLANE: Final = 0xFFFE
# Controls, format characters (bidi, zero width, tags), surrogates, line and paragraph separators.
_DANGEROUS: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_MARKS: Final = frozenset({"Mn", "Mc", "Me"})


def printable(text: str, *, indent: str | None = None) -> str:
    r"""Return `text` with everything dangerous written out and its size bounded.

    C0 and C1 controls become `\x1b`, everything else that draws nothing or turns the writing
    round becomes `<U+202E>`; more than four marks on one letter become a number of marks.

    Args:
        text: what somebody wrote.
        indent: what every line but the first begins with, so that no line of a peer can stand
            where the program's own lines begin; None writes line ends out (names, rooms).
    """
    if text.isascii() and text.isprintable() and len(text) <= MOST_CHARACTERS:
        return text
    if indent is None:
        return _bounded(text, "\\x0a")
    lines = text.replace("\r\n", "\n").split("\n")
    left_out = len(lines) - MOST_LINES
    if left_out > 0:
        lines[MOST_LINES:] = [f"[{left_out} more lines]"]
    return _bounded("\n".join(lines), "\n" + indent)


def _bounded(text: str, line_end: str) -> str:
    """Write `text` out up to the bound, then say how much is left out."""
    pieces: list[str] = []
    length = marks = 0
    for index, character in enumerate(text):
        if unicodedata.category(character) in _MARKS and not _is_invisible(ord(character)):
            marks += 1
            piece = character if marks <= MOST_MARKS else ""
        else:
            piece = _more_marks(marks) + (line_end if character == "\n" else _piece(character))
            marks = 0
        length += len(piece)
        if length > MOST_CHARACTERS:
            return "".join(pieces) + f" [{len(text) - index} more characters]"
        pieces.append(piece)
    return "".join(pieces) + _more_marks(marks)


def _more_marks(marks: int) -> str:
    """Say how many marks on one letter were left out."""
    return f"<{marks - MOST_MARKS} more marks>" if marks > MOST_MARKS else ""


def _piece(character: str) -> str:
    """Return one character, or what stands for it."""
    if character == "\t":
        return _TAB
    code = ord(character)
    if unicodedata.category(character) not in _DANGEROUS and not _is_invisible(code):
        return character
    return f"\\x{code:02x}" if code <= _LAST_OF_C1 else f"<U+{code:04X}>"


def _is_invisible(code: int) -> bool:
    """Tell whether a code point draws nothing although its category does not say so."""
    if code & _END_OF_PLANE == _END_OF_PLANE:
        return True
    return any(low <= code <= high for low, high in _INVISIBLE)
