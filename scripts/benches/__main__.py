"""Runs a bench in rounds and prints a table, or JSON.

Each bench says what it measures; all of them start the peers they compare with on one processor,
make the load on another, and take the peers in turn within a round.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from scripts.benches import fanout
from scripts.benches.gauge import LOAD_CPU
from scripts.benches.peers import PEERS
from scripts.benches.report import Figure, as_json, table

__all__ = ["main"]

_BENCHES = {"fanout": fanout}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    for name, module in _BENCHES.items():
        one = kinds.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        one.add_argument("--rounds", type=int, default=5, help="how often each is measured")
        one.add_argument("--json", action="store_true", help="every figure as a line of JSON")
        module.add_arguments(one)
    options = parser.parse_args()
    for peer in PEERS.values():
        if not peer.here():
            print(f"{peer.name} is left out: apt-get install {peer.package}", file=sys.stderr)
    # The load on one processor, the servers on another.
    os.sched_setaffinity(0, {LOAD_CPU})
    bench = _BENCHES[options.kind]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(dir=".venv/tmp") as folder:
        for number in range(options.rounds):
            figures += bench.measure(options, Path(folder), number)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    print(as_json(figures) if options.json else table(figures, bench.GOALS))
    return 0


if __name__ == "__main__":
    sys.exit(main())
