"""How long commands take that have little to do, against importing the library they are made with.

A fresh process each time, the commands in turn, files warm. Processor time is what the operating
system charged the process when it ended; wall time goes from its start to its end. The help of a
one-shot command shows what every command pays for being one of several; the last two run into
their end at once, there being no journal and no host, and so show what they import.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from scripts.benches.peers import Papers
from scripts.benches.report import OURS, Figure, Goal
from scripts.soaks.processes import free_port

__all__ = ["GOALS", "add_arguments", "measure"]

TYPER: Final = "import typer"
CPU: Final = "CPU ms, median of a round's runs"
WALL: Final = "wall ms, median of a round's runs"
CPU_BEST: Final = "CPU ms, best of a round's runs"
WALL_BEST: Final = "wall ms, best of a round's runs"

GOALS: Final = (Goal(CPU, "--version", TYPER, 1.5), Goal(WALL, "--version", TYPER, 1.5))

# What `--version` is compared with, and how much of it is the interpreter's own.
_PROGRAMS: Final = {TYPER: "import typer", "bare python": ""}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--runs", type=int, default=10, help="processes of each command a round")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Start every command so many times, in turn."""
    commands = _commands(folder)
    taken: dict[tuple[str, str], list[tuple[float, float]]] = {key: [] for key in commands}
    for command in commands.values():
        _run(command)
    for _ in range(options.runs):
        for key, command in commands.items():
            taken[key].append(_run(command))
    for (setting, peer), runs in taken.items():
        cpu, wall = zip(*runs, strict=True)
        for quantity, seconds in (
            (CPU, median(cpu)),
            (WALL, median(wall)),
            (CPU_BEST, min(cpu)),
            (WALL_BEST, min(wall)),
        ):
            yield Figure(quantity, setting, peer, number, seconds * 1e3)


def _commands(folder: Path) -> dict[tuple[str, str], list[str]]:
    """Return the command for each setting and peer."""
    securechat = str(Path(sys.executable).with_name("securechat"))
    certs, data = str(Papers.at(folder / "certs").folder), str(folder / "nothing")
    ours = {
        "--version": ["--version"],
        "--help": ["--help"],
        "send --help": ["send", "--help"],
        "handshakes --help": ["handshakes", "--help"],
        "handshakes, none there": ["handshakes", "--data", data],
        "send, no host there": [
            *("send", "text", "--as", "p0", "--at", f"127.0.0.1:{free_port()}"),
            *("--certs", certs, "--data", data),
        ],
    }
    commands = {(name, OURS): [securechat, *arguments] for name, arguments in ours.items()}
    for peer, program in _PROGRAMS.items():
        commands["--version", peer] = [sys.executable, "-c", program]
    return commands


def _run(command: list[str]) -> tuple[float, float]:
    """Run a command and return its processor time and its wall time in seconds."""
    quiet = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    began = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, _, usage = os.wait4(pid, 0)
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - began
