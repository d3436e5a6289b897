"""A disk that fills up under a running host: nothing is acknowledged that is not stored."""

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from scripts.soaks.judging import Verdict, community
from secure_chat.wire.messages import Ack, Code, Error, History, Page, Say
from tests.acceptance.scene import Scene, Stored, stored_in
from tests.server.guest import Guest

__all__ = ["add_arguments", "run"]

_MIB = 1_048_576
_NAMES = ("alice", "bob")
_TEXT = "x" * 4_000
_REFUSALS = 20
_RECOVERY = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    # Room for the write-ahead log, which takes up to 16 MiB before it is used from its beginning.
    parser.add_argument("--mib", type=int, default=64, help="size of the disk")
    parser.add_argument("--rounds", type=int, default=3, help="how often it fills up")
    parser.set_defaults(run=run)


@dataclass
class Books:
    """What everybody was told.

    Args:
        acked: the number of everything acknowledged, by author and id.
        refused: what was refused and not said again.
    """

    acked: dict[tuple[str, str], int] = field(default_factory=dict)
    refused: set[tuple[str, str]] = field(default_factory=set)
    number: int = 0

    def say(self, name: str, guest: Guest, ident: str = "") -> Ack | Error:
        """Say one thing and write down what became of it."""
        if not ident:
            self.number += 1
            ident = str(self.number)
        guest.say(Say(id=ident, text=f"{ident} {_TEXT}", room="lobby"))
        answer: Ack | Error | None = None
        while answer is None:
            heard = [event for event in guest.heard if isinstance(event, Ack | Error)]
            guest.heard.clear()
            answer = heard[0] if heard else None
            if answer is None and not guest.read():
                raise RuntimeError("the host closed the connection")
        if isinstance(answer, Ack):
            self.acked[name, ident] = answer.seq
            self.refused.discard((name, ident))
        else:
            self.refused.add((name, ident))
        return answer


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    if os.name != "posix" or os.geteuid() != 0:
        print("this soak mounts a small disk, which only root may do")
        return 1
    verdict = Verdict()
    with community(_NAMES) as scene, _disk(arguments.mib) as disk:
        scene.data = disk / "data"
        ballast = _ballast(disk, arguments.rounds, arguments.mib)
        books = Books()
        _fill_and_free(scene, books, ballast, verdict)
        _judge(scene, books, verdict)
    return verdict.close()


@contextmanager
def _disk(mib: int) -> Iterator[Path]:
    """Mount a disk of a few MiB in memory."""
    with tempfile.TemporaryDirectory() as folder:
        mount = Path(folder) / "disk"
        mount.mkdir()
        words = ["mount", "-t", "tmpfs", "-o", f"size={mib}m", "securechat-soak", str(mount)]
        subprocess.run(words, check=True, timeout=20)
        try:
            yield mount
        finally:
            subprocess.run(["umount", "--lazy", str(mount)], check=True, timeout=20)


