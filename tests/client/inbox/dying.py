"""A program of its own: lands a file or a folder, killed one step later each time, then again.

Called with a folder and what to land; prints what was there after each kill and after going on.
"""

import json
import os
import signal
import sys
from itertools import count
from pathlib import Path

from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.publishing import OnExists
from tests.client.inbox.steps import no_links, stepping
from tests.client.inbox.trees import content_of, fill, manifest_of, receive

__all__ = ["TREE", "main"]

TREE = ("a", "b/c", "!b/d", "nothing", "empty/", "b/hollow/")


def receive_one(place: Path, what: str) -> None:
    """Do what a client does, from wherever an earlier one has stopped."""
    with Inbox.open(place / "in") as inbox:
        if what == "folder":
            staging = inbox.begin_folder("one", manifest_of(TREE))
            receive(staging)
            staging.land()
            return
        part = inbox.begin("one")
        if part.landed is not None:
            assert part.rehash().digest()
        else:
            fill(part, b"" if what == "nothing" else content_of("file"))
        exists = OnExists.OVERWRITE if what == "over" else OnExists.RENAME
        inbox.land(part, "old" if what == "over" else "tree", exists)


def killed_at(step: int, place: Path, what: str) -> bool:
    """Receive in a child that is killed before its n-th step; tell whether it came so far."""

    def before(now: int) -> None:
        if now == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        with stepping(before):
            receive_one(place, what)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def listing(folder: Path) -> dict[str, str | None]:
    """Return what is below a folder: the contents of files, None for folders."""
    return {
        str(path.relative_to(folder)): path.read_text() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def main(folder: Path, what: str, links: str) -> None:
    """Try every step, and print for each what was left and what came of it."""
    if links == "none":
        os.link = no_links  # type: ignore[assignment]
    rounds = []
    for step in count(1):
        place = folder / str(step)
        for name in ("in", "outside"):
            (place / name).mkdir(parents=True)
        (place / "in" / "old").write_text("mine")
        (place / "outside" / "secret").write_text("theirs")
        killed = killed_at(step, place, what)
        left = listing(place)
        # A killed client goes on as long as it has not noted that all is done. Two in a row are
        # killed, so that going on is itself interrupted at some step.
        if killed and any(".securechat-" in name for name in left):
            killed_at(step, place, what)
        done = listing(place)
        if any(".securechat-" in name for name in done) or "in/tree" not in done:
            receive_one(place, what)
        rounds.append((left, listing(place)))
        if not killed:
            break
    print(json.dumps(rounds))  # noqa: T201 -- its parent reads that


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
