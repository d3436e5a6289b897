"""A received folder is built hidden, survives interruptions, and appears whole or not at all."""

import os
import stat
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as other

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import OnExists
from secure_chat.errors import TransferError
from tests.client.inbox.hostile import TAMED_TREES
from tests.client.inbox.trees import (
    content_of,
    fill,
    listing,
    manifest_of,
    names_in,
    receive,
    surroundings,
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


@pytest.mark.parametrize("executable", [True, False])
def test_a_folder_lands_whole(inbox: Inbox, executable: bool) -> None:  # noqa: FBT001 -- pytest gives it by name
    """Empty folders too; files can be run when that was asked for; nothing hidden is left."""
    staging = inbox.begin_folder("one", TREE, executable=executable)
    assert len(staging.missing()) == 3
    receive(staging)
    path = staging.land()
    assert path == inbox.path / "tree"
    assert staging.landed == path == staging.land()
    assert staging.missing() == ()
    assert listing(inbox.path / "tree") == WHOLE
    assert names_in(inbox.path) == ["tree"]
    modes = {stat.S_IMODE(one.stat().st_mode) for one in inbox.path.rglob("*") if one.is_dir()}
    assert modes == {0o700}
    runs = stat.S_IMODE((inbox.path / "tree" / "b" / "run").stat().st_mode)
    assert runs == (0o700 if executable else 0o600)
    assert stat.S_IMODE((inbox.path / "tree" / "a").stat().st_mode) == 0o600


def test_an_empty_folder_lands(inbox: Inbox) -> None:
    """With nothing in it."""
    staging = inbox.begin_folder("one", manifest_of([], "nothing"))
    assert staging.land() == inbox.path / "nothing"
    assert listing(inbox.path) == {"nothing": None}


def test_a_folder_that_is_not_whole_does_not_land(inbox: Inbox) -> None:
    """It says how many files are missing, and can be gone on with."""
    staging = inbox.begin_folder("one", TREE)
    file = staging.missing()[1]
    part = staging.begin(file)
    fill(part, content_of(file.path)[:5])
    with pytest.raises(TransferError, match="not whole") as caught:
        staging.add(file, part)
    assert "5 of" in caught.value.why
    fill(part, content_of(file.path))
    staging.add(file, part)
    with pytest.raises(TransferError, match="2 of its files are missing"):
        staging.land()
    staging.close()
    again = inbox.begin_folder("one", TREE)
    assert [one.path for one in again.missing()] == ["a", "b/run"]
    receive(again)
    again.land()
    assert listing(inbox.path / "tree") == WHOLE


def test_a_file_of_the_folder_is_gone_on_with(inbox: Inbox) -> None:
    """Its beginning is still there; more than listed never gets in."""
    staging = inbox.begin_folder("one", TREE)
    part = staging.begin(TREE.files[0])
    part.write(content_of("a")[:4])
    part.close()
    staging.close()
    part = inbox.begin_folder("one", TREE).begin(TREE.files[0])
    assert part.size == 4
    with pytest.raises(TransferError, match="more bytes come than were announced"):
        part.write(content_of("a"))
    part.close()


def test_a_folder_never_replaces_anything(inbox: Inbox, folder: Path) -> None:
    """Neither a file, a link, a folder nor an empty one, not even when told to overwrite."""
    (folder / "TREE").mkdir()
    (folder / "tree (2)").write_bytes(b"mine")
    (folder / "tree (3)").symlink_to("../outside")
    before = surroundings(folder.parent)
    for number, on_exists in enumerate((OnExists.RENAME, OnExists.OVERWRITE, OnExists.ASK)):
        staging = inbox.begin_folder(f"n{number}", TREE)
        receive(staging)
        assert staging.land(on_exists) == folder / f"tree ({number + 4})"
    after = surroundings(folder.parent)
    assert {name: after[name] for name in before if name != "in"} == {
        name: entry for name, entry in before.items() if name != "in"
    }


def test_a_folder_is_skipped_or_asked_about(inbox: Inbox, folder: Path) -> None:
    """It stays as it was, to be landed otherwise or discarded."""
    (folder / "tree").mkdir()
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    assert staging.land(OnExists.SKIP) is None
    assert staging.land(OnExists.ASK, ask=lambda _: OnExists.SKIP) is None
    assert staging.land(OnExists.ASK, ask=lambda _: OnExists.RENAME) == folder / "tree (2)"


def test_a_discarded_folder_leaves_nothing(inbox: Inbox, folder: Path) -> None:
    """Neither files that are whole, nor parts, nor what was linked into it."""
    staging = inbox.begin_folder("one", TREE)
    file = staging.missing()[0]
    part = staging.begin(file)
    fill(part, content_of(file.path))
    staging.add(file, part)
    staging.begin(staging.missing()[0]).close()
    (folder / HIDDEN / "planted").symlink_to("../../outside")
    (folder / HIDDEN / "deep").mkdir()
    (folder / HIDDEN / "deep" / "x").touch()
    (folder / ".securechat-one.5.part").mkdir()
    staging.discard()
    staging.discard()
    assert names_in(folder) == [".securechat-one.5.part"]
    assert listing(folder.parent / "outside") == {"secret": b"theirs"}


@pytest.mark.parametrize(("paths", "places"), TAMED_TREES)
def test_each_strange_tree_lands_inside(
    folder: Path, paths: tuple[str, ...], places: tuple[str, ...]
) -> None:
    """Every member under its own harmless name, and everything around as before."""
    before = surroundings(folder.parent)
    with Inbox.open(folder) as inbox:
        staging = inbox.begin_folder("one", manifest_of(paths, "../../tree"))
        receive(staging)
        assert staging.land() == folder / "tree"
    landed = {name for name, data in listing(folder / "tree").items() if data is not None}
    assert landed == {place for place in places if not place.endswith("/")}
    assert all((folder / "tree" / place).exists() for place in places)
    after = surroundings(folder.parent)
    assert {name: after[name] for name in before} == before
    assert all(name in before or name.startswith("in/tree") for name in after)


def test_a_name_taken_and_not_filled_is_filled(inbox: Inbox, folder: Path) -> None:
    """What a killed program leaves on a disk without second names is an empty file."""
    inbox.begin_folder("one", TREE).close()
    (folder / HIDDEN / "a").touch()
    staging = inbox.begin_folder("one", TREE)
    assert len(staging.missing()) == 3
    receive(staging)
    staging.land()
    assert listing(folder / "tree") == WHOLE


def test_a_file_added_twice_is_noticed(inbox: Inbox) -> None:
    """What stands at its place already is not replaced."""
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    part = staging.begin(TREE.files[0])
    fill(part, content_of("a"))
    with pytest.raises(TransferError, match="cannot be put where it belongs"):
        staging.add(TREE.files[0], part)
    part.close()
    staging.discard()


def test_a_folder_published_at_the_very_end_is_recognised(inbox: Inbox, folder: Path) -> None:
    """A client killed before it took its note away finds it landed, and nothing hidden stays."""
    for name, tree in (("tree", TREE), ("nothing", manifest_of([], "nothing"))):
        staging = inbox.begin_folder("one", tree)
        receive(staging)
        staging.land()
        (folder / ".securechat-one.name").write_text(f"{name}\n")
        (folder / ".securechat-one.1.part").touch()
        again = inbox.begin_folder("one", tree)
        assert again.landed == again.land() == folder / name
        assert again.missing() == ()
        again.close()
    assert names_in(folder) == ["nothing", "tree"]


def test_a_closed_folder_takes_no_more_files(inbox: Inbox) -> None:
    """And it does not land; opened again it does."""
    staging = inbox.begin_folder("one", TREE)
    part = staging.begin(TREE.files[0])
    fill(part, content_of("a"))
    staging.close()
    with pytest.raises(TransferError):
        staging.add(TREE.files[0], part)
    part.close()
    empty = inbox.begin_folder("two", other(TREE, entries=(), size=0))
    empty.close()
    with pytest.raises(TransferError):
        empty.land()


def test_a_system_that_renames_to_free_names_only_needs_no_empty_folder(
    inbox: Inbox, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There the rename itself fails when somebody is faster."""
    staging = inbox.begin_folder("one", TREE)
    receive(staging)
    real = os.replace
    made: list[str] = []

    def strict(source: str, target: str, **rest: Any) -> None:
        if Path(source).name == HIDDEN:
            if not made:
                (folder / "tree").mkdir()
            made.append(target)
            if (folder / Path(target).name).exists():
                raise FileExistsError(17, "File exists")
        real(source, target, **rest)

    monkeypatch.setattr(os, "replace", strict)
    monkeypatch.setattr("secure_chat.client.inbox.publishing._RENAMES_TO_FREE_NAMES", True)
    assert staging.land() == folder / "tree (2)"
    assert names_in(folder / "tree") == []


def test_what_the_system_refuses_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a folder that cannot be made nor one that cannot be renamed passes unseen."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with Inbox.open(folder) as inbox:
        with monkeypatch.context() as patch:
            patch.setattr(os, "mkdir", fail)
            with pytest.raises(TransferError, match="cannot be begun"):
                inbox.begin_folder("one", TREE)
        staging = inbox.begin_folder("one", TREE)
        receive(staging)
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", fail)
            with pytest.raises(TransferError, match="the folder tree cannot be put into"):
                staging.land()
        assert staging.land() == folder / "tree"
