"""What is posted to the porter: plain values that travel through its inbox.

Made by the client's worker or by whoever waits for a transfer, carried out on the porter's thread.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_chat.wire.messages import Message

if TYPE_CHECKING:
    from secure_chat.client.transfer.inward import Inward
    from secure_chat.client.transfer.outward import FedOutward, Outward

__all__ = ["FETCHES", "Begin", "Drop", "Fed", "Heard", "Item", "Look", "Unloaded"]


FETCHES: Final = 2**40
"""Requests of transfers count from here, questions from 1: no answer is taken for another's."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Carry this."""

    load: "Outward | Inward"


@dataclass(frozen=True, slots=True)
class Drop:
    """Stop carrying this; nobody waits for it any more.

    Args:
        load: what.
        forget: whether the host is to forget what it has of an upload.
    """

    load: "Outward | Inward"
    forget: bool


@dataclass(frozen=True, slots=True)
class Fed:
    """More of a stream has been read.

    Args:
        load: which.
        data: the bytes that follow; b"" for its end.
    """

    load: "FedOutward"
    data: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """The host said these about transfers.

    Args:
        conn: on which connection.
        messages: what, in order.
    """

    conn: int
    messages: list[Message]


@dataclass(frozen=True, slots=True)
class Unloaded:
    """The connection has room for more frames of files.

    Args:
        conn: which.
    """

    conn: int


@dataclass(frozen=True, slots=True)
class Look:
    """Something has changed that the porter looks at by itself: the line, or what was taken."""


Item: TypeAlias = Begin | Drop | Fed | Heard | Unloaded | Look
