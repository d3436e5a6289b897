"""What was fetched already is known to the next command, and harms nobody when it is damaged."""

from pathlib import Path

import pytest

from secure_chat.cli.fetched import Fetched
from secure_chat.errors import StoreError


def test_numbers_are_kept(tmp_path: Path) -> None:
    """For every command with this folder, which is made when it is needed."""
    folder = tmp_path / "clients" / "alice"
    assert Fetched(folder).numbers() == frozenset()
    assert not folder.exists()
    Fetched(folder).add(3)
    Fetched(folder).add(12)
    assert Fetched(folder).numbers() == {3, 12}
    assert (folder / "fetched").stat().st_mode & 0o777 == 0o600


def test_what_is_no_number_counts_for_nothing(tmp_path: Path) -> None:
    """A torn line, or somebody else's."""
    (tmp_path / "fetched").write_bytes(b"3\nx\n\n-1\n" + b"9" * 5_000 + b"\n12")
    assert Fetched(tmp_path).numbers() == {3, 12}


def test_a_folder_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    """Reading and writing."""
    (tmp_path / "fetched").mkdir()
    for attempt in (Fetched(tmp_path).numbers, lambda: Fetched(tmp_path).add(1)):
        with pytest.raises(StoreError) as failed:
            attempt()
        assert "may be deleted" in failed.value.hint
