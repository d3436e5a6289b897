"""A file for somebody else is there whole or not at all, and never over another."""

import errno
import os
import stat
import sys
from pathlib import Path

import pytest

from secure_chat.errors import StoreError
from secure_chat.pki.newfile import check_free, new_file
from tests.disks import disk
from tests.pki.kill import killed_before_step

posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")


def make(path: Path, data: bytes = b"whole") -> None:
    """Make a file in two pieces."""
    with new_file(path) as file:
        file.write(data[:2])
        file.write(data[2:])


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_it_has_its_name_and_its_mode_when_it_is_whole(tmp_path: Path, mode: int) -> None:
    """Not before, whatever the umask; and nothing else is left."""
    path = tmp_path / "file"
    before = os.umask(0o077)
    try:
        with new_file(path, mode=mode) as file:
            file.write(b"whole")
            assert not path.exists()
            [draft] = tmp_path.iterdir()
            assert stat.S_IMODE(draft.stat().st_mode) == 0o600
    finally:
        os.umask(before)
    assert path.read_bytes() == b"whole"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["file", "folder", "dangling link"])
def test_what_is_there_stays(tmp_path: Path, kind: str) -> None:
    """Also a name that leads nowhere; it is told before anything is written."""
    path = tmp_path / "file"
    if kind == "file":
        path.write_bytes(b"old")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="is there already"):
        make(path)
    with pytest.raises(StoreError, match="is there already"):
        check_free(path)
    assert list(tmp_path.iterdir()) == [path]
    check_free(tmp_path / "free")


@pytest.mark.parametrize("links", ["links", "no links"])
def test_what_comes_in_between_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: str
) -> None:
    """On a disk that has second names for files and on one that has not."""
    if links == "no links":
        monkeypatch.setattr(os, "link", without_links)
    path = tmp_path / "file"

    def overtaken() -> None:
        with new_file(path) as file:
            file.write(b"new")
            path.write_bytes(b"theirs")

    with pytest.raises(StoreError, match="is there already"):
        overtaken()
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def without_links(_source: Path, _target: Path) -> None:
    """Answer as the disk of a memory stick does."""
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def test_a_memory_stick_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file system has no second names."""
    monkeypatch.setattr(os, "link", without_links)
    make(tmp_path / "file")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"whole"}


def test_another_error_of_a_link_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name was not given, so there is no file."""

    def broken(_source: Path, _target: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "link", broken)
    with pytest.raises(StoreError, match="cannot be written: Input/output error"):
        make(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_an_error_in_between_leaves_nothing(tmp_path: Path) -> None:
    """And it is the error that is raised."""

    def fail() -> None:
        with new_file(tmp_path / "file") as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Nothing is made for it."""
    with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
        make(tmp_path / "none" / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing() -> None:
    """Neither a half file nor its draft."""
    with disk(1) as folder:
        with pytest.raises(StoreError, match="cannot be written: No space left on device"):
            make(folder / "file", bytes(2 << 20))
        assert list(folder.iterdir()) == []
        make(folder / "file")
        assert [path.name for path in folder.iterdir()] == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_killed_at_any_step_it_is_whole_or_not_there(tmp_path: Path) -> None:
    """And the next one of that name takes away what was left; those of others stay."""
    path = tmp_path / "file"
    other = tmp_path / ".another.0123456789ab.part"
    other.write_bytes(b"theirs")
    step, seen = 0, set()
    killed = True
    while killed:
        step += 1
        killed = killed_before_step(step, tmp_path, lambda: make(path), writes=True)
        seen.add(path.exists())
        assert not path.exists() or path.read_bytes() == b"whole"
        path.unlink(missing_ok=True)
        make(path)
        assert sorted(item.name for item in tmp_path.iterdir()) == [other.name, "file"]
        path.unlink()
    assert seen == {True, False}
    assert step > 6
