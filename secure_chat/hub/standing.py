"""Whether a certificate still counts, by the registry of the moment.

Owned by the hub's thread; the registry is a frozen value that is replaced as a whole. OpenSSL and
the profile have judged the certificate before; this is the list of what was really issued.
"""

from secure_chat.pki.identity import Identity
from secure_chat.pki.registry import Entry, Registry
from secure_chat.wire.messages import Code

__all__ = ["Standing"]


class Standing:
    """The registry in use.

    Args:
        registry: the certificates that were issued; replace it by assignment.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def refusal(self, identity: Identity) -> tuple[Code, str] | None:
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
            return Code.REVOKED, "this certificate has been revoked; ask for a new one"
        if not _same(entry, identity):
            return (
                Code.CERTIFICATE,
                "this certificate differs from the registered one with its serial number",
            )
        return None

    def knows(self, name: str) -> bool:
        """Tell whether somebody of this name can come here."""
        return name in self.registry.names()

    def newest(self, name: str) -> Entry | None:
        """Return a person's certificate that was issued last, or None."""
        return self.registry.newest(name)


def _same(entry: Entry, identity: Identity) -> bool:
    return (entry.name, entry.role, entry.fingerprint) == (
        identity.name,
        identity.role,
        identity.fingerprint,
    )
