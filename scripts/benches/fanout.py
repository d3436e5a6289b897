"""What one delivered message costs a server's processor, for rooms of several sizes.

Senders talk as fast as they are heard, all peers take turns within a round, and ratios are taken
round by round, so that a machine whose speed drifts does not spoil them.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from scripts.benches.crowd import Crowd
from scripts.benches.gauge import Gauge
from scripts.benches.peers import PEERS, Papers, Peer, running

__all__ = ["Measured", "measure", "rounds"]

_SENDERS = 4
_WINDOW = 64
# Enough for about two seconds of a busy server, whatever it is.
_DELIVERIES = {2: 60_000, 10: 300_000, 100: 1_500_000, 1_000: 4_000_000}
_SERVER_CPU, _LOAD_BUSY = 0, 0.95


@dataclass(frozen=True)
class Measured:
    """One peer, one size, one round.

    Args:
        peer: its name.
        size: receivers in the room.
        micros: processor time of the server for one delivery, microseconds.
        rate: deliveries a second.
        load_bound: the load was busier than the server could be, so the rate says nothing.
        kib: resident memory for one connection, KiB.
    """

    peer: str
    size: int
    micros: float
    rate: float
    load_bound: bool
    kib: float


def rounds(names: list[str], sizes: list[int], number: int) -> list[list[Measured]]:
    """Measure every peer at every size, `number` times, the peers in turn."""
    with tempfile.TemporaryDirectory(dir=".venv/tmp") as folder:
        papers = Papers.make(Path(folder) / "certs")
        found = []
        for at in range(number):
            found.append(
                [
                    measure(PEERS[name](papers, Path(folder) / f"{name}-{size}-{at}"), size)
                    for size in sizes
                    for name in names
                ]
            )
            print(f"round {at + 1} of {number}", flush=True)
        return found


def measure(peer: Peer, size: int) -> Measured:
    """Start a peer, let a crowd talk in it, and return what it cost."""
    with running(peer, _SERVER_CPU) as pid:
        gauge = Gauge(pid)
        empty = gauge.resident_bytes()
        crowd = Crowd(peer, ("127.0.0.1", peer.port), size)
        crowd.drain()
        kib = (gauge.resident_bytes() - empty) / size / 1024
        begun: list[float] = []
        wanted = _DELIVERIES.get(size, 10_000 * size)
        delivered, seconds, busy = crowd.saturate(
            min(_SENDERS, size),
            _WINDOW,
            wanted,
            observe=lambda: begun.append(gauge.cpu_seconds()),
        )
        cpu = gauge.cpu_seconds() - begun[0]
        crowd.close()
    return Measured(
        peer.name, size, cpu / delivered * 1e6, delivered / seconds, busy > _LOAD_BUSY, kib
    )


def middle(values: list[float]) -> tuple[float, float, float]:
    """Return median, least and most."""
    return median(values), min(values), max(values)
