"""How long after SIGKILL a host is back, with logs of several lengths.

A log of so many messages, its search index filled, is made once with the real writer. Each round a
host serves a copy of it, people talk until the kill finds messages under way and a write-ahead
file that nobody has tidied up, and the same host is started again: the time goes from the start
of the process to the end of the first welcome, files warm. One quantity is wall time, the other
what the host's processor has done by then.
"""

import argparse
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.benches.bareloop import log_of
from scripts.benches.crowd import Crowd
from scripts.benches.filling import PEOPLE, fill
from scripts.benches.gauge import SERVER_CPU, Gauge, pinned
from scripts.benches.peers import Papers, SecureChat, running
from scripts.benches.report import OURS, Figure, Goal

__all__ = ["GOALS", "add_arguments", "measure"]

WALL: Final = "s from start to a welcome"
CPU: Final = "server CPU s by then"

GOALS: Final = (Goal(WALL, "1000000 messages", OURS, 2),)

_TALKERS: Final = 4
_WINDOW: Final = 64
_PATIENCE: Final = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--messages", default="1000,100000,1000000", help="how long the logs are")
    parser.add_argument("--said", type=int, default=20_000, help="messages said before the kill")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Kill and restart a host with each log once."""
    papers = Papers.at(folder / "certs", PEOPLE)
    for messages in map(int, options.messages.split(",")):
        made = folder / f"log-{messages}" / "log.sqlite"
        if not made.exists():
            fill(made, messages)
        peer = SecureChat(papers, folder / f"{messages}-{number}")
        log_of(peer).parent.mkdir(parents=True)
        shutil.copyfile(made, log_of(peer))
        _talk_and_kill(peer, options.said)
        wall, cpu = _start(peer)
        shutil.rmtree(peer.folder)
        setting = f"{messages} messages"
        yield Figure(WALL, setting, OURS, number, wall)
        yield Figure(CPU, setting, OURS, number, cpu)


def _talk_and_kill(peer: SecureChat, said: int) -> None:
    with running(peer, SERVER_CPU) as pid:
        crowd = Crowd(peer, ("127.0.0.1", peer.port), _TALKERS)
        crowd.saturate(_TALKERS, _WINDOW, said * _TALKERS, observe=lambda: None)
        os.kill(pid, signal.SIGKILL)
        crowd.close()


def _start(peer: SecureChat) -> tuple[float, float]:
    """Start the host and join; returns wall and processor time in seconds."""
    began = time.monotonic()
    with (peer.folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            pinned(SERVER_CPU, peer.command()),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        with _connect(peer, began + _PATIENCE) as sock:
            peer.enter(sock, 0)
            return time.monotonic() - began, Gauge(process.pid).cpu_seconds()
    finally:
        process.terminate()
        process.wait(20)


def _connect(peer: SecureChat, until: float) -> ssl.SSLSocket:
    while True:
        try:
            raw = socket.create_connection(("127.0.0.1", peer.port), timeout=_PATIENCE)
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.002)
        else:
            return peer.context(0).wrap_socket(raw, server_hostname="localhost")
