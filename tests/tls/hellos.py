"""ClientHello and ServerHello messages put together byte by byte."""

from collections.abc import Iterable

RANDOM = bytes(range(32))


def numbers(values: Iterable[int], size: int = 2) -> bytes:
    """Return numbers of `size` bytes each."""
    return b"".join(value.to_bytes(size, "big") for value in values)


def vector(content: bytes, size: int) -> bytes:
    """Return the content with its length before it in `size` bytes."""
    return len(content).to_bytes(size, "big") + content


def alpn(*names: bytes) -> bytes:
    """Return the content of an ALPN extension."""
    return vector(b"".join(vector(name, 1) for name in names), 2)


def server_name(*names: bytes, kind: int = 0) -> bytes:
    """Return the content of a server name extension."""
    return vector(b"".join(bytes([kind]) + vector(name, 2) for name in names), 2)


def extension_list(extensions: Iterable[tuple[int, bytes]]) -> bytes:
    """Return extensions as they end a message."""
    content = b"".join(numbers([kind]) + vector(data, 2) for kind, data in extensions)
    return vector(content, 2)


def client_hello(
    ciphers: Iterable[int] = (0x1301,),
    extensions: Iterable[tuple[int, bytes]] | None = (),
    version: int = 0x0303,
) -> bytes:
    """Return a ClientHello; None for extensions leaves even their length out."""
    body = numbers([version]) + RANDOM + vector(b"", 1) + vector(numbers(ciphers), 2)
    body += vector(b"\x00", 1)
    if extensions is not None:
        body += extension_list(extensions)
    return b"\x01" + vector(body, 3)


def server_hello(
    extensions: Iterable[tuple[int, bytes]] = (), random: bytes = RANDOM, cipher: int = 0x1302
) -> bytes:
    """Return a ServerHello."""
    body = numbers([0x0303]) + random + vector(b"", 1) + numbers([cipher]) + b"\x00"
    return b"\x02" + vector(body + extension_list(extensions), 3)
