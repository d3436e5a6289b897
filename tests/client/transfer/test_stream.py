"""Streams: offered while they come to be, passed on while they are being sent."""

import io
import os
import queue
import threading
from collections.abc import Callable
from typing import Any, BinaryIO

import pytest

from secure_chat.client.events import Acked, Message
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.sending import Sending
from secure_chat.client.transfer.sources import StreamSource
from secure_chat.client.transfer.stream import StreamOutward
from secure_chat.errors import SecureChatError, TransferIncomplete
from secure_chat.limits import Limits
from secure_chat.wire.messages import Code, ContentKind, Error, Grant, Placed
from tests.client.transfer.scene import MANY, People, bytes_of


class Doing:
    """Something on a thread of its own, with what came of it.

    Args:
        act: what.
    """

    def __init__(self, act: Callable[[], Any]) -> None:
        self.result: Any = None
        self._act = act
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.result = self._act()
        except (TransferIncomplete, OSError) as error:
            self.result = error

    def end(self) -> Any:
        """Wait until it is done."""
        self._thread.join(30)
        return self.result


class Pipe(io.RawIOBase):
    """A sink that tells how much has come."""

    def __init__(self) -> None:
        super().__init__()
        self.data = b""
        self.grown = threading.Condition()

    def writable(self) -> bool:
        """It can be written."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes."""
        with self.grown:
            self.data += data
            self.grown.notify_all()
        return len(data)

    def wait_for(self, data: bytes) -> None:
        """Wait until it has these bytes."""
        with self.grown:
            assert self.grown.wait_for(lambda: self.data == data, 20)


def offered(people: People) -> Message:
    """Wait for the offer of a stream; each look asks the host."""
    for _ in range(2_000):
        found = people.bob.files.listing(with_="alice", most=1)
        if found and found[0].content and found[0].content.kind == ContentKind.STREAM:
            return found[0]
    raise AssertionError("nothing was offered")


def pipe() -> tuple[BinaryIO, BinaryIO]:
    """Return the two ends of a pipe."""
    ours, theirs = os.pipe()
    return os.fdopen(ours, "rb"), os.fdopen(theirs, "wb", buffering=0)


def test_a_stream_is_read_while_it_is_being_sent(people: People) -> None:
    """Each end sees bytes as they come; the last message binds them to their hash."""
    source, producer = pipe()
    with source, producer:
        sender = Doing(lambda: people.alice.files.send_stream(source, name="x.tar", to="bob"))
        message = offered(people)
        sink = Pipe()
        reader = Doing(lambda: people.bob.files.fetch_into(message, sink))  # type: ignore[arg-type]
        producer.write(b"hello ")
        sink.wait_for(b"hello ")
        producer.write(b"world")
        producer.close()
        acked = sender.end()
        assert isinstance(acked, Acked)
        assert reader.end() is None
    assert sink.data == b"hello world"
    end = people.bob.files.message(acked.seq)
    assert end.content is not None
    assert end.content.file is not None
    assert (end.content.kind, end.content.of) == (ContentKind.STREAM_END, message.seq)
    assert (end.content.file.size, end.content.file.name) == (11, "x.tar")
    for each in (message, end):
        with Inbox.open(people.folder / "in") as inbox:
            path = people.bob.files.fetch(each, inbox)
        assert path is not None
        assert path.read_bytes() == b"hello world"


@pytest.mark.parametrize("size", [0, 5, MANY])
def test_a_stream_from_memory_has_no_descriptor_to_wait_for(people: People, size: int) -> None:
    """It is read all the same, and never held as a whole."""
    data = bytes_of(size)
    acked = people.alice.files.send_stream(io.BytesIO(data), name="x", to="bob")
    out = io.BytesIO()
    people.bob.files.fetch_into(people.bob.files.message(acked.seq), out)
    assert out.getvalue() == data


def test_a_slow_reader_gets_all_of_it(people: People) -> None:
    """The sink takes its time and nothing is lost."""
    data = bytes_of(MANY)
    acked = people.alice.files.send_stream(io.BytesIO(data), name="x", to="bob")
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as mouth, os.fdopen(theirs, "wb", buffering=0) as sink:

        def pass_on() -> None:
            people.bob.files.fetch_into(people.bob.files.message(acked.seq), sink)
            sink.close()

        reader = Doing(pass_on)
        assert mouth.read() == data
        assert reader.end() is None


