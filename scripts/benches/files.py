"""How fast a file goes up and comes down, beside a pipe of `ncat --ssl` on the same disk.

The pipe has mutual TLS too; what arrives is written to a file, which is synced at the end. Ours is
measured from the order to the answer of a connected client: up until the message with the file is
acknowledged, down until the verified file lies in the inbox. Nobody is bound to a processor.
"""

import argparse
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches.carrying import carriers, make_file, pipe_seconds
from scripts.benches.gauge import Gauge
from scripts.benches.peers import Papers, SecureChat, running
from scripts.benches.report import OURS, Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

UP: Final = "MB/s up"
DOWN: Final = "MB/s down"
CPU: Final = "server CPU s/GiB"
PIPE: Final = "ncat --ssl"
_MIB: Final = 1_048_576

GOALS: Final = (
    Goal(UP, "1024 MiB", PIPE, 0.7, least=True),
    Goal(DOWN, "1024 MiB", PIPE, 0.7, least=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--mib", type=int, default=1024, help="how large the file is")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Send and fetch a file once each way, ours and the pipe in turn."""
    # Both ends of a transfer work at once, wherever there is a processor.
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    size, setting = options.mib * _MIB, f"{options.mib} MiB"
    source = make_file(folder / "source", size)
    papers = Papers.at(folder / "certs")
    peer = SecureChat(papers, folder / f"ours-{number}")
    with running(peer, cpu=None) as pid, carriers(peer, ["p0", "p1"]) as (sender, receiver):
        gauge = Gauge(pid)
        before = gauge.cpu_seconds()
        for quantity, seconds in (
            (UP, pipe_seconds(source, folder / "piped", papers)),
            (DOWN, pipe_seconds(source, folder / "piped", papers)),
        ):
            yield Figure(quantity, setting, PIPE, number, size / seconds / 1e6)
        before = gauge.cpu_seconds()
        sent = sender.ask(send=str(source), to="p1")
        between = gauge.cpu_seconds()
        yield Figure(UP, setting, OURS, number, size / sent["seconds"] / 1e6)
        yield Figure(CPU, f"{setting} up", OURS, number, (between - before) * 1024 / options.mib)
        got = receiver.ask(get=sent["seq"], into=str(folder / f"inbox-{number}"))
        spent = gauge.cpu_seconds() - between
        yield Figure(DOWN, setting, OURS, number, size / got["seconds"] / 1e6)
        yield Figure(CPU, f"{setting} down", OURS, number, spent * 1024 / options.mib)
    shutil.rmtree(peer.folder)
    shutil.rmtree(folder / f"inbox-{number}")
