"""A bell makes a descriptor readable, and is harmless when it rings too often or too late."""

import os
import select
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from secure_chat.net.bell import Bell, SocketBell, new_bell


@pytest.fixture(params=[SocketBell, new_bell])
def bell(request: pytest.FixtureRequest) -> Iterator[Bell]:
    """A bell of the kind that does everywhere, and of the kind that is best here."""
    make: Callable[[], Bell] = request.param
    made = make()
    yield made
    made.close()


def readable(bell: Bell) -> bool:
    """Tell whether a selector would wake for it."""
    return bool(select.select([bell], [], [], 0)[0])


def test_it_is_readable_from_ringing_to_silence(bell: Bell) -> None:
    """However often it rang; silence in silence changes nothing."""
    bell.silence()
    assert not readable(bell)
    bell.ring()
    bell.ring()
    assert readable(bell)
    bell.silence()
    assert not readable(bell)
    bell.ring()
    assert readable(bell)


def test_ringing_for_ever_neither_blocks_nor_fails() -> None:
    """A pair of sockets that is full is readable, and that is all it has to be."""
    bell = SocketBell()
    for _ in range(10_000):
        bell.ring()
    assert readable(bell)
    bell.close()


def test_ringing_behind_the_end_reaches_no_other_file(bell: Bell, tmp_path: Path) -> None:
    """The number of its descriptor may belong to somebody else by then."""
    number = bell.fileno()
    bell.close()
    other = os.open(tmp_path / "other", os.O_CREAT | os.O_RDWR)
    os.dup2(other, number)
    bell.ring()
    assert os.fstat(other).st_size == 0
    bell.close()
    os.fstat(number)
    if number != other:
        os.close(number)
    os.close(other)
