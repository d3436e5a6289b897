"""The way to show a picture is judged without asking, and what is written can be read back."""

import re
from base64 import b64decode
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from secure_chat.client.picture.order import Pixels
from secure_chat.client.picture.protocols import Protocol, iterm, kitty, offered, png

XTERM = {"TERM": "xterm-256color"}
RGB = {**XTERM, "COLORTERM": "truecolor"}


@pytest.mark.parametrize(
    ("environ", "protocol"),
    [
        ({}, Protocol.LETTERS),
        ({"TERM": "dumb"}, Protocol.LETTERS),
        ({"TERM": "vt100"}, Protocol.LETTERS),
        ({"TERM": "vte-256color"}, Protocol.COLOURS),
        ({"WT_SESSION": "1"}, Protocol.TRUECOLOUR),
        ({"TERM": "linux"}, Protocol.COLOURS),
        (XTERM, Protocol.COLOURS),
        (RGB, Protocol.TRUECOLOUR),
        ({**XTERM, "COLORTERM": "24bit"}, Protocol.TRUECOLOUR),
        ({**XTERM, "COLORTERM": "yes"}, Protocol.COLOURS),
        ({"TERM": "xterm-direct"}, Protocol.TRUECOLOUR),
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({**RGB, "KITTY_WINDOW_ID": "1"}, Protocol.KITTY),
        ({**RGB, "KITTY_WINDOW_ID": ""}, Protocol.TRUECOLOUR),
        ({"TERM": "xterm-ghostty"}, Protocol.KITTY),
        ({**RGB, "TERM_PROGRAM": "ghostty"}, Protocol.KITTY),
        ({**RGB, "TERM_PROGRAM": "iTerm.app"}, Protocol.ITERM),
        ({**RGB, "TERM_PROGRAM": "Apple_Terminal"}, Protocol.TRUECOLOUR),
        ({**RGB, "LC_TERMINAL": "iTerm2"}, Protocol.ITERM),
        ({**RGB, "TERM_PROGRAM": "WezTerm"}, Protocol.ITERM),
        ({**RGB, "WEZTERM_PANE": "0"}, Protocol.ITERM),
        ({**RGB, "TERM_PROGRAM": "mintty"}, Protocol.ITERM),
        ({"TERM": "foot", "COLORTERM": "truecolor"}, Protocol.SIXEL),
        ({"TERM": "mlterm-256color"}, Protocol.SIXEL),
    ],
)
def test_the_environment_tells_the_way(environ: dict[str, str], protocol: Protocol) -> None:
    """Each terminal that says what it is gets the best it takes, all others cells."""
    assert offered(environ) is protocol


@pytest.mark.parametrize("best", [{"TERM": "xterm-kitty"}, {"TERM": "foot"}, RGB])
def test_who_wants_no_colour_gets_letters(best: dict[str, str]) -> None:
    """NO_COLOR wins over whatever the terminal takes; an empty one says nothing."""
    assert offered({**best, "NO_COLOR": "1"}) is Protocol.LETTERS
    assert offered({**best, "NO_COLOR": ""}) is not Protocol.LETTERS


@pytest.mark.parametrize(
    "between",
    [{"TMUX": "socket,1,0"}, {"STY": "1.x"}, {"ZELLIJ": "0"}, {"TERM": "tmux-256color"}],
)
@pytest.mark.parametrize("below", [{"KITTY_WINDOW_ID": "1"}, {"TERM_PROGRAM": "iTerm.app"}])
def test_behind_a_multiplexer_there_are_only_cells(
    between: dict[str, str], below: dict[str, str]
) -> None:
    """What the terminal below could take does not reach it."""
    cells = {Protocol.TRUECOLOUR, Protocol.COLOURS}
    assert offered({**XTERM, **below, **between}) in cells
    assert offered({**XTERM, **below}) not in cells


def test_screen_has_256_colours_whatever_is_below() -> None:
    """COLORTERM is that of the terminal below; tmux translates, screen does not."""
    assert offered({**RGB, "TERM": "screen-256color", "STY": "1.x"}) is Protocol.COLOURS
    assert offered({**RGB, "TERM": "tmux-256color", "TMUX": "x"}) is Protocol.TRUECOLOUR


@st.composite
def anything(draw: st.DrawFn) -> Pixels:
    """Return pixels of any size and colour."""
    width, height = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    size = width * height * 3
    data = draw(st.randoms(use_true_random=False)).randbytes(size)
    return Pixels(width, height, data)


def same(file: bytes, pixels: Pixels) -> bool:
    """Tell whether a file is a PNG of exactly these pixels."""
    with Image.open(BytesIO(file), formats=["PNG"]) as image:
        return (*image.size, image.tobytes()) == (*pixels,)


@settings(deadline=None)
@given(anything())
def test_a_png_of_ours_is_a_png(pixels: Pixels) -> None:
    """Pillow reads the pixels that went in."""
    assert same(png(pixels), pixels)


@settings(deadline=None)
@given(anything())
def test_kitty_takes_the_pixels_in_chunks(pixels: Pixels) -> None:
    """Every chunk but the last is full and says that more comes; together they are the PNG."""
    text = kitty(pixels, 7, 3)
    found = re.findall(r"\x1b_G([a-zA-Z0-9=,]+);([A-Za-z0-9+/=]+)\x1b\\", text)
    assert "".join(f"\x1b_G{keys};{payload}\x1b\\" for keys, payload in found) == text
    keys = [dict(pair.split("=") for pair in pairs.split(",")) for pairs, _ in found]
    assert keys[0] | {"m": ""} == {"a": "T", "f": "100", "q": "2", "c": "7", "r": "3", "m": ""}
    assert all(later.keys() == {"q", "m"} and later["q"] == "2" for later in keys[1:])
    assert [key["m"] for key in keys] == ["1"] * (len(keys) - 1) + ["0"]
    assert all(len(payload) == 4_096 for _, payload in found[:-1])
    assert len(found[-1][1]) <= 4_096
    assert same(b64decode("".join(payload for _, payload in found)), pixels)


def test_a_picture_that_fills_its_chunks_has_no_empty_one() -> None:
    """The last chunk is the one that says so, also when two chunks are equal."""
    text = kitty(Pixels(100, 100, bytes(range(250)) * 120), 10, 5)
    assert text.count("m=0;") == 1
    assert text.index("m=0;") > text.rindex("\x1b_G")


@settings(deadline=None)
@given(anything())
def test_iterm_takes_the_pixels_inline(pixels: Pixels) -> None:
    """One sequence with a size that is right, shown and not saved."""
    found = re.fullmatch(r"\x1b\]1337;File=([^:]+):([A-Za-z0-9+/=]+)\x07", iterm(pixels, 7, 3))
    assert found is not None
    keys = dict(pair.split("=") for pair in found[1].split(";"))
    file = b64decode(found[2])
    assert keys == {
        "inline": "1",
        "size": str(len(file)),
        "width": "7",
        "height": "3",
        "preserveAspectRatio": "1",
    }
    assert same(file, pixels)
