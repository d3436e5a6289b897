"""Runs a bench in rounds and prints a table, or JSON.

Each bench says what it measures; all of them start the peers they compare with on one processor,
make the load on another, and take the peers in turn within a round.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from scripts.benches import (
    acks,
    beside,
    fanout,
    files,
    growth,
    handshakes,
    latency,
    memory,
    parallel,
    recording,
    restart,
    start,
)
from scripts.benches.gauge import LOAD_CPU
from scripts.benches.peers import PEERS
from scripts.benches.report import Figure, as_json, table

__all__ = ["main"]

_BENCHES = {
    "acks": acks,
    "beside": beside,
    "fanout": fanout,
    "files": files,
    "growth": growth,
    "handshakes": handshakes,
    "latency": latency,
    "memory": memory,
    "parallel": parallel,
    "recording": recording,
    "restart": restart,
    "start": start,
}
# What is run when none is named; growth takes long and compares with nobody.
_COMPARISONS = [name for name in _BENCHES if name != "growth"]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument(
        "--install",
        action="store_true",
        help="first install the servers that are missing, with Debian's apt-get; Debian also "
        "starts mosquitto, nats-server and ngircd as services, which is yours to undo",
    )
    parser.set_defaults(plot=None)
    kinds = parser.add_subparsers(dest="kind")
    for name, module in _BENCHES.items():
        one = kinds.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        one.add_argument("--rounds", type=int, default=5, help="how often each is measured")
        one.add_argument("--json", action="store_true", help="every figure as a line of JSON")
        if hasattr(module, "draw"):
            one.add_argument("--plot", type=Path, metavar="FILE.png", help="draw it as well")
        module.add_arguments(one)
    options = parser.parse_args()
    if options.install and not _install():
        return 1
    for peer in PEERS.values():
        if not peer.here():
            print(f"{peer.name} is left out: scripts/bench --install", file=sys.stderr)
    # The load on one processor, the servers on another.
    os.sched_setaffinity(0, {LOAD_CPU})
    for name in [options.kind] if options.kind else _COMPARISONS:
        print(f"== {name} ==", file=sys.stderr)
        _run(_BENCHES[name], options if options.kind else parser.parse_args([name]))
    return 0


def _run(bench: ModuleType, options: argparse.Namespace) -> None:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(dir=".venv/tmp") as folder:
        for number in range(options.rounds):
            # Some servers want whole paths.
            figures += bench.measure(options, Path(folder).resolve(), number)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    print(as_json(figures) if options.json else table(figures, bench.GOALS))
    if options.plot:
        bench.draw(figures, options.plot)


def _install() -> bool:
    """Install the programs that are missing; False when that did not work."""
    missing = sorted({peer.package for peer in PEERS.values() if not peer.here()})
    if not missing:
        return True
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        command.insert(0, "sudo")
    if not all(map(shutil.which, ("apt-get", command[0]))):
        print(f"To be done by hand: {shlex.join(command)}", file=sys.stderr)
        return False
    return subprocess.run(command, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
