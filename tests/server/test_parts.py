"""The parts of a host one by one, without sockets or with one thread."""

import queue
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.errors import HostStartError, SecureChatError, StoreBroken, StoreFull
from secure_chat.hub.commands import Admit, Deliver, Drop, Feed, Pause, Send
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from secure_chat.net import orders
from secure_chat.net.inbox import Inbox
from secure_chat.server.acceptor import Acceptor, listen
from secure_chat.server.announce import Announcement, Announcer
from secure_chat.server.depot.depot import Depot, Kept
from secure_chat.server.dispatch import Dispatch
from secure_chat.server.edge import Edge
from secure_chat.server.scribe import Scribe
from secure_chat.server.threads import Crew
from secure_chat.server.upkeep import Upkeep
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Ack, Live, Welcome
from tests.fakes import FakeClock
from tests.log.index import pieces
from tests.server.pieces import Told

WELCOME = Welcome(name="a", role="member", community="c", head=0, floor=0, rooms=[])


class Desk:
    """Stands where a worker stands and keeps its orders."""

    def __init__(self) -> None:
        self.inbox: Inbox[object] = Inbox(100)

    def orders(self) -> list[object]:
        """Return what was posted."""
        return self.inbox.take()


def dispatch_to(*desks: Desk) -> Dispatch:
    """Return a dispatch for stand-ins of workers."""
    return Dispatch(list(desks))  # type: ignore[arg-type] # a worker is an inbox to it


def test_answers_to_one_peer_travel_in_one_piece() -> None:
    """Acks of one round are joined; everything else keeps its place."""
    desk = Desk()
    dispatch = dispatch_to(desk)
    dispatch.add(Admit(1))
    dispatch.add(Send(1, WELCOME))
    dispatch.add(Send(1, Ack(id="a", seq=1, at=0)))
    dispatch.add(Send(2, Ack(id="b", seq=2, at=0)))
    dispatch.add(Send(1, Ack(id="c", seq=3, at=0)))
    dispatch.add(Deliver((1, 2), (Live(1), Live(2)), 2))
    dispatch.add(Feed(1, (Live(3),), 3, live=True))
    dispatch.add(Pause(1, 2.0))
    dispatch.add(Drop(1, "slow", "x"))
    dispatch.send()
    assert desk.orders() == [
        orders.Admit(1),
        orders.Open(1, WELCOME),
        orders.Frames(1, encode(Ack(id="a", seq=1, at=0)) + encode(Ack(id="c", seq=3, at=0))),
        orders.Frames(2, encode(Ack(id="b", seq=2, at=0))),
        orders.Fan((1, 2), encode(Live(1)) + encode(Live(2)), 2),
        orders.Serve(1, encode(Live(3)), 3, live=True),
        orders.Rest(1, 2.0),
        orders.End(1, "slow", "x"),
    ]
    dispatch.send()
    assert desk.orders() == []
    desk.inbox.close()


def test_an_audience_is_split_among_workers_once() -> None:
    """Connection n belongs to worker n modulo their number; a worker without one hears nothing."""
    even, odd = Desk(), Desk()
    dispatch = dispatch_to(even, odd)
    audience = (1, 2, 3)
    for _ in range(2):
        dispatch.add(Deliver(audience, (Live(1),), 1))
    dispatch.add(Deliver((5,), (Live(2),), 2))
    for number in range(1_100):
        dispatch.add(Deliver((number * 2,), (Live(3),), 3))
    dispatch.send()
    assert [order.conns for order in odd.orders() if isinstance(order, orders.Fan)] == [
        (1, 3),
        (1, 3),
        (5,),
    ]
    assert len(even.orders()) == 2 + 1_100
    even.inbox.close()
    odd.inbox.close()


def test_announcements_beyond_the_bound_are_counted_not_kept() -> None:
    """A terminal that nobody reads costs events, never memory or time."""
    written: list[Announcement] = []
    announcer = Announcer(written.append, 2)
    for number in range(5):
        announcer.say("event", str(number))
    thread = threading.Thread(target=announcer.run)
    thread.start()
    while len(written) < 3:
        threading.Event().wait(0.001)
    announcer.stop()
    thread.join()
    announcer.close()
    assert [said.words for said in written[:2]] == ["0", "1"]
    assert written[2].fields == {"count": 3}


