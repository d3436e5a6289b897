"""Who has which certificate and what else was decided: a value folded from the audit trail.

Frozen, shared between threads; nothing here reads a file. The hub and the worker ask it whether a
serial number still counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Final, Literal

from secure_chat.pki.identity import Role

__all__ = ["REPLACED", "SUPERSEDED", "Entry", "Invite", "Overlap", "Registry"]

# The reason that certificates of an earlier authority carry; their holders may get new ones.
REPLACED: Final = "ca-replaced"

# The reason of RFC 5280 for a certificate whose successor is in use.
SUPERSEDED: Final = "superseded"


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
        reason: why it does not count; `REPLACED` when its authority was replaced, `SUPERSEDED`
            when its successor is in use, otherwise a reason of RFC 5280 or empty.
        authority: fingerprint of the authority that issued it; empty when the trail does not say.
        replaces: the serial number of the certificate whose place it takes; empty for none.
        issued: when it was issued, seconds since 1970 UTC.
        revoked: since when it does not count, seconds since 1970 UTC; 0 when it does.
    """

    name: str
    role: Role
    serial: str
    fingerprint: str
    not_before: int
    not_after: int
    state: Literal["valid", "revoked"] = "valid"
    reason: str = ""
    authority: str = ""
    replaces: str = ""
    issued: float = 0.0
    revoked: float = 0.0


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation to enrol from another computer.

    Args:
        id: what people and commands call it.
        name: whose certificate it gives.
        role: what that certificate entitles to.
        digest: SHA-256 of the secret in lower-case hex; the secret itself is nowhere kept.
        since: when it was made, seconds since 1970 UTC.
        until: until when it can be used, seconds since 1970 UTC; whether that has passed is for
            the reader's clock to say.
        by: who made it.
        state: whether it can still be used.
    """

    id: str
    name: str
    role: Role
    digest: str
    since: float
    until: float
    by: str = ""
    state: Literal["open", "used", "cancelled"] = "open"


@dataclass(frozen=True, slots=True)
class Overlap:
    """A change-over from one authority to another, while both are trusted.

    Args:
        authority: fingerprint of the new one, which issues everything from now on.
        since: when it began, seconds since 1970 UTC.
        until: when the old one is retired at the latest, seconds since 1970 UTC.
    """

    authority: str
    since: float
    until: float


@dataclass(frozen=True)
class Registry:
    """Everything the audit trail says; certificates by serial number.

    Args:
        entries: all certificates ever issued here, in the order in which they were issued.
        retired: names that nobody gets a certificate for any more.
        roles: the role of a name's next certificate, where it was changed; else it stays.
        invites: all invitations by id, in the order in which they were made.
        kicks: for each name when they were last sent away, seconds since 1970 UTC.
        mutes: until when somebody may not speak, seconds since 1970 UTC; infinity for ever.
        closed_rooms: rooms in which nobody may speak and which nobody may join.
        overlap: the change-over of authorities under way, None when there is none.
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    retired: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    invites: Mapping[str, Invite] = field(default_factory=dict)
    kicks: Mapping[str, float] = field(default_factory=dict)
    mutes: Mapping[str, float] = field(default_factory=dict)
    closed_rooms: frozenset[str] = frozenset()
    overlap: Overlap | None = None

    def get(self, serial: str) -> Entry | None:
        """Return the certificate with this serial number, or None."""
        return self.entries.get(serial)

    def names(self) -> frozenset[str]:
        """Return the people who have a certificate that counts."""
        return self._names

    def newest(self, name: str) -> Entry | None:
        """Return a person's certificate that was issued last, whatever its state, or None."""
        return self._newest.get(name)

    def of(self, name: str) -> list[Entry]:
        """Return a person's certificates that count, in the order in which they were issued."""
        return [entry for entry in self._people() if entry.name == name and entry.state == "valid"]

    def open_invites(self, now: float) -> list[Invite]:
        """Return the invitations that can be used now.

        Args:
            now: seconds since 1970 UTC.
        """
        return [
            invite
            for invite in self.invites.values()
            if invite.state == "open" and now < invite.until
        ]

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(entry.name for entry in self._people() if entry.state == "valid")

    @cached_property
    def _newest(self) -> Mapping[str, Entry]:
        return MappingProxyType({entry.name: entry for entry in self._people()})

    def _people(self) -> Iterable[Entry]:
        return (entry for entry in self.entries.values() if entry.role is not Role.HOST)
