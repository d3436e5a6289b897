"""A peer is asked once while it is quiet, and until it wants more while it talks."""

from collections import deque

import pytest

from secure_chat.limits import Limits
from secure_chat.net.peer import Peer
from secure_chat.tls.link import Link, Want
from secure_chat.wire.codec import encode
from secure_chat.wire.connection import Ended
from secure_chat.wire.messages import Live
from secure_chat.wire.states import Role

# The prefix of a frame of 256 bytes, and as good as any other piece of its body.
PIECE = b"\0\0\1\0"


class ScriptedLink(Link):
    """Hands out what a test put there, a record a read, and counts the reads."""

    def __init__(self) -> None:
        self.records: deque[bytes] = deque()
        self.reads = 0

    def read(self, size: int = 16_384) -> bytes | Want:
        """Return the next record."""
        assert size == 16_384
        self.reads += 1
        return self.records.popleft() if self.records else Want.READ


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
        assert peer.pull(Limits(), turn) == ([], False)
        assert link.reads == 1
    assert len(link.records) == 3


def test_a_peer_that_comes_again_in_the_next_turn_is_read_until_it_wants_more(
    peer: Peer, link: ScriptedLink
) -> None:
    """All it has is read in one turn, up to the bound, behind which it has to come again."""
    link.records += [PIECE] * 5
    limits = Limits(read_records=3)
    assert peer.pull(limits, 8) == ([], False)
    assert peer.pull(limits, 9) == ([], True)
    assert len(link.records) == 1
    assert peer.pull(limits, 10) == ([], False)
    assert not link.records
    assert link.reads == 6


def test_an_end_is_seen_in_whichever_turn_it_comes(peer: Peer, link: ScriptedLink) -> None:
    """A quiet peer that closes is not taken for one that has nothing to say."""
    link.records.append(b"")
    assert peer.pull(Limits(), 4) == ([Ended(clean=False)], False)


def test_frames_in_several_records_are_whole_again(peer: Peer, link: ScriptedLink) -> None:
    """However the records fall into turns."""
    frame = encode(Live(seq=1))
    link.records += [frame[:2], frame[2:5], frame[5:]]
    events = [event for turn in (1, 2) for event in peer.pull(Limits(), turn)[0]]
    assert len(events) == 1
    assert not peer.wire.waiting
