"""Spans of time as people write them: 90d, 3m, 1h30m.

Pure functions, used where an option is read; they never look at a clock.
"""

import re
from datetime import timedelta
from typing import Final

from secure_chat.errors import UsageError

__all__ = ["format_duration", "parse_duration"]

_SECONDS: Final = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART: Final = re.compile(r"([0-9]{1,9})([wdhms])", re.ASCII)
_WHOLE: Final = re.compile(r"(?:[0-9]{1,9}[wdhms])+", re.ASCII)
_MOST_SECONDS: Final = 100 * 366 * 86_400
_HINT: Final = "write numbers with w, d, h, m (minutes) or s, for example 90d, 24h, 3m or 1h30m"


def parse_duration(text: str) -> timedelta:
    """Read a span of time such as `90d`, `2w`, `24h`, `3m` (minutes), `45s` or `1h30m`.

    Args:
        text: one or more numbers, each followed by its unit, from the largest unit to the smallest.

    Raises:
        UsageError: it is not such a span, it is zero, or it is longer than a hundred years.
    """
    plain = text.strip().lower()
    if _WHOLE.fullmatch(plain) is None:
        raise UsageError(f"{text!r} is not a span of time", hint=_HINT)
    parts = _PART.findall(plain)
    lengths = [_SECONDS[unit] for _, unit in parts]
    if sorted(set(lengths), reverse=True) != lengths:
        raise UsageError(
            f"{text!r} is not a span of time",
            why="each unit stands once, the larger before the smaller",
            hint=_HINT,
        )
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not 0 < seconds <= _MOST_SECONDS:
        raise UsageError(
            f"{text!r} cannot be used", why="it must be between 1s and a hundred years", hint=_HINT
        )
    return timedelta(seconds=seconds)


def format_duration(span: timedelta) -> str:
    """Write a span as `parse_duration` reads it, rounded down to whole seconds."""
    left = int(span.total_seconds())
    parts: list[str] = []
    for unit in "dhms":
        number, left = divmod(left, _SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
