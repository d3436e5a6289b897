"""Carriers and an `ncat --ssl` pipe, as the benches of files start and ask them."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from scripts.benches.peers import Papers, SecureChat
from scripts.soaks.processes import free_port

__all__ = ["Carriage", "carriers", "make_file", "pipe_seconds"]

_PIECE: Final = 1_048_576
_START: Final = 15.0


class Carriage:
    """A carrier's process.

    Args:
        name: who it is.
        process: it.
    """

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name = name
        self.process = process

    def order(self, **order: object) -> None:
        """Give an order; `answer` follows."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Wait for the answer to the oldest order that has none."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the carrier {self.name} has ended")
        return dict(json.loads(line))

    def ask(self, **order: object) -> dict[str, Any]:
        """Give an order and wait for its answer."""
        self.order(**order)
        return self.answer()


@contextmanager
def carriers(peer: SecureChat, names: list[str]) -> Iterator[list[Carriage]]:
    """Connect a carrier for each name to a running host, and end them afterwards."""
    with ExitStack() as stack:
        started = []
        for name in names:
            command = [sys.executable, "-m", "scripts.benches.carrier", "--as", name]
            command += ["--at", f"localhost:{peer.port}", "--certs", str(peer.papers.folder)]
            command += ["--data", str(peer.folder / "people")]
            process = stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            started.append(Carriage(name, process))
        for carriage in started:
            carriage.answer()
        try:
            yield started
        finally:
            for carriage in started:
                assert carriage.process.stdin is not None
                carriage.process.stdin.close()


def make_file(path: Path, size: int) -> Path:
    """Return a file of random bytes, made when it is missing."""
    if not path.exists():
        with path.open("wb") as file:
            for _ in range(size // _PIECE):
                file.write(os.urandom(_PIECE))
            os.fsync(file.fileno())
    return path


def pipe_seconds(source: Path, target: Path, papers: Papers) -> float:
    """Send a file through an `ncat --ssl` pipe with mutual TLS, and fsync what arrived.

    Returns:
        The seconds from the start of the receiver until the file is on the disk.
    """
    port = free_port()
    client, host = papers.folder / "clients" / "p0", papers.folder / "host"
    trust = ["--ssl-verify", "--ssl-trustfile", str(papers.folder / "ca.crt")]
    # The listener sends: a sender that connects would go before it has read its session tickets,
    # and the reset that follows from that takes away what the receiver has not read yet.
    with source.open("rb") as sent, target.open("wb") as output:
        sender = subprocess.Popen(
            [
                *("ncat", "-l", "--send-only", "127.0.0.1", str(port), "--ssl"),
                *("--ssl-cert", f"{host}.crt", "--ssl-key", f"{host}.key"),
            ],
            stdin=sent,
        )
        _await(port)
        began = time.monotonic()
        subprocess.run(
            [
                *("ncat", "--recv-only", "localhost", str(port), "--ssl", *trust),
                *("--ssl-cert", f"{client}.crt", "--ssl-key", f"{client}.key"),
            ],
            stdout=output,
            check=True,
        )
        os.fsync(output.fileno())
        seconds = time.monotonic() - began
        sender.wait(_START)
    if target.stat().st_size != source.stat().st_size:
        raise RuntimeError("the pipe has lost something")
    return seconds


def _await(port: int) -> None:
    """Wait until somebody listens, without connecting: ncat takes one connection only."""
    wanted = f":{port:04X} 00000000:0000 0A"
    until = time.monotonic() + _START
    while wanted not in Path("/proc/net/tcp").read_text():
        if time.monotonic() > until:
            raise TimeoutError("ncat does not listen")
        time.sleep(0.01)
