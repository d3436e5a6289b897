"""What it costs to record every handshake, against the same host without an ear.

Handshakes: one after the other, accepted and ended, as in the bench of that name; what the disk
thread spends on reading the messages and writing the record counts. Messages: a room that talks as
fast as it is heard, where the only difference left is the context that took over behind each
handshake. The host without records is `unrecorded`, which no option of the product makes.
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from scripts.benches.crowd import Crowd
from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.handshakes import ACCEPTED, turn
from scripts.benches.peers import NAMES, Papers, SecureChat, running
from scripts.benches.report import Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

HANDSHAKES: Final = "handshakes/CPU s"
DELIVERIES: Final = "deliveries/CPU s"
_SIZE: Final = 10
_SETTING: Final = f"{_SIZE} receivers"
_SENDERS: Final = 4
_WINDOW: Final = 64
_SECONDS: Final = 10.0


class Unrecorded(SecureChat):
    """Ours without records."""

    name = "without records"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "scripts.benches.unrecorded", *super().command()[1:]]


_KINDS: Final = (SecureChat, Unrecorded)

GOALS: Final = (
    Goal(HANDSHAKES, ACCEPTED, Unrecorded.name, 0.88, least=True),
    Goal(DELIVERIES, _SETTING, Unrecorded.name, 0.98, least=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--handshakes", type=int, default=1_200, help="how many with each")
    parser.add_argument("--turn", type=int, default=60, help="how many before the other's turn")
    parser.add_argument("--deliveries", type=int, default=600_000, help="how many from each")
    parser.add_argument("--turns", type=int, default=6, help="in how many turns")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let both serve handshakes and then messages, a few at a time in turn."""
    papers = Papers.at(folder / "certs")
    with ExitStack() as stack:
        peers = [kind(papers, folder / f"{kind.name}-{number}") for kind in _KINDS]
        gauges = [Gauge(stack.enter_context(running(peer, SERVER_CPU))) for peer in peers]
        pairs = list(zip(peers, gauges, strict=True))
        yield from _handshakes(pairs, options, number)
        yield from _deliveries(pairs, options, number)


def _handshakes(
    pairs: list[tuple[SecureChat, Gauge]], options: argparse.Namespace, number: int
) -> Iterator[Figure]:
    spent = dict.fromkeys((peer.name for peer, _ in pairs), 0.0)
    for peer, _ in pairs:
        turn(peer, NAMES, ACCEPTED)
    turns = max(1, options.handshakes // options.turn)
    for _ in range(turns):
        for peer, gauge in pairs:
            before = gauge.cpu_seconds()
            turn(peer, options.turn, ACCEPTED)
            spent[peer.name] += gauge.cpu_seconds() - before
    for name, seconds in spent.items():
        yield Figure(HANDSHAKES, ACCEPTED, name, number, turns * options.turn / seconds)


def _deliveries(
    pairs: list[tuple[SecureChat, Gauge]], options: argparse.Namespace, number: int
) -> Iterator[Figure]:
    spent = dict.fromkeys((peer.name for peer, _ in pairs), 0.0)
    delivered = dict.fromkeys(spent, 0)
    for _ in range(options.turns):
        for peer, gauge in pairs:
            count, seconds = _talk(peer, gauge, options.deliveries // options.turns)
            delivered[peer.name] += count
            spent[peer.name] += seconds
    for name, seconds in spent.items():
        yield Figure(DELIVERIES, _SETTING, name, number, delivered[name] / seconds)


def _talk(peer: SecureChat, gauge: Gauge, deliveries: int) -> tuple[int, float]:
    """Return how many were delivered and how many seconds the host worked for them."""
    crowd = Crowd(peer, ("127.0.0.1", peer.port), _SIZE)
    crowd.drain()
    begun: list[float] = []
    delivered, _, _ = crowd.saturate(
        _SENDERS,
        _WINDOW,
        deliveries,
        observe=lambda: begun.append(gauge.cpu_seconds()),
        seconds=_SECONDS,
    )
    spent = gauge.cpu_seconds() - begun[0]
    crowd.close()
    return delivered, spent
