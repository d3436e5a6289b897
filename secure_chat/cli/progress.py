"""How far a long reading is: one line on stderr that overwrites itself, on a terminal only.

Used on the main thread. Whatever else is written to the terminal must `clear` the line before.
"""

from typing import Final

from secure_chat.cli.console import Console
from secure_chat.clock import Clock, SystemClock

__all__ = ["Progress"]

# Whoever has an answer by then needs no comfort.
_PATIENCE_SECONDS: Final = 0.5
_PAUSE_SECONDS: Final = 0.2
_MEGABYTE: Final = 1_000_000


class Progress:
    """The reading of a known number of bytes.

    Args:
        console: where to; quiet means nowhere.
        total: bytes.
        clock: tells when it is worth a line.
    """

    def __init__(self, console: Console, total: int, clock: Clock | None = None) -> None:
        self._err = console.err
        self._wanted = not console.quiet and self._err.isatty()
        self._total = total
        self._clock = clock or SystemClock()
        self._done = 0
        self._next = self._clock.monotonic() + _PATIENCE_SECONDS
        self._shown = 0

    def read(self, size: int) -> None:
        """Note that so many more bytes have been read, and say so now and then."""
        self._done += size
        if self._wanted and self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + _PAUSE_SECONDS
            self._write(
                f"read {self._done / _MEGABYTE:,.0f} of {self._total / _MEGABYTE:,.0f} MB"
                f" ({100 * self._done // max(1, self._total)} %)"
            )

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        blanks = " " * max(0, self._shown - len(text))
        self._err.write(f"\r{text}{blanks}" if text else f"\r{blanks}\r")
        self._err.flush()
        self._shown = len(text)
