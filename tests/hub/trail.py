"""An audit trail in memory: acts are written as the host writes them, and folded as it does."""

from dataclasses import replace

from secure_chat.clock import rfc3339
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.fold import fold
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.registry import Registry
from tests.hub.stage import AT, identity_of

__all__ = ["Trail", "renewed"]


def renewed(identity: Identity, number: int = 1, role: Role | None = None) -> Identity:
    """Return the certificate that takes the place of another one."""
    return replace(
        identity,
        serial=f"{identity.serial}.{number}",
        fingerprint=f"{identity.fingerprint}.{number}",
        role=identity.role if role is None else role,
    )


class Trail:
    """Lines of a trail, a second apart.

    Args:
        members: who has a member's certificate.
        operators: who has an operator's.
    """

    def __init__(self, members: str = "", operators: str = "") -> None:
        self._lines: list[bytes] = []
        self._at = AT / 1_000 - 1_000
        for names, role in ((members, Role.MEMBER), (operators, Role.OPERATOR)):
            for name in names.split():
                self.issue(identity_of(name, role))

    def issue(self, identity: Identity, *, replaces: str = "", authority: str = "") -> Registry:
        """Issue a certificate and return the registry."""
        act = Act.of(
            Deed.ISSUED, identity, at=self._at, by="test", replaces=replaces, authority=authority
        )
        return self._write(act)

    def revoke(self, identity: Identity, reason: str = "") -> Registry:
        """Revoke a certificate and return the registry."""
        return self._write(Act.of(Deed.REVOKED, identity, at=self._at, by="test", reason=reason))

    def act(
        self, deed: Deed, name: str = "", *, room: str = "", until: float = 0, fingerprint: str = ""
    ) -> Registry:
        """Write down any other act and return the registry."""
        end = rfc3339(until) if until else ""
        return self._write(
            Act(
                at=rfc3339(self._at),
                act=deed,
                name=name,
                room=room,
                until=end,
                fingerprint=fingerprint,
            )
        )

    def registry(self) -> Registry:
        """Return what the trail says."""
        return fold(b"".join(self._lines))

    def _write(self, act: Act) -> Registry:
        self._lines.append(act.line())
        self._at += 1
        return self.registry()
