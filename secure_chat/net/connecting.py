"""Connections that have been begun and not finished, on the client's end.

Owned by the worker, on its thread. A socket that is still connecting cannot be wrapped in TLS,
so it waits here until it is writable and then becomes a peer.
"""

import os
import socket
from dataclasses import dataclass
from selectors import EVENT_WRITE
from typing import TYPE_CHECKING

from secure_chat.net.dialer import Address, unreachable
from secure_chat.tls.reason import Reason

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["Connecting", "Nursery"]


@dataclass(frozen=True, slots=True)
class Connecting:
    """A connection attempt.

    Args:
        conn: its number.
        sock: the raw socket.
        address: where to.
        server_name: the name the host must prove.
        deadline: when it is given up, monotonic seconds.
    """

    conn: int
    sock: socket.socket
    address: Address
    server_name: str | None
    deadline: float


class Nursery:
    """The connection attempts of one worker."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._waiting: dict[int, Connecting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(
        self, conn: int, sock: socket.socket, address: Address, server_name: str | None
    ) -> None:
        """Watch a socket until it is connected or has failed."""
        deadline = self._worker.now + self._worker.limits.connect_seconds
        attempt = Connecting(conn, sock, address, server_name, deadline)
        self._waiting[conn] = attempt
        self._worker.selector.register(sock, EVENT_WRITE, attempt)

    def ready(self, attempt: Connecting) -> None:
        """Make a peer of a socket that has become writable, or report why it failed."""
        if attempt.conn not in self._waiting:
            # It was given up earlier in the same turn.
            return
        self._forget(attempt)
        code = attempt.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._failed(attempt, OSError(code, os.strerror(code)))
        else:
            self._worker.life.adopt(
                attempt.conn, attempt.sock, attempt.address, attempt.server_name
            )

    def sweep(self) -> None:
        """Give up the attempts whose time has passed."""
        for attempt in list(self._waiting.values()):
            if self._worker.now >= attempt.deadline:
                self._forget(attempt)
                self._failed(attempt, TimeoutError("no answer in time"))

    def end(self, conn: int) -> None:
        """Give up one attempt, if it is still one."""
        attempt = self._waiting.get(conn)
        if attempt is not None:
            self._forget(attempt)
            self._failed(attempt, OSError("given up"))

    def clear(self) -> None:
        """Give up all attempts."""
        for conn in list(self._waiting):
            self.end(conn)

    def _forget(self, attempt: Connecting) -> None:
        del self._waiting[attempt.conn]
        self._worker.selector.unregister(attempt.sock)

    def _failed(self, attempt: Connecting, reason: OSError) -> None:
        attempt.sock.close()
        error = unreachable(attempt.address, reason)
        self._worker.handler.lost(attempt.conn, Reason.CLOSED, str(error), error)
