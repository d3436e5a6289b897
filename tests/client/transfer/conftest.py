"""A host for all tests of a module, and people for each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.hosting import Hosting
from tests.client.transfer.scene import People, client_of


@pytest.fixture(scope="module")
def hosting(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    """Return a running host."""
    host = Hosting(certs, tmp_path_factory.mktemp("host")).start()
    yield host
    host.stop()


@pytest.fixture
def people(hosting: Hosting, certs: Path, tmp_path: Path) -> Iterator[People]:
    """Return alice and bob, connected."""
    data = tmp_path / "data"
    alice = client_of("alice", hosting.at, certs, data)
    bob = client_of("bob", hosting.at, certs, data)
    with alice, bob:
        yield People(alice, bob, tmp_path)
