"""A received file gets a free harmless name in the inbox, whole, and nothing else changes."""

import errno
import os
import socket
import stat
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import OnExists
from secure_chat.errors import StoreError, TransferError
from secure_chat.limits import Limits
from tests.client.inbox.hostile import NAMES
from tests.client.inbox.trees import land, surroundings


def test_a_missing_inbox_is_made_for_its_owner_only(tmp_path: Path) -> None:
    """And one that is there stays as it is."""
    path = tmp_path / "a" / "b"
    Inbox.open(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    path.chmod(0o755)
    with Inbox.open(path) as inbox:
        assert inbox.path == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_what_is_no_folder_is_no_inbox(tmp_path: Path, by_descriptor: bool) -> None:  # noqa: FBT001 -- pytest gives it by name
    """Neither a file nor a link to a folder, which stays empty."""
    (tmp_path / "file").touch()
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for name in ("file", "link"):
        with pytest.raises(StoreError, match="cannot be used for what comes in"):
            Inbox.open(tmp_path / name, by_descriptor=by_descriptor)
    assert surroundings(tmp_path / "real") == {}


def test_a_file_lands_whole_and_for_its_owner_only(inbox: Inbox) -> None:
    """It is not executable, and nothing hidden is left."""
    assert land(inbox, "a.txt", b"hello") == "a.txt"
    assert (inbox.path / "a.txt").read_bytes() == b"hello"
    assert stat.S_IMODE((inbox.path / "a.txt").stat().st_mode) == 0o600
    assert [path.name for path in inbox.path.iterdir()] == ["a.txt"]


def test_a_program_is_executable_for_its_owner_when_asked(inbox: Inbox) -> None:
    """No other bit comes with it, whatever the part got meanwhile."""
    part = inbox.begin("one")
    (inbox.path / part.name).chmod(0o6777)
    path = inbox.land(part, "tool", executable=True)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_the_umask_is_respected(inbox: Inbox) -> None:
    """What it takes away at the beginning does not come back."""
    before = os.umask(0o277)
    try:
        part = inbox.begin("one")
    finally:
        os.umask(before)
    path = inbox.land(part, "a")
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o400


def test_a_taken_name_gets_a_number(inbox: Inbox) -> None:
    """Names that differ only in case or in accents are taken too."""
    assert land(inbox, "a.txt") == "a.txt"
    assert land(inbox, "a.txt") == "a (2).txt"
    assert land(inbox, "A.TXT") == "A (3).TXT"
    assert land(inbox, "ä") == "ä"
    assert land(inbox, "A\u0308") == "Ä (2)"
    (inbox.path / "link").symlink_to("../outside/secret")
    (inbox.path / "folder").mkdir()
    assert land(inbox, "link") == "link (2)"
    assert land(inbox, "folder") == "folder (2)"


def test_skipping_lands_nothing_and_keeps_the_part(inbox: Inbox) -> None:
    """The person may decide otherwise afterwards."""
    land(inbox, "a", b"first")
    part = inbox.begin("one")
    part.write(b"second")
    assert inbox.land(part, "a", OnExists.SKIP) is None
    assert inbox.land(part, "b", OnExists.SKIP) == inbox.path / "b"
    assert (inbox.path / "a").read_bytes() == b"first"


def test_overwriting_replaces_a_plain_file_in_one_step(inbox: Inbox) -> None:
    """Its other names keep what they had."""
    land(inbox, "a", b"first")
    (inbox.path / "other").hardlink_to(inbox.path / "a")
    assert land(inbox, "a", b"second", OnExists.OVERWRITE) == "a"
    assert (inbox.path / "a").read_bytes() == b"second"
    assert (inbox.path / "other").read_bytes() == b"first"
    assert land(inbox, "b", b"third", OnExists.OVERWRITE) == "b"


def test_only_a_plain_file_is_overwritten(inbox: Inbox, folder: Path) -> None:
    """A link, a folder, a pipe and a socket stay, and so does what a link leads to."""
    (folder / "link").symlink_to("../outside/secret")
    (folder / "dangling").symlink_to("../outside/nothing")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        here = Path.cwd()
        os.chdir(folder)  # the name of a socket must be short
        listener.bind("socket")
        os.chdir(here)
    before = surroundings(folder.parent)
    for name in ("link", "dangling", "folder", "pipe", "socket"):
        assert land(inbox, name, b"new", OnExists.OVERWRITE) == f"{name} (2)"
        assert (folder / f"{name} (2)").read_bytes() == b"new"
        (folder / f"{name} (2)").unlink()
    assert surroundings(folder.parent) == before


def test_a_device_is_not_overwritten(inbox: Inbox, folder: Path) -> None:
    """It stays what it is; nobody but root can make one to test that."""
    try:
        os.mknod(folder / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("only root makes devices")
    before = surroundings(folder)
    assert land(inbox, "null", b"new", OnExists.OVERWRITE) == "null (2)"
    (folder / "null (2)").unlink()
    os.mknod(folder / ".securechat-two.part", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    part = inbox.begin("two")
    part.discard()
    assert before["null"] == surroundings(folder)["null"]


@pytest.mark.parametrize("answer", list(OnExists))
def test_the_person_is_asked_for_a_taken_name_only(inbox: Inbox, answer: OnExists) -> None:
    """Each answer is followed; asking again is none."""
    asked: list[str] = []

    def ask(name: str) -> OnExists:
        asked.append(name)
        return answer

    part = inbox.begin("one")
    assert inbox.land(part, "a", OnExists.ASK, ask=ask) == inbox.path / "a"
    assert asked == []
    part = inbox.begin("two")
    part.write(b"new")
    path = inbox.land(part, "a", OnExists.ASK, ask=ask)
    assert asked == ["a"]
    expected = {OnExists.SKIP: None, OnExists.OVERWRITE: inbox.path / "a"}
    assert path == expected.get(answer, inbox.path / "a (2)")


def test_with_nobody_to_ask_it_gets_another_name(inbox: Inbox) -> None:
    """Never the other one's."""
    assert land(inbox, "a") == "a"
    assert land(inbox, "a", on=OnExists.ASK) == "a (2)"


def test_a_name_taken_at_the_last_moment_is_not_overwritten(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program that is faster keeps its file."""
    part = inbox.begin("one")
    part.write(b"new")
    real = os.link

    def late(source: str, target: str, **rest: Any) -> None:
        if not target.endswith(("(2)", "(3)")):
            (inbox.path / "a").write_bytes(b"theirs")
            (inbox.path / "a (2)").symlink_to("../outside/secret")
        real(source, target, **rest)

    monkeypatch.setattr(os, "link", late)
    assert inbox.land(part, "a") == inbox.path / "a (3)"
    assert (inbox.path / "a").read_bytes() == b"theirs"
    assert (inbox.path / "a (3)").read_bytes() == b"new"


def test_the_numbers_end(folder: Path) -> None:
    """With every name taken the transfer stops, and the part stays."""
    for name in ("a", "a (2)", "a (3)"):
        (folder / name).touch()
    with Inbox.open(folder, replace(Limits(), name_numbers=3)) as inbox:
        part = inbox.begin("one")
        with pytest.raises(TransferError, match="no free name is left"):
            inbox.land(part, "a")
        assert inbox.land(part, "b") == folder / "b"


@pytest.mark.parametrize(("suggested", "expected"), NAMES)
def test_no_hostile_name_leaves_the_inbox_or_overwrites(
    folder: Path, suggested: str, expected: str
) -> None:
    """One file more, with the expected name, and everything around as before."""
    for taken in ("passwd", "file", "a"):
        (folder / taken).write_bytes(b"mine")
    before = surroundings(folder.parent)
    with Inbox.open(folder) as inbox:
        name = land(inbox, suggested, b"hostile")
        if expected not in {"passwd", "file", "a"}:
            assert name == expected
        assert (folder / name).read_bytes() == b"hostile"
        (folder / name).unlink()
    assert surroundings(folder.parent) == before


@pytest.mark.parametrize("data", [b"data", b""])
def test_a_disk_without_second_names_gets_files_too(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    """Never over another one, with the same numbers, and with no note left."""

    def no_links(_: str, target: str, **__: object) -> None:
        if os.path.lexists(inbox.path / Path(target).name):
            raise FileExistsError(errno.EEXIST, "File exists")
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert land(inbox, "a", data) == "a"
    assert land(inbox, "a", data) == "a (2)"
    (inbox.path / "b").symlink_to("../outside/secret")
    assert land(inbox, "b", data) == "b (2)"
    assert (inbox.path / "b (2)").read_bytes() == data
    assert sorted(path.name for path in inbox.path.iterdir()) == ["a", "a (2)", "b", "b (2)"]
