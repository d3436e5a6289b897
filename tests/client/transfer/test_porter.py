"""The porter's thread: what it takes from the line, what it gives it, and how it ends."""

import hashlib
import queue
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from secure_chat.client.events import Acked, Problem
from secure_chat.client.transfer.call import Call
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.notes import FETCHES
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.porter import Porter, concerns_transfers
from secure_chat.client.transfer.progress import Phase
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.refusals import OutdatedError
from secure_chat.client.transfer.sending import Sending
from secure_chat.client.transfer.sinks import MemorySink
from secure_chat.client.transfer.sources import MemorySource
from secure_chat.errors import HostRefused, SecureChatError, TransferError, TransferIncomplete
from secure_chat.limits import Limits
from secure_chat.net.orders import Bulk, Frames
from secure_chat.wire.codec import decode_from_client
from secure_chat.wire.framing import PREFIX_BYTES
from secure_chat.wire.messages import (
    Abandon,
    Chunk,
    Code,
    Enough,
    Error,
    Fetch,
    Grant,
    Message,
    Piece,
    Placed,
    Said,
    Seal,
    Sealed,
    Sent,
    Upload,
)
from secure_chat.wire.messages import Sending as SendingWord

LIMITS = Limits(
    chunk_bytes=1_000,
    transfer_window_bytes=8_000,
    bulk_bytes=80_000,
    bulk_low_bytes=8_000,
    transfers_per_connection=2,
    progress_seconds=0.01,
)


class Line:
    """The worker's end: notes orders and answers as a host would."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.orders: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.porter = Porter(self.orders.put, limits)

    def said(self) -> list[Message]:
        """Return the messages of the next order."""
        order = self.orders.get(timeout=20)
        assert isinstance(order, Bulk | Frames)
        frames = order.data if isinstance(order, Bulk) else (order.data,)
        return [decode_from_client(frame[PREFIX_BYTES:]) for frame in frames]

    def hear(self, *messages: Message, conn: int = 1) -> None:
        """Have the host say something, and make room."""
        self.porter.heard(conn, list(messages))
        self.porter.unloaded(conn)


@pytest.fixture
def line() -> Iterator[Line]:
    """Return a line that is up; its porter is ended."""
    made = Line()
    made.porter.line(1, 10_000)
    yield made
    made.porter.end(None)
    made.porter.join()


Slot = queue.SimpleQueue[Any]


def upload(slot: Slot, up: str = "u1", size: int = 10) -> Outward:
    """Return an upload of zeros."""
    return Outward(Sending(up, size, LIMITS), MemorySource(bytes(size)), slot, up)


def download(slot: Slot, sink: Any = None, size: int | None = 10) -> Inward:
    """Return a download."""
    return Inward(Receiving(7, "", size, "", LIMITS), sink or MemorySink(), slot, "x")


@pytest.mark.parametrize(
    ("message", "ours"),
    [
        (Placed("u", 0, 0), True),
        (Piece(1, 0, b"x"), True),
        (Error("x", "", up="u"), True),
        (Error("x", "", re=FETCHES), True),
        (Error("x", "", re=FETCHES - 1), False),
        (Error("x", "", id="a"), False),
        (Error("x", ""), False),
        (Said(1, 1, "a", "b", "c"), False),
    ],
)
def test_answers_to_transfers_are_told_from_others(message: Message, ours: bool) -> None:  # noqa: FBT001 -- an expectation
    """A question's number is never that of a download."""
    assert concerns_transfers(message) is ours


def test_nothing_is_begun_without_a_transfer() -> None:
    """A plain client has no third thread; what the host says then is nobody's."""
    line = Line()
    line.porter.line(1, 5)
    assert line.porter.heard(1, [Placed("u", 0, 0)])
    line.porter.unloaded(1)
    line.porter.end(None)
    line.porter.join()
    assert line.porter.gone
    assert "client-porter" not in {thread.name for thread in threading.enumerate()}


def test_an_upload_goes_through_the_line(line: Line) -> None:
    """Several chunks in an order, the seal behind them; the next order when there is room."""
    slot: Slot = queue.SimpleQueue()
    load = upload(slot, size=2_500)
    line.porter.begin(load)
    assert line.said() == [Upload("u1", 2_500)]
    line.hear(Placed("u1", 0, 2_500))
    *chunks, seal = line.said()
    assert [len(chunk.data) for chunk in chunks if isinstance(chunk, Chunk)] == [1_000, 1_000, 500]
    assert isinstance(seal, Seal)
    line.hear(Sealed("u1", 2_500, seal.sha256))
    assert slot.get(timeout=20) is load
    assert load.over
    assert load.error is None


