"""Finding a host's addresses and beginning connections to them.

Called on the client's worker thread. Only the name look-up may take a moment; connecting is
begun here and finished by the worker, which waits for the socket to become writable.
"""

import socket
from typing import TypeAlias

from secure_chat.errors import HostUnreachable, UsageError

__all__ = ["Address", "addresses", "begin", "split_target"]

Address: TypeAlias = tuple[str, int]

DEFAULT_PORT = 65_432
_HIGHEST_PORT = 65_535


def split_target(target: str, default_port: int = DEFAULT_PORT) -> Address:
    """Read `HOST[:PORT]`, where an IPv6 address stands in brackets when a port follows.

    Args:
        target: what the person typed.
        default_port: the port when none is named.

    Raises:
        UsageError: the port is not a number from 1 to 65535, or there is no host.
    """
    host, port = target, str(default_port)
    if target.startswith("["):
        host, _, rest = target[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif target.count(":") == 1:
        host, _, port = target.partition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _HIGHEST_PORT:
        raise UsageError(
            f"{target!r} is not an address",
            why="it must read HOST or HOST:PORT, with a port from 1 to 65535",
            hint="Example: localhost:65432, or [::1]:65432 for an IPv6 address.",
        )
    return host, int(port)


def addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, Address]]:
    """Return the addresses of a name, in the order the system prefers them.

    Raises:
        HostUnreachable: the name is not known.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostUnreachable(
            f"the name {host!r} has no address",
            why=str(error),
            hint="Check the spelling, or use the host's IP address.",
        ) from error
    seen: dict[Address, socket.AddressFamily] = {}
    for family, _, _, _, address in found:
        seen.setdefault((str(address[0]), int(address[1])), family)
    return [(family, address) for address, family in seen.items()]


def begin(family: socket.AddressFamily, address: Address) -> socket.socket:
    """Begin a connection and return its socket at once; writable means connected or failed.

    Raises:
        HostUnreachable: the system refuses at once (no route, no descriptor).
    """
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise unreachable(address, error) from error
    try:
        sock.setblocking(False)
        sock.connect(address)
    except BlockingIOError:
        return sock
    except OSError as error:
        sock.close()
        raise unreachable(address, error) from error
    return sock


def unreachable(address: Address, error: OSError) -> HostUnreachable:
    """Return the error that says why an address could not be reached."""
    host, port = address
    return HostUnreachable(
        f"nothing answers at {host}:{port}",
        why=error.strerror or str(error),
        hint="Is the host running there? Start it with `securechat host`, or check the address.",
    )
