"""Killed at any step a client leaves nothing half under a visible name, and the next goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.client.inbox.dying import TREE
from tests.client.inbox.trees import content_of

ROOT: Final = Path(__file__).parents[3]
AROUND: Final = {"in": None, "in/old": "mine", "outside": None, "outside/secret": "theirs"}
FOLDERS: Final = ("", "/b", "/b/hollow", "/empty")
WHOLE: Final = dict.fromkeys(f"in/tree{name}" for name in FOLDERS) | {
    f"in/tree/{path.strip('!')}": content_of(path.strip("!")).decode()
    for path in TREE
    if not path.endswith("/")
}

Listing = dict[str, str | None]


def rounds(folder: Path, what: str, links: str) -> list[tuple[Listing, Listing]]:
    """Return what was left after each kill, and what came of it."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.client.inbox.dying", str(folder), what, links],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr.decode()
    return [(left, came) for left, came in json.loads(done.stdout)]


def visible(listing: Listing) -> Listing:
    """Return what is not hidden."""
    return {name: data for name, data in listing.items() if "/.securechat-" not in name}


@pytest.mark.parametrize("links", ["links", "none"])
@pytest.mark.parametrize("what", ["file", "nothing", "over"])
def test_a_file_survives_a_kill_at_every_step(tmp_path: Path, what: str, links: str) -> None:
    """It is there once and whole in the end, and never in part; what was replaced was whole."""
    data = "" if what == "nothing" else content_of("file").decode()
    target = "in/old" if what == "over" else "in/tree"
    whole = AROUND | {target: data}
    # A disk without second names has an empty file for a moment, and a note that tells so.
    allowed = [AROUND, whole] + ([AROUND | {target: ""}] if links == "none" else [])
    found = rounds(tmp_path, what, links)
    assert len(found) > 6
    for left, came in found:
        assert visible(left) in allowed
        if visible(left) not in (AROUND, whole):
            assert "in/.securechat-one.name" in left
        assert came == whole


@pytest.mark.parametrize("links", ["links", "none"])
def test_a_folder_survives_a_kill_at_every_step(tmp_path: Path, links: str) -> None:
    """It is there once and whole in the end, and before that not at all or as an empty one."""
    found = rounds(tmp_path, "folder", links)
    assert len(found) > 60
    for left, came in found:
        shown = visible(left)
        if shown == AROUND | {"in/tree": None}:
            assert left["in/.securechat-one.name"] == "tree\n"
        else:
            assert shown in (AROUND, AROUND | WHOLE)
        assert came == AROUND | WHOLE
