"""Frames are cut out of any stream, and a bad length is refused before its body is awaited."""

from contextlib import suppress
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.errors import RemoteProtocolError
from secure_chat.wire.framing import PREFIX_BYTES, FrameReader
from secure_chat.wire.messages import Code
from tests.wire.examples import steady

MOST = 1_000


def framed(body: bytes) -> bytes:
    """Put the length before a body."""
    return len(body).to_bytes(PREFIX_BYTES, "big") + body


def fed(reader: FrameReader, *pieces: bytes) -> list[bytes]:
    """Feed pieces one after another and collect the frames."""
    return [bytes(frame) for piece in pieces for frame in reader.feed(piece)]


def test_whole_frames_come_out_of_one_piece() -> None:
    """Several frames in one piece come out in order, and nothing is left waiting."""
    reader = FrameReader(MOST)
    assert fed(reader, framed(b"one") + framed(b"two") + framed(b"three")) == [
        b"one",
        b"two",
        b"three",
    ]
    assert not reader.begun


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_frame_may_be_cut_at_every_byte(cut: int) -> None:
    """Wherever a frame is cut, it waits for its rest and then comes out once."""
    reader = FrameReader(MOST)
    whole = framed(b"a frame!")
    assert fed(reader, whole[:cut]) == []
    assert reader.begun
    assert fed(reader, whole[cut:]) == [b"a frame!"]
    assert not reader.begun


@pytest.mark.parametrize("length", range(1, 12))
def test_what_is_held_of_a_view_is_a_copy(length: int) -> None:
    """Whoever reads into the same memory again and again changes no frame that has begun."""
    stream = framed(b"one") + framed(b"a second one") + framed(b"two")
    reader, memory = FrameReader(MOST), bytearray(length)
    found = []
    for at in range(0, len(stream), length):
        piece = stream[at : at + length]
        memory[: len(piece)] = piece
        found += [bytes(frame) for frame in reader.feed(memoryview(memory)[: len(piece)])]
    assert found == [b"one", b"a second one", b"two"]


def test_a_frame_may_come_byte_by_byte() -> None:
    """A drip of single bytes gives the same frames as one piece."""
    reader = FrameReader(MOST)
    stream = framed(b"one") + framed(b"two")
    assert fed(reader, *(stream[at : at + 1] for at in range(len(stream)))) == [b"one", b"two"]


@pytest.mark.parametrize("first", [b"a", b"long", b"a long frame"])
def test_three_pieces_cut_anywhere_give_every_frame_in_time(first: bytes) -> None:
    """Each frame comes out with the piece that holds its last byte, whatever was awaited before."""
    bodies = [first, b"bc", b"d"]
    stream = b"".join(map(framed, bodies))
    for one, two in combinations(range(len(stream) + 1), 2):
        reader = FrameReader(MOST)
        frames: list[bytes] = []
        for start, end in pairwise((0, one, two, len(stream))):
            frames += fed(reader, stream[start:end])
            assert frames == fed(FrameReader(MOST), stream[:end])


def test_an_empty_piece_changes_nothing() -> None:
    """Nothing in gives nothing out, before, within and behind a frame."""
    reader = FrameReader(MOST)
    assert fed(reader, b"") == []
    assert not reader.begun
    assert fed(reader, framed(b"one")[:5], b"", framed(b"one")[5:], b"") == [b"one"]


@steady
@given(
    bodies=st.lists(st.binary(min_size=1, max_size=60), max_size=8),
    cuts=st.lists(st.integers(0, 600), max_size=12),
)
def test_any_cuts_give_the_same_frames(bodies: list[bytes], cuts: list[int]) -> None:
    """However a stream of frames is cut, the same frames come out."""
    stream = b"".join(map(framed, bodies))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    reader = FrameReader(MOST)
    assert fed(reader, *pieces) == bodies
    assert not reader.begun


@steady
@given(pieces=st.lists(st.binary(max_size=50), max_size=20))
def test_any_bytes_give_frames_or_one_fault(pieces: list[bytes]) -> None:
    """Arbitrary bytes give frames within the bound or a `RemoteProtocolError`, nothing else."""
    reader = FrameReader(MOST)
    frames: list[bytes] = []
    with suppress(RemoteProtocolError):
        for piece in pieces:
            frames.extend(map(bytes, reader.feed(piece)))
    assert b"".join(pieces).startswith(b"".join(map(framed, frames)))
    assert all(0 < len(frame) <= MOST for frame in frames)


def test_the_longest_frame_is_accepted() -> None:
    """A body of exactly the bound is no fault."""
    assert fed(FrameReader(MOST), framed(b"x" * MOST)) == [b"x" * MOST]


@pytest.mark.parametrize("length", [MOST + 1, 2**31, 2**32 - 1])
def test_too_long_a_frame_is_refused_at_its_prefix(length: int) -> None:
    """The length alone is judged: no byte of the body has to arrive first."""
    with pytest.raises(RemoteProtocolError) as caught:
        fed(FrameReader(MOST), length.to_bytes(PREFIX_BYTES, "big"))
    assert caught.value.code == Code.TOO_BIG
    assert str(length) in caught.value.text
    assert str(MOST) in caught.value.text


def test_a_frame_without_a_body_is_refused() -> None:
    """A length of zero is a fault of its own kind."""
    with pytest.raises(RemoteProtocolError) as caught:
        fed(FrameReader(MOST), b"\0\0\0\0")
    assert caught.value.code == Code.PROTOCOL


def test_frames_before_a_bad_length_come_out_first() -> None:
    """What was whole before the fault is given out, then the fault is raised."""
    frames = FrameReader(MOST).feed(framed(b"one") + framed(b"two") + b"\xff\xff\xff\xff")
    assert [next(frames), next(frames)] == [b"one", b"two"]
    with pytest.raises(RemoteProtocolError):
        next(frames)


def test_progress_grows_only_when_a_frame_is_completed() -> None:
    """A drip into one frame makes no progress, so its deadline is not moved by it."""
    reader = FrameReader(MOST)
    whole = framed(b"a frame!")
    fed(reader, whole[:2], whole[2:5], whole[5:11])
    assert reader.progress == 0
    fed(reader, whole[11:] + whole[:3])
    assert (reader.progress, reader.begun) == (1, True)
    fed(reader, whole[3:6])
    assert (reader.progress, reader.begun) == (1, True)


def test_what_waits_is_never_more_than_a_frame_and_a_piece() -> None:
    """A long stream cut unluckily leaves no more than one unfinished frame in memory."""
    reader = FrameReader(MOST)
    stream = framed(b"x" * MOST) * 20
    for at in range(0, len(stream), 333):
        fed(reader, stream[at : at + 333])
        assert len(reader._held) < PREFIX_BYTES + MOST + 333
