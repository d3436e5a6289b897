"""A QR code in a terminal: the code's own modules, two rows in a line."""

import segno

from secure_chat.cli.qr import qr_lines

TEXT = "securechat://chat.example.org:65433/carol#" + "A" * 43 + "." + "b" * 27
HALVES = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}


def modules(lines: list[str]) -> list[list[int]]:
    """Return what the lines draw, 1 for dark, as a reader on a dark terminal sees it."""
    rows = []
    for line in lines:
        rows.append([HALVES[letter][0] for letter in line])
        rows.append([HALVES[letter][1] for letter in line])
    return rows


def test_the_lines_are_the_code() -> None:
    """Every module, with the light border that readers need; what is below the last is dark."""
    drawn = modules(list(qr_lines(TEXT, painted=False)))
    code = segno.make_qr(TEXT, error="l")
    expected = [[int(bool(one)) for one in row] for row in code.matrix_iter(border=4)]
    assert drawn[: len(expected)] == expected
    assert all(row == [1] * len(expected) for row in drawn[len(expected) :])
    assert all(row[:4] == [0] * 4 for row in expected)


def test_it_fits_an_ordinary_terminal() -> None:
    """An invitation is longer with a long name, and still fits."""
    longest = TEXT.replace("chat.example.org", "x" * 100)
    assert all(len(line) <= 80 for line in qr_lines(longest, painted=False))


def test_painted_it_does_not_depend_on_the_terminals_colours() -> None:
    """Light and dark are said, and taken back at the end of each line."""
    plain, painted = (list(qr_lines(TEXT, painted=how)) for how in (False, True))
    assert painted == [f"\x1b[97;40m{line}\x1b[0m" for line in plain]
