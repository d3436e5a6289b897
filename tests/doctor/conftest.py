"""Good set-ups, each a copy that a test may spoil."""

import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.doctor.paper import DAY
from tests.doctor.scene import Scene
from tests.fakes import FakeClock


@pytest.fixture
def scene(certs: Path, tmp_path: Path) -> Scene:
    """Return a set-up in which everything is in order, but for the host, who is not looked for."""
    return _copy(certs, tmp_path)


@pytest.fixture(scope="session")
def old_certs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that was made 100 days ago, and whose certificates live for 397."""
    folder = tmp_path_factory.mktemp("old") / "certs"
    request = InitRequest(clients=("alice", "bob"), life=timedelta(days=397))
    init_certs(Vault(folder), request, FakeClock(wall=time.time() - 100 * DAY))
    return folder


@pytest.fixture
def old(old_certs: Path, tmp_path: Path) -> Scene:
    """Return a set-up that is in order and has been for 100 days."""
    return _copy(old_certs, tmp_path / "old")


def _copy(certs: Path, folder: Path) -> Scene:
    shutil.copytree(certs, folder / "certs")
    return Scene(folder / "certs", folder / "data")
