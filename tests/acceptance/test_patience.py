"""Whoever is not read from for a while, or reads slowly, is not taken for dead meanwhile."""

import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from secure_chat.client import Client
from secure_chat.client.events import Acked, Disconnected, Message
from secure_chat.limits import Limits
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Ack, People, Said, Say, Who
from tests.server.conftest import LiveHost
from tests.server.guest import Guest

_HASTY = replace(
    Limits(), ping_seconds=0.4, dead_seconds=1.0, frame_seconds=0.5, messages_per_second=0
)
"""Deadlines so short that a pause of two seconds is longer than all of them."""


@pytest.fixture
def slow_host(certs: Path, tmp_path: Path) -> LiveHost:
    """Return a host that lets everybody say four things a second and rests in between."""
    limits = replace(_HASTY, messages_per_second=4.0, message_burst=2)
    return LiveHost(certs, tmp_path / "host", limits).start()


def test_a_client_that_is_read_slowly_does_not_take_the_host_for_dead(
    slow_host: LiveHost, tmp_path: Path
) -> None:
    """While the host rests for seconds it still shows that it is there."""
    at = f"{slow_host.address[0]}:{slow_host.address[1]}"
    data = tmp_path / "client"
    with Client("alice", at=at, certs=slow_host.certs, data=data, limits=_HASTY) as alice:
        idents = {alice.say(f"message {number}") for number in range(12)}
        idents.add(alice.say("one more"))
        for event in alice.events():
            assert not isinstance(event, Disconnected)
            if isinstance(event, Acked):
                idents.discard(event.id)
                if len(idents) == 1:
                    idents.add(alice.say("behind the rest"))
                if not idents or len(idents) == 13:
                    break
            if not idents:
                break
    slow_host.stop()


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
    slow_host.stop()


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


@pytest.mark.xfail(reason="what the system holds for a slow line is not seen as progress")
def test_a_slow_line_that_makes_progress_is_not_dropped(certs: Path, tmp_path: Path) -> None:
    """What a peer takes is a sign of life, though its pong stands behind all that waits for it."""
    live = LiveHost(certs, tmp_path / "host", replace(_HASTY, stuck_seconds=5.0)).start()
    number = 30
    with live.guest("alice") as alice, live.guest("bob") as bob:
        alice.join(live=False)
        bob.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        bob.join()
        for count in range(number):
            alice.say(Say(id=str(count), text="x" * 16_000, room="lobby"))
            alice.wait_for(Ack)
        _read_slowly(bob, number)
        bob.until_quiet(Who(re=1, room="lobby"), People)
    live.stop()


def _read_slowly(guest: Guest, number: int) -> None:
    """Take what waits with a pause after each piece."""
    pause = threading.Event()
    said = 0
    while said < number and guest.read():
        pause.wait(0.05)
        said += sum(isinstance(event, Said) for event in guest.heard)
        guest.heard.clear()
