"""Pillow sees a picture as what its header said, and gives pixels or a refusal."""

import struct
import warnings
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from secure_chat.client.picture.decode import shrink
from secure_chat.client.picture.header import look
from secure_chat.client.picture.order import Order, Pixels
from secure_chat.client.picture.refusal import PictureRefused, Why
from secure_chat.limits import Limits
from tests.client.picture.pictures import (
    FORMATS,
    LIMITS,
    PNG,
    bands,
    chunk,
    gif,
    gigabyte,
    order,
    png,
    saved,
)

RED, BLUE, GREY = (255, 0, 0), (0, 0, 255), (128, 128, 128)


def asked(data: bytes, **changed: int) -> Order:
    """Return the order for a picture by its header."""
    header = look(data, Limits(picture_pixels=changed.get("pixels", LIMITS.picture_pixels)))
    return order(header.kind, header.width, header.height, **changed)


def drawn(data: bytes, **changed: int) -> Pixels:
    """Return the small picture."""
    return shrink(data, asked(data, **changed))


def refused(data: bytes, wanted: Order | None = None) -> PictureRefused:
    """Return why a picture is refused that has a header."""
    with pytest.raises(PictureRefused) as caught:
        shrink(data, wanted or asked(data))
    return caught.value


def near(pixels: Pixels, x: int, y: int, colour: tuple[int, int, int]) -> bool:
    """Tell whether a pixel has about this colour."""
    return all(abs(a - b) < 9 for a, b in zip(pixels.row(y)[x], colour, strict=True))


@pytest.mark.parametrize("kind", FORMATS)
def test_every_kind_is_shown(kind: str) -> None:
    """Left is red and right is blue, in any format."""
    pixels = drawn(saved(bands(), kind))
    assert pixels[:2] == (60, 40)
    assert near(pixels, 5, 20, RED)
    assert near(pixels, 54, 20, BLUE)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_large_picture_is_made_small_and_keeps_its_shape(kind: str) -> None:
    """It fits into its box in both directions; a small one stays as it is."""
    assert drawn(saved(bands(800, 400), kind), most_width=80, most_height=80)[:2] == (80, 40)
    assert drawn(saved(bands(800, 400), kind), most_width=80, most_height=20)[:2] == (40, 20)
    assert drawn(saved(bands(6, 4), kind), most_width=80, most_height=80)[:2] == (6, 4)
    assert drawn(saved(bands(800, 2), kind), most_width=40, most_height=20)[:2] == (40, 1)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_every_form_of_png_is_shown_in_three_colours(mode: str) -> None:
    """Black is black, white is white, and half the brightness is grey where there is grey."""
    half = 255 if mode == "1" else 128
    image = Image.new("L", (60, 20))
    image.paste(255, (20, 0, 40, 20))
    image.paste(half, (40, 0, 60, 20))
    pixels = drawn(saved(image.convert(mode), "PNG"))
    assert near(pixels, 10, 10, (0, 0, 0))
    assert near(pixels, 30, 10, (255, 255, 255))
    assert near(pixels, 50, 10, (half, half, half))


def test_sixteen_bits_of_grey_are_shown() -> None:
    """All but the darkest would be white if only the last eight were looked at."""
    image = Image.frombytes("I;16", (3, 1), struct.pack("<3H", 0, 0x8042, 0xFFFF))
    pixels = drawn(saved(image, "PNG"))
    assert pixels == Pixels(3, 1, bytes((0, 0, 0, 128, 128, 128, 255, 255, 255)))


@pytest.mark.parametrize("kind", ["PNG", "GIF", "WEBP"])
def test_what_is_transparent_is_grey(kind: str) -> None:
    """The ground shines through where the picture lets it, and nowhere else."""
    image = Image.new("RGBA", (60, 40), (255, 0, 0, 0))
    image.paste((*RED, 255), (0, 0, 30, 40))
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = drawn(saved(image, kind, **options), most_width=30, most_height=20)
    assert near(pixels, 5, 10, RED)
    assert near(pixels, 25, 10, GREY)


