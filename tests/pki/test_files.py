"""Files and folders with exact modes."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.pki import files
from secure_chat.pki.files import create_file, create_folder, open_private, sync_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes")


def mode(path: Path) -> int:
    """Return the permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask")
@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_a_file_has_its_mode_whatever_the_umask(tmp_path: Path, wanted: int) -> None:
    """The content is there and the mode is exactly the wanted one."""
    path = tmp_path / "f"
    create_file(path, b"secret", wanted)
    assert path.read_bytes() == b"secret"
    assert mode(path) == wanted


def test_a_file_is_never_wider_than_its_owner_before_it_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system is asked for 0600 from the first moment and refuses what is there."""
    asked: list[tuple[int, int]] = []
    real = os.open

    def spy(path: Path, flags: int, permissions: int = 0o777) -> int:
        asked.append((flags, permissions))
        return real(path, flags, permissions)

    monkeypatch.setattr(os, "open", spy)
    create_file(tmp_path / "f", b"", 0o644)
    [(flags, permissions)] = asked
    assert permissions == 0o600
    assert flags & os.O_EXCL
    assert flags & os.O_CREAT


def test_nothing_is_ever_replaced(tmp_path: Path) -> None:
    """An existing file, and a link that points elsewhere, stay as they are."""
    path, link, target = tmp_path / "f", tmp_path / "l", tmp_path / "t"
    path.write_bytes(b"old")
    link.symlink_to(target)
    for taken in (path, link):
        with pytest.raises(FileExistsError):
            create_file(taken, b"new", 0o600)
    assert path.read_bytes() == b"old"
    assert not target.exists()


@pytest.mark.usefixtures("_umask")
def test_a_folder_is_its_owners_whatever_the_umask(tmp_path: Path) -> None:
    """Made new it is 0700."""
    create_folder(tmp_path / "d")
    assert mode(tmp_path / "d") == 0o700


def test_an_existing_folder_is_closed_and_a_file_is_no_folder(tmp_path: Path) -> None:
    """A folder that others could enter is closed; a file in its place is an error."""
    folder, file = tmp_path / "d", tmp_path / "f"
    folder.mkdir()
    folder.chmod(0o755)
    create_folder(folder)
    assert mode(folder) == 0o700
    create_folder(folder)
    assert mode(folder) == 0o700
    file.touch()
    with pytest.raises(FileExistsError):
        create_folder(file)


def test_a_private_file_is_opened_private_and_through_no_link(tmp_path: Path) -> None:
    """A file that was too open is closed to others; a link is refused."""
    path, link = tmp_path / "f", tmp_path / "l"
    path.touch(0o666)
    os.close(open_private(path, os.O_WRONLY))
    assert mode(path) == 0o600
    link.symlink_to(path)
    with pytest.raises(OSError, match="symbolic"):
        open_private(link, os.O_WRONLY)


def test_a_folder_is_synced_where_the_system_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder itself is synced and its descriptor closed; elsewhere nothing is tried."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    sync_folder(tmp_path)
    [descriptor] = synced
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(descriptor)
    monkeypatch.setattr(files, "_POSIX", False)
    sync_folder(tmp_path)
    os.close(open_private(tmp_path / "f", os.O_WRONLY | os.O_CREAT))
    assert len(synced) == 1
