"""Programs that answer at an address and are no host of ours, or an odd one."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from secure_chat.net.dialer import Address
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import PROTOCOL_VERSION, Close, Greeting

__all__ = ["GREETING", "Answer", "answering", "closing", "greeting", "saying", "silent", "tls"]

Answer = Callable[[socket.socket], None]
"""What is done with each connection; it may take the socket over, and is closed behind it."""

GREETING = Greeting(PROTOCOL_VERSION, "Codd", "odd host")

_PATIENCE = 10.0


@contextmanager
def answering(answer: Answer) -> Iterator[Address]:
    """Answer connections one after the other on a port of this computer's loopback."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                accepted, _ = listener.accept()
                with accepted:
                    if over.is_set():
                        return
                    accepted.settimeout(_PATIENCE)
                    with suppress(OSError):
                        answer(accepted)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            host, port = listener.getsockname()
            yield host, port
        finally:
            over.set()
            # Whoever waits for a connection is woken by one.
            socket.create_connection(listener.getsockname()).close()
            thread.join(_PATIENCE)


def saying(data: bytes) -> Answer:
    """Return what reads a little and says something that is no TLS."""

    def answer(sock: socket.socket) -> None:
        sock.recv(16_384)
        sock.sendall(data)
        _wait_for_end(sock)

    return answer


def silent(sock: socket.socket) -> None:
    """Take what comes and say nothing."""
    _wait_for_end(sock)


def closing(sock: socket.socket) -> None:
    """Hang up at once."""
    sock.recv(16_384)


def greeting(message: Greeting | Close) -> Callable[[ssl.SSLSocket], None]:
    """Return what says one message behind the handshake."""

    def talk(sock: ssl.SSLSocket) -> None:
        sock.sendall(encode(message))
        _wait_for_end(sock)

    return talk


def tls(context: ssl.SSLContext, talk: Callable[[ssl.SSLSocket], None] | None = None) -> Answer:
    """Return what shakes hands and then talks.

    Args:
        context: the settings of that host.
        talk: what it does behind the handshake; it greets as a host does when nothing is given.
    """
    talk = talk or greeting(GREETING)

    def answer(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as secured:
            talk(secured)

    return answer


def _wait_for_end(sock: socket.socket) -> None:
    while sock.recv(16_384):
        pass
