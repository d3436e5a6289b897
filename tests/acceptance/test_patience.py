"""Whoever is not read from for a while, or reads slowly, is not taken for dead meanwhile."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.client import Client
from secure_chat.client.events import Acked, Disconnected, Message
from secure_chat.limits import Limits
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Ack, Say
from tests.server.conftest import LiveHost

_HASTY = replace(
    Limits(), ping_seconds=0.4, dead_seconds=1.0, frame_seconds=0.5, messages_per_second=0
)
"""Deadlines so short that a pause of two seconds is longer than all of them."""


@pytest.fixture
def slow_host(certs: Path, tmp_path: Path) -> Iterator[LiveHost]:
    """A host that lets everybody say four things a second and rests in between."""
    limits = replace(_HASTY, messages_per_second=4.0, message_burst=2)
    live = LiveHost(certs, tmp_path / "host", limits).start()
    yield live
    live.stop()


def test_a_client_that_is_read_slowly_does_not_take_the_host_for_dead(
    slow_host: LiveHost, tmp_path: Path
) -> None:
    """While the host rests for seconds it still shows that it is there."""
    at = f"{slow_host.address[0]}:{slow_host.address[1]}"
    data = tmp_path / "client"
    with Client("alice", at=at, certs=slow_host.certs, data=data, limits=_HASTY) as alice:
        for number in range(12):
            alice.say(f"message {number}", id=f"early-{number}")
        for event in alice.events():
            assert not isinstance(event, Disconnected)
            if isinstance(event, Acked) and event.id == "early-11":
                # What has arrived is taken in at once, and only then the host rests.
                alice.say("behind the rest", id="late")
            elif isinstance(event, Acked) and event.id == "late":
                break


def test_a_frame_cut_by_a_rest_may_be_finished_behind_it(slow_host: LiveHost) -> None:
    """The time in which the host does not read is not the sender's."""
    with slow_host.guest("alice") as alice:
        alice.join()
        says = [Say(id=str(number), text="x", room="lobby") for number in range(12)]
        frames = [encode(say) for say in says]
        alice.raw(b"".join(frames[:-1]) + frames[-1][:7])
        alice.messages(len(says) - 1, Ack)
        alice.raw(frames[-1][7:])
        assert alice.wait_for(Ack).id == says[-1].id


def test_a_window_that_pauses_keeps_its_connection(certs: Path, tmp_path: Path) -> None:
    """A client that stops reading for a while says so by asking, and goes on afterwards."""
    live = LiveHost(certs, tmp_path / "host", _HASTY).start()
    at = f"{live.address[0]}:{live.address[1]}"
    limits = replace(_HASTY, client_events=8)
    number = 60
    with (
        live.guest("alice") as alice,
        Client("bob", at=at, certs=certs, data=tmp_path / "client", limits=limits) as bob,
    ):
        alice.join(live=False)
        for count in range(number):
            alice.say(Say(id=str(count), text=f"{count} ".ljust(15_000, "x"), room="lobby"))
            alice.wait_for(Ack)
        threading.Event().wait(2.5)
        shown = []
        for event in bob.events():
            assert not isinstance(event, Disconnected)
            if isinstance(event, Message):
                shown.append(int(event.text.partition(" ")[0]))
                if len(shown) == number:
                    break
        assert shown == list(range(number))
    live.stop()
    announced = [live.announced.get_nowait() for _ in range(live.announced.qsize())]
    assert [told.event for told in announced if told.fields.get("person") == "bob"] == [
        "came",
        "went",
    ]
