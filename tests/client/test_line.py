"""The line carries out what the session decides, and nothing behind its end."""

import socket
import threading
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from secure_chat.client.effects import Dial, Forget, Memory, Mode
from secure_chat.client.events import (
    Acked,
    Connected,
    Disconnected,
    Event,
    Expiring,
    Left,
    Message,
    Problem,
    Refused,
    Renewed,
)
from secure_chat.client.keeper import Keeper
from secure_chat.client.line import Line
from secure_chat.client.orders import (
    Ask,
    Compose,
    Composed,
    Found,
    Hindered,
    Install,
    Leaving,
    Ready,
    Relieved,
    Submitted,
    Trouble,
)
from secure_chat.client.outlet import Outlet
from secure_chat.client.renewal import Renewal
from secure_chat.client.renewing import Renewing
from secure_chat.client.session import Session
from secure_chat.client.store import Store
from secure_chat.client.transfer.porter import Porter
from secure_chat.errors import (
    HostRefused,
    HostUnreachable,
    IdentityError,
    SecureChatError,
    StoreFull,
)
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.net.orders import Stop
from secure_chat.net.worker import Worker
from secure_chat.wire.messages import (
    Ack,
    Error,
    Grant,
    Greeting,
    Hello,
    Live,
    Notice,
    Renew,
    Said,
    Say,
    Welcome,
    Who,
)
from secure_chat.wire.messages import Message as WireMessage
from secure_chat.wire.messages import Renewed as RenewedAnswer
from tests.client.certificates import DAY, NOW, FakeFiles, identity
from tests.client.test_keeper import EVIDENCE
from tests.fakes import FakeClock

WELCOME = Welcome("alice", "member", "c0", 4, 1, ["lobby"])
SAY = Say("a1", "hi", "lobby")
HERE = (socket.AF_INET, ("127.0.0.1", 1))
THERE = (socket.AF_INET, ("127.0.0.1", 2))


class StubWorker(Worker):
    """Notes what it is asked for and connects to nothing."""

    def __init__(self) -> None:
        self.now = 100.0
        self.done: list[object] = []
        self.posted = threading.Event()
        self.last: object = None

    def post(self, order: object) -> None:
        """Note an order; from any thread."""
        self.last = order
        self.done.append(order)
        self.posted.set()

    def adopt(
        self,
        conn: int,
        sock: socket.socket,
        address: Address,
        *,
        server_name: str | None = None,
        connecting: bool = False,
    ) -> None:
        """Note an attempt."""
        assert connecting
        sock.close()
        self.done.append((conn, address, server_name))

    def send(self, conn: int, message: WireMessage) -> None:
        """Note a message."""
        self.done.append((conn, message))

    def close(self, conn: int, code: str, text: str) -> None:
        """Note the end."""
        self.done.append((conn, code, text) if text else (conn, code))

    def hold(self, conn: int, holding: bool) -> None:  # noqa: FBT001 -- as in Worker
        """Note whether it reads."""
        self.done.append((conn, holding))

    def taken(self) -> list[object]:
        """Return what was noted."""
        done, self.done = self.done, []
        return done


