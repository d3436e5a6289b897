"""Why a picture is not shown, in one closed list, with what a person can do about each.

Values only, used by both processes. What a decoder says about a peer's bytes passes through
`client.text` on its way into the error.
"""

from enum import StrEnum
from typing import Final

from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError

__all__ = ["PictureRefused", "Why"]


class Why(StrEnum):
    """The reasons, as words that scripts can rely on."""

    FILE_TOO_LARGE = "file-too-large"
    NO_PICTURE = "no-picture"
    BROKEN = "broken"
    TOO_MANY_PIXELS = "too-many-pixels"
    TWO_SIZES = "two-sizes"
    TOO_SLOW = "too-slow"
    TOO_MUCH_MEMORY = "too-much-memory"
    CRASHED = "crashed"
    NO_DECODER = "no-decoder"


_SENDER: Final = "ask who sent it for another copy"
_SMALLER: Final = "ask who sent it for a smaller one"
_DISTRUST: Final = "do not open it with another program: it may be made to do harm"

_TOLD: Final = {
    Why.FILE_TOO_LARGE: ("the picture's file is too large to be shown", _SMALLER),
    Why.NO_PICTURE: (
        "this is no picture that can be shown",
        "PNG, JPEG, GIF, WebP and BMP can; save it to open it with another program",
    ),
    Why.BROKEN: ("the picture is broken", _SENDER),
    Why.TOO_MANY_PIXELS: ("the picture is too large to be shown", _SMALLER),
    Why.TWO_SIZES: ("the picture says two different sizes", _DISTRUST),
    Why.TOO_SLOW: ("the picture takes too long to be decoded", _DISTRUST),
    Why.TOO_MUCH_MEMORY: ("the picture needs too much memory", _DISTRUST),
    Why.CRASHED: ("the picture has crashed its decoder", _DISTRUST),
    Why.NO_DECODER: (
        "pictures cannot be shown here",
        "pip install 'securechat-tls[pictures]'",
    ),
}


class PictureRefused(SecureChatError):
    """A picture cannot be shown; the file itself is as good as it was.

    Args:
        code: why; it has its sentence and its hint from here.
        why: what exactly, in words; a peer may have chosen some of them.
    """

    def __init__(self, code: Why, why: str = "") -> None:
        what, hint = _TOLD[code]
        super().__init__(what, why=printable(why), hint=hint)
        self.code = code
