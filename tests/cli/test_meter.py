"""How far a transfer is: a bar at a terminal, a line now and then elsewhere, nothing when quiet."""

from io import StringIO

import pytest

from secure_chat.cli.console import Console
from secure_chat.cli.meter import metered
from secure_chat.client.transfer.progress import Phase, Progress
from tests.fakes import FakeClock

MB = 1_000_000


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_log_gets_a_line_every_ten_seconds() -> None:
    """With rate and remaining time; what an earlier run has carried is no part of the rate."""
    clock, err = FakeClock(), StringIO()
    with metered(Console(err=err), "big\x1b.iso", clock) as meter:
        assert meter is not None
        meter(Progress(500 * MB, 2_000 * MB, Phase.SENDING))
        clock.advance(9.9)
        meter(Progress(510 * MB, 2_000 * MB, Phase.SENDING))
        assert err.getvalue() == ""
        clock.advance(0.1)
        meter(Progress(600 * MB, 2_000 * MB, Phase.SENDING))
        clock.advance(10)
        meter(Progress(600 * MB, 2_000 * MB, Phase.WAITING))
        meter.clear()
    assert err.getvalue().splitlines() == [
        r"big\x1b.iso: sending, 600.0 MB of 2.0 GB (30 %), 10.0 MB/s, 2:20 left",
        r"big\x1b.iso: waiting, 600.0 MB of 2.0 GB (30 %), 0 bytes/s",
    ]


def test_a_stream_has_no_end_to_wait_for() -> None:
    """Only what has come and how fast; a long rest is told in hours."""
    clock, err = FakeClock(), StringIO()
    with metered(Console(err=err), "x.tar", clock) as meter:
        assert meter is not None
        meter(Progress(0, None, Phase.RECEIVING))
        clock.advance(20)
        meter(Progress(20 * MB, None, Phase.RECEIVING))
        clock.advance(10)
        meter(Progress(21 * MB, 1_000 * MB, Phase.RECEIVING))
    assert err.getvalue().splitlines() == [
        "x.tar: receiving, 20.0 MB, 1.0 MB/s",
        "x.tar: receiving, 21.0 MB of 1.0 GB (2 %), 100.0 kB/s, 2:43:10 left",
    ]


def test_a_terminal_gets_a_bar_that_goes_away() -> None:
    """It names the file without markup or escapes, and the phase; at the end nothing is left."""
    err = Terminal()
    with metered(Console(err=err), "[red]\x1b[2Jevil[/red]" + "x" * 80) as meter:
        assert meter is not None
        meter(Progress(0, 2_000, Phase.HASHING))
        meter(Progress(2_000, 2_000, Phase.HASHING))
        meter(Progress(500, 2_000, Phase.SENDING))
    drawn = err.getvalue()
    assert r"[red]\x1b[2Jevil[/red]x" in drawn
    assert "\x1b[2J" not in drawn
    assert "x" * 41 not in drawn
    assert "hashing" in drawn
    assert "sending" in drawn
    assert "0.5/2.0 kB" in drawn
    # The cursor is back, and the line of the bar was wiped.
    assert "\x1b[?25h" in drawn
    assert drawn.endswith("\x1b[2K")


def test_a_question_has_the_terminal_for_itself() -> None:
    """After that nothing is drawn any more."""
    err = Terminal()
    with metered(Console(err=err), "a") as meter:
        assert meter is not None
        meter(Progress(0, 2_000, Phase.RECEIVING))
        meter.clear()
        before = err.getvalue()
        meter(Progress(1_000, 2_000, Phase.VERIFYING))
        assert err.getvalue() == before


@pytest.mark.parametrize("err", [StringIO(), Terminal()])
def test_quiet_people_are_told_nothing(err: StringIO) -> None:
    """Nobody is asked to count either."""
    with metered(Console(quiet=True, err=err), "a") as meter:
        assert meter is None
    assert err.getvalue() == ""
