"""A picture's header is read by us, whatever it is, before any decoder sees the file."""

import struct
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from secure_chat.client.picture.header import Header, Kind, look
from secure_chat.client.picture.refusal import PictureRefused, Why
from secure_chat.limits import Limits
from tests.client.picture.pictures import FORMATS, LIMITS, PNG, chunk, gif, png, saved

SIDES = st.integers(1, 300)
BEGINNINGS = (
    PNG,
    b"\xff\xd8\xff",
    b"GIF89a",
    b"RIFF\0\0\0\0WEBPVP8 ",
    b"RIFF\0\0\0\0WEBPVP8X",
    b"BM",
)


def refused(data: bytes, limits: Limits = LIMITS) -> PictureRefused:
    """Return why a header is refused."""
    with pytest.raises(PictureRefused) as caught:
        look(data, limits)
    return caught.value


@settings(deadline=None)
@given(st.sampled_from(FORMATS), SIDES, SIDES)
def test_the_size_is_what_the_decoder_finds_too(kind: str, width: int, height: int) -> None:
    """For every kind and size we and Pillow read the same."""
    data = saved(Image.new("RGB", (width, height)), kind)
    header = look(data, LIMITS)
    assert (header.kind, header.width, header.height) == (kind, width, height)
    with Image.open(BytesIO(data)) as image:
        assert image.size == (width, height)


@pytest.mark.parametrize(
    ("options", "mode"),
    [({"lossless": True}, "RGB"), ({"lossless": False}, "RGB"), ({"exif": b"Exif\0\0"}, "RGBA")],
)
def test_every_way_to_write_webp_is_read(options: dict[str, object], mode: str) -> None:
    """Lossy, lossless and extended files have their size in three different places."""
    data = saved(Image.new(mode, (123, 45)), "WEBP", **options)
    assert look(data, LIMITS) == Header(Kind.WEBP, 123, 45)


def test_old_and_upside_down_bmp_are_read() -> None:
    """The first form of BMP has half the bytes for its size, and a height may be negative."""
    old = b"BM" + bytes(12) + struct.pack("<IHH", 12, 7, 5)
    assert look(old, LIMITS) == Header(Kind.BMP, 7, 5)
    down = b"BM" + bytes(12) + struct.pack("<Iii", 40, 7, -5)
    assert look(down, LIMITS) == Header(Kind.BMP, 7, 5)


def test_frames_are_counted_where_that_is_cheap() -> None:
    """An animated PNG says how many it has; GIF and WebP would have to be read to the end."""
    still, other = Image.new("RGB", (9, 9)), Image.new("RGB", (9, 9), (200, 3, 3))
    moving = {"save_all": True, "append_images": [other, still]}
    assert look(saved(still, "PNG"), LIMITS).frames == 1
    assert look(saved(still, "PNG", **moving), LIMITS).frames == 3
    assert look(saved(still, "WEBP"), LIMITS).frames == 1
    assert look(saved(still, "WEBP", **moving), LIMITS).frames is None
    assert look(gif(9, 9, 1), LIMITS).frames is None


def test_a_png_of_too_many_parts_is_not_searched_for_frames() -> None:
    """Its size stands at the beginning, so it can be shown; only the count is unknown."""
    data = png(9, 9, *[chunk(b"tEXt", b"")] * 5, chunk(b"IDAT", b""))
    assert look(data, Limits(picture_parts=6)).frames == 1
    assert look(data, Limits(picture_parts=5)).frames is None
    assert look(png(9, 9)[:60], LIMITS).frames == 1


def test_a_jpeg_with_much_before_its_size_is_read_up_to_a_bound() -> None:
    """Segments, restarts and fill bytes are passed over; each counts, the bound included."""
    before = b"\xff\xe1\x00\x04ab" + b"\xff\xd0" + b"\xff" + b"\xff\x01"
    data = b"\xff\xd8" + before + b"\xff\xc2\x00\x0b\x08\x00\x05\x00\x07"
    assert look(data, Limits(picture_parts=5)) == Header(Kind.JPEG, 7, 5)
    assert refused(data, Limits(picture_parts=4)).code is Why.BROKEN


