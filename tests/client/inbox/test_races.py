"""Another program that exchanges things between two steps of ours makes us write nowhere else."""

import os
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import OnExists
from secure_chat.errors import TransferError
from tests.client.inbox.steps import CHANGES, LOOKS, REAL, no_links, stepping
from tests.client.inbox.trees import content_of, fill, manifest_of, names_in, receive, surroundings

PART: Final = ".securechat-one.part"
STAGED: Final = ".securechat-one.folder"
TREE: Final = manifest_of(["a/b", "c", "a/empty/"])
KINDS: Final = ("link to file", "link to folder", "dangling link", "hard link", "pipe", "folder")


def made(place: Path) -> Path:
    """Make an inbox with files of the person's in it, and something beside it."""
    for name in ("in", "outside/deep"):
        (place / name).mkdir(parents=True)
    (place / "in" / "mine").write_bytes(b"mine")
    (place / "in" / "notes").write_bytes(b"my notes")
    (place / "outside" / "secret").write_bytes(b"theirs")
    (place / "outside" / "b").write_bytes(b"their b")
    return place


def plant(kind: str, at: Path, outside: Path) -> None:
    """Put something harmful in the place of whatever stands there, as another program would."""
    if at.parent.is_symlink() or not at.parent.is_dir():
        return
    if os.path.lexists(at):
        at.rename(at.with_name(f"moved-{len(names_in(at.parent))}"))
    if kind == "hard link":
        REAL["link"](outside / "secret", at)
    elif kind == "pipe":
        os.mkfifo(at)
    elif kind == "folder":
        at.mkdir()
    else:
        target = {"link to file": "secret", "link to folder": "", "dangling link": "new"}[kind]
        at.symlink_to(outside / target)


def at_every_step(
    folder: Path, kind: str, target: str, act: Callable[[Inbox], Path | None]
) -> list[str]:
    """Act again and again, with something planted before another step each time.

    Returns:
        What became of each: "landed" or "refused".
    """
    outcomes = []
    for step in count(1):
        place = made(folder / str(step))
        outside = place / "outside"
        before = surroundings(outside)
        reached = False

        def before_step(now: int, step: int = step, place: Path = place) -> None:
            nonlocal reached
            if now == step:
                reached = True
                plant(kind, place / "in" / target, place / "outside")

        with stepping(before_step, (*CHANGES, *LOOKS)):
            try:
                with Inbox.open(place / "in") as inbox:
                    landed = act(inbox)
            except TransferError:
                landed = None
        assert surroundings(outside) == before, (step, kind, target)
        assert (place / "in" / "notes").read_bytes() == b"my notes"
        outcomes.append("landed" if landed else "refused")
        # What another program puts into the folder itself, between our last look and its new name
        # or after that, lies there and is its own.
        if landed is not None and landed.name != target and not target.startswith(f"{STAGED}/"):
            is_there(landed)
        assert len(list((place / "in").iterdir())) < 9
        if not reached:
            return outcomes
    raise AssertionError


def is_there(landed: Path) -> None:
    """Check that what is said to have landed is whole, and no link."""
    assert not landed.is_symlink()
    if stat.S_ISDIR(landed.lstat().st_mode):
        assert (landed / "c").read_bytes() == content_of("c")
        assert (landed / "a" / "b").read_bytes() == content_of("a/b")
        assert not any(path.is_symlink() for path in landed.rglob("*"))
    else:
        assert landed.read_bytes() == b"sent"


def land_file(inbox: Inbox, on_exists: OnExists = OnExists.RENAME) -> Path | None:
    """Receive one file."""
    part = inbox.begin("one", 4)
    fill(part, b"se")
    part.close()
    part = inbox.begin("one", 4)
    fill(part, b"sent")
    try:
        return inbox.land(part, "mine", on_exists)
    finally:
        part.close()


def land_folder(inbox: Inbox) -> Path | None:
    """Receive one folder."""
    staging = inbox.begin_folder("one", TREE)
    try:
        receive(staging)
        return staging.land()
    finally:
        staging.close()


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
@pytest.mark.parametrize("on_exists", [OnExists.RENAME, OnExists.OVERWRITE])
@pytest.mark.parametrize("target", [PART, "mine", "mine (2)", ".securechat-one.name"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_goes_nowhere_else_whatever_is_planted_when(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    target: str,
    on_exists: OnExists,
    links: bool,  # noqa: FBT001 -- pytest gives it by name
) -> None:
    """Links, pipes and folders in every place at every moment: refused or landed elsewhere."""
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    outcomes = at_every_step(tmp_path, kind, target, lambda inbox: land_file(inbox, on_exists))
    assert len(outcomes) > 20
    assert outcomes[-1] == "landed"


@pytest.mark.parametrize("target", [STAGED, f"{STAGED}/a", f"{STAGED}/a/b", "tree", "tree (2)"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_goes_nowhere_else_whatever_is_planted_when(
    tmp_path: Path, kind: str, target: str
) -> None:
    """Also when a folder within the hidden one is exchanged for a link to somewhere else."""
    outcomes = at_every_step(tmp_path, kind, target, land_folder)
    assert len(outcomes) > 60
    assert outcomes[-1] == "landed"


def test_a_program_that_swaps_all_the_time_leads_nowhere(tmp_path: Path) -> None:
    """A folder within the hidden one becomes a link to elsewhere and back while files come in."""
    place = made(tmp_path)
    before = surroundings(place / "outside")
    inner = place / "in" / STAGED / "a"
    stop = threading.Event()
    swaps = 0

    def swap() -> None:
        nonlocal swaps
        while not stop.is_set():
            with suppress(OSError):
                inner.rename(inner.with_name("moved"))
            with suppress(OSError):
                inner.symlink_to(place / "outside")
                swaps += 1
            with suppress(OSError):
                inner.unlink()
            with suppress(OSError):
                inner.with_name("moved").rename(inner)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        with Inbox.open(place / "in") as inbox:
            for _ in range(60):
                with suppress(TransferError):
                    land_folder(inbox)
    finally:
        stop.set()
        swapping.join()
    assert swaps
    assert surroundings(place / "outside") == before


def test_a_planted_link_would_be_noticed_here(tmp_path: Path) -> None:
    """What these tests compare changes when somebody writes through a link."""
    place = made(tmp_path)
    before = surroundings(place / "outside")
    plant("link to folder", place / "in" / "tree", place / "outside")
    (place / "in" / "tree" / "b").write_bytes(b"ours")
    assert surroundings(place / "outside") != before
    assert REAL["stat"] is os.stat
