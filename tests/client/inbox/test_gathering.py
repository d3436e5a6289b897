"""A folder to be sent is looked through without following, opening or missing anything."""

import os
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from secure_chat.client.inbox.directory import Directory
from secure_chat.client.inbox.gathering import check_unchanged, gather, open_found
from secure_chat.client.inbox.manifest import File, Folder, read_manifest, write_manifest
from secure_chat.errors import TransferError
from secure_chat.limits import Limits
from tests.client.inbox.steps import stepping

LIMITS: Final = Limits()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with files, a program, and folders that have nothing to send."""
    root = tmp_path / "holiday"
    (root / "b" / "deep").mkdir(parents=True)
    (root / "empty" / "emptier").mkdir(parents=True)
    (root / "only links").mkdir()
    (root / "a").write_bytes(b"one")
    (root / "b" / "deep" / "c").write_bytes(b"three")
    (root / "b" / "run").write_bytes(b"#!")
    (root / "b" / "run").chmod(0o700)
    (root / "only links" / "secret").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def test_files_and_empty_folders_are_found(folder: Path) -> None:
    """In a stable order, with what is needed to notice a change, and nothing through a link."""
    found = gather(folder, LIMITS)
    assert found.name == "holiday"
    assert [(file.path, file.size, file.executable) for file in found.files] == [
        ("a", 3, False),
        ("b/deep/c", 5, False),
        ("b/run", 2, True),
    ]
    assert found.files[0].mtime_ns == (folder / "a").stat().st_mtime_ns
    assert found.folders == ("empty/emptier", "only links")
    assert found.size == 10
    assert [(skipped.path, skipped.reason) for skipped in found.skipped] == [
        ("only links/secret", "it is a link")
    ]


def test_what_was_gathered_becomes_a_manifest(folder: Path) -> None:
    """One that a receiver takes; a file that could not be uploaded is left out."""
    found = gather(folder, LIMITS)
    uploads = {"a": ("u1", "0" * 64), "b/run": ("u2", "1" * 64)}
    manifest = found.manifest(uploads)
    assert manifest.entries == (
        File("a", 3, "0" * 64, "u1"),
        File("b/run", 2, "1" * 64, "u2", executable=True),
        Folder("empty/emptier"),
        Folder("only links"),
    )
    assert read_manifest(write_manifest(manifest, LIMITS), LIMITS) == manifest


def test_what_cannot_be_sent_is_listed_with_its_reason(folder: Path) -> None:
    """Pipes, links, strange names, names that elsewhere are the same, and our own partial files."""
    os.mkfifo(folder / "pipe")
    (folder / "A").write_bytes(b"upper case")
    (folder / "back\\slash").touch()
    (folder / "not \udcff unicode").touch()
    (folder / ".securechat-x.part").touch()
    (folder / "loop").symlink_to(".")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "...").touch()
    reasons = {skipped.path: skipped.reason for skipped in gather(folder, LIMITS).skipped}
    assert reasons == {
        "a": "two of its names differ only in case or in how they are written",
        "pipe": "it is neither a file nor a folder",
        "back\\slash": "a path is not written as paths are",
        "not \udcff unicode": "its name is not valid Unicode",
        ".securechat-x.part": "it is still coming in",
        "loop": "it is a link",
        "dangling": "it is a link",
        "...": "it leads out of the folder",
        "only links/secret": "it is a link",
    }


def test_a_folder_that_is_too_deep_is_skipped_there(folder: Path) -> None:
    """What lies higher is sent."""
    found = gather(folder, replace(LIMITS, folder_depth=2))
    assert "b/deep" in found.folders
    assert [skipped.path for skipped in found.skipped] == ["b/deep/c", "only links/secret"]


def test_too_many_entries_are_not_sent(folder: Path) -> None:
    """Files and empty folders count; exactly as many as allowed pass."""
    assert len(gather(folder, replace(LIMITS, manifest_entries=5)).files) == 3
    for most in (2, 4):
        with pytest.raises(TransferError, match="the folder cannot be sent"):
            gather(folder, replace(LIMITS, manifest_entries=most))


def test_what_the_person_names_may_be_a_link(folder: Path) -> None:
    """It is their own; what is no folder is refused."""
    (folder.parent / "shortcut").symlink_to("holiday")
    assert gather(folder.parent / "shortcut", LIMITS).name == "holiday"
    for name in ("secret", "nothing"):
        with pytest.raises(TransferError, match="the folder cannot be sent"):
            gather(folder.parent / name, LIMITS)


def test_a_folder_that_cannot_be_entered_is_skipped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the system's reason."""
    real = Directory.enter

    def enter(self: Directory, name: str) -> Directory:
        if name == "b":
            raise PermissionError(13, "Permission denied")
        return real(self, name)

    monkeypatch.setattr(Directory, "enter", enter)
    found = gather(folder, LIMITS)
    assert ("b", "Permission denied") in [(one.path, one.reason) for one in found.skipped]
    assert [file.path for file in found.files] == ["a"]


def test_what_is_gone_meanwhile_is_not_there(folder: Path) -> None:
    """A file that is deleted between two looks is no reason to fail."""
    (folder / "x").touch()
    looked = 0

    def before(_: int) -> None:
        nonlocal looked
        looked += 1
        (folder / "x").unlink(missing_ok=True)

    with stepping(before, ("listdir",)):
        first = gather(folder, LIMITS)
    assert looked
    assert "x" not in [file.path for file in first.files]
    (folder / "x").touch()

    def later(now: int) -> None:
        if now > 1:  # the first is of the folder itself
            (folder / "x").unlink(missing_ok=True)

    with stepping(later, ("stat",)):
        second = gather(folder, LIMITS)
    assert "x" not in [file.path for file in second.files]


def test_a_found_file_is_opened_and_read(folder: Path) -> None:
    """As long as it is the one that was found."""
    found = gather(folder, LIMITS)
    with closing(open_found(found, found.files[1])) as file:
        assert file.read() == b"three"
        check_unchanged(file, found.files[1])


@pytest.mark.parametrize("change", ["written", "exchanged", "link", "pipe", "folder link", "gone"])
def test_a_file_that_changes_is_noticed(folder: Path, change: str) -> None:
    """Before it is read; nothing is read through a link and no pipe is waited for."""
    found = gather(folder, LIMITS)
    path = folder / "b" / "deep" / "c"
    if change == "written":
        path.write_bytes(b"more than three")
    elif change == "folder link":
        path.parent.rename(folder / "moved")
        path.parent.symlink_to(folder / "moved")
    else:
        path.rename(folder / "moved")
    if change == "exchanged":
        path.write_bytes(b"three")
        os.utime(path, ns=(0, found.files[1].mtime_ns))
    elif change == "link":
        path.symlink_to(folder / "moved")
    elif change == "pipe":
        os.mkfifo(path)
    with pytest.raises(TransferError):
        open_found(found, found.files[1])


def test_a_file_written_while_it_is_read_is_noticed(folder: Path) -> None:
    """When all of it was read one asks again."""
    found = gather(folder, LIMITS)
    with closing(open_found(found, found.files[0])) as file:
        file.read()
        (folder / "a").write_bytes(b"two")
        os.utime(folder / "a", ns=(0, found.files[0].mtime_ns + 1))
        with pytest.raises(TransferError, match="changes while it is sent"):
            check_unchanged(file, found.files[0])
