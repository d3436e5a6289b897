"""Stand-ins that tests move by hand."""

from dataclasses import dataclass

__all__ = ["FakeClock"]


@dataclass(slots=True)
class FakeClock:
    """A clock that stands still until a test moves it.

    Args:
        wall: seconds since 1970 UTC; 2026-11-22T12:00:00Z unless told otherwise.
        steady: the monotonic reading.
    """

    wall: float = 1_795_348_800.0
    steady: float = 1_000.0

    def now(self) -> float:
        """Return the wall clock."""
        return self.wall

    def monotonic(self) -> float:
        """Return the monotonic clock."""
        return self.steady

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        self.wall += seconds
        self.steady += seconds