def test_no_order_follows_before_there_is_room(line: Line) -> None:
    """What is packed meanwhile leaves then; nothing is packed twice."""
    slot: Slot = queue.SimpleQueue()
    line.porter.begin(upload(slot, size=2_000))
    line.said()
    line.porter.heard(1, [Placed("u1", 0, 1_000)])
    line.porter.heard(1, [Grant("u1", 2_000)])
    line.porter.unloaded(2)
    line.porter.unloaded(1)
    said = line.said()
    while not isinstance(said[-1], Seal):
        line.porter.unloaded(1)
        said += line.said()
    assert [getattr(chunk, "at", None) for chunk in said] == [0, 1_000, None]


def test_what_is_for_another_connection_is_not_heard(line: Line) -> None:
    """After a change of connections everything is asked for again on the new one."""
    slot: Slot = queue.SimpleQueue()
    line.porter.begin(upload(slot))
    line.porter.begin(download(slot))
    asked = [line.said()[0], line.said()[0]]
    assert {type(message) for message in asked} == {Upload, Fetch}
    line.porter.line(2, 10_000)
    again = [line.said()[0], line.said()[0]]
    assert Upload("u1", 10) in again
    (fetch,) = (message for message in again if isinstance(message, Fetch))
    assert fetch not in asked
    line.porter.heard(1, [Placed("u1", 5, 10)])
    line.hear(Placed("u1", 0, 10), conn=2)
    assert line.said()[0] == Chunk("u1", 0, bytes(10))


def test_what_nobody_waits_for_is_not_heard(line: Line) -> None:
    """A host may say what it likes."""
    slot: Slot = queue.SimpleQueue()
    line.porter.begin(upload(slot))
    line.said()
    line.hear(
        Placed("other", 0, 1),
        Error("x", "", up="other"),
        Piece(FETCHES + 9, 0, b"x"),
        Error("x", "", re=FETCHES + 9),
        Error("x", ""),
    )
    line.hear(Placed("u1", 0, 10))
    assert line.said()[0] == Chunk("u1", 0, bytes(10))


def test_more_is_let_come_as_it_is_written(line: Line) -> None:
    """And a refusal of the place ends it, with a word to the host."""

    class Full(MemorySink):
        def write(self, data: bytes) -> None:
            super().write(data)
            if len(self.data) > 5_000:
                raise TransferError("the disk is full")

    slot: Slot = queue.SimpleQueue()
    load = download(slot, Full(), 20_000)
    line.porter.begin(load)
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    line.hear(SendingWord(fetch.re, 20_000), Piece(fetch.re, 0, bytes(5_000)))
    line.said()
    line.hear(Piece(fetch.re, 5_000, bytes(1_000)))
    assert line.said() == [Enough(fetch.re)]
    assert slot.get(timeout=20) is load
    assert isinstance(load.error, TransferError)