@pytest.mark.parametrize("table", [0xC4, 0xC8, 0xCC])
def test_a_table_is_not_taken_for_a_size(table: int) -> None:
    """Three markers among those of frames are something else."""
    data = b"\xff\xd8\xff" + bytes([table]) + b"\x00\x07\x08\x00\x01\x00\x01"
    size = b"\xff\xc0\x00\x0b\x08\x00\x05\x00\x07"
    assert look(data + size, LIMITS) == Header(Kind.JPEG, 7, 5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"%PDF-1.7",
        b"<svg xmlns=''/>",
        b"RIFF\0\0\0\0WAVEfmt \0\0\0\0" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0" + bytes(20),
        b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0" + bytes(20),
        b"BM" + bytes(40),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Nothing but the five kinds is let through to a decoder."""
    assert refused(data).code is Why.NO_PICTURE


@pytest.mark.parametrize("kind", FORMATS)
def test_a_header_that_is_cut_off_is_refused(kind: str) -> None:
    """Every beginning too short for a size is refused, and the shortest that is not is exact."""
    data = saved(Image.new("RGB", (9, 9)), kind)
    lengths = []
    for length in range(len(data) + 1):
        try:
            look(data[:length], LIMITS)
        except PictureRefused:
            continue
        lengths.append(length)
    assert lengths == list(range(lengths[0], len(data) + 1))
    assert lengths[0] > 8


@pytest.mark.parametrize(
    "data",
    [
        PNG + chunk(b"tEXt", bytes(13)),
        PNG + chunk(b"IHDR", bytes(12)),
        png(0, 9),
        png(9, 0),
        gif(0, 0, 1),
        b"\xff\xd8\xff\xd9" + bytes(9),
        b"\xff\xd8\xff\xda" + bytes(9),
        b"\xff\xd8\xff\xe1\x00\x02\x00\x00",
    ],
)
def test_a_header_that_cannot_be_right_is_refused(data: bytes) -> None:
    """No size, no pixels, or something else where the size belongs."""
    assert refused(data).code is Why.BROKEN


def test_what_is_too_large_is_refused_by_its_header() -> None:
    """Bytes, sides and pixels each have a bound, and the bound itself is allowed."""
    assert refused(png(100_000, 100_000)).code is Why.TOO_MANY_PIXELS
    assert refused(b"BM" + bytes(12) + struct.pack("<Ii", 40, 1) + b"\0\0\0\x80").code is (
        Why.TOO_MANY_PIXELS
    )
    small = Limits(picture_side=50, picture_pixels=1_000, picture_bytes=200)
    assert look(png(50, 20), small).width == 50
    assert refused(png(51, 1), small).code is Why.TOO_MANY_PIXELS
    assert refused(png(1, 51), small).code is Why.TOO_MANY_PIXELS
    assert refused(png(39, 26), small).code is Why.TOO_MANY_PIXELS
    assert look(png(50, 20).ljust(200), small).width == 50
    error = refused(png(50, 20).ljust(201), small)
    assert error.code is Why.FILE_TOO_LARGE
    assert "201 bytes" in error.why


@settings(deadline=None)
@given(st.sampled_from(BEGINNINGS), st.binary(max_size=80))
def test_any_bytes_give_a_header_or_a_refusal(beginning: bytes, rest: bytes) -> None:
    """Whatever stands behind a beginning, nothing else is raised and no limit is passed."""
    for data in (beginning + rest, rest):
        try:
            header = look(data, LIMITS)
        except PictureRefused:
            continue
        assert 0 < header.width <= LIMITS.picture_side
        assert 0 < header.height <= LIMITS.picture_side
        assert header.width * header.height <= LIMITS.picture_pixels


@settings(deadline=None)
@given(st.sampled_from(FORMATS), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 255))))
def test_changed_headers_give_a_header_or_a_refusal(
    kind: str, changes: list[tuple[int, int]]
) -> None:
    """Real headers with any bytes changed raise nothing else either."""
    data = bytearray(saved(Image.new("RGB", (9, 9)), kind))
    for at, value in changes:
        data[at % len(data)] = value
    try:
        header = look(bytes(data), LIMITS)
    except PictureRefused:
        return
    assert header.width * header.height <= LIMITS.picture_pixels
