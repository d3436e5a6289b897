"""Durable acknowledged messages: how many a second, at what cost, and how long one waits.

Senders with a window of messages under way each speak in the lobby and nobody listens, so the way
from saying to commit to acknowledgement is what a message costs. Beside it: NATS JetStream with
file storage, which flushes to the disk every two minutes only; and a bare loop that appends the
same rows in as many commits, so whatever a host adds to SQLite is the difference. Then a fixed
pace, whose waiting times are held against the median commit of one row at that pace.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches.acked import Acked, JetStream, QuietChat, Senders
from scripts.benches.bareloop import append_again, log_of, single_commits
from scripts.benches.exchange import Busy, percentile
from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.peers import Papers, running
from scripts.benches.report import OURS, Figure, Goal
from secure_chat.log.opening import open_for_reading

__all__ = ["GOALS", "add_arguments", "measure"]

RATE: Final = "acked/s"
COST: Final = "server CPU us/ack"
BATCH: Final = "messages a commit"
BEHIND: Final = "messages behind in the search index, end of load"
CAUGHT_UP: Final = "seconds until the search index has caught up"
P50: Final = "p50 ack ms"
P99: Final = "p99 ack ms"
BARE: Final = "bare loop"
COMMIT: Final = "one commit at this pace"
COMMIT_IN_A_ROW: Final = "one commit in a row"
_FULL: Final = "saturated"
_LOAD_BUSY: Final = 0.95
_PATIENCE: Final = 60.0

GOALS: Final = (
    Goal(RATE, _FULL, BARE, 0.5, least=True),
    Goal(RATE, _FULL, JetStream.name, 0.5, least=True),
    Goal(P99, "1000/s", COMMIT, 4.0),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--senders", type=int, default=8, help="connections that speak")
    parser.add_argument("--window", type=int, default=64, help="messages each has under way")
    parser.add_argument("--messages", type=int, default=150_000, help="of a saturated run")
    parser.add_argument("--rate", type=int, default=1_000, help="messages a second when paced")
    parser.add_argument("--seconds", type=float, default=10.0, help="of a paced run")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Saturate and pace everybody once, in turn."""
    papers = Papers.at(folder / "certs")
    ours = QuietChat(papers, folder / f"ours-{number}")
    yield from _saturated(ours, options, number)
    yield from _bare(log_of(ours), folder / f"bare-{number}.sqlite", number)
    if JetStream.here():
        yield from _saturated(JetStream(papers, folder / f"js-{number}"), options, number)
        yield from _paced(JetStream(papers, folder / f"js-paced-{number}"), options, number)
    yield from _paced(QuietChat(papers, folder / f"ours-paced-{number}"), options, number)
    for peer, rate in ((COMMIT, options.rate), (COMMIT_IN_A_ROW, 0)):
        target = folder / f"commit-{rate}-{number}.sqlite"
        commit = single_commits(log_of(ours), target, rate).p50_ms
        yield Figure(P50, _pace(options), peer, number, commit)
        yield Figure(P99, _pace(options), peer, number, commit)


def _saturated(peer: Acked, options: argparse.Namespace, number: int) -> Iterator[Figure]:
    with running(peer, SERVER_CPU) as pid:
        gauge = Gauge(pid)
        senders = Senders(peer, options.senders)
        begun: list[float] = []
        done = senders.saturate(
            options.window, options.messages, observe=lambda: begun.append(gauge.cpu_seconds())
        )
        cpu = gauge.cpu_seconds() - begun[0]
        if isinstance(peer, QuietChat):
            yield from _index(log_of(peer), number)
        senders.close()
    void = "the load was the bottleneck" if done.busy > _LOAD_BUSY else ""
    yield Figure(RATE, _FULL, peer.name, number, done.acks / done.seconds, void)
    yield Figure(COST, _FULL, peer.name, number, cpu / done.acks * 1e6)


def _index(log: Path, number: int) -> Iterator[Figure]:
    """Look how far behind the search index is, and how long it takes to catch up."""
    begun = time.monotonic()
    behind = [_behind(log)]
    while behind[-1] and time.monotonic() < begun + _PATIENCE:
        time.sleep(0.05)
        behind.append(_behind(log))
    void = "" if not behind[-1] else f"it did not within {_PATIENCE:g} s"
    yield Figure(BEHIND, _FULL, OURS, number, behind[0])
    yield Figure(CAUGHT_UP, _FULL, OURS, number, time.monotonic() - begun, void)


def _behind(log: Path) -> int:
    db = open_for_reading(log)
    head, indexed = db.execute(
        "SELECT (SELECT max(seq) FROM entry), value FROM counter WHERE name = 'indexed'"
    ).fetchone()
    db.close()
    return int(head - indexed)


def _bare(log: Path, target: Path, number: int) -> Iterator[Figure]:
    db = open_for_reading(log)
    rows, commits = db.execute("SELECT count(*), count(DISTINCT at) FROM entry").fetchone()
    db.close()
    batch = round(rows / commits)
    done = append_again(log, target, batch)
    yield Figure(BATCH, _FULL, OURS, number, batch)
    yield Figure(RATE, _FULL, BARE, number, done.rows / done.seconds)
    yield Figure(COST, _FULL, BARE, number, done.cpu_seconds / done.rows * 1e6)


def _paced(peer: Acked, options: argparse.Namespace, number: int) -> Iterator[Figure]:
    with running(peer, SERVER_CPU):
        senders, busy = Senders(peer, options.senders), Busy()
        taken = senders.pace(options.rate, options.seconds)
        void = "the load was the bottleneck" if busy.share() > _LOAD_BUSY else ""
        senders.close()
    yield Figure(P50, _pace(options), peer.name, number, percentile(taken, 0.5), void)
    yield Figure(P99, _pace(options), peer.name, number, percentile(taken, 0.99), void)


def _pace(options: argparse.Namespace) -> str:
    return f"{options.rate}/s"
