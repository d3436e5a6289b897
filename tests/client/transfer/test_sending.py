"""One upload: what it reads, says and believes, over any number of connections."""

import hashlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.client.transfer.sending import Sending, Stage, Want
from secure_chat.limits import Limits
from secure_chat.wire.messages import Chunk, Code, Seal, Upload

LIMITS = Limits(chunk_bytes=4, rehash_bytes=6)
DATA = b"0123456789"
HASH = hashlib.sha256(DATA).hexdigest()


def step(sending: Sending, data: bytes = DATA) -> Chunk | Seal | None:
    """Do what is to be done next, once."""
    want = sending.want()
    if want is None:
        return sending.seal()
    taken = data[want.at : want.at + want.size]
    return Chunk(sending.up, want.at, taken) if sending.take(want.at, taken) else None


def placed(at: int = 0, upto: int = 100, **known: object) -> Sending:
    """Return an upload that has its place."""
    sending = Sending("u1", len(DATA), LIMITS, **known)  # type: ignore[arg-type]
    sending.begin()
    sending.placed(at, upto)
    return sending


def rest(sending: Sending) -> list[Chunk | Seal | None]:
    """Do everything that can be done without the host; hashing is None."""
    done: list[Chunk | Seal | None] = []
    while sending.want() is not None:
        done.append(step(sending))
    seal = sending.seal()
    return [*done, seal] if seal is not None else done


def test_an_upload_goes_out_in_chunks_and_is_sealed_with_its_hash() -> None:
    """Each chunk begins where the one before ended; the last frame has size and hash."""
    sending = Sending("u1", 10, LIMITS, within="m1")
    assert sending.idle
    assert sending.begin() == Upload("u1", 10, "m1")
    assert sending.want() is None
    sending.placed(0, 10)
    assert rest(sending) == [
        Chunk("u1", 0, b"0123"),
        Chunk("u1", 4, b"4567"),
        Chunk("u1", 8, b"89"),
        Seal("u1", 10, HASH),
    ]
    sending.sealed(10, HASH)
    assert sending.stage is Stage.DONE
    assert sending.over
    assert sending.want() is None


def test_several_chunks_are_wanted_at_once() -> None:
    """As many as there is room for, never more than was granted nor than there are."""
    sending = placed(0, 9)
    assert [sending.want(chunks) for chunks in (1, 2, 3)] == [Want(0, 4), Want(0, 8), Want(0, 9)]
    sending.granted(100)
    assert sending.want(9) == Want(0, 10)
    assert sending.take(0, DATA)
    assert sending.seal() == Seal("u1", 10, HASH)


def test_an_empty_file_is_sealed_at_once() -> None:
    """There is no chunk without a byte."""
    sending = Sending("u1", 0, LIMITS)
    sending.begin()
    sending.placed(0, 0)
    assert rest(sending) == [Seal("u1", 0, hashlib.sha256(b"").hexdigest())]
    assert sending.seal() is None


def test_no_more_is_sent_than_was_granted() -> None:
    """A grant lets it go on; one that goes back does not."""
    sending = placed(0, 5)
    assert rest(sending) == [Chunk("u1", 0, b"0123"), Chunk("u1", 4, b"4")]
    sending.granted(3)
    assert sending.want() is None
    sending.granted(7)
    assert rest(sending) == [Chunk("u1", 5, b"56")]


def test_what_an_earlier_run_sent_is_hashed_before_it_goes_on() -> None:
    """The hash is of all bytes, in steps of so many."""
    sending = placed(9, 10)
    assert sending.behind == 9
    assert sending.seal() is None
    assert sending.want() == Want(0, 6)
    assert rest(sending) == [None, None, Chunk("u1", 9, b"9"), Seal("u1", 10, HASH)]


def test_an_upload_that_is_whole_on_the_host_is_hashed_and_sealed() -> None:
    """A run that was killed before its seal."""
    assert rest(placed(10, 10)) == [None, None, Seal("u1", 10, HASH)]


def test_after_a_lost_connection_it_goes_on_where_the_host_is() -> None:
    """Bytes that were on their way go again, and are not hashed twice."""
    sending = placed()
    step(sending)
    step(sending)
    sending.lose()
    assert sending.want() is None
    assert sending.idle
    sending.begin()
    sending.placed(2, 100)
    assert rest(sending) == [
        Chunk("u1", 2, b"2345"),
        Chunk("u1", 6, b"6789"),
        Seal("u1", 10, HASH),
    ]


