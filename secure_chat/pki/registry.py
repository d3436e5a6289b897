"""Who has which certificate: a value folded from the audit trail.

Frozen, shared between threads; nothing here reads a file. The hub and the worker ask it whether a
serial number still counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

from secure_chat.pki.identity import Role

__all__ = ["REPLACED", "Entry", "Registry"]

# The reason that certificates of an earlier authority carry; their holders may get new ones.
REPLACED: Final = "ca-replaced"


@dataclass(frozen=True, slots=True)
class Entry:
    """One certificate.

    Args:
        name: whom it was issued to; for a host its first name.
        role: what it entitles to.
        serial: the serial number in lower-case hex.
        fingerprint: SHA-256 of the DER certificate in lower-case hex.
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
        state: whether it counts; whether it has expired is for the reader's clock to say.
        reason: why it does not count; `REPLACED` when its authority was replaced.
    """

    name: str
    role: Role
    serial: str
    fingerprint: str
    not_before: int
    not_after: int
    state: Literal["valid", "revoked"] = "valid"
    reason: str = ""


@dataclass(frozen=True)
class Registry:
    """All certificates ever issued here, by serial number.

    Args:
        entries: in the order in which they were issued.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)

    def get(self, serial: str) -> Entry | None:
        """Return the certificate with this serial number, or None."""
        return self.entries.get(serial)

    def names(self) -> frozenset[str]:
        """Return the people who have a certificate that counts."""
        return self._names

    def newest(self, name: str) -> Entry | None:
        """Return a person's certificate that was issued last, whatever its state, or None."""
        return self._newest.get(name)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._people() if entry.state == "valid")

    @cached_property
    def _newest(self) -> Mapping[str, Entry]:
        return MappingProxyType({entry.name: entry for entry in self._people()})

    def _people(self) -> Iterable[Entry]:
        return (entry for entry in self.entries.values() if entry.role is not Role.HOST)
