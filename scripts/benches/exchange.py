"""Connections of the load that say what they are told and hand over what arrives, in one thread.

What the bytes mean is the bench's business; here are one epoll, non-blocking TLS, waiting times
shorter than the millisecond that epoll can count, and how busy all that keeps the process.
"""

import select
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from scripts.benches.crowd import Dialect

__all__ = ["Busy", "Exchange", "Line", "Pace", "percentile"]


# So much is thrown away at once of what comes for those who do not listen.
_THROWN_AWAY: Final = 1 << 20


@dataclass(eq=False)
class Line:
    """One connection.

    Args:
        sock: its socket, behind the handshake and the hello.
        number: whose it is, as the dialect counts people.
    """

    sock: ssl.SSLSocket
    number: int
    out: deque[bytes] = field(default_factory=deque)
    carry: bytes = b""

    def count(self, mark: bytes, data: bytes) -> int:
        """Return how often a mark arrived, also when it came in two pieces.

        Args:
            mark: what is counted; the same one for the life of the connection.
            data: what arrived.
        """
        whole = self.carry + data
        # One byte less than the mark, so that none is counted twice.
        self.carry = whole[1 - len(mark) :]
        return whole.count(mark)


class Exchange:
    """Connections to one server.

    Args:
        dialect: how to talk to it.
        port: where it is on the loopback.
        numbers: a connection for each of them, to begin with.
    """

    def __init__(self, dialect: Dialect, port: int, numbers: Iterable[int]) -> None:
        self._epoll = select.epoll()
        self._dialect = dialect
        self._port = port
        self._by_fd: dict[int, Line] = {}
        self._full: list[Line] = []
        self._deaf: dict[int, socket.socket] = {}
        self._bin = bytearray(_THROWN_AWAY)
        self.lines: list[Line] = []
        self.grow(numbers)

    def grow(self, numbers: Iterable[int]) -> None:
        """Add a connection for each number."""
        self.lines += [self._connect(number) for number in numbers]

    def _connect(self, number: int) -> Line:
        raw = socket.create_connection(("127.0.0.1", self._port), timeout=20)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._dialect.greet(raw)
        sock = self._dialect.context(number).wrap_socket(raw, server_hostname="localhost")
        self._dialect.enter(sock, number)
        sock.setblocking(False)
        self._epoll.register(sock.fileno(), select.EPOLLIN)
        line = self._by_fd[sock.fileno()] = Line(sock, number)
        return line

    def deafen(self, lines: Iterable[Line]) -> None:
        """Have the system throw away what comes for some connections, before it is decrypted.

        For a few seconds only, because they say nothing any more either. What a host sends to
        many then costs the load next to nothing, so a host may have more than one processor.

        Args:
            lines: which; nothing is yielded for them any more.
        """
        for line in lines:
            del self._by_fd[line.sock.fileno()]
            raw = socket.socket(fileno=line.sock.detach())
            self._deaf[raw.fileno()] = raw

    def say(self, line: Line, data: bytes) -> None:
        """Write now, or at the next `hear` what the socket does not take now."""
        line.out.append(data)
        if not self._written(line):
            self._full.append(line)

    def hear(self, seconds: float) -> Iterator[tuple[Line, bytes]]:
        """Yield what arrives within some time, each piece right after it was read.

        Args:
            seconds: how long to wait for the first piece.
        """
        self._full = [line for line in self._full if not self._written(line)]
        # epoll counts in milliseconds; select can wait for an epoll and counts in microseconds.
        if seconds > 0 and not self._full:
            select.select([self._epoll], [], [], seconds)
        for fd, _ in self._epoll.poll(0):
            if fd in self._deaf:
                self._throw_away(fd)
                continue
            line = self._by_fd[fd]
            try:
                # One read, because the epoll mentions the socket again while it holds more.
                data = line.sock.recv(65_536)
                while line.sock.pending():
                    data += line.sock.recv(65_536)
            except ssl.SSLWantReadError:
                continue
            if not data:
                raise ConnectionError(f"{self._dialect.name} closed connection {line.number}")
            yield line, data

    def _throw_away(self, fd: int) -> None:
        # With this flag Linux drops what TCP has received instead of copying it.
        if not self._deaf[fd].recv_into(self._bin, 0, socket.MSG_TRUNC):
            raise ConnectionError(f"{self._dialect.name} closed a connection")

    def drain(self) -> None:
        """Read until nothing comes for a while."""
        while any(True for _ in self.hear(0.3)):
            pass

    def close(self) -> None:
        """Close everything."""
        for line in self.lines:
            line.sock.close()
        for raw in self._deaf.values():
            raw.close()
        self._epoll.close()

    @staticmethod
    def _written(line: Line) -> bool:
        while line.out:
            try:
                line.sock.send(line.out[0])
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False
            line.out.popleft()
        return True


class Busy:
    """How busy this process has been since this was made."""

    def __init__(self) -> None:
        self._begun, self._cpu = time.monotonic(), time.process_time()

    def seconds(self) -> float:
        """Return how long ago that is."""
        return time.monotonic() - self._begun

    def share(self) -> float:
        """Return the share of that time in which this process worked."""
        return (time.process_time() - self._cpu) / self.seconds()


class Pace:
    """Moments at equal distances, from when this was made.

    Args:
        rate: so many a second.
    """

    def __init__(self, rate: float) -> None:
        self._rate, self._begun = rate, time.perf_counter()

    def until(self, number: int) -> float:
        """Return the seconds until one of them, negative when it is over.

        Args:
            number: which one, from 0.
        """
        return self._begun + number / self._rate - time.perf_counter()


def percentile(values: list[float], share: float) -> float:
    """Return the value that a share of all values does not exceed.

    Args:
        values: in any order, at least one.
        share: 0.5 for the median.
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
