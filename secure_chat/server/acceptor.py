"""Listening sockets and the accept loop: it takes raw connections and hands them to workers.

Owned by the main thread. It never touches TLS, so no peer can hold it up; out of descriptors it
rests instead of spinning, and goes on by itself when there are some again.
"""

import errno
import socket
from collections.abc import Callable
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import HostStartError, UsageError
from secure_chat.net.dialer import Address

__all__ = ["Acceptor", "listen"]

_BACKLOG: Final = 4_096
_BURST: Final = 256
_REST_SECONDS: Final = 0.25
# What accept says when it is not the fault of one connection: everything here passes by itself.
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def listen(bind: str, port: int) -> list[socket.socket]:
    """Bind every address of a name and return the sockets, not accepting yet.

    Args:
        bind: an address, or a name that stands for some.
        port: 0 for a free one, the same for all addresses.

    Raises:
        HostStartError: the port is in use, or the address is not this computer's.
        UsageError: the name has no address.
    """
    try:
        found = socket.getaddrinfo(bind, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(
            f"{bind!r} is no address of this computer",
            why=str(error),
            hint="Example: --bind 127.0.0.1, or --bind 0.0.0.0 for all networks.",
        ) from error
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in found:
            sockets.append(_bound(family, (str(address[0]), port)))
            port = port or sockets[0].getsockname()[1]
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise _cannot_bind(bind, port, error) from error
    return sockets


def _bound(family: socket.AddressFamily, address: Address) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        # On Windows SO_REUSEADDR would let two programs have one port.
        sock.setsockopt(socket.SOL_SOCKET, exclusive or socket.SO_REUSEADDR, 1)
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


def _cannot_bind(bind: str, port: int, error: OSError) -> HostStartError:
    if error.errno == errno.EADDRINUSE:
        return HostStartError(
            f"port {port} on {bind} is in use",
            why="another program listens there, perhaps another host",
            hint="Stop it, or choose another port with --port.",
        )
    return HostStartError(
        f"cannot listen on {bind}:{port}",
        why=error.strerror or str(error),
        hint="Choose another address with --bind or another port with --port.",
    )


class Acceptor:
    """Accepts connections when told that a listening socket is readable.

    Args:
        sockets: from `listen`.
        adopt: called with each new raw socket and its peer's address.
        clock: the time.
    """

    def __init__(
        self,
        sockets: list[socket.socket],
        adopt: Callable[[socket.socket, Address], None],
        clock: Clock,
    ) -> None:
        self.sockets = sockets
        self._adopt = adopt
        self._clock = clock
        self._rest_until = 0.0

    def open(self) -> None:
        """Let connections come.

        Raises:
            HostStartError: another program took the port between bind and now.
        """
        for sock in self.sockets:
            try:
                sock.listen(_BACKLOG)
            except OSError as error:
                bind, port, *_ = sock.getsockname()
                raise _cannot_bind(str(bind), int(port), error) from error

    def resting(self) -> float:
        """Return for how many seconds the listening sockets are not to be looked at."""
        return max(0.0, self._rest_until - self._clock.monotonic())

    def accept(self, listener: socket.socket) -> None:
        """Take what waits, a bounded number at a time."""
        for _ in range(_BURST):
            try:
                sock, address = listener.accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    self._rest_until = self._clock.monotonic() + _REST_SECONDS
                    return
                # That one connection was gone before we took it.
                continue
            self._adopt(sock, (str(address[0]), int(address[1])))

    def close(self) -> None:
        """Stop accepting."""
        for sock in self.sockets:
            sock.close()
