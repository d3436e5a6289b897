"""Peers that waste a host's time, and the measure of how long a good client waits meanwhile."""

import selectors
import socket
import time
from collections.abc import Iterable
from contextlib import suppress

from tests.acceptance.scene import Scene

__all__ = ["ends", "silent", "stopped", "welcome_seconds"]

# A record that announces 512 bytes of ClientHello, and the first 11 of them.
_BEGUN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def silent(address: tuple[str, int], number: int) -> list[socket.socket]:
    """Open connections that say nothing."""
    return [socket.create_connection(address, timeout=20) for _ in range(number)]


def stopped(address: tuple[str, int], number: int) -> list[socket.socket]:
    """Open connections that stop in the middle of a ClientHello."""
    sockets = silent(address, number)
    for sock in sockets:
        sock.sendall(_BEGUN)
    return sockets


def welcome_seconds(scene: Scene, name: str) -> float:
    """Return how long a good client needs from its first packet to its welcome."""
    began = time.monotonic()
    with scene.guest(name) as guest:
        guest.join(live=False)
        return time.monotonic() - began


def ends(sockets: Iterable[socket.socket], seconds: float) -> list[float]:
    """Return when the host closed each connection, monotonic seconds, and close them too.

    Raises:
        AssertionError: the host said something, or some were still open after `seconds`.
    """
    found: list[float] = []
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for sock in sockets:
            selector.register(sock, selectors.EVENT_READ, sock)
        while waiting := len(selector.get_map()):
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            assert ready, f"{waiting} connections are still open"
            for key, _ in ready:
                peer: socket.socket = key.data
                data = b""
                with suppress(ConnectionResetError):
                    data = peer.recv(100)
                assert data == b"", "a silent connection was answered"
                found.append(time.monotonic())
                selector.unregister(peer)
                peer.close()
    return found
