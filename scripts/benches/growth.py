"""How the host's costs grow: with idle connections, rooms, I/O workers, and the length of the log.

Ours alone; what is looked for is a curve that bends. A round with all of it takes about ten
minutes, the first one three more to fill the longest log, which takes 2 GB of disk until the end.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from scripts.benches import longlog, spreading
from scripts.benches.report import Figure, Goal

__all__ = ["GOALS", "add_arguments", "draw", "measure"]

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


def draw(figures: Sequence[Figure], path: Path) -> None:
    """Draw every curve that was measured into one file."""
    # Loading it takes a while, and it is needed only here.
    from scripts.benches.plot import plot

    plot(figures, path, [*spreading.PANELS, *longlog.PANELS])
