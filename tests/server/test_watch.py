"""The main thread's loop: looks and answers in their order, and the enrolment port in its time."""

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.errors import HostStartError
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.pki.act import Deed
from secure_chat.pki.audit import RegistryWatch
from secure_chat.pki.invites import cancel, invite
from secure_chat.pki.moderation import record
from secure_chat.pki.registry import Registry
from secure_chat.server.announce import Announcement
from secure_chat.server.watch import Look, Order, Stop, Watch, address_text
from tests.server.pieces import Office, Told


class Port:
    """A listener on a free port that keeps what happens to it.

    Args:
        happened: where to say so.
        fault: raised by `open`.
    """

    def __init__(self, happened: Callable[[str], None]) -> None:
        self.sockets: list[socket.socket] = []
        self.happened = happened
        self.fault: HostStartError | None = None
        self.rest = 0.0

    def open(self) -> None:
        """Listen."""
        if self.fault is not None:
            raise self.fault
        self.sockets = [socket.create_server(("127.0.0.1", 0))]

    def close(self) -> None:
        """Listen no more."""
        for sock in self.sockets:
            sock.close()
        self.sockets = []

    def accept(self, listener: socket.socket) -> None:
        """Take one and say so."""
        listener.accept()[0].close()
        self.happened("accepted")

    def resting(self) -> float:
        """Return what a test has set."""
        return self.rest


class Heard(Told):
    """An announcer that a test can wait for."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.Queue[Announcement] = queue.Queue()

    def say(self, event: str, words: str, **fields: object) -> None:
        """Hand it over."""
        self.queue.put(Announcement(event, words, fields))

    def next(self) -> Announcement:
        """Return the next announcement."""
        return self.queue.get(timeout=20)


class Scene:
    """A watch on a thread of its own, over a real folder.

    Args:
        folder: the certificates folder.
        seconds: how often it looks by itself.
    """

    def __init__(self, folder: Path, seconds: float) -> None:
        self.office = Office(folder)
        self.heard = Heard()
        self.done: queue.Queue[object] = queue.Queue()
        self.inbox: Inbox[Order] = Inbox(100)
        self.chat, self.enrolling = Port(self.done.put), Port(self.done.put)
        self.chat.open()
        trail = RegistryWatch(self.office.vault.audit_file)
        registry = trail.poll()
        assert registry is not None
        self.watch = Watch(
            inbox=self.inbox,
            chat=self.chat,
            enrolling=self.enrolling,
            trail=trail,
            papers=self.office.papers,
            tell=self.done.put,
            announcer=self.heard,
            limits=Limits(registry_seconds=seconds),
            clock=self.office.clock,
        )
        self._thread = threading.Thread(target=self.watch.run, args=(registry,))

    def start(self) -> None:
        """Let it run; the first look is at once."""
        self._thread.start()

    def look(self) -> None:
        """Have it look, and wait until it has."""
        done = threading.Event()
        self.inbox.post(Look(done.set))
        assert done.wait(20)

    def stop(self) -> None:
        """End it."""
        self.inbox.post(Stop())
        if self._thread.ident is not None:
            self._thread.join(20)
        self.chat.close()
        self.enrolling.close()
        self.inbox.close()

    def invite(self, name: str, hours: int = 1) -> str:
        """Invite somebody; returns the invitation's id."""
        office = self.office
        made, _ = invite(
            office.vault, name=name, life=timedelta(hours=hours), now=office.clock.now(), by="test"
        )
        return made.id