class Noting(MemorySink):
    """A place that notes how much came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def write(self, data: bytes) -> None:
        """Take it, and note it."""
        self.sizes.append(len(data))
        super().write(data)


def test_pieces_that_come_together_are_written_as_one(line: Line) -> None:
    """Of each download on its own, and only those that nothing stands between."""
    sinks, slot = (Noting(), Noting()), queue.SimpleQueue[Any]()
    numbers = []
    for sink in sinks:
        line.porter.begin(download(slot, sink, 4_000))
        (fetch,) = line.said()
        assert isinstance(fetch, Fetch)
        numbers.append(fetch.re)
    one, two = numbers
    data = bytes(range(250)) * 16
    line.hear(
        *(SendingWord(re, 4_000) for re in numbers),
        *(Piece(one, at, data[at : at + 1_000]) for at in (0, 1_000, 2_000)),
        *(Piece(two, at, data[at : at + 2_000]) for at in (0, 2_000)),
        Piece(one, 3_000, data[3_000:]),
        *(Sent(re, 4_000, hashlib.sha256(data).hexdigest()) for re in numbers),
    )
    for _ in numbers:
        assert slot.get(timeout=20).error is None
    assert [sink.sizes for sink in sinks] == [[3_000, 1_000], [4_000]]
    assert [bytes(sink.data) for sink in sinks] == [data, data]


def test_bytes_that_are_left_out_among_pieces_are_missed(line: Line) -> None:
    """What came before them is written, and nothing behind them."""
    sink, slot = Noting(), queue.SimpleQueue[Any]()
    line.porter.begin(download(slot, sink, 4_000))
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    said = SendingWord(fetch.re, 4_000)
    line.hear(said, *(Piece(fetch.re, at, bytes(500)) for at in (0, 500, 1_500, 2_000)))
    error = slot.get(timeout=20).error
    assert isinstance(error, SecureChatError)
    assert sink.sizes == [1_000]


def test_a_refused_download_is_over(line: Line) -> None:
    """With the host's words."""
    slot: Slot = queue.SimpleQueue()
    load = download(slot)
    line.porter.begin(load)
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    line.hear(Error(Code.NO_FILE, "gone\x1b", re=fetch.re))
    assert slot.get(timeout=20) is load
    assert load.error is not None
    assert (load.error.what, "\x1b" in load.error.why) == ("the host does not send x", False)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Code.STOPPED, "ended before its end"),
        (Code.HASH_DIFFERS, "not what its sender sent"),
        (Code.INTERNAL, "could not be fetched"),
    ],
)
def test_a_download_that_fails_says_why(line: Line, code: Code, words: str) -> None:
    """In words that fit what can be done."""
    slot: Slot = queue.SimpleQueue()
    load = download(slot)
    line.porter.begin(load)
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    line.hear(Error(code, "why", re=fetch.re))
    slot.get(timeout=20)
    assert isinstance(load.error, TransferIncomplete)
    assert words in load.error.what


def test_only_so_many_are_begun_at_once(line: Line) -> None:
    """The next one when one is over, and one that waits can be dropped."""
    slot: Slot = queue.SimpleQueue()
    loads = [upload(slot, f"u{number}") for number in range(4)]
    for load in loads:
        line.porter.begin(load)
    line.porter.drop(loads[2])
    assert slot.get(timeout=20) is loads[2]
    assert loads[2].phase is Phase.WAITING
    line.porter.drop(loads[0], forget=True)
    assert slot.get(timeout=20) is loads[0]
    line.porter.drop(loads[0])
    said: list[Message] = []
    while Upload("u3", 10) not in said:
        line.porter.unloaded(1)
        said += line.said()
    assert Abandon("u0") in said
    assert Upload("u2", 10) not in said


def test_a_dropped_download_tells_the_host(line: Line) -> None:
    """Nothing more is to come."""
    slot: Slot = queue.SimpleQueue()
    load = download(slot)
    line.porter.begin(load)
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    line.porter.drop(load)
    assert line.said() == [Enough(fetch.re)]
    assert slot.get(timeout=20) is load
    line.porter.drop(load)


def test_without_a_line_everything_waits() -> None:
    """Dropping one says nothing to anybody."""
    line = Line()
    slot: Slot = queue.SimpleQueue()
    loads: list[Outward | Inward] = [upload(slot), download(slot)]
    for load in loads:
        line.porter.begin(load)
    for load in loads:
        line.porter.drop(load, forget=True)
        assert slot.get(timeout=20) is load
    line.porter.end(None)
    line.porter.join()
    assert line.orders.empty()


class Stuck(MemorySink):
    """A disk that does not answer until it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.free = threading.Event(), threading.Event()

    def write(self, data: bytes) -> None:
        """Wait."""
        self.reached.set()
        assert self.free.wait(20)
        super().write(data)


def stuck(line: Line, slot: Slot) -> Stuck:
    """Return a disk that the porter waits for."""
    sink = Stuck()
    line.porter.begin(download(slot, sink, 100_000))
    (fetch,) = line.said()
    assert isinstance(fetch, Fetch)
    line.hear(SendingWord(fetch.re, 100_000), Piece(fetch.re, 0, bytes(10)))
    assert sink.reached.wait(20)
    return sink


def test_a_host_that_sends_more_than_was_let_come_is_told_apart(line: Line) -> None:
    """Memory is bounded whatever it sends: the caller closes the connection."""
    sink = stuck(line, queue.SimpleQueue())
    assert line.porter.heard(1, [Piece(FETCHES, 10, bytes(8_000))])
    assert not line.porter.heard(1, [Piece(FETCHES, 8_010, bytes(8_001))])
    sink.free.set()


def test_what_is_begun_too_late_ends_with_the_others(line: Line) -> None:
    """Posted while the thread was about to end."""
    slot: Slot = queue.SimpleQueue()
    sink = stuck(line, slot)
    late = upload(slot)
    line.porter.begin(late)
    line.porter.end(HostRefused("revoked", "kept out"))
    sink.free.set()
    ended = [slot.get(timeout=20), slot.get(timeout=20)]
    assert late in ended
    assert all(isinstance(load.error, HostRefused) for load in ended)
    with pytest.raises(HostRefused):
        line.porter.begin(upload(slot))


def test_a_bug_ends_every_transfer(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for a thread that is gone."""
    printed: list[object] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: printed.append(args.exc_value))

    def broken(_: Outward, *, online: bool) -> bytes | None:
        raise RuntimeError(online)

    monkeypatch.setattr(Outward, "step", broken)
    with Call(line.porter, LIMITS, None, None, 10) as call:
        call.begin(upload(call.slot))
        with pytest.raises(SecureChatError, match="a part of the client has stopped"):
            call.next()
    line.porter.join()
    assert len(printed) == 1


