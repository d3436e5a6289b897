"""The two hellos of TLS 1.3, taken apart as far as records and fingerprints need them.

Pure functions over the bytes of one handshake message (RFC 8446 section 4.1), used on the disk
thread. They read what a stranger wrote: a broken extension is left out, a broken hello is `Cut`.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from secure_chat.tls.octets import Cut, Octets

__all__ = [
    "ClientHello",
    "ServerHello",
    "alpn_names",
    "asks_again",
    "client_hello",
    "extensions",
    "listed",
    "server_hello",
]

_T = TypeVar("_T")

# What SHA-256 makes of "HelloRetryRequest" (RFC 8446 section 4.1.3): a ServerHello with this
# random asks for another ClientHello.
_RETRY: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_HEADER: Final = 4
_LIST_HEAD: Final = 2
# The type of an extension and its length.
_EXTENSION: Final = struct.Struct(">HH")
_RANDOM: Final = 32
# Enough for two shares of post-quantum keys; who sends more may send anything.
_COMMON: Final = 4_096

_SERVER_NAME: Final = 0
_GROUPS: Final = 10
_SIGNATURES: Final = 13
_ALPN: Final = 16
_VERSIONS: Final = 43
_KEY_SHARE: Final = 51


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """What a client offered, in its own order.

    Args:
        random: 32 bytes that the client chose; both ends and every capture see them.
        common: whether it is of a size that programs send, so that its like may be remembered.
        legacy_version: the version field, which TLS 1.3 pins to 1.2.
        versions: the versions of the extension that replaced it, empty without it.
        ciphers: the cipher suites.
        extensions: the types of all extensions.
        groups: the key exchange groups.
        shares: the groups it sent a key for.
        schemes: the signature schemes.
        alpn: the application protocols.
        server_name: the host name asked for, None when there is none.
    """

    # Neither of these three says what kind of client it is, so hellos are equal without them.
    random: bytes = field(compare=False)
    common: bool = field(default=True, compare=False)
    server_name: str | None = field(default=None, compare=False)
    legacy_version: int
    versions: tuple[int, ...] = ()
    ciphers: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    shares: tuple[int, ...] = ()
    schemes: tuple[int, ...] = ()
    alpn: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    """What a host chose.

    Args:
        version: the version chosen.
        cipher: the cipher suite chosen.
        extensions: the types of its extensions.
        group: the key exchange group chosen, None when it did not say.
    """

    version: int
    cipher: int
    extensions: tuple[int, ...]
    group: int | None


def client_hello(message: bytes) -> ClientHello:
    """Take a ClientHello apart.

    Args:
        message: with its four bytes of header.

    Raises:
        Cut: it is too short for what it says.
    """
    body = Octets(message[_HEADER:])
    version, random = body.number(2), body.take(_RANDOM)
    body.vector(1)
    ciphers = body.vector(2).numbers()
    body.vector(1)
    held = extensions(body)
    first = dict(reversed(held))

    def look(kind: int, read: Callable[[bytes], _T], missing: _T) -> _T:
        try:
            return read(first[kind]) if kind in first else missing
        except Cut:
            return missing

    return ClientHello(
        random=random,
        common=len(message) <= _COMMON,
        legacy_version=version,
        versions=look(_VERSIONS, _listed_shortly, ()),
        ciphers=ciphers,
        extensions=tuple([kind for kind, _ in held]),
        groups=look(_GROUPS, listed, ()),
        shares=look(_KEY_SHARE, _shares, ()),
        schemes=look(_SIGNATURES, listed, ()),
        alpn=look(_ALPN, alpn_names, ()),
        server_name=look(_SERVER_NAME, _server_name, None),
    )


def asks_again(message: bytes) -> bool:
    """Tell whether a ServerHello is a HelloRetryRequest.

    Args:
        message: with its four bytes of header.
    """
    return message[_HEADER + 2 : _HEADER + 2 + _RANDOM] == _RETRY


def server_hello(message: bytes) -> ServerHello:
    """Take a ServerHello or a HelloRetryRequest apart.

    Args:
        message: with its four bytes of header.

    Raises:
        Cut: it is too short for what it says.
    """
    body = Octets(message[_HEADER:])
    version = body.number(2)
    body.take(_RANDOM)
    body.vector(1)
    cipher = body.number(2)
    body.number(1)
    held = dict(extensions(body))
    return ServerHello(
        version=Octets(held[_VERSIONS]).number(2) if _VERSIONS in held else version,
        cipher=cipher,
        extensions=tuple(held),
        group=Octets(held[_KEY_SHARE]).number(2) if _KEY_SHARE in held else None,
    )


def extensions(body: Octets) -> list[tuple[int, bytes]]:
    """Return the extensions that end a message, as type and content; TLS 1.2 may have none.

    Raises:
        Cut: one is longer than the whole.
    """
    data = body.vector(2).rest() if body else b""
    held, at = [], 0
    while at < len(data):
        begin = at + _EXTENSION.size
        if begin > len(data):
            raise Cut
        kind, size = _EXTENSION.unpack_from(data, at)
        at = begin + size
        if at > len(data):
            raise Cut
        held.append((kind, data[begin:at]))
    return held


def listed(content: bytes) -> tuple[int, ...]:
    """Return the numbers of an extension that is one list of them.

    Raises:
        Cut: it is too short for what it says.
    """
    size = int.from_bytes(content[:_LIST_HEAD])
    if size % 2 or size + _LIST_HEAD > len(content):
        raise Cut
    return struct.unpack_from(f">{size // 2}H", content, _LIST_HEAD)


def _listed_shortly(content: bytes) -> tuple[int, ...]:
    return Octets(content).vector(1).numbers()


def alpn_names(content: bytes) -> tuple[bytes, ...]:
    """Return the protocols of an ALPN extension (RFC 7301 section 3.1).

    Raises:
        Cut: it is too short for what it says.
    """
    names, rest = [], Octets(content).vector(2)
    while rest:
        names.append(rest.take(rest.number(1)))
    return tuple(names)


def _shares(content: bytes) -> tuple[int, ...]:
    groups, rest = [], Octets(content).vector(2)
    while rest:
        groups.append(rest.number(2))
        rest.vector(2)
    return tuple(groups)


def _server_name(content: bytes) -> str | None:
    """Return the first host name (RFC 6066 section 3), with what is no ASCII written out."""
    rest = Octets(content).vector(2)
    while rest:
        kind, name = rest.number(1), rest.take(rest.number(2))
        if kind == 0:
            return name.decode("ascii", "backslashreplace")
    return None
