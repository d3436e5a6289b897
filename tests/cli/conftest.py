"""A host in this process and the program beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.client import Client
from tests.cli.processes import Program
from tests.cli.shell import Shell
from tests.client.hosting import Hosting


@pytest.fixture
def hosting(certs: Path, tmp_path: Path) -> Iterator[Hosting]:
    """Return a running host; a test may stop it and start it again."""
    host = Hosting(certs, tmp_path / "host").start()
    yield host
    host.stop()


@pytest.fixture
def program(hosting: Hosting, certs: Path, tmp_path: Path) -> Program:
    """Return what runs commands against that host."""
    return Program(certs, tmp_path / "data", hosting.at)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Return where received files land."""
    return tmp_path / "inbox"


@pytest.fixture
def bob(hosting: Hosting, program: Program) -> Iterator[Client]:
    """Return bob, who sends files."""
    environment = program.environment
    with Client(
        "bob",
        at=hosting.at,
        certs=environment["SECURECHAT_CERTS"],
        data=environment["SECURECHAT_DATA"],
        remember=False,
        live=False,
    ) as client:
        yield client


@pytest.fixture
def shell(
    certs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Shell:
    """Return the shell of an owner with a certificates folder of their own."""
    shutil.copytree(certs, tmp_path / "certs")
    for name in ("NO_COLOR", "COLUMNS", "SECURECHAT_AS", "SECURECHAT_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return Shell(tmp_path, monkeypatch, capsys)
