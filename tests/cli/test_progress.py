"""How far a long reading is, for people at a terminal and for nobody else."""

from io import StringIO

import pytest

from secure_chat.cli.console import Console
from secure_chat.cli.progress import Progress
from tests.fakes import FakeClock


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def screen(written: str) -> str:
    """Return what a terminal of one line shows of what was written."""
    shown: list[str] = []
    at = 0
    for letter in written:
        if letter == "\r":
            at = 0
            continue
        shown[at : at + 1] = [letter]
        at += 1
    return "".join(shown).rstrip()


def test_a_long_reading_tells_how_far_it_is() -> None:
    """Only after a while, only now and then, and the line goes away again."""
    clock, err = FakeClock(), Terminal()
    progress = Progress(Console(err=err), 2_000_000_000, clock)
    progress.read(500_000_000)
    assert err.getvalue() == ""

    clock.advance(0.5)
    progress.read(500_000_000)
    assert screen(err.getvalue()) == "read 1,000 of 2,000 MB (50 %)"
    before = err.getvalue()
    progress.read(250_000_000)
    assert err.getvalue() == before

    clock.advance(0.2)
    progress.read(250_000_000)
    assert screen(err.getvalue()) == "read 1,500 of 2,000 MB (75 %)"
    progress.clear()
    assert screen(err.getvalue()) == ""
    length = len(err.getvalue())
    progress.clear()
    assert len(err.getvalue()) == length


@pytest.mark.parametrize(("err", "quiet"), [(StringIO(), False), (Terminal(), True)])
def test_scripts_and_quiet_people_are_told_nothing(err: StringIO, *, quiet: bool) -> None:
    """A log file has no use for it."""
    clock = FakeClock()
    progress = Progress(Console(quiet=quiet, err=err), 100, clock)
    clock.advance(10)
    progress.read(50)
    progress.clear()

    assert err.getvalue() == ""


def test_nothing_to_read_is_no_fault() -> None:
    """Of nothing, nothing has been read."""
    clock, err = FakeClock(), Terminal()
    progress = Progress(Console(err=err), 0, clock)
    clock.advance(1)
    progress.read(0)

    assert "(0 %)" in err.getvalue()
