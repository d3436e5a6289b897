"""What other threads may ask of an I/O worker: plain values that travel through its inbox."""

import socket
from dataclasses import dataclass

from msgspec import Struct

from secure_chat.net.dialer import Address
from secure_chat.wire.messages import Welcome

__all__ = [
    "Admit",
    "Adopt",
    "Bulk",
    "End",
    "Fan",
    "Frames",
    "Open",
    "Order",
    "Rest",
    "Serve",
    "Stop",
]


@dataclass(frozen=True, slots=True)
class Adopt:
    """Take over a raw socket and own it from now on.

    Args:
        conn: the connection's number, chosen by whoever accepted it.
        sock: connected, or connecting when `connecting`.
        address: the peer's address.
        server_name: the name the peer must prove, on the client's end.
        connecting: True when the connect has been begun and not finished.
    """

    conn: int
    sock: socket.socket
    address: Address
    server_name: str | None = None
    connecting: bool = False


@dataclass(frozen=True, slots=True)
class Admit:
    """Greet a peer whose certificate fits; its handshake is recorded as established."""

    conn: int


@dataclass(frozen=True, slots=True)
class End:
    """Send `Close(code, text)`, flush, send close_notify, close."""

    conn: int
    code: str
    text: str


class Frames(Struct, frozen=True, gc=False):
    """Encoded frames for one peer, whatever its state of delivery.

    Args:
        conn: the connection.
        data: whole frames.
    """

    conn: int
    data: bytes


class Bulk(Struct, frozen=True, gc=False):
    """Encoded frames of files for one peer: they leave when nothing else waits for it.

    The handler hears `unloaded` when there is room for the next ones; at most `limits.bulk_bytes`
    are given at once.

    Args:
        conn: the connection.
        data: one whole frame each.
    """

    conn: int
    data: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """Answer a peer's hello: from now on it may speak and be spoken to."""

    conn: int
    welcome: Welcome


class Fan(Struct, frozen=True, gc=False):
    """Encoded frames for every peer of an audience that is not served from the log just now.

    Args:
        conns: the audience.
        data: whole frames, the same bytes object for all.
        upto: the sequence number of the last one, 0 when they are not part of the log.
    """

    conns: tuple[int, ...]
    data: bytes
    upto: int


@dataclass(frozen=True, slots=True)
class Serve:
    """A page from the log for one peer; `live` ends its being served from there."""

    conn: int
    data: bytes
    upto: int
    live: bool


@dataclass(frozen=True, slots=True)
class Rest:
    """Do not read from a peer for some seconds."""

    conn: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """End every connection in order and return from `run`."""

    code: str
    text: str


Order = Adopt | Admit | Bulk | End | Open | Frames | Fan | Serve | Rest | Stop
