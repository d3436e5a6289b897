"""Time as a value that can be replaced: the wall clock and the monotonic clock.

Owned by nobody, used from every thread; it never sleeps. Orders and deadlines are judged by the
monotonic clock, certificates and time stamps by the wall clock, so a clock set by hand or by NTP
moves neither.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "rfc3339"]


class Clock(Protocol):
    """What every part that needs time asks; tests pass one that they move by hand."""

    def now(self) -> float:
        """Return the wall clock in seconds since 1970-01-01T00:00:00Z."""
        ...

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back; only differences mean anything."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The computer's own clocks."""

    def now(self) -> float:
        """Return the wall clock in seconds since 1970-01-01T00:00:00Z."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()


def rfc3339(seconds: float) -> str:
    """Return a moment as RFC 3339 UTC with milliseconds, for example 2026-11-22T12:00:00.000Z.

    Args:
        seconds: seconds since 1970-01-01T00:00:00Z.
    """
    moment = datetime.fromtimestamp(round(seconds, 3), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