def _ballast(disk: Path, rounds: int, mib: int) -> list[Path]:
    """Put files on the disk whose removal makes room again, one for each round."""
    files = [disk / f"ballast-{number}" for number in range(rounds + 1)]
    for file in files:
        file.write_bytes(bytes(mib * _MIB // 2 // len(files)))
    return files


def _fill_and_free(scene: Scene, books: Books, ballast: list[Path], verdict: Verdict) -> None:
    """Fill the disk, look around, free some, go on; the last time kill the host in between."""
    host = scene.host("--rate", "0")
    for number, file in enumerate(ballast):
        last = number == len(ballast) - 1
        with scene.guest("alice") as alice, scene.guest("bob") as bob:
            guests = {"alice": alice, "bob": bob}
            for guest in guests.values():
                guest.join(live=False)
            before = len(books.acked)
            _fill(books, guests, verdict)
            print(
                f"full {number + 1}: {len(books.acked) - before} acknowledged,"
                f" {len(books.refused)} refused, {_left(file.parent)} kB left"
            )
            _look_around(scene, alice, verdict)
            if not last:
                file.unlink()
                _recover(books, guests, verdict)
        verdict.demand(host.process.poll() is None, "the host has ended")
    host.kill()
    full = scene.run("host", "--port", "0", seconds=5) if not _starts(scene) else None
    if full is not None:
        print(f"started on the full disk: exit {full.code}, {full.err.strip()!r}")
    ballast[-1].unlink()
    host = scene.host("--rate", "0")
    with scene.guest("alice") as alice:
        alice.join(live=False)
        for name, ident in sorted(books.refused)[:5]:
            if name == "alice":
                verdict.demand(isinstance(books.say(name, alice, ident), Ack), "not taken again")
    verdict.demand(host.stop() == 0, "the host did not end in order")


def _starts(scene: Scene) -> bool:
    """Tell whether a host starts on a full disk; it is stopped again."""
    with suppress(AssertionError):
        scene.host("--rate", "0").stop()
        print("the host starts on the full disk")
        return True
    return False


def _fill(books: Books, guests: dict[str, Guest], verdict: Verdict) -> None:
    refusals = 0
    deadline = time.monotonic() + 60
    while refusals < _REFUSALS and time.monotonic() < deadline:
        for name, guest in guests.items():
            answer = books.say(name, guest)
            if isinstance(answer, Error):
                refusals += 1
                verdict.demand(answer.code == Code.DISK_FULL, f"refused with {answer}")
    verdict.demand(refusals >= _REFUSALS, "the disk did not fill up")


def _look_around(scene: Scene, guest: Guest, verdict: Verdict) -> None:
    """What only reads goes on: history, and newcomers are welcomed."""
    guest.say(History(re=1, newest=True, limit=5))
    verdict.demand(bool(guest.wait_for(Page).messages), "history does not answer")
    with scene.guest("bob") as bob:
        verdict.demand(bob.join(live=False).name == "bob", "nobody is welcomed")


def _recover(books: Books, guests: dict[str, Guest], verdict: Verdict) -> None:
    """With room again the very next message is stored, and so is what was refused before."""
    began = time.monotonic()
    while isinstance(books.say("alice", guests["alice"]), Error):
        if time.monotonic() - began > 10:
            verdict.demand(False, "it did not recover")
            return
    took = time.monotonic() - began
    print(f"stores again {took * 1000:.0f} ms after there was room")
    verdict.demand(took <= _RECOVERY, f"recovery took {took:.2f} s")
    again = sorted(books.refused)[::2]
    for name, ident in again:
        verdict.demand(isinstance(books.say(name, guests[name], ident), Ack), "not taken again")
    print(f"{len(again)} refused ones said again and stored")


def _left(disk: Path) -> int:
    return shutil.disk_usage(disk).free // 1024


def _judge(scene: Scene, books: Books, verdict: Verdict) -> None:
    """Everything acknowledged is stored once under its number, and nothing else is."""
    with tempfile.TemporaryDirectory() as folder:
        # Away from the full disk, where reading would find no room for its own files.
        copy = Path(folder) / "host"
        shutil.copytree(scene.host_data, copy)
        stored = stored_in(copy / "log.sqlite", "lobby")
    found = {(entry.author, entry.id): seq for seq, entry in stored.items()}
    wanted = {
        seq: Stored(name, ident, f"{ident} {_TEXT}", "lobby")
        for (name, ident), seq in books.acked.items()
    }
    print(f"acknowledged {len(books.acked)}, stored {len(stored)}, refused {len(books.refused)}")
    verdict.demand(len(found) == len(stored), "something is stored twice")
    verdict.demand(found == books.acked, "what is stored is not what was acknowledged")
    verdict.demand(stored == wanted, "something is stored otherwise than it was said")
    verdict.demand(not books.refused & found.keys(), "something refused is stored")