def test_a_cmyk_jpeg_is_shown() -> None:
    """Four inks become three colours."""
    pixels = drawn(saved(bands().convert("CMYK"), "JPEG"))
    assert near(pixels, 5, 20, RED)


@pytest.mark.parametrize("turn", range(10))
def test_a_picture_stands_upright(turn: int) -> None:
    """Every way a camera can be held is undone; a way that does not exist is none."""
    image = Image.new("RGB", (3, 2))
    image.putdata([(40 * n, 255 - 40 * n, 7) for n in range(6)])
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = turn
    upright = image.copy()
    upright.getexif()[ExifTags.Base.Orientation] = turn
    expected = ImageOps.exif_transpose(upright)
    for kind in ("PNG", "WEBP"):
        options = {"lossless": True} if kind == "WEBP" else {}
        pixels = drawn(saved(image, kind, exif=exif, **options))
        assert pixels == (*expected.size, expected.tobytes())


def test_a_turned_picture_fits_its_box_after_the_turn() -> None:
    """What was wide lies and is drawn high; a photograph's left is then its top."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    pixels = drawn(saved(bands(800, 400), "JPEG", exif=exif), most_width=20, most_height=90)
    assert pixels[:2] == (20, 40)
    assert near(pixels, 10, 5, RED)
    assert near(pixels, 10, 35, BLUE)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0nonsense"]
)
def test_a_broken_exif_is_no_reason_to_refuse(exif: bytes) -> None:
    """The picture is shown as it is."""
    for kind in ("JPEG", "PNG"):
        assert drawn(saved(bands(), kind, exif=exif))[:2] == (60, 40)


def test_a_telephones_jpeg_with_more_pictures_is_shown() -> None:
    """The first one of them, although it is a kind of its own to Pillow."""
    data = saved(bands(), "MPO", save_all=True, append_images=[bands(30, 20)])
    assert near(drawn(data), 5, 20, RED)


def test_only_the_first_of_many_frames_is_decoded() -> None:
    """Thousands of frames cost nothing, even when the later ones are broken."""
    data = gif(9, 9, 20_000)
    assert drawn(data) == drawn(gif(9, 9, 1))
    assert drawn(data[:2_000]) == drawn(data)


def test_colours_are_reduced_when_asked() -> None:
    """As many as asked for at most; without a bound there are more."""
    data = saved(Image.radial_gradient("L").convert("RGB"), "PNG")
    assert len(drawn(data).colours) > 8
    assert 1 < len(drawn(data, colours=8).colours) <= 8


# --- hostile -------------------------------------------------------------------------------


def test_a_second_size_in_a_png_is_found() -> None:
    """We read the first, Pillow the last; nothing is decoded."""
    second = chunk(b"IHDR", struct.pack(">II5B", 6_000, 6_000, 8, 0, 0, 0, 0))
    error = refused(png(4, 4, second, chunk(b"IDAT", zlib.compress(bytes(20)))))
    assert error.code is Why.TWO_SIZES
    assert "4 x 4 first and 6000 x 6000 then" in error.why


def test_a_second_size_in_a_jpeg_is_found() -> None:
    """The first start of a frame is a lie that the decoder would not see."""
    data = saved(bands(), "JPEG")
    lie = b"\xff\xc0\x00\x11\x08\x00\x04\x00\x04\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01"
    assert refused(data[:2] + lie + data[2:]).code is Why.TWO_SIZES


def test_a_frame_beyond_the_screen_of_a_gif_is_found() -> None:
    """Pillow makes room for it; we were told of less."""
    assert refused(gif(4, 4, 1, frame=(900, 900))).code is Why.TWO_SIZES


@pytest.mark.parametrize("kind", FORMATS)
def test_another_size_than_ordered_is_refused(kind: str) -> None:
    """Whatever the header was, Pillow must find the same."""
    data = saved(bands(), kind)
    for width, height in ((61, 40), (60, 39)):
        assert refused(data, order(kind, width, height)).code is Why.TWO_SIZES


def test_a_picture_of_another_kind_is_not_tried() -> None:
    """A PNG ordered as GIF is broken, not a PNG."""
    assert refused(saved(bands(), "PNG"), order("GIF", 60, 40)).code is Why.BROKEN


def test_what_opens_as_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that Pillow takes a picture for by itself must be one that was meant."""
    from PIL.PngImagePlugin import PngImageFile

    monkeypatch.setattr(PngImageFile, "format", "OTHER")
    assert refused(saved(bands(), "PNG")).code is Why.BROKEN


