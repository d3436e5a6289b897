"""A scene for each test; whatever it started is ended with it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.scene import Scene


@pytest.fixture
def scene(certs: Path, tmp_path: Path) -> Iterator[Scene]:
    """Return where processes of the installed command are started."""
    with Scene(certs, tmp_path / "data") as scene:
        yield scene
