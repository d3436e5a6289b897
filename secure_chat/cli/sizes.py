"""Numbers of bytes as people write them: 16G, 500M, 64k.

Pure functions, used where an option is read.
"""

import re
from typing import Final

from secure_chat.errors import UsageError

__all__ = ["parse_size"]

_UNITS: Final = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_WHOLE: Final = re.compile(r"([0-9]{1,15})([kmgt]?)(?:i?b)?", re.ASCII)
_MOST: Final = 1 << 50


def parse_size(text: str) -> int:
    """Read a number of bytes such as `16G`, `500M`, `64k` or `1000`; a k is 1,024.

    Args:
        text: a whole number and at most one unit, which may end in `B` or `iB`.

    Raises:
        UsageError: it is not such a number, it is zero, or it is larger than a pebibyte.
    """
    found = _WHOLE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(
            f"{text!r} is not a number of bytes",
            hint="write a whole number with k, M, G or T, for example 500M or 16G",
        )
    size = int(found[1]) * _UNITS[found[2]]
    if not 0 < size <= _MOST:
        raise UsageError(f"{text!r} cannot be used", why="it must be between 1 and 1024T")
    return size