def test_records_beyond_the_bound_are_counted_and_told(tmp_path: Path) -> None:
    """A flood of handshakes costs records, never an I/O worker's time."""
    from secure_chat.handshakes.journal import Journal

    said: queue.Queue[Announcement] = queue.Queue()
    announcer = Announcer(said.put, 100)
    limits = replace(Limits(), journal_waiting=0)
    journal = Journal(tmp_path / "a", tmp_path / "r", limits, FakeClock())
    scribe = Scribe(journal, announcer, limits)
    scribe.post(None)  # type: ignore[arg-type] # never looked at
    threads = [threading.Thread(target=run) for run in (scribe.run, announcer.run)]
    for thread in threads:
        thread.start()
    scribe._inbox.post_all([])
    assert said.get(timeout=20).event == "unrecorded"
    scribe.stop()
    announcer.stop()
    for thread in threads:
        thread.join()
    scribe.close()
    announcer.close()


def test_a_thread_that_dies_of_a_bug_is_reported_like_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever ends a thread, the host hears of it; the traceback goes where tracebacks go."""
    errors: list[SecureChatError] = []
    seen: list[object] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    crew = Crew(errors.append)
    done = threading.Event()

    def bug() -> None:
        raise ZeroDivisionError

    crew.start("bug", bug, done=done.set)
    crew.join("bug")
    crew.join("never started")
    assert done.is_set()
    assert crew.failed
    assert len(errors) == len(seen) == 1
    assert "bug" in errors[0].why


def test_the_index_waits_for_room_and_goes_on(tmp_path: Path) -> None:
    """A full disk stops upkeep, not the host."""
    clock = FakeClock()
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    log.append([Draft(Kind.SAID, "alice", "1", "lobby", None, "word")])
    said: list[Announcement] = []
    announcer = Announcer(said.append, 100)
    limits = replace(Limits(), log_warning_bytes=1_000)
    upkeep = Upkeep(log, announcer, limits, clock, keep_seconds=10.0)

    class Full:
        floor = 0
        unindexed = 5_000
        purging = False
        scrub_due = True

        def scrub(self) -> bool:
            raise StoreFull("full")

        def index(self, _most: int) -> int:
            raise StoreFull("full")

        def prune(self, _before: int, _most: int) -> int:
            raise StoreFull("full")

        def size(self) -> int:
            return 10**9

    upkeep._log = Full()  # type: ignore[assignment] # a log on a full disk
    assert upkeep.patience() == 0.0
    assert upkeep.after_round(idle=True) is None
    upkeep._log = log
    assert 0 < upkeep.patience() <= 60
    clock.advance(61)
    assert upkeep.look_due()
    assert upkeep.after_round(idle=False) is None
    assert upkeep.after_round(idle=True) == 2
    assert log.floor == 2
    announcer._inbox.post_all([])
    assert [item.event for item in announcer._inbox.take() if isinstance(item, Announcement)] == [
        "log-large"
    ]
    upkeep.index_all()
    log.close()
    announcer.close()


def entries(first: int, number: int) -> list[Draft]:
    """So many drafts with ids of their own."""
    return [
        Draft(Kind.SAID, "alice", str(n), "lobby", None, "word")
        for n in range(first, first + number)
    ]


def test_a_busy_host_indexes_in_batches_and_keeps_up(tmp_path: Path) -> None:
    """A few entries wait for company, many do not wait for an idle moment."""
    log = SqliteLog.open(tmp_path / "log.sqlite", FakeClock(), Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), FakeClock(), None)
    log.append(entries(0, 4_000))
    upkeep.after_round(idle=False)
    assert log.unindexed == 4_000
    log.append(entries(4_000, 100))
    upkeep.after_round(idle=False)
    assert log.unindexed == 4
    upkeep._announcer.close()
    log.close()


def test_what_was_deleted_is_overwritten_when_there_is_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step now and then as long as the log says so, later when the disk is full."""
    clock = FakeClock()
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), clock, None)
    steps: list[float] = []
    left = 2

    def scrub(_: SqliteLog) -> bool:
        steps.append(clock.monotonic())
        return len(steps) == left

    upkeep.after_round(idle=True)
    assert (upkeep.patience(), steps) == (60, [])
    monkeypatch.setattr(SqliteLog, "scrub_due", property(lambda _: len(steps) < left))
    monkeypatch.setattr(SqliteLog, "scrub", scrub)
    began = clock.monotonic()
    assert upkeep.patience() == 0
    upkeep.after_round(idle=False)
    assert steps == []
    for _ in range(2):
        upkeep.after_round(idle=True)
    assert upkeep.patience() == pytest.approx(0.1)
    clock.advance(0.2)
    upkeep.after_round(idle=True)
    assert steps == [began, pytest.approx(began + 0.2)]
    assert upkeep.patience() > 1
    upkeep._announcer.close()
    log.close()


