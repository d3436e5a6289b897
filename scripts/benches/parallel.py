"""What ten large transfers at once cost the host's memory, up and then down."""

import argparse
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from scripts.benches.carrying import carriers, make_file
from scripts.benches.gauge import Gauge
from scripts.benches.peers import Papers, SecureChat, running
from scripts.benches.report import OURS, Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

MEMORY: Final = "resident MiB at most"
RATE: Final = "MB/s in all"
_MIB: Final = 1_048_576

GOALS: Final = (Goal(MEMORY, "10 up", OURS, 150), Goal(MEMORY, "10 down", OURS, 150))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--mib", type=int, default=1024, help="how large each file is")
    parser.add_argument("--many", type=int, default=10, help="how many at once")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let everybody send at once, then everybody fetch at once."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    source = make_file(folder / "source", options.mib * _MIB)
    peer = SecureChat(Papers.at(folder / "certs"), folder / f"ours-{number}")
    names = [f"p{place}" for place in range(options.many)]
    sizes = options.many * options.mib * _MIB
    with running(peer, cpu=None) as pid, carriers(peer, names) as people:
        with Most(Gauge(pid)) as most:
            for person in people:
                person.order(send=str(source), to="p0")
            sent = [person.answer() for person in people]
        yield Figure(MEMORY, f"{options.many} up", OURS, number, most.bytes / _MIB)
        slowest = max(answer["seconds"] for answer in sent)
        yield Figure(RATE, f"{options.many} up", OURS, number, sizes / slowest / 1e6)
        with Most(Gauge(pid)) as most:
            for place, person in enumerate(people):
                person.order(get=sent[place]["seq"], into=str(folder / f"inbox-{place}"))
            got = [person.answer() for person in people]
        yield Figure(MEMORY, f"{options.many} down", OURS, number, most.bytes / _MIB)
        slowest = max(answer["seconds"] for answer in got)
        yield Figure(RATE, f"{options.many} down", OURS, number, sizes / slowest / 1e6)
    for place in range(options.many):
        shutil.rmtree(folder / f"inbox-{place}")
    shutil.rmtree(peer.folder)


class Most:
    """Looks at a process's memory twenty times a second within a `with` statement."""

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.bytes = 0

    def _look(self) -> None:
        while not self._end.wait(0.05):
            self.bytes = max(self.bytes, self._gauge.resident_bytes())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
