"""A picture made small by Pillow: decoded, turned upright, and without what is transparent.

Runs in the decoder's process only, which alone loads Pillow. It lets Pillow take the bytes for one
format and for one size, those of the header that was judged before, and shows the first frame.
"""

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BytesIO
from typing import Final

from PIL import Image

from secure_chat.client.picture.order import Order, Pixels
from secure_chat.client.picture.refusal import PictureRefused, Why

__all__ = ["shrink"]

# What shines through: both black and white drawings can be seen on it.
_GROUND: Final = (128, 128, 128)
_MODULES: Final = {"PNG": "Png", "JPEG": "Jpeg", "GIF": "Gif", "WEBP": "WebP", "BMP": "Bmp"}
# A JPEG with further pictures behind it, as telephones make them, is to Pillow a kind of its own.
_ALSO: Final = {"JPEG": {"JPEG", "MPO"}}

_ORIENTATION: Final = 0x0112
# What to do with a picture for each way in which a camera can be held (EXIF 4.6.5).
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FIRST_ON_ITS_SIDE: Final = 5
_BROKEN_EXIF: Final = (
    SyntaxError,
    ValueError,
    LookupError,
    TypeError,
    ArithmeticError,
    OSError,
    struct.error,
)
_UPPER_HALF_OF_16_BITS: Final = [value >> 8 for value in range(1 << 16)]


def shrink(data: bytes, order: Order) -> Pixels:
    """Decode a picture and make it small.

    Args:
        data: the whole file, whose header was judged.
        order: what it must be, and how large the outcome may be.

    Raises:
        PictureRefused: it is not what its header says, or broken.
        MemoryError: it needs more than there is.
    """
    # Otherwise Pillow would load every format that it knows.
    import_module(f"PIL.{_MODULES[order.kind]}ImagePlugin")
    try:
        with (
            _bombs_refused(order.pixels),
            Image.open(BytesIO(data), formats=[order.kind]) as image,
        ):
            _compare(image, order)
            return _drawn(image, order)
    except (PictureRefused, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureRefused(Why.TOO_MANY_PIXELS, str(error)) from error
    except Exception as error:  # a decoder fails in any way it likes
        raise PictureRefused(Why.BROKEN, f"{error} ({type(error).__name__})") from error


@contextmanager
def _bombs_refused(pixels: int) -> Iterator[None]:
    """Have Pillow refuse what has more pixels, and let it be as it was afterwards."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, pixels
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _compare(image: Image.Image, order: Order) -> None:
    """Refuse a picture that is something else to Pillow than it was to us."""
    if image.format not in _ALSO.get(order.kind, {order.kind}):
        raise PictureRefused(Why.BROKEN, f"it is {image.format} and begins like {order.kind}")
    if image.size != (order.width, order.height):
        width, height = image.size
        why = f"{order.width} x {order.height} first and {width} x {height} then"
        raise PictureRefused(Why.TWO_SIZES, why)


def _drawn(image: Image.Image, order: Order) -> Pixels:
    """Return the picture as it is to be drawn."""
    if order.kind != "JPEG":
        # All but JPEG, which can be decoded small, come whole; a PNG's EXIF may be at its end.
        image.load()
    turn = _orientation(image)
    box = (order.most_width, order.most_height)
    small = _mixable(image)
    small.thumbnail(box if turn < _FIRST_ON_ITS_SIDE else box[::-1])
    flat = _flat(small)
    if turn in _TURNS:
        flat = flat.transpose(_TURNS[turn])
    if order.colours:
        palette = flat.quantize(order.colours)
        flat = flat.quantize(palette=palette).convert("RGB")
    return Pixels(flat.width, flat.height, flat.tobytes())


def _orientation(image: Image.Image) -> int:
    """Return how the camera was held, 1 when nobody can tell."""
    try:
        turn = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN_EXIF:
        return 1
    return turn if turn in _TURNS else 1


def _mixable(image: Image.Image) -> Image.Image:
    """Return the picture in a form in which neighbouring pixels can be mixed."""
    if image.mode.startswith("I"):
        # 16 bits of grey; made bytes by Pillow all but the darkest would be white.
        return image.convert("I").point(_UPPER_HALF_OF_16_BITS, "L")
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    return image.convert("RGB") if image.mode in {"1", "P"} else image


def _flat(image: Image.Image) -> Image.Image:
    """Return the picture in three colours, on a ground where it is transparent."""
    if image.mode != "RGBA":
        return image.convert("RGB")
    ground = Image.new("RGB", image.size, _GROUND)
    ground.paste(image, mask=image.getchannel("A"))
    return ground