class Stage:
    """A line between a stub worker and a keeper whose thread does not run."""

    def __init__(self, *, limits: Limits, history: int = 0) -> None:
        self.worker = StubWorker()
        self.files = FakeFiles(identity("a1"))
        self.clock = FakeClock(wall=float(NOW), steady=self.worker.now)
        self.keeper = Keeper(Store.in_memory(), None, self.files, self.worker.post, limits)
        self.outlet = Outlet(limits)
        session = Session(limits, Memory("d1"), Mode(history), jitter=lambda: 0.0)
        renewing = Renewing(
            session,
            Renewal(self.files.handed, limits, lambda: 0.0, self.clock.now()),
            self.keeper.post,
            self.outlet.put,
            limits=limits,
            clock=self.clock,
            live=True,
        )
        self.porter = Porter(self.worker.post, limits)
        self.line = Line(
            session,
            self.keeper,
            self.outlet,
            ("localhost", 65_432),
            self.files,
            renewing,
            self.porter,
            limits,
        )
        self.line.worker = self.worker

    def connect(self) -> None:
        """Bring it as far as the welcome."""
        self.line.command(Found((HERE,)))
        self.line.opened(1, b"", HERE[1])
        self.line.received(1, [Greeting(1, "u1"), WELCOME, Live(4)])
        self.worker.taken()
        self.shown()

    def wait(self, seconds: float) -> None:
        """Let time pass and have the line see it."""
        self.clock.advance(seconds)
        self.worker.now += seconds
        self.line.tick(self.worker.now)

    def renew(self) -> None:
        """Let the certificate come of age and have the disk find a newer one already."""
        self.wait(61 * DAY)
        self.files.disk = identity("b2", begin=NOW + 61 * DAY)
        assert self.keeper._inbox.take() == [Compose(identity("a1"))]
        self.line.command(Ready(self.files.disk))
        self.files.handed = self.files.disk

    def shown(self) -> list[Event | None]:
        """Return the events that came out."""
        found: list[Event | None] = []
        while not self.outlet.events.empty():
            show = self.outlet.events.get()
            found.append(None if show is None else show.event)
        return found

    def end(self) -> None:
        """Let the keeper close its files."""
        self.keeper.stop()
        self.keeper.run()


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Return a line whose queue holds four events."""
    made = Stage(limits=Limits(client_events=4))
    yield made
    made.end()


def said(seq: int) -> Said:
    """Return something bob said."""
    return Said(seq, 0, "bob", f"b{seq}", "hi", "lobby")


def test_it_dials_when_told_and_not_before(stage: Stage) -> None:
    """The name is looked up on another thread and connecting begins with its first address."""
    line, worker = stage.line, stage.worker
    assert line.tick(100.0) > 1
    line.command(Dial(0.5))
    assert line.tick(100.0) == 0.5
    assert not worker.posted.is_set()
    assert line.tick(100.5) > 1
    assert worker.posted.wait(20)
    found = worker.last
    assert isinstance(found, Found)
    assert ("127.0.0.1", 65_432) in [address for _, address in found.addresses]
    worker.taken()
    line.command(found)
    assert worker.taken() == [(1, found.addresses[0][1], "localhost")]
    assert line.tick(200.0) > 1


def test_a_name_nobody_knows_is_the_end_of_a_first_attempt(stage: Stage) -> None:
    """The error says which name, and everything ends in order."""
    stage.line._target = ("no such name.invalid", 1)
    stage.line.command(Dial(0.0))
    stage.line.tick(100.0)
    assert stage.worker.posted.wait(20)
    found = stage.worker.last
    assert isinstance(found, Found)
    stage.worker.taken()
    stage.line.command(found)
    refused, end = stage.shown()
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, HostUnreachable)
    assert end is None
    (stop,) = stage.worker.taken()
    assert isinstance(stop, Stop)
    # Nothing wakes it again.
    stage.line.command(found)
    stage.line.command(Dial(0.0))
    assert stage.line.tick(100.0) > 1
    assert stage.worker.taken() == []


def test_every_address_is_tried_before_it_gives_up(stage: Stage) -> None:
    """A host that listens on one of its addresses only is found."""
    stage.line.command(Found((HERE, THERE)))
    error = HostUnreachable("nothing answers")
    stage.line.lost(1, "closed", "", error)
    assert stage.worker.taken() == [(1, HERE[1], "localhost"), (2, THERE[1], "localhost")]
    assert stage.shown() == []
    stage.line.lost(2, "closed", "", error)
    assert stage.shown() == [Refused("closed", error), None]


def test_an_address_that_cannot_even_be_tried_counts_as_tried(stage: Stage) -> None:
    """The system may refuse at once; the next address is tried then."""
    nowhere = (socket.AF_INET, ("255.255.255.255", 1))
    stage.line.command(Found((nowhere, HERE)))
    assert stage.worker.taken() == [(2, HERE[1], "localhost")]


def test_a_refusal_is_not_tried_at_the_next_address(stage: Stage) -> None:
    """The host has judged us; another way to it leads to the same judge."""
    stage.line.command(Found((HERE, THERE)))
    stage.line.opened(1, b"", HERE[1])
    error = HostRefused("revoked", "the host refused us", why="be\x1b[2Jgone")
    stage.line.lost(1, "revoked", "", error)
    assert stage.shown() == [Refused("revoked", error), None]
    assert error.why == r"be\x1b[2Jgone"


def test_what_is_said_goes_out_and_its_ack_comes_back(stage: Stage) -> None:
    """The disk forgets it and a place in the queue is free again."""
    stage.connect()
    stage.outlet.places.acquire()
    before = stage.outlet.places._value
    stage.line.command(Submitted((SAY, SAY)))
    assert stage.worker.taken() == [(1, SAY)]
    assert stage.outlet.places._value == before + 1
    stage.line.received(1, [Ack("a1", 5, 0)])
    assert stage.shown() == [Acked("a1", 5, 0)]
    assert stage.keeper._inbox.take() == [Forget("a1")]
    assert stage.outlet.places._value == before + 2


def test_questions_and_handshakes_pass_through(stage: Stage) -> None:
    """A question goes to the host, evidence to the disk."""
    stage.connect()
    stage.line.command(Ask(Who(1, "lobby")))
    assert stage.worker.taken() == [(1, Who(1, "lobby"))]
    stage.line.recorded(EVIDENCE)
    assert stage.keeper._inbox.take() == [EVIDENCE]
    stage.line.command(object())
    stage.line.lagging(1, 1)
    stage.line.drained(1)
    stage.line.wait_for_room(1.0)
    assert not stage.line.crowded()
    assert stage.worker.taken() == []


def test_trouble_with_the_disk_is_told(stage: Stage) -> None:
    """The person learns that the next run will know nothing."""
    stage.line.command(Trouble(StoreFull("no room")))
    (problem,) = stage.shown()
    assert isinstance(problem, Problem)
    assert "no room" in problem.text


def test_a_consumer_that_falls_behind_stops_the_reading(stage: Stage) -> None:
    """At the bound the connection is held, no new one is made, and it goes on when eased."""
    stage.connect()
    stage.line.received(1, [said(seq) for seq in range(5, 9)])
    assert stage.worker.taken() == [(1, True)]
    stage.line.received(1, [said(9)])
    assert stage.worker.taken() == []
    stage.line.lost(1, "silent", "", None)
    assert stage.line.tick(1_000.0) > 1
    assert len(stage.shown()) == 6
    stage.line.command(Relieved())
    assert stage.worker.taken() == []
    assert stage.line.tick(1_000.0) > 1
    assert stage.worker.posted.wait(20)


def test_a_consumer_that_catches_up_in_between_is_seen(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flag is looked at again after it is set, or both sides would wait for ever."""
    stage.connect()
    monkeypatch.setattr(Outlet, "eased", property(lambda _: True))
    stage.line.received(1, [said(seq) for seq in range(5, 9)])
    assert stage.worker.taken() == []
    assert not stage.outlet.holding


