"""What one delivered message costs a server's processor, for rooms of several sizes.

Senders talk as fast as they are heard, each with so many of its own messages under way, and so
many members of the room receive each. Ours commits and acknowledges every message meanwhile.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from scripts.benches.crowd import Crowd
from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.peers import PEERS, Papers, Peer, running
from scripts.benches.report import Figure, Goal, Panel

__all__ = ["GOALS", "add_arguments", "draw", "measure"]

COST: Final = "server CPU us/delivery"
RATE: Final = "deliveries/s"
# Enough for a second or two of a server as fast as the fastest; slower ones run out of time.
_DELIVERIES: Final = {2: 60_000, 10: 300_000, 100: 1_500_000, 1_000: 4_000_000}
_SECONDS: Final = 6.0
_LOAD_BUSY: Final = 0.95

GOALS: Final = (
    Goal(COST, "2 receivers", "mosquitto", 1.6),
    Goal(COST, "10 receivers", "nats", 1.5),
    Goal(COST, "100 receivers", "nats", 0.8),
    Goal(COST, "100 receivers", "mosquitto", 0.12),
    Goal(COST, "1000 receivers", "nats", 0.4),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--sizes", default="2,10,100", help="receivers in the room; up to 1000")
    parser.add_argument("--senders", type=int, default=4, help="how many of them talk")
    parser.add_argument("--window", type=int, default=64, help="messages each has under way")
    parser.add_argument("--peers", default=",".join(PEERS), help="who is compared")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let every peer serve every size once, in turn."""
    papers = Papers.at(folder / "certs")
    for size in map(int, options.sizes.split(",")):
        for name in options.peers.split(","):
            if PEERS[name].here():
                peer = PEERS[name](papers, folder / f"{name}-{size}-{number}")
                yield from _one(peer, size, options, number)


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw the cost against the size of the room."""
    # Loading it takes a while, and it is needed only here.
    from scripts.benches.plot import plot

    plot(figures, path, [Panel(COST, "receivers", {(COST, name): name for name in PEERS})])


def _one(peer: Peer, size: int, options: argparse.Namespace, number: int) -> Iterator[Figure]:
    setting = f"{size} receivers"
    with running(peer, SERVER_CPU) as pid:
        gauge = Gauge(pid)
        # Where nobody hears themselves, one more is there, so that as many receive as elsewhere.
        crowd = Crowd(peer, ("127.0.0.1", peer.port), size if peer.echoes else size + 1)
        crowd.drain()
        begun: list[float] = []
        delivered, seconds, busy = crowd.saturate(
            min(options.senders, size),
            options.window,
            _DELIVERIES.get(size, 10_000 * size),
            observe=lambda: begun.append(gauge.cpu_seconds()),
            seconds=_SECONDS,
        )
        cpu = gauge.cpu_seconds() - begun[0]
        crowd.close()
    void = "the load was the bottleneck" if busy > _LOAD_BUSY else ""
    yield Figure(COST, setting, peer.name, number, cpu / delivered * 1e6)
    yield Figure(RATE, setting, peer.name, number, delivered / seconds, void)
