"""When to warn that something ends: 14, 7 and 1 days before, each once.

Owned by the registrar's thread, which says when; pure but for remembering what was said.
"""

import math
from typing import Final

__all__ = ["Ending", "in_words"]

_DAY: Final = 86_400.0
_DAYS: Final = (14, 7, 1)


class Ending:
    """The end of one thing, watched."""

    def __init__(self) -> None:
        self._until = math.nan
        self._said = math.inf

    def warn(self, until: float, now: float) -> bool:
        """Tell whether now is a time to warn; another end begins anew.

        Args:
            until: when it ends, seconds since 1970 UTC.
            now: seconds since 1970 UTC.
        """
        if until != self._until:
            self._until, self._said = until, math.inf
        crossed = min((days for days in _DAYS if until - now <= days * _DAY), default=math.inf)
        if crossed >= self._said:
            return False
        self._said = crossed
        return True


def in_words(seconds: float) -> str:
    """Return when something ends, for a sentence: `in 13 days`, `in 2 minutes`, `now`.

    Args:
        seconds: what is left; negative when it is over.
    """
    for unit, length in (("day", _DAY), ("hour", 3_600.0), ("minute", 60.0)):
        number = math.floor(seconds / length)
        if number >= 1:
            return f"in {number} {unit}" + ("s" if number > 1 else "")
    return "in less than a minute" if seconds > 0 else "now"
