"""Names a host certificate may be valid for: DNS names and IP addresses.

Pure functions, used when a certificate is issued and when one is read; they never resolve
anything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from secure_chat.errors import UsageError

__all__ = ["HostNames", "is_dns_name", "read_host_names"]

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_DNS_NAME_CHARS: Final = 253


@dataclass(frozen=True, slots=True)
class HostNames:
    """What a host certificate is valid for.

    Args:
        dns: DNS names in lower case, each once, in the order given.
        ips: IP addresses, each once, in the order given.
    """

    dns: tuple[str, ...] = ()
    ips: tuple[IPv4Address | IPv6Address, ...] = ()


def is_dns_name(text: str) -> bool:
    """Tell whether `text` is a plain DNS name: lower-case letters, digits and hyphens.

    Labels as in RFC 1123 section 2.1; a last label of digits alone would read as an address.
    """
    labels = text.split(".")
    return (
        len(text) <= _DNS_NAME_CHARS
        and not labels[-1].isdigit()
        and all(_LABEL.fullmatch(label) is not None for label in labels)
    )


def read_host_names(texts: Iterable[str]) -> HostNames:
    """Sort what a person wrote into DNS names and addresses, each once.

    Raises:
        UsageError: one of them is neither.
    """
    dns: dict[str, None] = {}
    ips: dict[IPv4Address | IPv6Address, None] = {}
    for text in texts:
        address = _address(text)
        name = text.lower()
        if address is not None:
            ips[address] = None
        elif is_dns_name(name):
            dns[name] = None
        else:
            raise UsageError(
                f"{text!r} cannot stand in a host certificate",
                why="it is neither an IP address nor a DNS name of letters, digits and hyphens",
                hint="write an international name in its xn-- form, an address without a zone",
            )
    return HostNames(tuple(dns), tuple(ips))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return None if getattr(address, "scope_id", None) else address
