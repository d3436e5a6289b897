"""A peer is asked once while it is quiet, and until it wants more while it talks."""

from collections import deque

import pytest

from secure_chat.limits import Limits
from secure_chat.net.peer import Peer
from secure_chat.tls.link import RECORD_BYTES, Link, Want
from secure_chat.wire.codec import encode
from secure_chat.wire.connection import Ended
from secure_chat.wire.messages import Chunk, Live, Ping, Rooms
from secure_chat.wire.states import Role, State

# The prefix of a frame of 256 bytes, and as good as any other piece of its body.
PIECE = b"\0\0\1\0"


class ScriptedLink(Link):
    """Hands out what a test put there, a record a read, and counts the reads."""

    def __init__(self) -> None:
        self.records: deque[bytes] = deque()
        self.reads = 0

    def read_into(self, room: memoryview) -> int | Want:
        """Hand out the next record."""
        assert len(room) == RECORD_BYTES
        self.reads += 1
        if not self.records:
            return Want.READ
        record = self.records.popleft()
        room[: len(record)] = record
        return len(record)


def space() -> memoryview:
    """Return room for a turn, full of what another peer's turn has left."""
    return memoryview(bytearray(b"\xff" * (2 * RECORD_BYTES + Limits().bulk_read_bytes)))


@pytest.fixture
def link() -> ScriptedLink:
    """A link on which nothing has arrived."""
    return ScriptedLink()


@pytest.fixture
def peer(link: ScriptedLink) -> Peer:
    """A peer that was never read."""
    return Peer(1, link, Role.CLIENT, Limits(), 0.0)


def test_a_quiet_peer_is_not_asked_for_a_second_record(peer: Peer, link: ScriptedLink) -> None:
    """Its record is taken in, and what is left in the socket is the selector's business."""
    for turn in (1, 3, 7):
        link.records += [PIECE, PIECE]
        link.reads = 0
        assert peer.pull(Limits(), turn, space()) == ([], False)
        assert link.reads == 1
    assert len(link.records) == 3


def test_a_peer_that_comes_again_in_the_next_turn_is_read_until_it_wants_more(
    peer: Peer, link: ScriptedLink
) -> None:
    """All it has is read in one turn, up to the bound, behind which it has to come again."""
    link.records += [PIECE] * 5
    limits = Limits(read_records=3)
    assert peer.pull(limits, 8, space()) == ([], False)
    assert peer.pull(limits, 9, space()) == ([], True)
    assert len(link.records) == 1
    assert peer.pull(limits, 10, space()) == ([], False)
    assert not link.records
    assert link.reads == 6


def test_an_end_is_seen_in_whichever_turn_it_comes(peer: Peer, link: ScriptedLink) -> None:
    """A quiet peer that closes is not taken for one that has nothing to say."""
    link.records.append(b"")
    assert peer.pull(Limits(), 4, space()) == ([Ended(clean=False)], False)


def test_frames_in_several_records_are_whole_again(peer: Peer, link: ScriptedLink) -> None:
    """However the records fall into turns."""
    frame = encode(Live(seq=1))
    link.records += [frame[:2], frame[2:5], frame[5:]]
    events = [event for turn in (1, 2) for event in peer.pull(Limits(), turn, space())[0]]
    assert len(events) == 1
    assert not peer.wire.waiting


def cut(data: bytes) -> list[bytes]:
    """Return the records that carry so many bytes."""
    return [data[at : at + RECORD_BYTES] for at in range(0, len(data), RECORD_BYTES)]


@pytest.fixture
def uploader(link: ScriptedLink) -> Peer:
    """A client whose greeting is over, as its host sees it, and which has sent one long chunk."""
    peer = Peer(1, link, Role.HOST, Limits(), 0.0)
    peer.wire._enter(State.OPEN)
    link.records += cut(encode(Chunk("u", 0, bytes(64_000))))
    assert [len(peer.pull(Limits(), turn, space())[0]) for turn in (1, 2)] == [0, 1]
    return peer


def test_a_peer_that_sends_files_has_a_longer_turn_and_is_never_quiet(
    uploader: Peer, link: ScriptedLink
) -> None:
    """It is read on in whichever turn it comes, until it has had as much as files may have."""
    frame = encode(Chunk("u", 64_000, bytes(range(256)) * 250))
    link.records += cut(frame * 8)
    limits, room = Limits(), space()
    events, more = uploader.pull(limits, 9, room)
    assert more
    assert 8 * len(frame) - sum(map(len, link.records)) == limits.bulk_read_bytes
    room[:] = bytes(len(room))
    later, more = uploader.pull(limits, 15, room)
    assert not more
    assert [*events, *later] == [Chunk("u", 64_000, bytes(range(256)) * 250)] * 8


def test_a_peer_that_has_sent_a_file_and_chats_is_a_quiet_one_again(
    uploader: Peer, link: ScriptedLink
) -> None:
    """Its short messages are read as anybody's, and the answers to ours tell nothing."""
    link.records += [encode(Ping())]
    assert uploader.pull(Limits(), 9, space()) == ([], False)
    link.records += [encode(Rooms(re=1))]
    assert uploader.pull(Limits(), 12, space()) == ([Rooms(re=1)], False)
    link.records += [encode(Rooms(re=2)), encode(Rooms(re=3))]
    link.reads = 0
    assert uploader.pull(Limits(), 15, space()) == ([Rooms(re=2)], False)
    assert link.reads == 1
