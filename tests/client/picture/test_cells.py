"""Pixels become rows of text from which nothing but colours can come."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.client.picture.cells import Depth, blocks, letters
from secure_chat.client.picture.order import Pixels
from tests.client.picture.pictures import grid

BLACK, WHITE, RED, BLUE = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)
FOUR = grid(
    [
        [BLACK, WHITE, RED, RED],
        [BLACK, WHITE, BLUE, BLUE],
        [WHITE, (95, 135, 175), (100, 100, 100), BLACK],
        [RED, (1, 2, 3), (9, 8, 9), WHITE],
    ]
)
SGR = re.compile(r"\x1b\[([0-9;]*)m")


@st.composite
def anything(draw: st.DrawFn) -> Pixels:
    """Return pixels of any size and colour."""
    width, height = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    size = width * height * 3
    return Pixels(width, height, draw(st.binary(min_size=size, max_size=size)))


def test_four_by_four_pixels_in_all_colours() -> None:
    """Each cell is an upper half in the colour above on a ground of the colour below."""
    assert blocks(FOUR, Depth.ALL) == [
        (
            "\x1b[38;2;0;0;0;48;2;0;0;0m▀"
            "\x1b[38;2;255;255;255;48;2;255;255;255m▀"
            "\x1b[38;2;255;0;0;48;2;0;0;255m▀▀\x1b[0m"
        ),
        (
            "\x1b[38;2;255;255;255;48;2;255;0;0m▀"
            "\x1b[38;2;95;135;175;48;2;1;2;3m▀"
            "\x1b[38;2;100;100;100;48;2;9;8;9m▀"
            "\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[0m"
        ),
    ]


def test_four_by_four_pixels_in_256_colours() -> None:
    """Each colour is the nearest of the cube or of the greys."""
    assert blocks(FOUR, Depth.CUBE) == [
        "\x1b[38;5;16;48;5;16m▀\x1b[38;5;231;48;5;231m▀\x1b[38;5;196;48;5;21m▀▀\x1b[0m",
        (
            "\x1b[38;5;231;48;5;196m▀\x1b[38;5;67;48;5;16m▀"
            "\x1b[38;5;241;48;5;232m▀\x1b[38;5;16;48;5;231m▀\x1b[0m"
        ),
    ]


def test_four_by_four_pixels_in_letters() -> None:
    """Blank is black, @ is white, and a cell is as bright as both its pixels."""
    assert letters(FOUR) == [" @::", "*::="]


def test_an_odd_row_stands_on_the_background_of_the_terminal() -> None:
    """The half of a cell that no pixel is for stays as it was."""
    odd = grid([[RED], [RED], [WHITE]])
    assert blocks(odd, Depth.ALL)[1] == "\x1b[38;2;255;255;255;49m▀\x1b[0m"
    assert letters(odd)[1] == "@"


@settings(deadline=None)
@given(anything(), st.sampled_from(Depth))
def test_nothing_but_colours_comes_out(pixels: Pixels, depth: Depth) -> None:
    """Every row has its cells, ends with all colours set back, and has no other escape."""
    drawn = blocks(pixels, depth)
    assert len(drawn) == (pixels.height + 1) // 2
    for row in drawn:
        assert row.endswith("\x1b[0m")
        assert SGR.sub("", row) == "▀" * pixels.width


@settings(deadline=None)
@given(anything())
def test_letters_are_letters(pixels: Pixels) -> None:
    """No escape at all, and one letter for each cell."""
    drawn = letters(pixels)
    assert len(drawn) == (pixels.height + 1) // 2
    assert all(len(row) == pixels.width and set(row) <= set(" .:-=+*#%@") for row in drawn)


@settings(deadline=None)
@given(anything())
def test_all_colours_are_the_pixels_themselves(pixels: Pixels) -> None:
    """Read back, the rows are the picture."""
    seen: list[bytes] = []
    for row in blocks(pixels, Depth.ALL):
        upper, lower = [], []
        for codes, cells in re.findall(r"\x1b\[([0-9;]+)m(▀+)", row):
            numbers = [int(code) for code in codes.split(";")]
            upper += [bytes(numbers[2:5])] * len(cells)
            lower += [bytes(numbers[7:10])] * len(cells)
        seen += [*upper, *lower]
    assert b"".join(seen)[: len(pixels.data)] == pixels.data


@pytest.mark.parametrize("value", range(0, 256, 5))
def test_a_grey_is_never_far_away(value: int) -> None:
    """Among 256 colours the nearest grey is at most nine steps off."""
    (row,) = blocks(grid([[(value, value, value)]]), Depth.CUBE)
    number = int(row.split(";")[2])
    cube = (0, 95, 135, 175, 215, 255)
    shown = 8 + 10 * (number - 232) if number >= 232 else cube[(number - 16) % 6]
    assert abs(shown - value) <= 9
