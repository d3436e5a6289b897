"""Runs the benches and prints a table, or JSON."""

import argparse
import json
import os
import sys
from dataclasses import asdict

from scripts.benches.fanout import Measured, middle, rounds
from scripts.benches.peers import PEERS

__all__ = ["main"]

_OURS = "securechat"


def main() -> int:
    """Measure and print; 0 unless nothing could be compared."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--sizes", default="2,10,100", help="receivers in the room")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS), help="who is compared")
    parser.add_argument("--json", action="store_true", help="every measurement as JSON")
    arguments = parser.parse_args()
    names = [name for name in arguments.peers.split(",") if PEERS[name].here()]
    for name in set(arguments.peers.split(",")) - set(names):
        print(f"{name} is left out; to install it: apt-get install {PEERS[name].program}")
    # The load on one processor, the servers on the other.
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sizes = [int(size) for size in arguments.sizes.split(",")]
    found = rounds(names, sizes, arguments.rounds)
    if arguments.json:
        print(json.dumps([asdict(one) for each in found for one in each]))
    else:
        _table(found, names, sizes)
    return 0


def _table(found: list[list[Measured]], names: list[str], sizes: list[int]) -> None:
    print(f"{'receivers':>9} {'server':12} {'us/delivery':>24} {'ours/theirs':>22} {'rate/s':>11}")
    for size in sizes:
        by_name = {
            name: [one for each in found for one in each if (one.peer, one.size) == (name, size)]
            for name in names
        }
        for name, measured in by_name.items():
            print(_row(size, name, measured, by_name.get(_OURS, [])))


def _row(size: int, name: str, measured: list[Measured], ours: list[Measured]) -> str:
    micros = "{:.2f} ({:.2f}-{:.2f})".format(*middle([one.micros for one in measured]))
    ratio = "-"
    if name != _OURS and ours:
        pairs = [a.micros / b.micros for a, b in zip(ours, measured, strict=True)]
        ratio = "{:.2f} ({:.2f}-{:.2f})".format(*middle(pairs))
    rates = [one.rate for one in measured if not one.load_bound]
    rate = f"{middle(rates)[0]:,.0f}" if rates else "load bound"
    return f"{size:>9} {name:12} {micros:>24} {ratio:>22} {rate:>11}"


if __name__ == "__main__":
    sys.exit(main())
