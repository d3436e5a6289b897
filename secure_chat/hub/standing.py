"""Whether a certificate still counts and what it entitles to, by the registry of the moment.

Owned by the hub's thread; the registry is a frozen value that is replaced as a whole. OpenSSL and
the profile have judged the certificate before; this is the list of what was really issued.
"""

from secure_chat.hub.commands import Fault
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.registry import SUPERSEDED, Entry, Registry
from secure_chat.wire.messages import Code

__all__ = ["Standing"]


class Standing:
    """The registry in use.

    Args:
        registry: the certificates that were issued; replace it by assignment.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def refusal(self, identity: Identity) -> Fault | None:
        """Return why the holder of a certificate may not be here, or None.

        Args:
            identity: what the certificate says.
        """
        entry = self.registry.get(identity.serial)
        if entry is None:
            return (
                Code.NOT_REGISTERED,
                "this certificate is not in the host's registry; ask for a new one",
            )
        if entry.state == "revoked":
            return _why_revoked(entry, retired=entry.name in self.registry.retired)
        if not _same(entry, identity):
            return (
                Code.CERTIFICATE,
                "this certificate differs from the registered one with its serial number",
            )
        return None

    def outdated(self, identity: Identity) -> str | None:
        """Return why the holder of a certificate should get a new one now, or None."""
        registry = self.registry
        role = registry.roles.get(identity.name, identity.role)
        if role != identity.role:
            return f"your role is {role} now; a new certificate says so"
        entry, overlap = registry.get(identity.serial), registry.overlap
        if overlap is not None and entry is not None and entry.authority != overlap.authority:
            return "the host moves to a new authority; get a certificate from it"
        return None

    def is_operator(self, name: str) -> bool:
        """Tell whether somebody has an operator's certificate or is to have one."""
        registry = self.registry
        return registry.roles.get(name) == Role.OPERATOR or any(
            entry.role == Role.OPERATOR for entry in registry.of(name)
        )

    def knows(self, name: str) -> bool:
        """Tell whether somebody of this name can come here."""
        return name in self.registry.names()

    def newest(self, name: str) -> Entry | None:
        """Return a person's certificate that was issued last, or None."""
        return self.registry.newest(name)


def _why_revoked(entry: Entry, *, retired: bool) -> Fault:
    if entry.reason == SUPERSEDED:
        return Code.SUPERSEDED, "a newer certificate of yours is in use; this one has ended"
    if retired:
        return Code.REVOKED, "this certificate has been revoked, and its name is used no more"
    return Code.REVOKED, "this certificate has been revoked; ask for a new one"


def _same(entry: Entry, identity: Identity) -> bool:
    return (entry.name, entry.role, entry.fingerprint) == (
        identity.name,
        identity.role,
        identity.fingerprint,
    )