def test_a_stopped_stream_tells_its_readers(people: People) -> None:
    """It cannot be gone on with: both ends end as incomplete."""
    source, producer = pipe()
    cancel = threading.Event()
    with source, producer:
        sender = Doing(
            lambda: people.alice.files.send_stream(source, name="x", to="bob", cancel=cancel)
        )
        message, sink = offered(people), Pipe()
        reader = Doing(lambda: people.bob.files.fetch_into(message, sink))  # type: ignore[arg-type]
        producer.write(b"begun")
        sink.wait_for(b"begun")
        cancel.set()
        assert isinstance(sender.end(), TransferIncomplete)
        told = reader.end()
    assert isinstance(told, TransferIncomplete)
    assert "ended before its end" in told.what


def test_a_sink_that_is_gone_ends_the_reading(people: People) -> None:
    """Its own error comes out."""
    acked = people.alice.files.send_bytes(bytes_of(MANY), name="x", to="bob")
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb", buffering=0) as sink, pytest.raises(BrokenPipeError):
        people.bob.files.fetch_into(people.bob.files.message(acked.seq), sink)


def test_a_source_that_fails_ends_the_sending(people: People) -> None:
    """Its own error comes out, and the stream is over."""

    class Broken(io.BytesIO):
        def read1(self, _: int | None = -1) -> bytes:
            raise OSError(5, "broken")

    with pytest.raises(OSError, match="broken"):
        people.alice.files.send_stream(Broken(), name="x", to="bob")
    assert not people.journal


def test_a_stream_that_the_host_ends_is_not_read_any_further(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quota is enforced while it comes."""
    told = Outward.told

    def failing(load: Outward, message: Any) -> None:
        if isinstance(message, Grant):
            message = Error(Code.QUOTA, "too much", up=message.up)
        told(load, message)

    monkeypatch.setattr(Outward, "told", failing)
    source = io.BytesIO(bytes_of(3 * MANY))
    with pytest.raises(SecureChatError, match="does not take x"):
        people.alice.files.send_stream(source, name="x", to="bob")
    assert source.read(1)


# --- what is kept of one ----------------------------------------------------------------------

LIMITS = Limits(transfer_window_bytes=8, chunk_bytes=4)


def stream() -> tuple[StreamOutward, StreamSource]:
    """Return an upload of a stream, and where its bytes are."""
    source = StreamSource()
    sending = Sending("u1", None, LIMITS, ready=0)
    return StreamOutward(sending, source, queue.SimpleQueue(), "x", LIMITS), source


def test_what_the_host_must_have_is_forgotten() -> None:
    """Everything that more than a window was granted beyond; the rest can be sent again."""
    load, source = stream()
    load.step(online=True)
    load.told(Placed("u1", 0, 8))
    load.feed(bytes(range(20)))
    while load.step(online=True):
        pass
    assert (load.done, len(source._held)) == (8, 20)
    load.told(Grant("u1", 13))
    assert (source.first, len(source._held)) == (5, 15)
    load.lose()
    load.step(online=True)
    load.told(Placed("u1", 6, 14))
    assert source.read(6, 2) == bytes([6, 7])
    load.lose()
    load.step(online=True)
    load.told(Placed("u1", 4, 12))
    assert load.error is not None


def test_a_larger_window_of_the_host_is_minded() -> None:
    """It may have less than a grant seems to say."""
    load, source = stream()
    load.step(online=True)
    load.told(Placed("u1", 0, 16))
    load.feed(bytes(20))
    while load.step(online=True):
        pass
    load.told(Grant("u1", 18))
    assert source.first == 2


def test_no_more_is_read_than_can_be_kept() -> None:
    """Two windows; the host makes room."""
    load, _ = stream()
    load.step(online=True)
    load.told(Placed("u1", 0, 8))
    assert load.wait_for_room(15, 0)
    assert not load.wait_for_room(16, 0)
    load.feed(bytes(16))
    while load.step(online=True):
        pass
    load.told(Grant("u1", 12))
    assert load.wait_for_room(16, 0)
