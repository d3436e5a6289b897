"""Frames of files leave behind everything else, in order, and keep nobody from being heard."""

import socket
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from selectors import EVENT_WRITE

import pytest

from secure_chat.limits import Limits
from secure_chat.net.orders import Bulk, Fan, Frames, Stop
from secure_chat.net.orders import End as EndOrder
from secure_chat.net.peer import Peer
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Chunk, Code, Live, Message, Piece, Said, Say
from tests.fakes import FakeClock
from tests.net.ends import turn_until
from tests.net.table import Table

SIZE = Limits().chunk_bytes
MESSAGE = Live(seq=77)


def pieces(number: int, first: int = 0, size: int = SIZE) -> tuple[bytes, ...]:
    """Return the frames of so many pieces, numbered by their place."""
    return tuple(encode(Piece(re=1, at=first + at, data=b"x" * size)) for at in range(number))


def places(messages: list[Message]) -> list[int | None]:
    """Return the numbers of the pieces heard, None for everything else."""
    return [message.at if isinstance(message, Piece) else None for message in messages]


def heard_by(table: Table, conn: int) -> list[int | None]:
    """Return the same of one of the client's connections."""
    return places([message for at, message in table.client.heard.messages if at == conn])


def peer_of(table: Table, conn: int = 1) -> Peer:
    """Return the host's end of a connection."""
    return table.host.worker.peers[conn]


def fill(table: Table, most: int = 200) -> int:
    """Load a client that does not read until its socket is full; returns how many have begun."""
    table.host.worker.post(Bulk(1, pieces(most)))
    for _ in range(most):
        table.host.worker.turn(0)
    bulk = peer_of(table).bulk
    assert bulk, "the socket took everything"
    assert peer_of(table).interest & 2
    return most - len(bulk)


@pytest.fixture
def joined(table: Table) -> Table:
    """A conversation that is open."""
    table.join()
    return table


# --- the order in which things leave -------------------------------------------------------


def test_frames_of_files_arrive_whole_and_in_order(joined: Table) -> None:
    """Whatever is loaded arrives as it was given, on either end."""
    joined.host.worker.post(Bulk(1, pieces(20)))
    joined.host.worker.post(Bulk(1, pieces(20, first=20)))
    joined.until(lambda: len(joined.client.said()) == 40)
    assert places(joined.client.said()) == list(range(40))
    chunks = [Chunk(up="u", at=at, data=bytes([at]) * SIZE) for at in range(20)]
    joined.client.worker.load(1, map(encode, chunks))
    joined.until(lambda: len(joined.host.said()) == 20)
    assert joined.host.said() == chunks


def test_a_message_overtakes_all_frames_but_the_one_that_has_begun(joined: Table) -> None:
    """A slow reader hears it right behind the piece that is on its way, before all that wait."""
    begun = fill(joined)
    joined.host.worker.post(Frames(1, encode(MESSAGE)))
    joined.until(lambda: len(joined.client.said()) == 201)
    assert places(joined.client.said()) == [*range(begun), None, *range(begun, 200)]


def test_what_a_turn_brings_is_said_before_its_files(joined: Table) -> None:
    """Of two orders of the same turn the message leaves first, though it came second."""
    joined.host.worker.post(Bulk(1, pieces(3)))
    joined.host.worker.post(Fan((1,), encode(Said(1, 0, "bob", "x", "t", "lobby")), 1))
    joined.until(lambda: len(joined.client.said()) == 4)
    assert places(joined.client.said()) == [None, 0, 1, 2]


def test_what_is_said_within_a_turn_goes_before_its_next_frame(joined: Table) -> None:
    """A handler that speaks while files are written is not put behind all of them."""
    joined.host.heard.feed = lambda conn: joined.host.worker.send(conn, MESSAGE)
    joined.host.worker.load(1, pieces(2, size=1_000))
    joined.until(lambda: len(joined.client.said()) == 3)
    assert places(joined.client.said()) == [None, 0, 1]


