"""Peers that speak no TLS, or not to its end: raw sockets on loopback, without any records.

Called on the thread that runs a scenario; each call returns when the other end has closed. They
know just enough of TLS to cut it between two records (RFC 8446 section 5.1).
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import Final, TypeAlias

from secure_chat.lab.ends import LOOPBACK, PATIENCE, listening
from secure_chat.net.dialer import Address

__all__ = ["changing_a_bit", "cutting_midway", "half_a_hello", "knock", "web_server"]

_HEADER: Final = 5
_APPLICATION_DATA: Final = 23
_CHUNK: Final = 16_384

Between: TypeAlias = AbstractContextManager[Address]
"""Something that listens for one connection; gives its address."""


def knock(at: Address, sent: bytes) -> None:
    """Connect, send some bytes, and keep the line open until the host closes it.

    Args:
        at: the host.
        sent: the first and only bytes; b"" for silence.
    """
    with socket.create_connection(at, PATIENCE) as sock:
        if sent:
            sock.sendall(sent)
        _drain(sock)


def half_a_hello() -> bytes:
    """Return the first half of a faultless ClientHello."""
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=LOOPBACK)
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    return hello[: len(hello) // 2]


def web_server() -> Between:
    """Return something that answers whatever it hears as a web server would, and closes."""

    def answer(sock: socket.socket, _peer: Address) -> None:
        sock.recv(_CHUNK)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        sock.shutdown(socket.SHUT_WR)
        _drain(sock)

    return listening(answer)


def cutting_midway(at: Address) -> Between:
    """Return a line to the host that breaks behind the ServerHello.

    Args:
        at: the host.
    """

    def cut(client: socket.socket, host: socket.socket) -> None:
        host.sendall(_record(client))
        client.sendall(_record(host))
        for end in (client, host):
            end.shutdown(socket.SHUT_WR)
        _drain(host)
        _drain(client)

    return _between(at, cut)


def changing_a_bit(at: Address) -> Between:
    """Return a line to the host that changes one bit of the first encrypted record from there.

    Args:
        at: the host.
    """

    def change(client: socket.socket, host: socket.socket) -> None:
        host.sendall(_record(client))
        record = _record(host)
        while record[0] != _APPLICATION_DATA:
            client.sendall(record)
            record = _record(host)
        client.sendall(record[:-1] + bytes([record[-1] ^ 1]))
        while data := client.recv(_CHUNK):
            host.sendall(data)
        host.shutdown(socket.SHUT_WR)
        _drain(host)

    return _between(at, change)


def _between(at: Address, carry: Callable[[socket.socket, socket.socket], None]) -> Between:
    def serve(client: socket.socket, _peer: Address) -> None:
        with socket.create_connection(at, PATIENCE) as host:
            carry(client, host)

    return listening(serve)


def _record(sock: socket.socket) -> bytes:
    """Read one TLS record: its kind, a version, its length and that many bytes."""
    head = _exactly(sock, _HEADER)
    return head + _exactly(sock, int.from_bytes(head[3:], "big"))


def _exactly(sock: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = sock.recv(size - len(data))
        if not more:
            raise ConnectionError("the line ended within a record")
        data += more
    return data


def _drain(sock: socket.socket) -> None:
    """Read until the other end closes; with unread bytes our own closing would be a reset."""
    with suppress(OSError):
        while sock.recv(_CHUNK):
            continue
