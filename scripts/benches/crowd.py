"""The load: many mutual-TLS connections in one process, one thread, one epoll.

It counts what arrives by a mark in each payload and does nothing else with it, so that it keeps
up with the servers it loads; when it is busier than the server, it says so.
"""

import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["MARK", "Crowd", "Dialect", "payload"]

MARK = b"~*^mk^*~"


def payload(size: int) -> bytes:
    """Return a message of so many bytes with the mark in it."""
    return MARK + b"x" * (size - len(MARK))


class Dialect(Protocol):
    """How to talk to one kind of server."""

    name: str

    def context(self, number: int) -> ssl.SSLContext:
        """Return the TLS context of a client."""

    def greet(self, raw: socket.socket) -> None:
        """Do what comes before TLS."""

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello and subscribe to the room, blocking."""

    def publish(self, number: int) -> bytes:
        """Return the bytes that say the payload once in the room."""


@dataclass(eq=False)
class Member:
    """One connection."""

    sock: ssl.SSLSocket
    number: int
    seen: int = 0
    carry: bytes = b""
    out: deque[bytes] = field(default_factory=deque)


class Crowd:
    """Connections to one server.

    Args:
        dialect: how to talk to it.
        address: where it is.
        size: how many connections.
    """

    def __init__(self, dialect: Dialect, address: tuple[str, int], size: int) -> None:
        self.dialect = dialect
        self.address = address
        self.members: list[Member] = []
        self._epoll = select.epoll()
        for number in range(size):
            self._add(number)

    def _add(self, number: int) -> None:
        raw = socket.create_connection(self.address, timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.dialect.greet(raw)
        sock = self.dialect.context(number).wrap_socket(raw, server_hostname="localhost")
        self.dialect.enter(sock, number)
        sock.setblocking(False)
        member = Member(sock, number)
        self.members.append(member)
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        self._by_fd = {m.sock.fileno(): m for m in self.members}

    def poll(self, seconds: float) -> int:
        """Read what is there; returns how many messages arrived."""
        arrived = 0
        for fd, _ in self._epoll.poll(seconds):
            arrived += self._read(self._by_fd[fd])
        return arrived

    def _read(self, member: Member) -> int:
        arrived = 0
        try:
            while True:
                data = member.sock.recv(65_536)
                if not data:
                    raise ConnectionError(f"{self.dialect.name} closed connection {member.number}")
                whole = member.carry + data
                arrived += whole.count(MARK)
                member.carry = whole[-(len(MARK) - 1) :]
                # A mark at the very end must not be counted again with what follows.
        except ssl.SSLWantReadError:
            pass
        member.seen += arrived
        return arrived

    def saturate(
        self, senders: int, window: int, deliveries: int, *, observe: Callable[[], None]
    ) -> tuple[int, float, float]:
        """Let some members talk as fast as they are heard, until so much has been delivered.

        Args:
            senders: how many members talk.
            window: how many of its own messages a sender has under way.
            deliveries: how many to wait for.
            observe: called when the first tenth is over and the measuring begins.

        Returns:
            Deliveries counted, seconds they took, and the share of that the load was busy.
        """
        size = len(self.members)
        total = said = 0
        measuring = False
        begun = busy = base = 0.0
        counted = 0
        limit = time.monotonic() + 120
        while total < deliveries and time.monotonic() < limit:
            heard = total // size
            room = senders * window - (said - heard)
            if room >= senders:
                each = room // senders
                for member in self.members[:senders]:
                    for _ in range(each):
                        member.out.append(self.dialect.publish(member.number))
                    said += each
            for member in self.members[:senders]:
                self._write(member)
            arrived = self.poll(1.0)
            total += arrived
            if not measuring and total >= deliveries // 10:
                measuring = True
                observe()
                begun, base, counted = time.monotonic(), time.process_time(), total
        busy = time.process_time() - base
        seconds = time.monotonic() - begun
        return total - counted, seconds, busy / seconds

    def drain(self) -> None:
        """Read until nothing comes for a while."""
        while self.poll(0.3):
            pass

    def _write(self, member: Member) -> None:
        # A write for each message, because people who talk in the same room do not share a socket.
        while member.out:
            try:
                member.sock.send(member.out[0])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return
            member.out.popleft()

    def close(self) -> None:
        """Close everything."""
        for member in self.members:
            member.sock.close()
        self._epoll.close()
