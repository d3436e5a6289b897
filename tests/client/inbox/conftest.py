"""An inbox with something beside it that must stay as it is, opened in both ways."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.client.inbox.landing import Inbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the inbox's folder, with something outside of it that must stay as it is."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"theirs")
    (tmp_path / "in").mkdir(mode=0o700)
    return tmp_path / "in"


@pytest.fixture(params=[True, False], ids=["by descriptor", "by path"])
def inbox(folder: Path, request: pytest.FixtureRequest) -> Iterator[Inbox]:
    """Return an inbox, opened by descriptor and by path."""
    with Inbox.open(folder, by_descriptor=request.param) as opened:
        yield opened
