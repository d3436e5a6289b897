"""Identities and files of certificates, for tests that renew them."""

from pathlib import Path

from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.vault import Vault

__all__ = ["DAY", "NOW", "FakeFiles", "identity", "set_up"]

NOW = 1_795_348_800
DAY = 86_400


def identity(
    serial: str = "a1", *, begin: int = NOW, days: float = 90, name: str = "alice"
) -> Identity:
    """Return what a certificate says that was issued at `begin`, to live so many days."""
    life = days * DAY
    back = int(min(3_600, life / 10))
    return Identity(name, Role.MEMBER, serial, serial, "ca", begin - back, begin + int(life))


class FakeFiles:
    """Files of an identity that exist in this object only."""

    def __init__(self, present: Identity) -> None:
        self.handed = present
        self.disk = present
        self.installed: list[tuple[str, str, Identity]] = []
        self.broken: IdentityError | None = None

    def newer(self, used: Identity) -> Identity | None:
        """Return what is on the disk when it is another one."""
        return self.disk if self.disk.serial != used.serial else None

    def request(self) -> str:
        """Return a request, or fail as it is told to."""
        if self.broken is not None:
            raise self.broken
        return "request"

    def install(self, certificate: str, authorities: str, present: Identity) -> Identity:
        """Note it, or fail as it is told to."""
        if self.broken is not None:
            raise self.broken
        self.installed.append((certificate, authorities, present))
        return self.disk


def set_up(folder: Path) -> tuple[Vault, Authority]:
    """Return a copied certificates folder as what it is: the vault and its authority."""
    vault = Vault(folder)
    return vault, Authority.load(vault.read(vault.ca_crt), vault.read(vault.ca_key))
