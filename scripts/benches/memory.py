"""What an idle connection costs a server's memory, and what many of them cost a newcomer.

Members of one room that say nothing and answer when the server asks whether they are there. The
memory is the resident one of the server process, from a few connections on, so that what the first
ones load is not charged to the rest; buffers in the kernel are not in it. It is read after every
member has been asked once by ours. Then others join, one after the other.
"""

import argparse
import select
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.peers import PEERS, Papers, Peer, running
from scripts.benches.report import OURS, Figure, Goal
from secure_chat.server.descriptors import raise_descriptor_limit
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Ping, Pong

__all__ = ["GOALS", "add_arguments", "measure"]

EACH: Final = "resident KiB/connection"
TOTAL: Final = "resident MiB"
IDLING: Final = "server CPU ms/s while idle"
WELCOME: Final = "ms to a welcome"

GOALS: Final = (
    Goal(EACH, "1000 connections", OURS, 32),
    Goal(EACH, "10000 connections", OURS, 32),
    Goal(TOTAL, "10000 connections", OURS, 400),
    Goal(WELCOME, "1000 connections", OURS, 1_000),
    Goal(WELCOME, "10000 connections", OURS, 1_000),
)

_KIB: Final = 1_024
_WARM: Final = 20
_NEWCOMERS: Final = 20
# The members who are there already get a turn after so many others have joined.
_TURN: Final = 50
_PATIENCE: Final = 20.0
# How servers ask whether one is there, and what they want to hear; the others do not ask.
_ASKED: Final = {
    "securechat": (encode(Ping()), encode(Pong())),
    "nats": (b"PING\r\n", b"PONG\r\n"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--sizes", default="1000", help="how many connections")
    parser.add_argument("--each", type=int, default=25, help="connections a person, 32 at most")
    parser.add_argument("--idle", type=float, default=16, help="seconds to wait before measuring")
    parser.add_argument("--peers", default="securechat,nats,mosquitto", help="who is compared")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let every peer hold every number of connections once, in turn."""
    # For this process, and for the servers, which inherit it.
    raise_descriptor_limit()
    for size in map(int, options.sizes.split(",")):
        people = -(-size // options.each) + _NEWCOMERS
        papers = Papers.at(folder / f"certs-{people}", people)
        for name in options.peers.split(","):
            if PEERS[name].here():
                peer = PEERS[name](papers, folder / f"{name}-{size}-{number}")
                yield from _one(peer, size, options.idle, number)


def _one(peer: Peer, size: int, idle: float, number: int) -> Iterator[Figure]:
    setting = f"{size} connections"
    warm = min(_WARM, size // 2)
    with running(peer, SERVER_CPU) as pid:
        gauge = Gauge(pid)
        members = Members(peer)
        members.grow(warm)
        members.attend(1.0)
        before = gauge.resident_bytes()
        members.grow(size)
        began, spent = time.monotonic(), gauge.cpu_seconds()
        members.attend(idle)
        spent = (gauge.cpu_seconds() - spent) / (time.monotonic() - began)
        resident = gauge.resident_bytes()
        waits = [members.newcomer(size + place) for place in range(_NEWCOMERS)]
        members.close()
    yield Figure(EACH, setting, peer.name, number, (resident - before) / (size - warm) / _KIB)
    yield Figure(TOTAL, setting, peer.name, number, resident / _KIB**2)
    yield Figure(IDLING, setting, peer.name, number, spent * 1e3)
    yield Figure(WELCOME, setting, peer.name, number, median(waits) * 1e3)


class Members:
    """Idle connections to one server.

    Args:
        peer: the server.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._ask, self._answer = _ASKED.get(peer.name, (b"", b""))
        self._socks: dict[int, ssl.SSLSocket] = {}
        self._epoll = select.epoll()

    def grow(self, size: int) -> None:
        """Let members join until there are so many."""
        for number in range(len(self._socks), size):
            sock = self._join(number)
            sock.setblocking(False)
            self._socks[sock.fileno()] = sock
            self._epoll.register(sock.fileno(), select.EPOLLIN)
            if number % _TURN == 0:
                self.attend(0)

    def attend(self, seconds: float) -> None:
        """Read what comes, and answer, for some time; at least once."""
        until = time.monotonic() + seconds
        while True:
            for fd, _ in self._epoll.poll(max(0.0, until - time.monotonic())):
                self._read(self._socks[fd])
            if time.monotonic() >= until:
                return

    def newcomer(self, number: int) -> float:
        """Let somebody join and go again; returns the seconds until they were welcome."""
        began = time.monotonic()
        sock = self._join(number)
        seconds = time.monotonic() - began
        sock.close()
        self.attend(0.05)
        return seconds

    def close(self) -> None:
        """Close everything."""
        for sock in self._socks.values():
            sock.close()
        self._epoll.close()

    def _join(self, number: int) -> ssl.SSLSocket:
        raw = socket.create_connection(("127.0.0.1", self._peer.port), timeout=_PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer.greet(raw)
        sock = self._peer.context(number).wrap_socket(raw, server_hostname="localhost")
        self._peer.enter(sock, number)
        return sock

    def _read(self, sock: ssl.SSLSocket) -> None:
        try:
            while True:
                data = sock.recv(65_536)
                if not data:
                    raise ConnectionError(f"{self._peer.name} closed an idle connection")
                if self._ask and self._ask in data:
                    sock.send(self._answer)
        except ssl.SSLWantReadError:
            pass