@pytest.mark.parametrize(
    ("code", "text", "shown"),
    [
        ("closed", "[SSL: UNEXPECTED_EOF_WHILE_READING]", "the connection was closed"),
        ("shutdown", "the host is shutting down", "the host is shutting down"),
        ("something new", "its words", "its words"),
    ],
)
def test_a_loss_is_told_in_words(stage: Stage, code: str, text: str, shown: str) -> None:
    """OpenSSL's own words are for the record; a person reads what happened."""
    stage.connect()
    stage.line.lost(1, code, text, None)
    (event,) = stage.shown()
    assert isinstance(event, Disconnected)
    assert "SSL" not in event.text
    assert (shown in event.text) or code == "closed"
    assert stage.line.tick(100.05) == pytest.approx(0.05)


def test_leaving_says_goodbye_and_ends_once(stage: Stage) -> None:
    """The last event is told before the end, and a connection that ends then changes nothing."""
    stage.connect()
    stage.line.command(Leaving(flush=True))
    assert stage.shown() == [Left(0), None]
    bye, stop = stage.worker.taken()
    assert bye == (1, "bye")
    assert isinstance(stop, Stop)
    error: SecureChatError | None = None
    stage.line.lost(1, "bye", "", error)
    stage.line.command(Leaving(flush=False))
    assert stage.shown() == []
    assert stage.worker.taken() == []


