"""A host owner's certificates folder that each test may change, at a clock it may move."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.pki.authority import Authority
from secure_chat.pki.opening import open_authority
from secure_chat.pki.registry import Entry, Registry
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock

__all__ = ["Owner"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whoever runs the host.

    Args:
        vault: their certificates folder, with a host, alice and bob.
        clock: what judges it; it starts at the real time, which OpenSSL goes by.
    """

    vault: Vault
    clock: FakeClock

    @property
    def now(self) -> float:
        """What the clock says."""
        return self.clock.now()

    @property
    def authority(self) -> Authority:
        """The authority with its key, as a command opens it."""
        return open_authority(self.vault)

    @property
    def registry(self) -> Registry:
        """What the audit trail says."""
        return self.vault.registry()

    def newest(self, name: str) -> Entry:
        """Return a person's certificate that was issued last."""
        entry = self.registry.newest(name)
        assert entry is not None
        return entry

    def names(self) -> set[str]:
        """Return the posix paths of all files in the folder."""
        return {
            path.relative_to(self.vault.folder).as_posix()
            for path in self.vault.folder.rglob("*")
            if path.is_file()
        }


@pytest.fixture(scope="session")
def _owned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    # A whole second, because the trail keeps milliseconds and certificates seconds.
    folder, now = tmp_path_factory.mktemp("owned") / "certs", float(int(SystemClock().now()))
    init_certs(Vault(folder, FakeClock(now)), InitRequest())
    return folder, now


@pytest.fixture
def owner(_owned: tuple[Path, float], tmp_path: Path) -> Owner:
    """Return an owner with a folder of their own."""
    made, now = _owned
    shutil.copytree(made, tmp_path / "certs")
    clock = FakeClock(now)
    return Owner(Vault(tmp_path / "certs", clock), clock)
