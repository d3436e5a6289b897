"""How the host's costs grow: with idle connections, rooms, I/O workers, and the length of the log.

Ours alone; what is looked for is a curve that bends.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches import longlog, spreading
from scripts.benches.report import Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

_PARTS: Final = {
    "connections": spreading.connections,
    "rooms": spreading.rooms,
    "workers": spreading.workers,
    "log": longlog.measure,
}

GOALS: Final[tuple[Goal, ...]] = longlog.GOALS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--parts", default=",".join(_PARTS), help="what grows")
    spreading.add_arguments(parser)
    longlog.add_arguments(parser)


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Measure every part once."""
    for part in options.parts.split(","):
        yield from _PARTS[part](options, folder, number)