def test_a_renewed_certificate_gets_a_second_connection_to_the_same_address(stage: Stage) -> None:
    """It is dialled without looking the name up again, and the first is closed at its welcome."""
    stage.connect()
    stage.renew()
    assert stage.worker.taken() == [(2, HERE[1], "localhost")]
    stage.line.opened(2, b"", HERE[1])
    stage.line.received(2, [Greeting(1, "u2")])
    stage.line.received(1, [said(5)])
    stage.line.received(2, [WELCOME])
    hello, bye = stage.worker.taken()
    assert isinstance(hello, tuple)
    assert hello[0] == 2
    assert isinstance(hello[1], Hello)
    assert bye == (1, "bye")
    until = identity("b2", begin=NOW + 61 * DAY).not_after
    assert stage.shown() == [
        Message.of(said(5)),
        Renewed(until * 1_000, "member", ("lobby",), "u2"),
    ]
    stage.line.lost(1, "bye", "", None)
    stage.line.command(Submitted((SAY,)))
    assert stage.worker.taken() == [(2, SAY)]
    assert stage.shown() == []
    # The new certificate has its own timetable.
    stage.wait(59 * DAY)
    assert stage.keeper._inbox.take() == []
    stage.wait(2 * DAY)
    assert stage.keeper._inbox.take() == [Compose(stage.files.disk)]


def test_a_certificate_is_asked_for_through_the_disk_the_host_and_the_disk(stage: Stage) -> None:
    """Each step on the thread where it belongs; one failure puts it off and is told in time."""
    stage.connect()
    stage.wait(61 * DAY)
    present = identity("a1")
    assert stage.keeper._inbox.take() == [Compose(present)]
    stage.line.command(Composed("request"))
    assert stage.worker.taken() == [(1, Renew(0, "request"))]
    stage.line.received(1, [RenewedAnswer(0, "certificate", "authorities")])
    assert stage.keeper._inbox.take() == [Install("certificate", "authorities", present)]
    stage.line.command(Hindered(IdentityError("no room")))
    stage.wait(30)
    assert stage.keeper._inbox.take() == [Compose(present)]
    stage.line.command(Composed("request"))
    stage.line.received(1, [Error("no-authority", "this host cannot issue", re=0)])
    assert stage.shown() == []
    stage.wait(16 * DAY)
    (warning,) = stage.shown()
    assert isinstance(warning, Expiring)
    assert warning.why == "this host cannot issue (no-authority)"


def test_nothing_is_said_of_a_certificate_before_the_first_welcome(stage: Stage) -> None:
    """Whoever starts near its end has not tried to renew it yet; that is done at once then."""
    stage.wait(89 * DAY)
    stage.wait(1)
    assert stage.shown() == []
    assert stage.keeper._inbox.take() == []
    stage.connect()
    stage.line.tick(stage.worker.now)
    assert stage.keeper._inbox.take() == [Compose(identity("a1"))]
    assert stage.shown() == []


