"""What a session is told to remember and what it wants done: values between session and runtime.

Pure, made on the client's worker thread; the memory is read and written by the client's disk
thread. Nothing here decides anything.
"""

from dataclasses import dataclass
from typing import TypeAlias

from secure_chat.client.events import Event
from secure_chat.wire.messages import History, Join, Leave, Rooms, Say, Who, Whois
from secure_chat.wire.messages import Message as WireMessage

__all__ = [
    "Dial",
    "Duplicate",
    "Effect",
    "Forget",
    "Hangup",
    "Memory",
    "Mode",
    "Outgoing",
    "Request",
    "Show",
    "Transmit",
]

Outgoing: TypeAlias = Say | Join | Leave
Request: TypeAlias = Who | Rooms | Whois | History


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
    """Send a message on the present connection."""

    message: WireMessage


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
class Hangup:
    """End the present connection in order; `lost` follows."""


Effect: TypeAlias = Show | Transmit | Forget | Duplicate | Dial | Hangup


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
