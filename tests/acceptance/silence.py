"""Peers that fall silent without a word: stopped processes and a pulled cable, both ends."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.acceptance.actor import Actor
from tests.acceptance.namespaces import HOST_ADDRESS, Cable
from tests.acceptance.scene import Scene

__all__ = ["Silence", "cut_line", "stopped_client", "stopped_host"]


@dataclass(slots=True)
class Silence:
    """A connection whose other end has fallen silent.

    Args:
        since: since when, monotonic seconds.
        host: the host's process.
        client: the client's process.
        scene: where they run.
        cable: what was pulled, if it was that.
    """

    since: float
    host: Actor
    client: Actor
    scene: Scene
    cable: Cable | None = None

    def host_noticed(self, seconds: float) -> float:
        """Return the seconds until the host announced that the client is dead."""
        heard = self.host.event("dropped", self._left(seconds), person="alice")
        assert "said nothing" in heard.event["text"]
        return heard.at - self.since

    def client_noticed(self, seconds: float) -> float:
        """Return the seconds until the client told that the host is dead."""
        heard = self.client.event("disconnected", self._left(seconds), code="silent")
        return heard.at - self.since

    def _left(self, seconds: float) -> float:
        return max(0.0, self.since + seconds - time.monotonic())


@contextmanager
def stopped_client(certs: Path, data: Path) -> Iterator[Silence]:
    """Stop a client's process in the middle of a good connection."""
    with Scene(certs, data) as scene:
        silence = _connected(scene)
        silence.client.send(signal.SIGSTOP)
        silence.since = time.monotonic()
        yield silence


@contextmanager
def stopped_host(certs: Path, data: Path) -> Iterator[Silence]:
    """Stop the host's process in the middle of a good connection."""
    with Scene(certs, data) as scene:
        silence = _connected(scene)
        silence.host.send(signal.SIGSTOP)
        silence.since = time.monotonic()
        yield silence


@contextmanager
def cut_line(folder: Path) -> Iterator[Silence]:
    """Pull the cable between two computers; root only."""
    certs = folder / "certs"
    init_certs(Vault(certs), InitRequest(clients=("alice",), host_names=(HOST_ADDRESS,)))
    with ExitStack() as stack:
        cable = stack.enter_context(Cable())
        scene = stack.enter_context(Scene(certs, folder / "data", (HOST_ADDRESS, 0)))
        silence = _connected(scene, cable.at_host, cable.at_client)
        silence.cable = cable
        cable.pull()
        silence.since = time.monotonic()
        yield silence


def _connected(
    scene: Scene, at_host: tuple[str, ...] = (), at_client: tuple[str, ...] = ()
) -> Silence:
    host = scene.host(before=at_host)
    client = scene.client("alice", before=at_client)
    client.event("live")
    # What was said last counts from its arrival.
    client.say({"say": "still here", "room": "lobby", "id": "last"})
    client.event("acked", id="last")
    return Silence(time.monotonic(), host, client, scene)