@pytest.fixture
def scene(own: Path, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A watch that looks only when it is asked to or at its start, unless a test wants more."""
    made = Scene(own, getattr(request, "param", 3_600.0))
    yield made
    made.stop()


def test_an_answer_comes_behind_the_registry_that_knows_of_it(scene: Scene) -> None:
    """Whoever asks for a look hears of it only after everybody has the new registry."""
    scene.start()
    scene.look()
    vault, now = scene.office.vault, scene.office.clock.now()
    for number in range(5):
        record(vault, Deed.CLOSED_ROOM, room=f"den-{number}", now=now, by="test")
        scene.inbox.post(Look(lambda number=number: scene.done.put(number)))  # type: ignore[misc]
        registry = scene.done.get(timeout=20)
        assert isinstance(registry, Registry)
        assert f"den-{number}" in registry.closed_rooms
        assert scene.done.get(timeout=20) == number


def test_several_who_ask_at_once_share_one_look(scene: Scene) -> None:
    """In the order in which they asked."""
    record(scene.office.vault, Deed.CLOSED_ROOM, room="den", now=1.0, by="test")
    for number in range(3):
        scene.inbox.post(Look(lambda number=number: scene.done.put(number)))  # type: ignore[misc]
    scene.start()
    assert isinstance(scene.done.get(timeout=20), Registry)
    assert [scene.done.get(timeout=20) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize("scene", [0.0], indirect=True)
def test_it_looks_by_itself(scene: Scene) -> None:
    """What a command in another process does needs nobody to ask."""
    scene.start()
    record(scene.office.vault, Deed.CLOSED_ROOM, room="den", now=1.0, by="test")
    found: object = None
    # It may look while the line is being written, and read the trail once more as it was.
    while not (isinstance(found, Registry) and found.closed_rooms):
        found = scene.done.get(timeout=20)
    assert found.closed_rooms == {"den"}


def test_a_damaged_trail_is_told_and_the_earlier_registry_goes_on_counting(scene: Scene) -> None:
    """Nobody is told an empty registry."""
    scene.start()
    scene.look()
    trail = scene.office.vault.audit_file
    whole = trail.read_bytes()
    trail.write_bytes(whole + b"{\n")
    scene.look()
    assert scene.heard.next().event == "registry"
    scene.look()
    assert scene.heard.queue.empty()
    assert scene.done.empty()
    trail.write_bytes(whole)
    scene.look()
    assert isinstance(scene.done.get(timeout=20), Registry)


def test_the_enrolment_port_is_open_while_an_invitation_is(scene: Scene) -> None:
    """It opens with the first one, stays with the second, closes with the last."""
    scene.start()
    scene.look()
    assert scene.heard.queue.empty()
    first = scene.invite("erin")
    scene.look()
    opened = scene.heard.next()
    assert (opened.event, opened.fields["open"]) == ("enrolment", True)
    address = address_text(scene.enrolling.sockets[0])
    assert opened.fields["address"] == address
    socket.create_connection(scene.enrolling.sockets[0].getsockname()).close()
    while scene.done.get(timeout=20) != "accepted":
        continue
    second = scene.invite("frank")
    cancel(scene.office.vault, first, scene.office.clock.now(), "test")
    scene.look()
    assert scene.heard.queue.empty()
    cancel(scene.office.vault, second, scene.office.clock.now(), "test")
    scene.look()
    closed = scene.heard.next()
    assert (closed.fields["open"], closed.fields["address"]) == (False, address)
    assert scene.enrolling.sockets == []


def test_the_enrolment_port_closes_when_the_last_invitation_expires(scene: Scene) -> None:
    """Nothing is written then: the clock alone closes it."""
    scene.invite("erin", hours=1)
    scene.start()
    assert scene.heard.next().fields["open"] is True
    scene.office.clock.advance(3_601)
    scene.look()
    assert scene.heard.next().fields["open"] is False


def test_an_enrolment_port_in_use_is_told_once_and_tried_again(scene: Scene) -> None:
    """The host goes on, and people can enrol when the port is free."""
    scene.enrolling.fault = HostStartError("port 65433 is in use")
    scene.invite("erin")
    scene.start()
    told = scene.heard.next()
    assert (told.event, told.fields["open"]) == ("enrolment", False)
    assert "in use" in told.words
    scene.office.clock.advance(11)
    scene.look()
    assert scene.heard.queue.empty()
    scene.enrolling.fault = None
    scene.look()
    assert scene.heard.queue.empty()
    scene.office.clock.advance(11)
    scene.look()
    assert scene.heard.next().fields["open"] is True


def test_sockets_that_rest_are_left_alone(scene: Scene) -> None:
    """Out of descriptors, a listener is not asked again before its time."""
    scene.chat.rest = 3_600.0
    scene.start()
    scene.look()
    caller = socket.create_connection(scene.chat.sockets[0].getsockname())
    scene.look()
    assert scene.done.empty()
    scene.chat.rest = 0.0
    scene.look()
    assert scene.done.get(timeout=20) == "accepted"
    caller.close()


def test_what_was_asked_for_at_the_end_is_done_when_nobody_asks_any_more(scene: Scene) -> None:
    """A certificate that was issued reaches whoever waits for it."""
    scene.inbox.post(Stop())
    scene.start()
    scene._thread.join(20)
    scene.inbox.post(Look(lambda: scene.done.put("late")))
    scene.inbox.post(Stop())
    scene.watch.finish()
    assert scene.done.get(timeout=20) == "late"


def test_an_address_reads_as_a_person_would_write_it() -> None:
    """IPv6 stands in brackets."""
    with socket.create_server(("127.0.0.1", 0)) as four:
        assert address_text(four) == f"127.0.0.1:{four.getsockname()[1]}"
    if socket.has_ipv6:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as six:
            assert address_text(six) == f"[::1]:{six.getsockname()[1]}"