def test_an_end_that_comes_near_without_a_line_is_warned_of(stage: Stage) -> None:
    """The reason is that there is none; back again, nothing is waited for."""
    stage.connect()
    stage.line.lost(1, "silent", "", None)
    stage.shown()
    stage.wait(61 * DAY)
    assert stage.shown() == []
    stage.wait(16 * DAY)
    (warning,) = stage.shown()
    assert isinstance(warning, Expiring)
    assert warning.why == "there is no connection to the host"
    stage.line.command(Found((HERE,)))
    stage.line.opened(2, b"", HERE[1])
    stage.line.received(2, [Greeting(1, "u2"), WELCOME])
    assert stage.line.tick(stage.worker.now) < 1
    stage.line.received(2, [Live(4)])
    stage.wait(1)
    assert stage.keeper._inbox.take() == [Compose(identity("a1"))]


def test_a_host_that_does_not_answer_is_asked_again(stage: Stage) -> None:
    """The connection stays; an answer that comes too late is not used."""
    stage.connect()
    stage.wait(61 * DAY)
    stage.keeper._inbox.take()
    stage.line.command(Composed("request"))
    stage.wait(30)
    stage.line.received(1, [RenewedAnswer(0, "certificate", "authorities")])
    stage.wait(30)
    assert stage.keeper._inbox.take() == [Compose(identity("a1"))]


def test_a_host_may_ask_for_a_renewal(stage: Stage) -> None:
    """It begins at once, however young the certificate is."""
    stage.connect()
    stage.line.received(1, [Notice("renew", "your role has changed")])
    assert stage.line.tick(stage.worker.now) > 0
    assert stage.keeper._inbox.take() == [Compose(identity("a1"))]
    assert stage.shown() == []


def test_a_second_connection_that_fails_is_tried_again_later(stage: Stage) -> None:
    """The first one is not touched by it."""
    stage.connect()
    stage.renew()
    stage.worker.taken()
    stage.line.lost(2, "closed", "", HostUnreachable("nothing answers"))
    assert stage.worker.taken() == stage.shown() == []
    stage.wait(61)
    assert stage.keeper._inbox.take() == [Compose(identity("a1"))]
    stage.line.command(Ready(stage.files.disk))
    assert stage.worker.taken() == [(3, HERE[1], "localhost")]


def test_a_slow_consumer_holds_the_new_connection_too(stage: Stage) -> None:
    """What the first was not read for the second is not read for either."""
    stage.connect()
    stage.renew()
    stage.line.opened(2, b"", HERE[1])
    stage.line.received(1, [said(seq) for seq in range(5, 9)])
    stage.worker.taken()
    stage.line.received(2, [Greeting(1, "u2"), WELCOME])
    assert (2, True) in stage.worker.taken()
    stage.shown()
    stage.line.command(Relieved())
    assert stage.worker.taken() == [(2, False)]


def test_a_retired_certificate_makes_it_come_back_with_the_one_on_the_disk(stage: Stage) -> None:
    """Another client of the same files has renewed it; without a newer one it is the end."""
    stage.connect()
    stage.files.disk = identity("b2")
    stage.line.lost(1, "superseded", "a newer one is in use", None)
    assert stage.shown() == []
    stage.line.command(Found((HERE,)))
    stage.files.handed = stage.files.disk
    stage.line.opened(2, b"", HERE[1])
    stage.line.received(2, [Greeting(1, "u2"), WELCOME])
    (event,) = stage.shown()
    assert isinstance(event, Renewed)
    stage.line.lost(2, "superseded", "a newer one is in use", None)
    refused, end = stage.shown()
    assert isinstance(refused, Refused)
    assert end is None


