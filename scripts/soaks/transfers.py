"""Host, sender and receiver of a large file are killed at random; it arrives bit-equal, once."""

import argparse
import hashlib
import json
import os
import random
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Final

from scripts.soaks.judging import Verdict
from scripts.soaks.processes import Child, Community

__all__ = ["add_arguments", "run"]

_PIECE: Final = 1_048_576
# After so many seconds without an end something hangs.
_PATIENCE: Final = 600.0
_UNREACHABLE: Final = 4
_INCOMPLETE: Final = 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--kills", type=int, default=20, help="how often each of the three dies")
    parser.add_argument("--mib", type=int, default=1024, help="how large the file is")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's random choices")
    parser.add_argument("--folder", type=Path, default=None, help="where everything is kept")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    seed = arguments.seed if arguments.seed is not None else random.randrange(2**32)
    random.seed(seed)
    print(f"seed {seed}")
    verdict = Verdict()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        source = Path(folder) / "source.bin"
        wanted = _make(source, arguments.mib)
        community = Community(Path(folder), ("alice", "bob"))
        storm = Storm(community, verdict)
        storm.survive(["send", "--file", str(source), "--to", "bob"], "alice", arguments.kills)
        inbox = Path(folder) / "inbox"
        storm.survive(["get", "--all", "--into", str(inbox)], "bob", arguments.kills)
        _judge(community, inbox, wanted, verdict)
        verdict.demand(storm.host.stop() == 0, "the host did not end in order")
    return verdict.close()


class Storm:
    """One host, and commands that are run again and again until they are done.

    Args:
        community: whose host it is.
        verdict: told what is violated.
    """

    def __init__(self, community: Community, verdict: Verdict) -> None:
        self._community = community
        self._verdict = verdict
        self.host: Child = community.start_host("--rate", "0")

    def survive(self, command: list[str], name: str, kills: int) -> None:
        """Run a command to its end, killing it and the host so many times on the way.

        The host dies half as often in each of the two phases, which is as often in all.
        """
        began, lives = time.monotonic(), 0
        deaths = [*["client"] * kills, *["host"] * (kills // 2)]
        random.shuffle(deaths)
        code = -1
        while code != 0:
            lives += 1
            process = self._start(command, name)
            while deaths and process.poll() is None:
                _pause(process, random.uniform(0.1, 0.9))
                if process.poll() is None:
                    self._kill(deaths.pop(), process)
            code = process.wait(_PATIENCE)
            expected = code in {0, -9, _UNREACHABLE, _INCOMPLETE}
            self._verdict.demand(expected, f"{command[0]} ended with {code}")
            if not expected:
                break
        seconds = time.monotonic() - began
        left = f", {len(deaths)} kills left over" if deaths else ""
        print(f"{command[0]}: done after {seconds:.1f} s in {lives} lives{left}")
        self._verdict.demand(not deaths, f"{command[0]} was done before it was killed enough")

    def _start(self, command: list[str], name: str) -> "subprocess.Popen[bytes]":
        community = self._community
        options = ["--as", name, "--at", f"127.0.0.1:{community.port}", "--quiet"]
        options += ["--certs", str(community.certs), "--data", str(community.data)]
        program = [*community.securechat, *command, *options]
        return subprocess.Popen(program, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def _kill(self, whom: str, process: "subprocess.Popen[bytes]") -> None:
        if whom == "client":
            process.kill()
            process.wait()
        else:
            self.host.kill()
            self.host = self._community.start_host("--rate", "0")


def _pause(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Let a process run for some time, or until it ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _make(path: Path, mib: int) -> str:
    """Write random bytes and return their hash."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(mib):
            piece = os.urandom(_PIECE)
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _judge(community: Community, inbox: Path, wanted: str, verdict: Verdict) -> None:
    landed = sorted(inbox.iterdir())
    verdict.demand(len(landed) == 1, f"in the inbox: {[path.name for path in landed]}")
    for path in landed:
        with path.open("rb") as file:
            same = hashlib.file_digest(file, "sha256").hexdigest() == wanted
        print(f"{path.name}: {path.stat().st_size} bytes, {'bit-equal' if same else 'DIFFERENT'}")
        verdict.demand(same, f"{path.name} differs")
    said = [message for message in _history(community) if message["from"] == "alice"]
    print(f"messages of the sender: {len(said)}")
    verdict.demand(len(said) == 1, "the file was not said once")
    stored = [path for path in (community.host_data / "files").rglob("*") if path.is_file()]
    whole = sum(path.stat().st_size for path in stored if path.stat().st_size >= _PIECE)
    print(f"large files of the host: {whole} bytes")


def _history(community: Community) -> list[dict[str, str]]:
    command = [*community.securechat, "history", "--json", "--as", "bob", "--with", "alice"]
    command += ["--at", f"127.0.0.1:{community.port}", "--certs", str(community.certs)]
    command += ["--data", str(community.data)]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in lines.splitlines()]
