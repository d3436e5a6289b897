"""What goes over the pipe to the decoder and back is believed only as far as it can be checked."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.client.picture.order import Order, Pixels, answer, understand
from secure_chat.client.picture.refusal import PictureRefused, Why
from tests.client.picture.pictures import grid, order

SMALL = order("PNG", 9, 9, most_width=4, most_height=2)


def refused(octets: bytes, asked: Order = SMALL) -> PictureRefused:
    """Return the refusal that an answer is."""
    with pytest.raises(PictureRefused) as caught:
        understand(octets, asked)
    return caught.value


def test_an_order_survives_the_command_line() -> None:
    """Its words make the same order again."""
    assert Order.of(SMALL.words()) == SMALL


def test_pixels_survive_the_pipe() -> None:
    """Also the largest that fit, and those with a line end among them."""
    for pixels in (Pixels(4, 2, b"\n" * 24), Pixels(1, 1, b"abc")):
        assert understand(answer(pixels), SMALL) == pixels
    assert len(answer(Pixels(4, 2, b"\n" * 24))) <= SMALL.most_answer


@pytest.mark.parametrize("code", Why)
def test_a_refusal_survives_the_pipe(code: Why) -> None:
    """With its code and its reason, as much of it as is needed."""
    error = refused(answer(PictureRefused(code, "because 1 > 0")))
    assert (error.code, error.why) == (code, "because 1 > 0")
    long = refused(answer(PictureRefused(code, "x" * 5_000)))
    assert (long.code, long.why) == (code, "x" * 500)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"pixels 1 1",
        b"pixels 1 1\nab",
        b"pixels 1 1\nabcd",
        b"pixels 0 1\n",
        b"pixels 1 0\n",
        b"pixels 5 1\n" + bytes(15),
        b"pixels 1 3\n" + bytes(9),
        b"pixels 1 -1\nabc",
        b"pixels 9999999 1\n",
        b"refused nonsense at all\n",
        b"refused broken and no end",
        b"refused broken " + b"x" * 2_000 + b"\n",
        b"Traceback (most recent call last):\n",
    ],
)
def test_an_answer_that_cannot_be_right_is_a_crash(octets: bytes) -> None:
    """A size that was not asked for, too few pixels or too many, or no answer at all."""
    assert refused(octets).code is Why.CRASHED


def test_more_colours_than_were_asked_for_are_a_crash() -> None:
    """As many as asked for are none."""
    three = grid([[(1, 1, 1), (2, 2, 2), (3, 3, 3)]])
    assert understand(answer(three), SMALL._replace(colours=3)) == three
    assert refused(answer(three), SMALL._replace(colours=2)).code is Why.CRASHED


def test_what_a_decoder_says_cannot_act_in_a_terminal() -> None:
    """Escapes in a reason are written out, whichever end put them there."""
    assert refused(b"refused broken \x1b[2J\n").why == r"\x1b[2J"
    assert "\x1b" not in answer(PictureRefused(Why.BROKEN, "\x1b]0;x\x07")).decode()


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_answer_is_pixels_or_a_refusal(octets: bytes) -> None:
    """Nothing else is raised, whatever the process wrote."""
    for said in (octets, b"pixels 1 1\n" + octets, b"refused " + octets):
        try:
            pixels = understand(said, SMALL)
        except PictureRefused:
            continue
        assert len(pixels.data) == pixels.width * pixels.height * 3 <= 24
