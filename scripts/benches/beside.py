"""What a transfer at full speed does to messages: between the two ends of it, and between others.

Everybody says some messages a second to their counterpart, first while nothing else happens, then
while one sends a large file to the other and that one fetches it, again and again.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches.carrying import Carriage, carriers, make_file
from scripts.benches.exchange import percentile
from scripts.benches.peers import Papers, SecureChat, running
from scripts.benches.report import OURS, Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

P99: Final = "p99 latency ms"
P50: Final = "p50 latency ms"
RATIO: Final = "p99 during / idle"
_MIB: Final = 1_048_576
_PAIRS: Final = {"the two ends": (0, 1), "two others": (2, 3)}

GOALS: Final = tuple(Goal(RATIO, pair, OURS, 3) for pair in _PAIRS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--mib", type=int, default=1024, help="how large the file is")
    parser.add_argument("--rate", type=float, default=50, help="messages a second each way")
    parser.add_argument("--seconds", type=float, default=10, help="how long it is quiet")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Measure idle, then during a transfer."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    source = make_file(folder / "source", options.mib * _MIB)
    peer = SecureChat(Papers.at(folder / "certs"), folder / f"ours-{number}")
    names = [f"p{place}" for place in range(4)]
    with running(peer, cpu=None), carriers(peer, names) as people:
        for place, person in enumerate(people):
            person.ask(talk=names[place ^ 1], rate=options.rate)
        time.sleep(1)
        _taken(people)
        time.sleep(options.seconds)
        idle = _taken(people)
        for person in people:
            person.ask(hush=True)
        busy = _during(people, source, folder / f"inbox-{number}", options.rate)
    for pair, (one, other) in _PAIRS.items():
        quiet, loud = idle[one] + idle[other], busy[one] + busy[other]
        yield Figure(P50, f"{pair}, idle", OURS, number, percentile(quiet, 0.5))
        yield Figure(P50, f"{pair}, during", OURS, number, percentile(loud, 0.5))
        yield Figure(P99, f"{pair}, idle", OURS, number, percentile(quiet, 0.99))
        yield Figure(P99, f"{pair}, during", OURS, number, percentile(loud, 0.99))
        ratio = percentile(loud, 0.99) / percentile(quiet, 0.99)
        yield Figure(RATIO, pair, OURS, number, ratio)
    shutil.rmtree(peer.folder)
    shutil.rmtree(folder / f"inbox-{number}")


def _taken(people: list[Carriage]) -> list[list[float]]:
    return [person.ask(taken=True)["taken"] for person in people]


def _during(people: list[Carriage], source: Path, inbox: Path, rate: float) -> list[list[float]]:
    """Talk while the file goes from the first to the second person, up and then down."""
    for place, person in enumerate(people):
        person.ask(talk=people[place ^ 1].name, rate=rate)
    sender, receiver = people[:2]
    first = sender.ask(send=str(source), to=receiver.name)["seq"]
    # Up once more while the first one comes down.
    sender.order(send=str(source), to=receiver.name)
    receiver.ask(get=first, into=str(inbox))
    sender.answer()
    taken = _taken(people)
    for person in people:
        person.ask(hush=True)
    return taken
