"""What another program does to a folder that comes in is noticed, and left as it is."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from secure_chat.client.inbox import staging as staging_module
from secure_chat.client.inbox.landing import Inbox
from secure_chat.errors import TransferError
from tests.client.inbox.trees import (
    content_of,
    listing,
    manifest_of,
    names_in,
    receive,
)

TREE = manifest_of(["a", "b/c/d", "!b/run", "empty/", "b/hollow/"])
HIDDEN = ".securechat-one.folder"
WHOLE = {
    "a": content_of("a"),
    "b": None,
    "b/c": None,
    "b/c/d": content_of("b/c/d"),
    "b/hollow": None,
    "b/run": content_of("b/run"),
    "empty": None,
}


def test_discarding_gives_up_on_what_is_nested_without_end(inbox: Inbox, folder: Path) -> None:
    """Another program may have nested it deeper than any folder of ours."""
    staging = inbox.begin_folder("one", TREE)
    deep = folder / HIDDEN / "/".join("d" * 40)
    deep.mkdir(parents=True)
    with pytest.raises(TransferError, match="cannot be removed"):
        staging.discard()


@pytest.mark.parametrize(
    "strange",
    [
        "link",
        "foreign file",
        "hard link",
        "wrong size",
        "file for folder",
        "folder for file",
        "pipe",
    ],
)
def test_a_hidden_folder_with_something_strange_is_set_aside(
    inbox: Inbox, folder: Path, strange: str
) -> None:
    """It is left as it is, and the folder begins anew."""
    secret = folder.parent / "outside" / "secret"
    first = inbox.begin_folder("one", TREE)
    first.close()
    hidden = folder / HIDDEN
    if strange == "link":
        (hidden / "b").symlink_to("../../outside")
    elif strange == "foreign file":
        (hidden / "surprise").touch()
    elif strange == "hard link":
        secret.write_bytes(b"x" * TREE.files[0].size)
        (hidden / "a").hardlink_to(secret)
    elif strange == "wrong size":
        (hidden / "a").write_bytes(b"x")
    elif strange == "file for folder":
        (hidden / "b").touch()
    elif strange == "folder for file":
        (hidden / "b" / "run").mkdir(parents=True)
    else:
        os.mkfifo(hidden / "a")
    theirs = secret.read_bytes()
    again = inbox.begin_folder("one", TREE)
    assert len(again.missing()) == 3
    receive(again)
    again.land()
    assert listing(folder / "tree") == WHOLE
    assert secret.read_bytes() == theirs
    assert len(list(folder.glob(".securechat-aside-*"))) == 1


@pytest.mark.parametrize("kind", ["file", "link", "somebody else's"])
def test_what_stands_in_the_place_of_the_hidden_folder_is_set_aside(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A link to a folder elsewhere is not entered."""
    if kind == "file":
        (folder / HIDDEN).write_bytes(b"mine")
    elif kind == "link":
        (folder / HIDDEN).symlink_to("../outside")
    else:
        (folder / HIDDEN).mkdir()
        with monkeypatch.context() as patch:
            patch.setattr(staging_module, "is_ours", lambda _: False)
            inbox.begin_folder("one", TREE).close()
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    staging.land()
    assert listing(folder / "tree") == WHOLE
    assert listing(folder.parent / "outside") == {"secret": b"theirs"}


def test_a_folder_changed_at_the_end_does_not_land(inbox: Inbox, folder: Path) -> None:
    """What is added, taken away or cut behind our back is noticed before it is published."""
    for number, harm in enumerate(("added", "gone", "cut")):
        staging = inbox.begin_folder(f"n{number}", TREE)
        receive(staging)
        hidden = folder / f".securechat-n{number}.folder"
        if harm == "added":
            (hidden / "x").symlink_to("../../outside/secret")
        elif harm == "gone":
            (hidden / "a").unlink()
        else:
            os.truncate(hidden / "a", 0)
        with pytest.raises(TransferError, match="changed by another program"):
            staging.land()
        staging.discard()
    assert names_in(folder) == []


def test_a_note_alone_makes_nothing_landed(inbox: Inbox, folder: Path) -> None:
    """Neither a file of that name, nor an empty folder where files are expected."""
    (folder / "file").touch()
    (folder / "empty").mkdir()
    for name in ("file", "empty", "gone"):
        (folder / ".securechat-one.name").write_text(f"{name}\n")
        staging = inbox.begin_folder("one", TREE)
        assert staging.landed is None
        staging.discard()


def test_files_of_somebody_else_are_none_of_ours(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one of them in it the hidden folder is set aside."""
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    staging.close()
    monkeypatch.setattr(staging_module, "is_ours", lambda found: stat.S_ISDIR(found.st_mode))
    assert len(inbox.begin_folder("one", TREE).missing()) == 3
    assert len(list(folder.glob(".securechat-aside-*"))) == 1


def test_a_name_that_is_filled_meanwhile_stays_theirs(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our empty folder gets a file of somebody else in the last moment."""
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    real = os.replace

    def late(source: str, target: str, **rest: Any) -> None:
        if Path(target).name == "tree":
            (folder / "tree" / "theirs").touch()
        real(source, target, **rest)

    monkeypatch.setattr(os, "replace", late)
    assert staging.land() == folder / "tree (2)"
    assert names_in(folder / "tree") == ["theirs"]
    assert listing(folder / "tree (2)") == WHOLE