def test_a_system_full_of_files_would_be_a_queue_that_nobody_can_overtake(joined: Table) -> None:
    """Where the system can be told to hold little unsent, it is, and for peers with files only."""
    option = getattr(socket, "TCP_NOTSENT_LOWAT", None)
    if option is None:
        pytest.skip("this system has no such option")
    tls = peer_of(joined).link._tls
    assert tls is not None
    before = tls.getsockopt(socket.IPPROTO_TCP, option)
    joined.host.worker.load(1, pieces(1))
    assert tls.getsockopt(socket.IPPROTO_TCP, option) == Limits().unsent_bytes != before


def test_a_system_that_cannot_hold_little_is_used_as_it_is(
    joined: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files travel all the same."""
    monkeypatch.delattr(socket, "TCP_NOTSENT_LOWAT", raising=False)
    joined.host.worker.load(1, pieces(1))
    joined.until(lambda: places(joined.client.said()) == [0])


# --- asking for the next ones --------------------------------------------------------------


def test_the_next_frames_are_wanted_once_when_few_are_left(joined: Table) -> None:
    """Nothing is asked for while much waits, then once, and not again for messages."""
    fill(joined)
    assert joined.host.heard.unloads == []
    seen: list[int] = []
    joined.host.heard.feed = lambda _conn: seen.append(peer_of(joined).bulk_size)
    joined.until(lambda: joined.host.heard.unloads)
    assert Limits().bulk_low_bytes - len(pieces(1)[0]) < seen[0] <= Limits().bulk_low_bytes
    joined.until(lambda: len(joined.client.said()) == 200)
    joined.host.worker.post(Frames(1, encode(MESSAGE)))
    joined.until(lambda: len(joined.client.said()) == 201)
    assert joined.host.heard.unloads == [1]


def test_little_is_answered_at_once_even_when_the_socket_is_full(joined: Table) -> None:
    """Who gives less than what counts as few is asked for more in the same turn, each time."""
    joined.host.worker.post(Frames(1, b"x" * 9_000_000))
    for turn in range(3):
        joined.host.worker.post(Bulk(1, pieces(1, size=1_000)))
        joined.host.worker.turn(0)
        assert joined.host.heard.unloads == [1] * (turn + 1)
    assert peer_of(joined).interest & 2


def test_a_deaf_peer_costs_what_was_given_at_once_and_what_counts_as_few(joined: Table) -> None:
    """Who gives only when asked never has more waiting than that, however long it goes on."""
    limits = Limits()
    given = pieces(limits.bulk_bytes // (SIZE + 64))
    joined.host.heard.feed = lambda conn: joined.host.worker.load(conn, given)
    joined.host.worker.post(Bulk(1, given))
    for turn in range(200):
        joined.host.worker.turn(0)
        if turn % 3 == 0:
            joined.client.worker.turn(0)
        assert peer_of(joined).bulk_size <= limits.bulk_bytes + limits.bulk_low_bytes
        assert peer_of(joined).outbox.size <= len(given[0])
    assert len(joined.host.heard.unloads) > 3


# --- ends ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["end", "stop", "fault"])
def test_the_last_word_does_not_wait_for_files(joined: Table, how: str) -> None:
    """What has not begun to leave is dropped, and the peer reads the reason in time."""
    begun = fill(joined)
    if how == "end":
        joined.host.worker.post(EndOrder(1, Code.KICKED, "out"))
    elif how == "stop":
        joined.host.worker.post(Stop(Code.KICKED, "out"))
    else:
        client = joined.client.worker.peers[1]
        client.outbox.append((1 << 30).to_bytes(4, "big"))
        joined.client.worker.dirty[1] = client
        joined.client.worker._flush()
    peer = peer_of(joined)
    turn_until(lambda: joined.host.heard.losses, joined.host)
    assert (peer.bulk_size, peer.bulk) == (0, None)
    assert not joined.host.worker.loaded
    joined.until(lambda: joined.client.heard.losses)
    assert joined.client.heard.losses[0].code == (Code.TOO_BIG if how == "fault" else Code.KICKED)
    assert places(joined.client.said()) == list(range(begun))
    assert joined.host.heard.unloads == []


def test_a_peer_that_takes_no_file_is_dropped(joined: Table) -> None:
    """Standing still with a full socket is told apart from silence, and nothing is asked for."""
    fill(joined)
    for _ in range(22):
        joined.clock.advance(1)
        joined.host.worker.turn(0)
    (loss,) = joined.host.heard.losses
    assert (loss.code, "20 s" in loss.text) == (Code.SLOW, True)
    assert joined.host.heard.unloads == []


def test_a_peer_that_takes_less_than_a_write_is_not_dropped(joined: Table) -> None:
    """Room in its socket is progress, though the piece that has begun is not through yet."""
    fill(joined)
    for _ in range(3):
        joined.clock.advance(19)
        joined.host.worker.now += 19
        joined.host.worker.life.ready(peer_of(joined), EVENT_WRITE, reading=False)
        joined.host.worker.turn(0)
    assert joined.host.heard.losses == []
    assert peer_of(joined).interest & EVENT_WRITE


@pytest.fixture
def slow(certs: Path, clock: FakeClock) -> Iterator[Table]:
    """Two conversations on a worker that writes one frame of files in a turn."""
    table = Table(certs, clock, replace(Limits(), bulk_turn_bytes=1, stuck_seconds=10), "alice")
    for conn in (1, 2):
        table.join(conn)
    yield table
    table.stop()


def test_who_waits_for_its_turn_is_not_taken_for_stuck(slow: Table) -> None:
    """Files that a busy worker has not come to are no standing still of their peer."""
    slow.pass_time(27)
    assert slow.host.worker.now - peer_of(slow, 2).progress > 10
    for conn in (1, 2):
        slow.host.worker.post(Bulk(conn, pieces(1)))
    slow.clock.advance(1)
    slow.host.worker.turn(0)
    assert [peer_of(slow, conn).waiting for conn in (1, 2)] == [False, True]
    assert slow.host.heard.losses == []
    slow.until(lambda: len(slow.client.said()) == 2)


def test_who_ends_while_waiting_for_its_turn_waits_no_more(slow: Table) -> None:
    """The worker neither remembers the connection nor stays awake for it."""
    for conn in (1, 2):
        slow.host.worker.post(Bulk(conn, pieces(1)))
    slow.host.worker.turn(0)
    assert list(slow.host.worker.loaded) == [2]
    slow.host.worker.close(2, Code.KICKED, "")
    assert not slow.host.worker.loaded
    slow.host.worker.turn(0)
    assert slow.host.worker._patience() > 0


def test_no_frame_is_put_behind_words_that_cannot_leave(slow: Table) -> None:
    """Whose socket fills up while its files wait for their turn has them wait on."""
    for conn in (1, 2):
        slow.host.worker.post(Bulk(conn, pieces(1)))
    slow.host.worker.turn(0)
    slow.host.worker.post(Frames(2, b"x" * 9_000_000))
    slow.host.worker.turn(0)
    assert peer_of(slow, 2).outbox.size < 9_000_000
    assert peer_of(slow, 2).bulk_size == len(pieces(1)[0])


def test_files_for_a_connection_that_is_over_are_swallowed(joined: Table) -> None:
    """They may cross with its end, in an order or in a call."""
    joined.host.worker.post(Bulk(9, pieces(1)))
    joined.host.worker.load(9, pieces(1))
    joined.host.worker.close(1, Code.KICKED, "")
    joined.host.worker.load(1, pieces(1))
    joined.host.worker.post(Bulk(1, pieces(1)))
    joined.host.worker.turn(0)
    assert joined.host.heard.unloads == []
    joined.until(lambda: joined.client.heard.losses)
    assert joined.client.said() == []


def test_a_peer_that_is_cut_while_files_leave_is_lost_once(joined: Table) -> None:
    """Its frames go with it, and the worker goes on."""
    fill(joined)
    joined.client.worker.peers[1].link._tls.close()  # type: ignore[union-attr] # a cut
    turn_until(lambda: joined.host.heard.losses, joined.host)
    assert len(joined.host.heard.losses) == 1
    assert not joined.host.worker.loaded
    assert not joined.host.worker.peers


# --- everybody else ------------------------------------------------------------------------


@pytest.fixture
def crowd(table: Table) -> Iterator[Table]:
    """Three conversations on one worker."""
    for conn in (1, 2, 3):
        table.join(conn)
    yield table
    assert table.host.heard.losses == []


def test_a_turn_writes_so_many_bytes_of_files_and_no_more(crowd: Table) -> None:
    """However much waits and whoever it waits for, a turn ends and the next one does not sleep."""
    conns = (1, 2, 3)
    for conn in conns:
        crowd.host.worker.post(Bulk(conn, pieces(20, size=15_000)))
    one = len(pieces(1, size=15_000)[0])
    left = 3 * 20 * one
    while left:
        crowd.host.worker.turn(0)
        sizes = [peer_of(crowd, conn).bulk_size for conn in conns]
        written, left = left - sum(sizes), sum(sizes)
        assert 0 < written < Limits().bulk_turn_bytes + one
        assert max(sizes) - min(sizes) <= one, "somebody was served before their turn"
        assert not left or crowd.host.worker._patience() == 0.0
        for _ in range(3):
            crowd.client.worker.turn(0)
    crowd.until(lambda: len(crowd.client.said()) == 60)
    assert all(heard_by(crowd, conn) == list(range(20)) for conn in conns)


def test_a_message_for_another_peer_leaves_in_the_turn_it_came_in(crowd: Table) -> None:
    """Endless files of one person cost another one at most a turn's share of them."""
    endless = count()
    crowd.host.heard.feed = lambda conn: crowd.host.worker.load(
        conn, pieces(7, first=7 * next(endless))
    )
    crowd.host.worker.load(1, pieces(1))
    for number in range(20):
        crowd.host.worker.turn(0)
        crowd.client.worker.turn(0)
        crowd.host.worker.post(Frames(2, encode(Live(seq=number))))
        before = peer_of(crowd, 2).outbox.size
        crowd.host.worker.turn(0)
        assert (before, peer_of(crowd, 2).outbox.size) == (0, 0)
        crowd.client.worker.turn(0)
    crowd.until(lambda: len(heard_by(crowd, 2)) == 20)
    assert len(heard_by(crowd, 1)) > 20


def test_chunks_at_full_speed_starve_nobody_who_speaks(crowd: Table) -> None:
    """A turn reads so much of one peer and no more, so the others are heard in the same turn."""
    endless = count()
    chunk = encode(Chunk(up="u", at=0, data=b"x" * SIZE))
    crowd.client.heard.feed = lambda conn: crowd.client.worker.load(conn, [chunk] * 7)
    crowd.client.worker.load(1, [chunk])
    share = 1 + crowd.host.worker.limits.bulk_read_bytes // SIZE
    heard = 0
    for _ in range(20):
        for _ in range(5):
            crowd.client.worker.turn(0)
        crowd.client.worker.send(2, Say(id=f"a{next(endless)}", text="hi", room="lobby"))
        crowd.client.worker.turn(0)
        crowd.host.heard.messages.clear()
        crowd.host.worker.turn(0.5)
        said = [conn for conn, _ in crowd.host.heard.messages]
        assert said.count(2) == 1, "the message was not read in this turn"
        assert said.count(1) <= share, "a turn read more than its share of one peer"
        heard += said.count(1)
    assert heard > 5


def test_a_page_from_the_log_is_asked_for_while_files_wait(joined: Table) -> None:
    """A lagging reader has room for messages again although its files never run out."""
    peer = peer_of(joined)
    data = encode(Said(seq=1, at=0, author="bob", id="x", text="t" * 16_000, room="lobby"))
    joined.host.heard.feed = lambda conn: joined.host.worker.load(conn, pieces(7))
    joined.host.worker.load(1, pieces(7))
    for seq in count(1):
        joined.host.worker.post(Fan((1,), data, seq))
        joined.host.worker.turn(0)
        if joined.host.heard.lags:
            break
    joined.until(lambda: joined.host.heard.drains)
    assert peer.bulk_size > 0
