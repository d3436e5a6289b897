"""What one client's threads post to its worker: plain values that travel through inboxes.

Made on any thread, carried out by `client.line` on the worker's.
"""

from dataclasses import dataclass
from socket import AddressFamily

from secure_chat.client.effects import Outgoing, Request
from secure_chat.errors import HostUnreachable, StoreError
from secure_chat.net.dialer import Address

__all__ = ["Ask", "Found", "Leaving", "Relieved", "Submitted", "Trouble"]


@dataclass(frozen=True, slots=True)
class Submitted:
    """These are on the disk and may be sent.

    Args:
        messages: in the order they were said.
    """

    messages: tuple[Outgoing, ...]


@dataclass(frozen=True, slots=True)
class Leaving:
    """The client is to end; see `Session.leave`."""

    flush: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """The disk did not take what it should; the client goes on from memory."""

    error: StoreError


@dataclass(frozen=True, slots=True)
class Ask:
    """Send a question; its answer comes as an event with its number."""

    request: Request


@dataclass(frozen=True, slots=True)
class Found:
    """The host's name has these addresses.

    Args:
        addresses: in the order to try them.
        error: why there are none.
    """

    addresses: tuple[tuple[AddressFamily, Address], ...]
    error: HostUnreachable | None = None


@dataclass(frozen=True, slots=True)
class Relieved:
    """The consumer has caught up: reading may go on."""
