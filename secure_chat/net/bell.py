"""A bell: how a thread that sleeps on descriptors is woken by another one.

`ring` may be called from every thread, everything else only by the owner, and nothing here blocks.
A bell must never write into a descriptor that it has given back. Linux has a kind of descriptor
for this, a counter in the kernel; it wakes in less time than a byte through a pair of sockets,
which does everywhere.
"""

import os
import socket
import sys
from typing import Protocol

__all__ = ["Bell", "SocketBell", "new_bell"]


class Bell(Protocol):
    """A descriptor that is readable from `ring` to `silence`."""

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        ...

    def ring(self) -> None:
        """Make it readable; after `close` this does nothing."""
        ...

    def silence(self) -> None:
        """Make it unreadable, if it is not."""
        ...

    def close(self) -> None:
        """Give the descriptor back."""
        ...


class SocketBell:
    """Two connected sockets: a byte that goes into one makes the other readable."""

    __slots__ = ("_far", "_near")

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair()
        self._near.setblocking(False)
        self._far.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._near.fileno()

    def ring(self) -> None:
        """Write a byte."""
        try:
            self._far.send(b"!")
        except OSError:
            # It is full of bytes that nobody has read yet, or closed.
            return

    def silence(self) -> None:
        """Read what was written."""
        try:
            self._near.recv(64)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Give both descriptors back."""
        self._far.close()
        self._near.close()


if sys.platform == "linux":

    class _CounterBell:
        """A counter in the kernel, eventfd(2): readable while it is not zero."""

        __slots__ = ("_fd",)

        def __init__(self) -> None:
            self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

        def fileno(self) -> int:
            """Return the descriptor, for a selector."""
            return self._fd

        def ring(self) -> None:
            """Add one."""
            try:
                os.eventfd_write(self._fd, 1)
            except (OSError, ValueError):
                # It is closed; Python itself objects to -1.
                return

        def silence(self) -> None:
            """Go back to zero."""
            try:
                os.eventfd_read(self._fd)
            except BlockingIOError:
                return

        def close(self) -> None:
            """Give the descriptor back; its number may be another file's from then on."""
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)


def new_bell() -> Bell:
    """Return a bell of the kind that is fastest on this system.

    Raises:
        OSError: this process has no descriptor left.
    """
    if sys.platform == "linux":
        return _CounterBell()
    else:  # noqa: RET505 -- mypy knows nothing below an `if` of another system
        return SocketBell()
