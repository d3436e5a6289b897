"""Who somebody is: names, roles, and what a checked certificate says of its holder.

Pure values, used on every thread. A name enters the program in two places only: when a
certificate is issued and when a checked certificate is read (`pki.profile`).
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["RESERVED_NAMES", "Identity", "Role", "is_name"]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9]|[._-](?=[a-z0-9])){0,31}", re.ASCII)

# Names that would read as the program's own voice, and the device names of Windows, where a
# file called NAME.crt could not be made.
RESERVED_NAMES: Final = frozenset(
    {"system", "host", "server", "admin", "all", "con", "prn", "aux", "nul"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)


class Role(StrEnum):
    """What a certificate entitles its holder to."""

    HOST = "host"
    MEMBER = "member"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a certificate that passed the profile says of its holder.

    Args:
        name: the person's name; for a host certificate the first name it is valid for.
        role: what it entitles to.
        serial: the serial number in lower-case hex without leading zeros.
        fingerprint: SHA-256 of the DER certificate in lower-case hex.
        issuer: the issuer's common name.
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
    """

    name: str
    role: Role
    serial: str
    fingerprint: str
    issuer: str
    not_before: int
    not_after: int


def is_name(text: str) -> bool:
    """Tell whether `text` may name a person: ASCII lower case, at most 32 characters, not reserved.

    Letters and digits with single `.`, `_` or `-` between them. The part before the first dot
    decides whether Windows would take it for a device.
    """
    return (
        _NAME.fullmatch(text) is not None
        and text not in RESERVED_NAMES
        and text.partition(".")[0] not in RESERVED_NAMES
    )
