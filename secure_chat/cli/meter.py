"""How far a transfer is: a bar at a terminal, a line now and then in a log, nothing when quiet.

Used on the thread that waits for the transfer, on stderr only. Who only has a line every ten
seconds does not load what draws a bar.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Protocol

from secure_chat.cli.console import Console
from secure_chat.client.text import printable
from secure_chat.client.wording import of_size
from secure_chat.clock import Clock, SystemClock
from secure_chat.handshakes.telling.columns import fitted

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from secure_chat.client.transfer.progress import Progress

__all__ = ["Meter", "metered"]

_PAUSE_SECONDS: Final = 10.0
_LONGEST_NAME: Final = 40
_HASHING: Final = "hashing"


class Meter(Protocol):
    """Takes in how far a transfer is."""

    def __call__(self, progress: "Progress") -> None:
        """Take in how far it is now."""

    def clear(self) -> None:
        """Take away what is drawn, for good: somebody else has something to say."""


@contextmanager
def metered(console: Console, name: str, clock: Clock | None = None) -> Iterator[Meter | None]:
    """Give what a transfer tells of itself to a bar or to lines, for a `with` statement.

    Args:
        console: where to; quiet means nowhere, and the value is None.
        name: what is on its way, whoever has called it so.
        clock: tells when the next line is due.
    """
    name = printable(name)
    if console.quiet:
        yield None
    elif console.err.isatty():
        with _bar(console) as bar:
            yield _Drawn(bar, fitted(name, _LONGEST_NAME))
    else:
        yield _Written(console, name, clock or SystemClock())


def _bar(console: Console) -> "Bar":
    from rich.console import Console as Rich
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    rich = Rich(
        file=console.err,
        force_terminal=True,
        no_color=not console.paint("", "dim", console.err),
        markup=False,
        highlight=False,
    )
    return Progress(
        # A name is text and never markup.
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[phase]}", markup=False),
        console=rich,
        # Drawn when something has happened, by the thread that is told of it; and then gone.
        auto_refresh=False,
        transient=True,
        # What others write goes where it always goes.
        redirect_stdout=False,
        redirect_stderr=False,
    )


class _Drawn:
    """A bar that takes in how far it is."""

    def __init__(self, bar: "Bar", name: str) -> None:
        self._bar = bar
        self._task = bar.add_task(name, total=None, phase="")
        self._phase = ""

    def __call__(self, progress: "Progress") -> None:
        if self._phase == _HASHING != progress.phase:
            # What was read at home says nothing of the line.
            self._bar.reset(self._task, total=progress.size, completed=progress.done)
        self._phase = progress.phase
        self._bar.update(
            self._task, completed=progress.done, total=progress.size, phase=progress.phase
        )
        self._bar.refresh()

    def clear(self) -> None:
        self._bar.stop()


class _Written:
    """A line every ten seconds."""

    def __init__(self, console: Console, name: str, clock: Clock) -> None:
        self._console = console
        self._name = name
        self._clock = clock
        self._last: tuple[float, int] | None = None

    def __call__(self, progress: "Progress") -> None:
        now = self._clock.monotonic()
        # What an earlier run has carried is there at once and no part of the rate.
        then, before = self._last = self._last or (now, progress.done)
        if now - then < _PAUSE_SECONDS:
            return
        self._last = (now, progress.done)
        rate = max(0, progress.done - before) / (now - then)
        done = of_size(progress.done)
        if progress.size:
            done += f" of {of_size(progress.size)} ({100 * progress.done // progress.size} %)"
        left = ""
        if progress.size and rate:
            left = f", {_span(round((progress.size - progress.done) / rate))} left"
        self._console.talk(
            f"{self._name}: {progress.phase}, {done}, {of_size(round(rate))}/s{left}"
        )

    def clear(self) -> None:
        """Nothing is drawn: lines stay."""


def _span(seconds: int) -> str:
    hours, rest = divmod(seconds, 3_600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