def test_a_quiet_host_indexes_what_is_there_within_a_second(tmp_path: Path) -> None:
    """Few entries wait a second at most, and the hub sleeps until then and not longer."""
    clock = FakeClock()
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), clock, None)
    upkeep.after_round(idle=True)
    assert upkeep.patience() == 60
    log.append(entries(0, 1))
    assert upkeep.patience() == 1
    clock.advance(0.9)
    log.append(entries(1, 1))
    upkeep.after_round(idle=False)
    assert log.unindexed == 2
    assert upkeep.patience() == pytest.approx(0.1)
    clock.advance(0.2)
    upkeep.after_round(idle=True)
    assert log.unindexed == 0
    # One look whether pieces of the index are to be merged, and nothing more until the minute.
    assert upkeep.patience() == pytest.approx(0.02)
    clock.advance(0.03)
    upkeep.after_round(idle=True)
    assert upkeep.patience() > 50
    upkeep._announcer.close()
    log.close()


def test_pieces_of_the_index_are_merged_a_little_at_a_time(tmp_path: Path) -> None:
    """Step by step, each at a distance, whether somebody talks or not."""
    clock = FakeClock()
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), clock, None)
    for number in range(40):
        log.append(entries(10 * number, 10))
        log.index(10)
    (before,) = pieces(log._db)
    log.append(entries(400, 1))
    upkeep.after_round(idle=False)
    clock.advance(1)
    upkeep.after_round(idle=False)
    assert log.unindexed == 0
    upkeep.after_round(idle=False)
    assert pieces(log._db) == [before + 1]
    for _ in range(60):
        clock.advance(0.03)
        upkeep.after_round(idle=False)
    assert pieces(log._db)[0] <= 10
    assert upkeep.patience() > 50
    upkeep._announcer.close()
    log.close()


def test_pieces_that_searches_add_are_merged_too(tmp_path: Path) -> None:
    """A host whose people search after every message does not collect a piece for each."""
    clock = FakeClock()
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), clock, None)
    upkeep.after_round(idle=True)
    for number in range(60):
        log.append(entries(number, 1))
        upkeep.index_all()
        clock.advance(0.03)
        upkeep.after_round(idle=True)
    assert log.unindexed == 0
    # Fewer than make one, so nothing is left to merge.
    assert pieces(log._db)[0] < 16
    upkeep._announcer.close()
    log.close()


def test_the_index_is_tried_again_after_a_minute_on_a_full_disk(tmp_path: Path) -> None:
    """No attempt a round, however much waits."""
    clock, tries = FakeClock(), []

    class Full:
        unindexed = 10_000
        purging = False
        scrub_due = False

        def index(self, most: int) -> int:
            tries.append(most)
            raise StoreFull("full")

        def size(self) -> int:
            return 0

    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    upkeep = Upkeep(log, Announcer(print, 1), Limits(), clock, None)
    upkeep._log = Full()  # type: ignore[assignment] # a log on a full disk
    for _ in range(3):
        upkeep.after_round(idle=True)
    assert len(tries) == 1
    assert 0 < upkeep.patience() <= 60
    clock.advance(60)
    upkeep.after_round(idle=True)
    assert len(tries) == 2
    upkeep._announcer.close()
    log.close()