def test_a_lost_seal_is_said_again() -> None:
    """Or the host says at once that it was sealed."""
    sending = placed()
    rest(sending)
    sending.lose()
    sending.begin()
    sending.placed(10, 10)
    assert rest(sending) == [Seal("u1", 10, HASH)]
    sending.lose()
    sending.begin()
    sending.sealed(10, HASH)
    assert sending.stage is Stage.DONE


def test_an_upload_of_an_earlier_run_may_be_sealed_already() -> None:
    """Its hash is what the host says: nothing of it was read."""
    sending = Sending("u1", 10, LIMITS)
    sending.begin()
    sending.sealed(10, HASH)
    assert (sending.stage, sending.sha256, sending.at) == (Stage.DONE, HASH, 10)


@pytest.mark.parametrize("size", [9, 11])
def test_one_of_another_size_is_not_ours(size: int) -> None:
    """The host has other bytes under this id."""
    sending = Sending("u1", 10, LIMITS)
    sending.begin()
    sending.sealed(size, HASH)
    assert (sending.stage, sending.code) == (Stage.FAILED, Code.HASH_DIFFERS)


def test_a_seal_is_believed_only_with_our_hash() -> None:
    """A host that stored something else did not store ours."""
    sending = placed()
    rest(sending)
    sending.sealed(10, "0" * 64)
    assert sending.code == Code.HASH_DIFFERS


def test_what_was_not_asked_is_not_heard() -> None:
    """A seal or a place out of the blue changes nothing."""
    sending = placed()
    sending.sealed(10, HASH)
    sending.placed(8, 100)
    assert (sending.stage, sending.at) == (Stage.OPEN, 0)
    waiting = Sending("u1", 10, LIMITS)
    waiting.granted(5)
    assert (waiting.stage, waiting.upto) == (Stage.IDLE, 0)


@pytest.mark.parametrize("at", [11, 2])
def test_a_place_where_nothing_can_be_read_fails(at: int) -> None:
    """Behind the end, or before what is kept of a stream."""
    sending = Sending("u1", 10, LIMITS)
    sending.oldest = 3
    sending.begin()
    sending.placed(at, 100)
    assert (sending.stage, sending.code) == (Stage.FAILED, Code.WRONG_OFFSET)


def test_a_stalled_one_asks_again_when_it_has_something() -> None:
    """One that waits for its own bytes does not ask for a turn that it cannot use."""
    sending = placed()
    sending.refused(Code.STALLED, "")
    assert sending.idle
    late = placed(ready=0)
    late.refused(Code.STALLED, "")
    assert not late.idle
    late.prepared(1)
    assert late.idle


def test_a_stalled_one_that_still_hashes_asks_when_it_has_caught_up() -> None:
    """Hashing goes on meanwhile."""
    sending = placed(10, 10)
    sending.refused(Code.STALLED, "")
    assert not sending.idle
    assert step(sending) is None
    assert step(sending) is None
    assert sending.idle


def test_a_different_hash_begins_it_once_more_from_the_first_byte() -> None:
    """The host has thrown its bytes away; the second time it is given up."""
    sending = placed()
    rest(sending)
    sending.refused(Code.HASH_DIFFERS, "other bytes")
    assert sending.idle
    sending.begin()
    sending.placed(0, 100)
    assert rest(sending)[-1] == Seal("u1", 10, HASH)
    sending.refused(Code.HASH_DIFFERS, "other bytes")
    assert (sending.stage, sending.why) == (Stage.FAILED, "other bytes")


def test_what_cannot_be_read_again_is_not_begun_again() -> None:
    """A stream forgets what the host has."""
    sending = placed()
    rest(sending)
    sending.oldest = 1
    sending.refused(Code.HASH_DIFFERS, "other bytes")
    assert sending.stage is Stage.FAILED


@pytest.mark.parametrize("code", [Code.WRONG_OFFSET, Code.NO_UPLOAD])
def test_a_host_that_lost_track_is_asked_again_a_few_times(code: Code) -> None:
    """Each byte that gets on makes it patient again."""
    sending = placed(0, 4)
    for _ in range(3):
        sending.refused(code, "lost")
        assert sending.idle
        sending.begin()
        sending.refused(code, "about what was said before")
        assert sending.stage is Stage.ASKED
        sending.placed(0, 4)
    sending.refused(code, "lost")
    assert (sending.stage, sending.code) == (Stage.FAILED, code)


