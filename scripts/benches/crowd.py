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
from itertools import cycle
from typing import Final, Protocol

from scripts.benches.texts import Texts

__all__ = ["MARK", "Crowd", "Dialect", "payload"]

MARK: Final = b"~*^mk^*~"
_TEXTS: Final = 4_096


def payload(size: int) -> bytes:
    """Return a message of so many bytes with the mark in it."""
    return MARK + b"x" * (size - len(MARK))


class Dialect(Protocol):
    """How to talk to one kind of server."""

    name: str
    payload: bytes
    # Whether a message also comes back to who said it.
    echoes: bool

    def context(self, number: int) -> ssl.SSLContext:
        """Return the TLS context of a client."""

    def greet(self, raw: socket.socket) -> None:
        """Do what comes before TLS."""

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello and subscribe to the room, blocking."""

    def settle(self, sock: ssl.SSLSocket, number: int) -> None:
        """Do what is done only when everybody has entered, blocking."""

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
        # Different words, because a search index takes one word said for ever for nothing.
        texts = Texts(len(dialect.payload) - len(MARK) - 1)
        self._payloads = cycle([b"%s %s" % (MARK, next(texts).encode()) for _ in range(_TEXTS)])
        self.members: list[Member] = []
        self._epoll = select.epoll()
        self._by_fd: dict[int, Member] = {}
        for number in range(size):
            self.members.append(self._enter(number))
        for member in self.members:
            dialect.settle(member.sock, member.number)
            member.sock.setblocking(False)
            self._by_fd[member.sock.fileno()] = member
            self._epoll.register(member.sock.fileno(), select.EPOLLIN)

    @property
    def receivers(self) -> int:
        """How many receive one message."""
        return len(self.members) - (not self.dialect.echoes)

    def _enter(self, number: int) -> Member:
        raw = socket.create_connection(self.address, timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.dialect.greet(raw)
        sock = self.dialect.context(number).wrap_socket(raw, server_hostname="localhost")
        self.dialect.enter(sock, number)
        return Member(sock, number)

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
        self,
        senders: int,
        window: int,
        deliveries: int,
        *,
        observe: Callable[[], None],
        seconds: float = 120.0,
    ) -> tuple[int, float, float]:
        """Let some members talk as fast as they are heard, until so much has been delivered.

        Args:
            senders: how many members talk.
            window: how many of its own messages a sender has under way.
            deliveries: how many to wait for.
            observe: called when the first tenth is over and the measuring begins.
            seconds: how long to wait for them; what has come by then is what counts.

        Returns:
            Deliveries counted, seconds they took, and the share of that the load was busy.

        Raises:
            TimeoutError: nothing came.
        """
        total = said = 0
        measuring = False
        begun = busy = base = 0.0
        counted = 0
        start = time.monotonic()
        while total < deliveries and time.monotonic() < start + seconds:
            heard = total // self.receivers
            room = senders * window - (said - heard)
            if room >= senders:
                each = room // senders
                for member in self.members[:senders]:
                    for _ in range(each):
                        self.dialect.payload = next(self._payloads)
                        member.out.append(self.dialect.publish(member.number))
                    said += each
            for member in self.members[:senders]:
                self._write(member)
            arrived = self.poll(1.0)
            total += arrived
            late = time.monotonic() > start + seconds / 10
            if not measuring and (total >= deliveries // 10 or late):
                measuring = True
                observe()
                begun, base, counted = time.monotonic(), time.process_time(), total
        if total == counted:
            raise TimeoutError(f"{self.dialect.name} delivered {total} messages and then no more")
        busy = time.process_time() - base
        took = time.monotonic() - begun
        return total - counted, took, busy / took

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