def test_a_port_taken_between_bind_and_listen_is_told() -> None:
    """Two hosts may bind with SO_REUSEADDR; only one can listen."""
    first = listen("127.0.0.1", 0)
    port = first[0].getsockname()[1]
    second = listen("127.0.0.1", port)
    Acceptor(first, lambda sock, _: sock.close(), SystemClock()).open()
    late = Acceptor(second, lambda sock, _: sock.close(), SystemClock())
    with pytest.raises(HostStartError, match=str(port)):
        late.open()
    late.close()
    first[0].close()


def test_every_address_of_a_name_gets_the_same_port() -> None:
    """`--bind localhost` listens on IPv4 and IPv6 where there are both."""
    sockets = listen("localhost", 0)
    assert len({sock.getsockname()[1] for sock in sockets}) == 1
    for sock in sockets:
        sock.close()


def test_an_address_that_cannot_be_bound_leaves_no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second address fails, the first one is given back."""
    found = [(socket.AF_INET, 0, 0, "", (address, 0)) for address in ("127.0.0.1", "198.51.100.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(HostStartError, match="cannot listen"):
        listen("anything", 0)


def test_a_burst_of_connections_is_taken_in_bounded_parts() -> None:
    """Accepting goes on for a while and then looks at the rest of the world again."""
    (listener,) = sockets = listen("127.0.0.1", 0)
    taken: list[socket.socket] = []
    acceptor = Acceptor(sockets, lambda sock, _: taken.append(sock), SystemClock())
    acceptor.open()
    callers = [socket.create_connection(listener.getsockname()) for _ in range(300)]
    acceptor.accept(listener)
    assert len(taken) == 256
    acceptor.accept(listener)
    assert len(taken) == 300
    acceptor.close()
    for sock in callers + taken:
        sock.close()


def test_a_certificate_outside_the_profile_is_refused_with_its_rule() -> None:
    """OpenSSL's approval is not enough: the profile's rule is told to the peer."""
    closed: list[tuple[int, str, str]] = []

    class Closing:
        def close(self, conn: int, code: str, text: str) -> None:
            closed.append((conn, code, text))

    inbox: Inbox[object] = Inbox(1)
    told = Told()
    depot = Depot(Kept(Path("nowhere"), None), told, lambda _: None, Limits(), FakeClock())
    edge = Edge(inbox, depot, None, 1)  # type: ignore[arg-type] # nothing is recorded here
    edge.worker = Closing()  # type: ignore[assignment] # only asked to close
    assert edge.opened(3, b"not a certificate", ("127.0.0.1", 1)) is None
    assert inbox.take() == []
    ((conn, code, text),) = closed
    assert (conn, code) == (3, "certificate")
    assert text
    with pytest.raises(AssertionError):
        edge.command("x")
    assert edge.tick(0) > 0
    edge.wait_for_room(0)
    assert depot.tolls == {}
    depot.close()
    inbox.close()


def test_a_broken_disk_stops_the_host_without_an_ack(
    certs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is acknowledged that may not be stored, and the host ends with the reason."""
    from secure_chat.wire.messages import Error, Say
    from tests.server.conftest import LiveHost

    live = LiveHost(certs, tmp_path, Limits()).start()
    with live.guest("alice") as alice:
        alice.join()

        def broken(*_: object) -> object:
            raise StoreBroken("the disk failed", why="injected")

        monkeypatch.setattr(SqliteLog, "append", broken)
        alice.say(Say(id="1", text="lost?", room="lobby"))
        assert alice.wait_for(Error).code == "internal"
        assert alice.closed().code == "shutdown"
    live.stop()
    assert isinstance(live.error, StoreBroken)
