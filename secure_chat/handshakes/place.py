"""Where a peer may be: one address or a network, with a port or with any.

Pure; apart from `handshakes.query` because few commands need it.
"""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from secure_chat.errors import UsageError

__all__ = ["Place", "place_of"]

# [host]:port, host:port, or all of it is the host; only IPv6 has more than one colon.
_FORM: Final = re.compile(r"\[(.+)\](?::(\d{1,5}))?|([^:]+):(\d{1,5})|(.+)", re.ASCII)
_MOST_PORT: Final = 65_535


class Place(NamedTuple):
    """Addresses that are wanted.

    Args:
        network: they are in it; one address is a network of its own.
        port: this one only; None for any.
    """

    network: IPv4Network | IPv6Network
    port: int | None = None

    @property
    def plain(self) -> str:
        """How every record writes it, "" when there are several ways or addresses."""
        alone = isinstance(self.network, IPv4Network) and self.network.num_addresses == 1
        return str(self.network.network_address) if alone else ""

    def holds(self, host: str, port: int) -> bool:
        """Tell whether an address as a record has it is among them.

        Args:
            host: without a port; what is no address is in no network.
            port: its port.
        """
        if self.port is not None and port != self.port:
            return False
        address = _address(host)
        return address is not None and address in self.network


def place_of(text: str) -> Place:
    """Return the place that somebody has written.

    Args:
        text: `192.0.2.7`, `192.0.2.7:50000`, `192.0.2.0/24`, `2001:db8::7`, `[2001:db8::7]:50000`
            or `2001:db8::/32`.

    Raises:
        UsageError: it is none of these.
    """
    parts = _FORM.fullmatch(text)
    port = int(parts[2] or parts[4] or 0) if parts else 0
    host = (parts[1] or parts[3] or parts[5]) if parts and port <= _MOST_PORT else ""
    try:
        network = ip_network(_address(host) or host, strict=False)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no address",
            why="it takes an address or a network, and a port if you like",
            hint="Examples: 192.0.2.7, 192.0.2.7:50000, 192.0.2.0/24, [2001:db8::7]:50000.",
        ) from error
    return Place(network, port or None)


@lru_cache(maxsize=4_096)
def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return an address of a record, None when it is none; the same few come again and again."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    # A host that listens for both kinds sees an IPv4 client so.
    return getattr(address, "ipv4_mapped", None) or address
