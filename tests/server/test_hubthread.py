"""The hub's thread with stand-ins around it: what it hands to the registrar, and time."""

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.hub.commands import Petition, Used
from secure_chat.hub.events import Opened, Received, Replied
from secure_chat.limits import Limits
from secure_chat.net import orders
from secure_chat.net.inbox import Inbox
from secure_chat.pki.act import Deed
from secure_chat.server.announce import Announcer
from secure_chat.server.hubthread import Founded, HubThread
from secure_chat.server.reading import Reading
from secure_chat.wire.codec import decode_from_host, encode
from secure_chat.wire.framing import FrameReader
from secure_chat.wire.messages import (
    Ack,
    Error,
    FromClient,
    FromHost,
    Hello,
    Moderate,
    Notice,
    Renew,
    Renewed,
    Say,
)
from tests.fakes import FakeClock
from tests.hub.stage import identity_of
from tests.hub.trail import Trail

PATIENCE = 20


class Desk:
    """Stands where a worker stands and keeps its orders."""

    def __init__(self) -> None:
        self.inbox: Inbox[object] = Inbox(1_000)

    def messages(self) -> list[FromHost]:
        """Return what peers were sent since the last call, but for welcomes."""
        sent = [order for order in self.inbox.take() if isinstance(order, orders.Frames)]
        frames = FrameReader(Limits().frame_bytes).feed(b"".join(order.data for order in sent))
        return [decode_from_host(frame) for frame in frames]


class Served:
    """A hub's thread that runs, with a log in a folder."""

    def __init__(self, folder: Path, trail: Trail) -> None:
        limits = Limits()
        self.trail = trail
        self.clock = FakeClock()
        self.desk = Desk()
        self.asked: queue.SimpleQueue[Petition | Used] = queue.SimpleQueue()
        self._announcer = Announcer(lambda _: None, limits.inbox_items)
        founded = Founded(folder / "log.sqlite", "c", "a", trail.registry(), None)
        self._hub = HubThread(
            founded, self._announcer, limits, self.clock, petitions=self.asked.put
        )
        self._reading = Reading(founded.path, limits, self._hub.post)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        workers = [self.desk]
        self._hub.run(workers, self._reading, lambda: None)  # type: ignore[arg-type] # an inbox each

    def tell(self, item: object) -> None:
        """Post something."""
        self._hub.post(item)

    def say(self, conn: int, *messages: FromClient) -> None:
        """Let a peer say something."""
        self.tell(Received(conn, messages))

    def enter(self, conn: int, name: str) -> None:
        """Bring a person in and wait until the registrar knows of it."""
        identity = identity_of(name)
        self.tell(Opened(conn, identity, "x"))
        self.say(conn, Hello(1))
        assert self.asked.get(timeout=PATIENCE) == Used(identity)

    def at(self) -> int:
        """Return the time as messages have it."""
        return int(self.clock.now() * 1000)

    def stop(self) -> list[FromHost]:
        """Stop in order, once, and return what peers were sent since the last look."""
        if self._thread.is_alive():
            self._hub.stop()
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive()
        return self.desk.messages()

    def close(self) -> None:
        """Give everything back."""
        self.stop()
        for part in (self._hub, self._reading, self._announcer):
            part.close()
        self.desk.inbox.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A running hub that knows alice and bob."""
    made = Served(tmp_path, Trail("alice bob"))
    yield made
    made.close()


def test_a_petition_reaches_the_registrar_and_the_answer_its_connection(served: Served) -> None:
    """What is refused by the hub itself does not get that far."""
    served.enter(1, "alice")
    served.say(1, Moderate(6, "kick", "bob"), Renew(7, "r"))
    expected = Petition(1, identity_of("alice"), Renew(7, "r"))
    assert served.asked.get(timeout=PATIENCE) == expected
    served.tell(Replied(1, Renewed(7, "c", "a")))
    sent = served.stop()
    assert Renewed(7, "c", "a") in sent
    assert [message.code for message in sent if isinstance(message, Error)] == ["not-allowed"]
    assert served.asked.empty()


def test_a_mute_ends_by_the_clock_on_the_wall(served: Served) -> None:
    """The hub hears of that clock in each round."""
    served.enter(1, "alice")
    served.tell(served.trail.act(Deed.MUTED, "alice", until=served.clock.now() + 60))
    served.say(1, Say("a", "x", to="bob"))
    served.enter(2, "bob")
    served.clock.advance(60)
    served.enter(3, "bob")
    sent = served.stop()
    codes = [message.code for message in sent if isinstance(message, Notice | Error)]
    assert codes == ["muted", "muted", "unmuted"]


def test_what_comes_while_a_worker_is_busy_is_stored_with_what_came_before(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub sleeps until something comes, and only then waits until the worker has taken."""
    served.enter(1, "alice")
    busy = threading.Event()

    def wait_until_taken(_: Inbox[object], seconds: float) -> bool:
        assert seconds
        if busy.is_set():
            busy.clear()
            served.say(1, Say("b", "second", room="lobby"))
        return True

    monkeypatch.setattr(Inbox, "wait_until_taken", wait_until_taken)
    busy.set()
    served.say(1, Say("a", "first", room="lobby"))
    # The answers of one round are one order, which is kept here as it is.
    monkeypatch.setattr(served.desk, "messages", list)
    served.stop()
    answers = [order for order in served.desk.inbox.take() if isinstance(order, orders.Frames)]
    both = encode(Ack("a", 2, served.at())) + encode(Ack("b", 3, served.at()))
    assert both in [order.data for order in answers]