@pytest.mark.parametrize("pixels", [59 * 40, 10])
def test_pillows_own_look_at_the_pixels_is_a_refusal(pixels: int) -> None:
    """Just above the bound it would warn, far above fail; both refuse, and nothing else changes."""
    before = Image.MAX_IMAGE_PIXELS
    data = saved(bands(), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert refused(data, order("PNG", 60, 40, pixels=pixels)).code is Why.TOO_MANY_PIXELS
    assert before == Image.MAX_IMAGE_PIXELS
    assert shrink(data, order("PNG", 60, 40, pixels=60 * 40))[:2] == (60, 40)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_truncated_picture_is_refused(kind: str, share: float) -> None:
    """Half a picture is none; the whole one is."""
    image = Image.effect_noise((90, 60), 90).convert("RGB")
    data = saved(image, kind)
    assert drawn(data)
    assert refused(data[: int(len(data) * share)], asked(data)).code is Why.BROKEN


def test_a_gigabyte_is_one() -> None:
    """The next two tests are about what they say: it does inflate, far beyond its own size."""
    bomb = gigabyte()
    assert len(bomb) < 2_000_000
    assert zlib.decompressobj().decompress(bomb, 100_000_000) == bytes(100_000_000)


def test_text_that_inflates_to_a_gigabyte_is_refused() -> None:
    """A compressed text in a PNG is bounded by Pillow, and the picture is not shown."""
    text = chunk(b"zTXt", b"Comment\0\0" + gigabyte())
    pixels = chunk(b"IDAT", zlib.compress(bytes(20)))
    assert refused(png(4, 4, text, pixels)).code is Why.BROKEN
    assert drawn(png(4, 4, chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x")), pixels))


def test_pixels_that_inflate_to_a_gigabyte_are_cut_off() -> None:
    """More than the header says is never inflated: the picture is the one of its header."""
    assert drawn(png(4, 4, chunk(b"IDAT", gigabyte()))) == Pixels(4, 4, bytes(48))


@settings(deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), min_size=1, max_size=8),
    st.integers(0, 40),
)
def test_changed_pictures_give_pixels_or_a_refusal(
    kind: str, changes: list[tuple[int, int]], cut: int
) -> None:
    """Any bytes changed and some cut off: nothing else is raised, and the box is kept."""
    data = bytearray(saved(bands(24, 16), kind))
    for at, value in changes:
        data[at % len(data)] = value
    octets = bytes(data[: len(data) - cut])
    try:
        pixels = shrink(octets, asked(octets, pixels=10_000))
    except PictureRefused:
        return
    assert pixels.width <= 80
    assert pixels.height <= 48
    assert len(pixels.data) == pixels.width * pixels.height * 3


def test_a_png_without_pixels_is_broken() -> None:
    """A beginning alone draws nothing."""
    assert refused(png(4, 4)).code is Why.BROKEN
    assert refused(PNG + chunk(b"IHDR", struct.pack(">II5B", 4, 4, 99, 9, 0, 0, 0))).code is (
        Why.BROKEN
    )


def test_too_little_memory_is_not_taken_for_a_broken_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It passes through to whoever set the bound."""

    def none_left(image: Image.Image) -> None:
        raise MemoryError(image.size)

    monkeypatch.setattr(Image.Image, "has_transparency_data", property(none_left))
    data = saved(bands(), "PNG")
    with pytest.raises(MemoryError):
        shrink(data, asked(data))
