"""A set-up to be examined: a copy of a whole set of certificates, a data folder, an address."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from secure_chat.doctor.examine import Request, examine
from secure_chat.doctor.findings import Finding, Level
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.pki.vault import Vault

__all__ = ["QUICK", "Scene"]

QUICK = Limits(connect_seconds=2, handshake_seconds=2, close_seconds=0.5)
"""A visitor who does not wait long; who answers at once is not hurt."""


@dataclass
class Scene:
    """What `doctor` is run on.

    Args:
        certs: the certificates folder, to be changed at will.
        data: what `--data` says.
        target: the host.
    """

    certs: Path
    data: Path
    target: Address = ("127.0.0.1", 65_432)

    @property
    def vault(self) -> Vault:
        """The certificates folder, with the names of its files."""
        return Vault(self.certs)

    @property
    def host_data(self) -> Path:
        """The host's own data folder."""
        return self.data / self.vault.community() / "host"

    def examine(self, **changes: Any) -> list[Finding]:
        """Return all findings; offline and of a computer without a name unless told otherwise."""
        given: dict[str, Any] = {
            "certs": self.certs,
            "data": self.data,
            "target": self.target,
            "offline": True,
            "limits": QUICK,
        }
        return list(examine(Request(**given | changes)))

    def bad(self, **changes: Any) -> dict[str, Level]:
        """Return the ids of what is wrong, each with its level."""
        return wrong(self.examine(**changes))

    def visit(self, **changes: Any) -> dict[str, Level]:
        """Return the ids of what is wrong, the host looked for."""
        return self.bad(offline=False, **changes)

    def member_folder(self, name: str) -> "Scene":
        """Return the set-up of one member: what is handed to them, in a folder of their own."""
        folder = self.certs.with_name(f"{self.certs.name}-{name}")
        theirs = Vault(folder)
        (folder / "clients").mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        ours = self.vault
        for source, target in (
            (ours.ca_crt, theirs.ca_crt),
            (ours.community_file, theirs.community_file),
            (ours.client_crt(name), theirs.client_crt(name)),
            (ours.client_key(name), theirs.client_key(name)),
        ):
            target.write_bytes(source.read_bytes())
            target.chmod(source.stat().st_mode & 0o777)
        return Scene(folder, self.data.with_name(f"{self.data.name}-{name}"), self.target)


def wrong(findings: list[Finding]) -> dict[str, Level]:
    """Return the ids of warnings and faults; each must say why and what to do."""
    bad = [f for f in findings if f.level in {Level.WARNING, Level.FAULT}]
    for finding in bad:
        assert finding.what, finding
        assert finding.why, finding
        assert finding.hint, finding
    return {finding.id: finding.level for finding in bad}