# --- one blocking call ------------------------------------------------------------------------


def test_a_call_ends_with_the_client_even_without_a_word(line: Line) -> None:
    """It looks for itself whether anybody is left to wait for."""
    with Call(line.porter, LIMITS, None, None, 10) as call:
        load = upload(call.slot)
        call.begin(load)
        line.porter.end(None)
        line.porter.join()
        while not call.slot.empty():
            call.slot.get()
        with pytest.raises(TransferIncomplete, match="left"):
            call.next()
    assert not load.held


def test_a_load_that_was_over_before_its_place_was_told_is_over_once(line: Line) -> None:
    """It comes a second time, and nobody waits for it then."""
    with Call(line.porter, LIMITS, None, None, 10) as call:
        load = upload(call.slot)
        call.slot.put(upload(call.slot, "before"))
        call.begin(load)
        line.said()
        line.hear(Sealed("u1", 10, "0" * 64))
        assert call.next() is load


@pytest.mark.parametrize("code", [Code.NO_UPLOAD, Code.ID_CONFLICT])
def test_ids_that_the_host_does_not_know_are_told_apart(line: Line, code: Code) -> None:
    """Whoever began can begin anew with others."""
    outcome: Slot = queue.SimpleQueue()
    outcome.put(Problem(code, "what?"))
    with Call(line.porter, LIMITS, None, None, 10) as call, pytest.raises(OutdatedError):
        call.acked(outcome)


@pytest.mark.parametrize("event", [Problem(Code.MUTED, "silence"), None])
def test_a_message_that_is_refused_is_an_error(line: Line, event: Problem | None) -> None:
    """So is a client that ended first."""
    outcome: Slot = queue.SimpleQueue()
    outcome.put(event)
    with Call(line.porter, LIMITS, None, None, 10) as call, pytest.raises(SecureChatError):
        call.acked(outcome)


def test_an_ack_is_waited_for(line: Line) -> None:
    """However long it takes, and progress is told meanwhile."""
    outcome: Slot = queue.SimpleQueue()
    seen: list[object] = []

    def told(progress: object) -> None:
        seen.append(progress)
        outcome.put(Acked("a", 1, 1))

    class Late(queue.SimpleQueue[Any]):
        first = True

        def get(self, *_: object, **__: object) -> Any:
            if self.first:
                self.first = False
                raise queue.Empty
            return outcome.get()

    with Call(line.porter, LIMITS, told, None, 10) as call:
        assert call.acked(Late()) == Acked("a", 1, 1)
    assert len(seen) == 1


def test_hashing_is_a_phase_of_its_own() -> None:
    """An upload that goes on reads what the host has."""
    slot: Slot = queue.SimpleQueue()
    load = upload(slot)
    phases = []
    load.step(online=True)
    for message in (None, Placed("u1", 5, 10), None, None, None):
        if message is not None:
            load.told(message)
        phases.append(load.phase)
        load.step(online=True)
    sent = [Phase.SENDING, Phase.SENDING, Phase.VERIFYING]
    assert phases == [Phase.WAITING, Phase.HASHING, *sent]


def test_a_download_with_a_wrong_end_is_asked_for_again() -> None:
    """What came of it is thrown away."""
    slot: Slot = queue.SimpleQueue()
    load = download(slot)
    phases = [load.phase]
    load.begin(1)
    load.told(SendingWord(1, 10))
    phases.append(load.phase)
    load.told(Sent(1, 10, "0" * 64))
    assert phases == [Phase.WAITING, Phase.RECEIVING]
    assert load.idle
