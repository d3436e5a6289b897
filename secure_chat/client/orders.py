"""What one client's threads post to each other: plain values that travel through inboxes.

Made on any thread; `client.line` carries them out on the worker's, `client.keeper` on the disk's.
"""

from dataclasses import dataclass
from socket import AddressFamily

from secure_chat.client.effects import Outgoing, Request
from secure_chat.errors import HostUnreachable, IdentityError, StoreError
from secure_chat.net.dialer import Address
from secure_chat.pki.identity import Identity

__all__ = [
    "Ask",
    "Compose",
    "Composed",
    "Found",
    "Hindered",
    "Install",
    "Leaving",
    "Ready",
    "Relieved",
    "Submitted",
    "Trouble",
]


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


@dataclass(frozen=True, slots=True)
class Compose:
    """For the disk's thread: make a certificate request, unless the disk has a newer one already.

    Args:
        present: the certificate in use.
    """

    present: Identity


@dataclass(frozen=True, slots=True)
class Install:
    """For the disk's thread: check what the host has answered, and put it on the disk.

    Args:
        certificate: the new certificate, PEM.
        authorities: whom to trust from now on, PEM.
        present: the certificate in use.
    """

    certificate: str
    authorities: str
    present: Identity


@dataclass(frozen=True, slots=True)
class Composed:
    """This is to be sent to the host.

    Args:
        request: the certificate request, PEM.
    """

    request: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A newer certificate is on the disk, for the next connection.

    Args:
        identity: what it says.
    """

    identity: Identity


@dataclass(frozen=True, slots=True)
class Hindered:
    """Neither a request nor a newer certificate came about.

    Args:
        error: why.
    """

    error: IdentityError
