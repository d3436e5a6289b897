"""A data folder belongs to one process at a time."""

import subprocess
import sys
from pathlib import Path

import pytest

from secure_chat.errors import StoreBusy, StoreError
from secure_chat.log.lock import FolderLock


def test_a_folder_is_held_by_one_and_free_again_afterwards(tmp_path: Path) -> None:
    """The second one is told who holds it, and gets it when the first has let go."""
    lock = FolderLock(tmp_path, "another host")
    with pytest.raises(StoreBusy, match="another host"):
        FolderLock(tmp_path, "another host")
    lock.release()
    lock.release()
    FolderLock(tmp_path, "another host").release()


def test_the_lock_goes_with_a_killed_process(tmp_path: Path) -> None:
    """Nothing is left to clean up after a kill."""
    code = (
        "import pathlib, sys; from secure_chat.log.lock import FolderLock;"
        "lock = FolderLock(pathlib.Path(sys.argv[1]), 'x'); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreBusy):
            FolderLock(tmp_path, "another host")
        holder.kill()
    FolderLock(tmp_path, "another host").release()


def test_the_folder_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """Nobody else may look into it or hold its lock."""
    lock = FolderLock(tmp_path / "new" / "folder", "another host")
    assert (tmp_path / "new" / "folder").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / "folder" / "lock.sqlite").stat().st_mode & 0o777 == 0o600
    lock.release()


def test_a_folder_that_cannot_be_is_told_as_such(tmp_path: Path) -> None:
    """A file in the way, or a lock file that is no database, are no other process."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be used") as caught:
        FolderLock(tmp_path / "file" / "data", "another host")
    assert not isinstance(caught.value, StoreBusy)
    (tmp_path / "lock.sqlite").write_text("no database" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        FolderLock(tmp_path, "another host")