def test_getting_on_makes_it_patient_again() -> None:
    """A grant, or a place further on than ours, is a sign of life."""
    sending = placed(0, 4)
    for at in range(1, 10):
        sending.refused(Code.WRONG_OFFSET, "lost")
        sending.begin()
        sending.placed(at, at)
    for upto in range(10, 20):
        sending.granted(upto)
        sending.refused(Code.WRONG_OFFSET, "lost")
        sending.begin()
        sending.placed(9, 9)
    assert not sending.over


def test_a_file_whose_folder_is_unknown_is_given_up() -> None:
    """The answer to its request says so, again and again."""
    sending = Sending("u1", 10, LIMITS, within="m1")
    for _ in range(4):
        assert sending.idle
        sending.begin()
        sending.refused(Code.NO_UPLOAD, "no such folder")
    assert (sending.stage, sending.code) == (Stage.FAILED, Code.NO_UPLOAD)


@pytest.mark.parametrize("code", [Code.QUOTA, Code.TAKEN_OVER, Code.ID_CONFLICT, "odd"])
def test_any_other_refusal_ends_it(code: str) -> None:
    """And nothing that comes later brings it back."""
    sending = placed()
    sending.refused(code, "no")
    sending.refused(Code.STALLED, "no")
    sending.fail("", "later")
    sending.lose()
    assert (sending.stage, sending.code, sending.why) == (Stage.FAILED, code, "no")


def test_a_stream_ends_when_its_end_is_known() -> None:
    """Its size was not declared; the seal says it."""
    sending = Sending("u1", None, LIMITS, ready=0)
    assert sending.begin() == Upload("u1", None)
    sending.placed(0, 100)
    assert sending.want() is None
    assert sending.seal() is None
    sending.prepared(10)
    assert rest(sending)[-1] == Chunk("u1", 8, b"89")
    sending.ended()
    assert rest(sending) == [Seal("u1", 10, HASH)]
    sending.sealed(10, HASH)
    assert sending.stage is Stage.DONE


class Depot:
    """A host that takes an upload: granting, cutting and forgetting as it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.upto = 0
        self.sealed = False

    def take(self, frame: Chunk | Seal | Upload | None, sending: Sending, grant: int) -> None:
        """Take a frame in and answer."""
        if isinstance(frame, Upload):
            if self.sealed:
                sending.sealed(len(self.data), hashlib.sha256(self.data).hexdigest())
            else:
                self.upto = len(self.data) + grant
                sending.placed(len(self.data), self.upto)
        elif isinstance(frame, Chunk):
            assert frame.at == len(self.data), "a byte was left out or sent twice"
            assert frame.at + len(frame.data) <= self.upto, "more than was granted"
            self.data += frame.data
        elif isinstance(frame, Seal):
            assert (frame.size, frame.sha256) == (
                len(self.data),
                hashlib.sha256(self.data).hexdigest(),
            )
            self.sealed = True


@settings(max_examples=300, deadline=None)
@given(data=st.data(), size=st.integers(0, 40))
def test_whatever_happens_the_host_gets_every_byte_once(  # noqa: C901 -- every act is one line
    data: st.DataObject, size: int
) -> None:
    """Cuts, stalls, grants and lost track in any order: what is sealed is what was read."""
    content = bytes(range(size))
    sending, depot = Sending("u1", size, LIMITS), Depot()
    flying: list[Chunk | Seal | Upload] = []

    def cut() -> None:
        del flying[data.draw(st.integers(0, len(flying))) :]
        while flying:
            arrive()
        sending.lose()

    def arrive() -> None:
        if flying:
            depot.take(flying.pop(0), sending, data.draw(st.integers(0, 9)))

    def grant() -> None:
        depot.upto = max(depot.upto, len(depot.data) + data.draw(st.integers(1, 9)))
        sending.granted(depot.upto)

    def stall() -> None:
        if sending.stage is Stage.OPEN:
            flying.clear()
            sending.refused(Code.STALLED, "")

    def go_on() -> None:
        if sending.idle:
            flying.append(sending.begin())
            return
        frame = step(sending, content)
        if frame is not None:
            flying.append(frame)

    acts: list[Callable[[], None]] = [cut, arrive, grant, stall, go_on, go_on, arrive]
    for _ in range(data.draw(st.integers(0, 60))):
        data.draw(st.sampled_from(acts))()
    # Then nothing is in the way any more.
    for _ in range(200):
        go_on()
        arrive()
        if sending.stage is Stage.OPEN:
            grant()
        if depot.sealed and sending.stage is Stage.SEALING and not flying:
            sending.sealed(len(depot.data), hashlib.sha256(depot.data).hexdigest())
    assert sending.stage is Stage.DONE
    assert depot.data == content
