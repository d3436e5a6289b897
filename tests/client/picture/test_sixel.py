"""What is written as sixels is, read back, the picture."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.client.picture.order import Pixels
from secure_chat.client.picture.sixel import sixel
from tests.client.picture.pictures import grid

# Those whose hundredths are exact.
VALUES = st.sampled_from([0, 51, 102, 153, 204, 255])


def read(text: str) -> Pixels:
    """Return the picture that a terminal would show."""
    found = re.fullmatch(r'\x1bP0;1q"1;1;(\d+);(\d+)((?:#\d+;2;\d+;\d+;\d+)+)(.+)\x1b\\', text)
    assert found is not None
    width, height = int(found[1]), int(found[2])
    palette: dict[int, bytes] = {}
    for number, *shares in re.findall(r"#(\d+);2;(\d+);(\d+);(\d+)", found[3]):
        palette[int(number)] = bytes(int(share) * 255 // 100 for share in shares)
    shown: dict[tuple[int, int], bytes] = {}
    for band, layers in enumerate(found[4].split("-")):
        for layer in layers.split("$"):
            colour, runs = re.fullmatch(r"#(\d+)(.*)", layer).groups()  # type: ignore[union-attr]
            x = 0
            for times, sign in re.findall(r"(?:!(\d+))?([?-~])", runs):
                for _ in range(int(times or 1)):
                    for bit in range(6):
                        if (ord(sign) - 63) >> bit & 1:
                            assert (x, band * 6 + bit) not in shown
                            shown[x, band * 6 + bit] = palette[int(colour)]
                    x += 1
    data = b"".join(shown.pop((x, y)) for y in range(height) for x in range(width))
    assert not shown
    return Pixels(width, height, data)


@st.composite
def anything(draw: st.DrawFn) -> Pixels:
    """Return pixels of any size and a few colours."""
    width, height = draw(st.integers(1, 20)), draw(st.integers(1, 14))
    colours = draw(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=4))
    pick = draw(st.randoms(use_true_random=False))
    return grid([[pick.choice(colours) for _ in range(width)] for _ in range(height)])


@settings(deadline=None)
@given(anything())
def test_every_pixel_is_painted_once_in_its_colour(pixels: Pixels) -> None:
    """Nothing is left out, painted twice or painted beside the picture."""
    assert read(sixel(pixels)) == pixels


def test_a_small_picture_in_sixels() -> None:
    """Two red rows on a blue one: registers in hundredths, runs from four on shortened."""
    red, blue = (255, 0, 0), (0, 0, 255)
    drawn = sixel(grid([[red] * 5, [red] * 5, [blue] * 5]))
    assert drawn == '\x1bP0;1q"1;1;5;3#0;2;0;0;100#1;2;100;0;0#0!5C$#1!5B\x1b\\'
