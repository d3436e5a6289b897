"""One run of the whole lab, kept on the disk, for all tests that look at what came out."""

import time
from pathlib import Path

import pytest

from secure_chat.lab.catalogue import SCENARIOS
from secure_chat.lab.checking import Outcome
from secure_chat.lab.papers import Papers
from secure_chat.lab.running import play
from secure_chat.lab.stage import Stage


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which that run left its certificates and journals."""
    return tmp_path_factory.mktemp("lab") / "kept"


@pytest.fixture(scope="session")
def outcomes(kept: Path) -> dict[str, Outcome]:
    """How every scenario went, by name."""
    return {outcome.scenario.name: outcome for outcome in play(SCENARIOS, kept)}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """A stage of one's own."""
    return Stage(tmp_path / "stage")


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    """Certificates of one's own; each kind can be made once."""
    return Papers(tmp_path_factory.mktemp("papers") / "here", time.time())
