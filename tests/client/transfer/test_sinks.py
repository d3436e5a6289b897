"""Where the bytes of a download go."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.part import Part
from secure_chat.client.transfer.sinks import MemorySink, PartSink, PipeSink
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

LIMITS = Limits(sync_bytes=4)


@pytest.fixture
def part(tmp_path: Path) -> Iterator[Part]:
    """Return a partial file."""
    with Inbox.open(tmp_path / "in") as inbox:
        begun = inbox.begin("x", 20)
        yield begun
        begun.close()


class Syncs:
    """Stands in for the disk's sync, and takes its time.

    Args:
        monkeypatch: puts it there.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self.error = 0, False
        self.begun, self.go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(Part, "sync", lambda _: self())

    def __call__(self) -> None:
        """Sync, when it may."""
        self.count += 1
        self.begun.set()
        assert self.go_on.wait(20)
        if self.error:
            raise TransferError("the disk failed")


def test_a_part_is_synced_on_the_way_while_more_is_written(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writing goes on meanwhile; the end waits for it."""
    syncs, sink = Syncs(monkeypatch), PartSink(part, LIMITS)
    sink.write(b"012")
    assert syncs.count == 0
    sink.write(b"3")
    assert syncs.begun.wait(20)
    sink.write(b"45")
    assert (sink.written, syncs.count) == (6, 1)
    syncs.go_on.set()
    sink.write(b"67")
    sink.end(whole=True)
    assert syncs.count == 2
    assert part.rehash().digest()


def test_a_disk_that_fails_is_told_with_the_next_write(
    part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or by the landing, which syncs again."""
    syncs, sink = Syncs(monkeypatch), PartSink(part, LIMITS)
    syncs.error = True
    syncs.go_on.set()
    sink.write(b"0123")
    with pytest.raises(TransferError, match="the disk failed"):
        sink.write(b"4567")
    sink.end(whole=False)


def test_a_part_is_cut_or_left(part: Part) -> None:
    """Cut when it is wrong, left when it is not whole."""
    sink = PartSink(part, LIMITS)
    sink.write(b"01234567")
    sink.rewind()
    assert sink.written == 0
    sink.write(b"ab")
    sink.end(whole=False)
    assert part.size == 2
    with pytest.raises(TransferError):
        part.write(b"closed")


def test_memory_is_forgotten_when_it_is_wrong() -> None:
    """And kept when it is not."""
    sink = MemorySink()
    sink.write(b"ab")
    sink.rewind()
    sink.write(b"c")
    sink.end(whole=True)
    assert (bytes(sink.data), sink.written) == (b"c", 1)


def test_a_reader_takes_what_comes_and_learns_of_the_end() -> None:
    """Only what it has passed on counts as written."""
    sink = PipeSink()
    assert sink.take(0) == b""
    assert not sink.ended
    sink.write(b"ab")
    sink.rewind()
    sink.end(whole=False)
    assert sink.take(0) == b"ab"
    assert sink.written == 0
    sink.took(2)
    assert sink.written == 2
    assert sink.take(0) == b""
    assert sink.ended
