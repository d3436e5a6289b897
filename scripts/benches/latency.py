"""How long a message is on its way to each receiver of a room, at a pace far below saturation.

Each payload carries the moment at which it was written, and the load reads it back: one process,
so one clock. The load takes its receivers in turn, on its own processor, which adds the same
share to everybody's figures. Ours commits every message before it is delivered, the others store
nothing; so ours is also held against nats and one commit of this disk at the same pace.
"""

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches.bareloop import log_of, single_commits
from scripts.benches.crowd import MARK
from scripts.benches.exchange import Busy, Exchange, Line, Pace, percentile
from scripts.benches.gauge import SERVER_CPU
from scripts.benches.peers import PEERS, Papers, Peer, SecureChat, running
from scripts.benches.report import Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

P50: Final = "p50 latency ms"
P99: Final = "p99 latency ms"
COMMIT: Final = "one commit at this pace"
NATS_AND_COMMIT: Final = "nats + one commit"
_LOAD_BUSY: Final = 0.9
_SIZE: Final = 128
_STAMP: Final = re.compile(re.escape(MARK) + rb"(\d{20})")
_STAMP_BYTES: Final = len(MARK) + 20
_LAST: Final = 10.0

GOALS: Final = tuple(
    goal
    for setting in ("10 receivers", "100 receivers")
    for goal in (
        Goal(P50, setting, NATS_AND_COMMIT, 1.0),
        Goal(P99, setting, "mosquitto", 2.0),
    )
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--sizes", default="10,100", help="receivers in the room")
    parser.add_argument("--senders", type=int, default=4, help="how many of them talk, in turn")
    parser.add_argument("--rate", type=int, default=200, help="messages a second, all together")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long they talk")
    parser.add_argument("--peers", default="securechat,nats,mosquitto", help="who is compared")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let every peer serve every size once, in turn."""
    papers = Papers.at(folder / "certs")
    for size in map(int, options.sizes.split(",")):
        setting = f"{size} receivers"
        medians: dict[str, float] = {}
        for name in options.peers.split(","):
            if not PEERS[name].here():
                continue
            peer = PEERS[name](papers, folder / f"{name}-{size}-{number}")
            taken, busy = _run(peer, size, options)
            void = "the load was the bottleneck" if busy > _LOAD_BUSY else ""
            medians[name] = percentile(taken, 0.5)
            yield Figure(P50, setting, name, number, medians[name], void)
            yield Figure(P99, setting, name, number, percentile(taken, 0.99), void)
            if isinstance(peer, SecureChat):
                target = peer.folder / "commit.sqlite"
                commits = single_commits(log_of(peer), target, options.rate)
                medians[COMMIT] = commits.p50_ms
                yield Figure(P50, setting, COMMIT, number, commits.p50_ms)
                yield Figure(P99, setting, COMMIT, number, commits.p99_ms)
        if medians.keys() >= {"nats", COMMIT}:
            both = medians["nats"] + medians[COMMIT]
            yield Figure(P50, setting, NATS_AND_COMMIT, number, both)


def _run(peer: Peer, size: int, options: argparse.Namespace) -> tuple[list[float], float]:
    """Return the milliseconds of every delivery, and how busy the load was."""
    with running(peer, SERVER_CPU):
        exchange = Exchange(peer, peer.port, range(size))
        exchange.drain()
        taken: list[float] = []
        senders = exchange.lines[: min(options.senders, size)]
        busy, pace = Busy(), Pace(options.rate)
        messages = int(options.rate * options.seconds)
        for number in range(messages):
            while (ahead := pace.until(number)) > 0:
                _listen(exchange, ahead, taken)
            line = senders[number % len(senders)]
            peer.payload = (MARK + b"%020d" % time.perf_counter_ns()).ljust(_SIZE, b".")
            exchange.say(line, peer.publish(line.number))
            _listen(exchange, 0, taken)
        share = busy.share()
        limit = time.monotonic() + _LAST
        while len(taken) < messages * size:
            if time.monotonic() > limit:
                raise TimeoutError(f"{peer.name} did not deliver everything")
            _listen(exchange, 0.1, taken)
        exchange.close()
    # Without the first tenth, in which everything is done for the first time.
    return taken[len(taken) // 10 :], share


def _listen(exchange: Exchange, seconds: float, taken: list[float]) -> None:
    for line, data in exchange.hear(seconds):
        now = time.perf_counter_ns()
        taken += [(now - int(stamp)) / 1e6 for stamp in _stamps(line, data)]


def _stamps(line: Line, data: bytes) -> list[bytes]:
    """Return the moments in what arrived, also those that came in two pieces."""
    whole = line.carry + data
    found = list(_STAMP.finditer(whole))
    rest = found[-1].end() if found else 0
    line.carry = whole[max(rest, len(whole) - _STAMP_BYTES + 1) :]
    return [match[1] for match in found]