def test_leaving_waits_for_a_certificate_on_its_way() -> None:
    """It was issued and would be lost; a host that does not answer is not waited for long.

    What a person must know of it is told before the end.
    """
    for answer in (True, False):
        late = Stage(limits=Limits(client_events=4))
        late.connect()
        late.wait(80 * DAY)
        late.keeper._inbox.take()
        late.line.command(Leaving(flush=False))
        late.line.command(Composed("request"))
        assert late.shown() == []
        if answer:
            late.line.received(1, [RenewedAnswer(0, "certificate", "authorities")])
            late.line.command(Hindered(IdentityError("no room")))
            warning, *end = late.shown()
            assert isinstance(warning, Expiring)
            assert end == [Left(0), None]
        else:
            late.wait(5)
            assert late.shown() == [Left(0), None]
        late.end()


def test_messages_come_out_in_order(stage: Stage) -> None:
    """What one chunk brought is in the queue when the call returns."""
    stage.line.command(Found((HERE,)))
    stage.line.opened(1, b"", HERE[1])
    stage.line.received(1, [Greeting(1, "u1"), WELCOME, said(5)])
    sent = stage.worker.taken()[-1]
    assert isinstance(sent, tuple)
    assert isinstance(sent[1], Hello)
    connected, message = stage.shown()
    assert isinstance(connected, Connected)
    assert message == Message.of(said(5))


class Noting(Porter):
    """A porter that notes what it is told, and believes the host or not.

    Args:
        limits: unused but for what every porter needs.
    """

    def __init__(self, limits: Limits) -> None:
        super().__init__(lambda _: None, limits)
        self.noted: list[object] = []
        self.believes = True

    def line(self, conn: int | None, file_bytes: int) -> None:
        """Note which connection counts."""
        self.noted.append((conn, file_bytes))

    def heard(self, conn: int, messages: list[WireMessage]) -> bool:
        """Note what the host said."""
        self.noted.append((conn, messages))
        return self.believes

    def unloaded(self, conn: int) -> None:
        """Note that there is room."""
        self.noted.append(conn)


@pytest.fixture
def carrying(stage: Stage) -> Noting:
    """Return the porter of a line that is connected."""
    porter = Noting(Limits())
    stage.line._porter = porter
    stage.connect()
    return porter


def test_the_porter_hears_what_is_about_transfers_and_nobody_else(
    stage: Stage, carrying: Noting
) -> None:
    """Not the consumer, who hears the rest in its order."""
    grant = Grant("u1", 9)
    refused = Error("quota", "too much", up="u1")
    stage.line.received(1, [said(5), grant, said(6), refused])
    assert carrying.noted == [(1, 0), (1, [grant, refused])]
    assert [event.seq for event in stage.shown() if isinstance(event, Message)] == [5, 6]
    stage.line.unloaded(1)
    stage.line.lost(1, "closed", "", None)
    assert carrying.noted[2:] == [1, (None, 0)]


def test_what_the_connection_before_still_says_of_transfers_is_dropped(
    stage: Stage, carrying: Noting
) -> None:
    """The porter asks for everything anew on the one that takes over."""
    stage.renew()
    stage.line.opened(2, b"", HERE[1])
    stage.line.received(2, [Greeting(1, "u2"), replace(WELCOME, file_bytes=5)])
    assert carrying.noted == [(1, 0), (2, 5)]
    stage.line.received(1, [Grant("u1", 9)])
    assert carrying.noted == [(1, 0), (2, 5)]


def test_a_host_that_sends_more_than_was_let_come_is_left(stage: Stage, carrying: Noting) -> None:
    """Its bytes would fill the memory."""
    carrying.believes = False
    stage.line.received(1, [Grant("u1", 9)])
    text = "more of a file came than was let come"
    assert stage.worker.taken() == [(1, "protocol", text)]


def test_the_porter_ends_with_the_client(stage: Stage, carrying: Noting) -> None:
    """For the reason why the client does."""
    stage.line.lost(1, "revoked", "you are out", HostRefused("revoked", "no"))
    assert isinstance(carrying.ended, HostRefused)
    assert carrying.ended is stage.outlet.error
    stage.shown()
