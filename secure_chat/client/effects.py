"""What a session is told to remember and what it wants done: values between session and runtime.

Pure, made on the client's worker thread; the memory is read and written by the client's disk
thread. Nothing here decides anything.
"""

from dataclasses import dataclass
from typing import TypeAlias

from secure_chat.client.events import Event
from secure_chat.wire.messages import (
    History,
    Join,
    Leave,
    Moderate,
    Rooms,
    Say,
    Who,
    Whois,
)
from secure_chat.wire.messages import Message as WireMessage

__all__ = [
    "Denied",
    "Dial",
    "DialBeside",
    "Duplicate",
    "Effect",
    "Forget",
    "Granted",
    "Hangup",
    "Hurry",
    "Memory",
    "Mode",
    "Outgoing",
    "Request",
    "Show",
    "Stayed",
    "Transmit",
]

Outgoing: TypeAlias = Say | Join | Leave
Request: TypeAlias = Who | Rooms | Whois | History | Moderate


@dataclass(frozen=True, slots=True)
class Show:
    """Hand an event to the consumer.

    Args:
        event: what happened.
        cursor: once the consumer is done with it, everything up to here has been shown; None
            when the event says nothing about that.
    """

    event: Event
    cursor: int | None = None


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a message on a connection.

    Args:
        message: what to say.
        conn: where.
    """

    message: WireMessage
    conn: int


@dataclass(frozen=True, slots=True)
class Forget:
    """The id is settled: the disk need not keep it any longer."""

    id: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The id was in the queue already; nothing was added."""

    id: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Connect again after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DialBeside:
    """Connect once more beside the connection that is up, which stays until the new one is in."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """End a connection in order; `lost` follows."""

    conn: int


@dataclass(frozen=True, slots=True)
class Stayed:
    """The connection beside the present one failed, which stays in use.

    Args:
        why: the reason in words.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Granted:
    """The host has issued the certificate that was asked for; nothing of it is checked yet.

    Args:
        certificate: it, PEM.
        authorities: whom to trust from now on, PEM.
    """

    certificate: str
    authorities: str


@dataclass(frozen=True, slots=True)
class Denied:
    """No certificate comes of the request.

    Args:
        why: the reason in words.
    """

    why: str


@dataclass(frozen=True, slots=True)
class Hurry:
    """The host wants us to ask for a new certificate now."""


Effect: TypeAlias = (
    Show
    | Transmit
    | Forget
    | Duplicate
    | Dial
    | DialBeside
    | Hangup
    | Stayed
    | Granted
    | Denied
    | Hurry
)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept of a client between its runs.

    Args:
        device: the id that stays the same across reconnects and restarts.
        cursor: the last sequence number shown; None before anything was.
        unsent: what could not be acknowledged yet, in the order it was said.
    """

    device: str
    cursor: int | None = None
    unsent: tuple[Outgoing, ...] = ()


@dataclass(frozen=True, slots=True)
class Mode:
    """What kind of client this is.

    Args:
        history: on a first run, how many earlier messages are wanted.
        live: False for one-shot commands, which are given no messages and are not present.
        keylog: where the keys of its connections are written; None for nowhere.
    """

    history: int = 0
    live: bool = True
    keylog: str | None = None
