"""Real hosts and clients as child processes, with what they printed."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

__all__ = ["Child", "Community", "free_port"]

_START = 20.0


def free_port() -> int:
    """Return a port nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Child:
    """A process that prints one JSON object a line.

    Args:
        process: it.
        name: for messages.
    """

    process: subprocess.Popen[str]
    name: str
    events: "queue.Queue[dict[str, Any] | None]" = field(default_factory=queue.Queue)
    talk: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        threads = (
            threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True),
            threading.Thread(target=self._listen, args=(self.process.stderr,), daemon=True),
        )
        for thread in threads:
            thread.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            # A killed process may leave half a line.
            if line.endswith("\n"):
                self.events.put(json.loads(line))
        self.events.put(None)

    def _listen(self, stream: IO[str]) -> None:
        self.talk.extend(stream)

    def say(self, value: object) -> bool:
        """Write one JSON line to its stdin; False when it is gone."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(value) + "\n")
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return False
        return True

    def next_event(self, kind: str, seconds: float = _START) -> dict[str, Any]:
        """Skip to the next event of a kind."""
        while True:
            event = self.events.get(timeout=seconds)
            if event is None:
                raise RuntimeError(f"{self.name} ended: {''.join(self.talk)}")
            if event["event"] == kind:
                return event

    def kill(self) -> None:
        """End it with SIGKILL and wait for it."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        """End it in order and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@dataclass
class Community:
    """A folder with certificates and data, and the processes that use it.

    Args:
        folder: where everything is kept.
        names: the people.
    """

    folder: Path
    names: tuple[str, ...]
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        command = ["init-certs", "--certs", str(self.certs), "--quiet"]
        for name in self.names:
            command += ["--client", name]
        subprocess.run([*self.securechat, *command], check=True, stdout=subprocess.DEVNULL)

    @property
    def securechat(self) -> list[str]:
        """The program."""
        return [str(Path(sys.executable).with_name("securechat"))]

    @property
    def certs(self) -> Path:
        """The certificates folder."""
        return self.folder / "certs"

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.folder / "data"

    @property
    def host_data(self) -> Path:
        """The host's own data folder."""
        return self.data / (self.certs / "community").read_text("ascii").strip() / "host"

    def client_data(self, name: str) -> Path:
        """Return a client's own data folder."""
        return self.host_data.parent / "clients" / name

    def start(self, arguments: list[str], name: str) -> Child:
        """Start a process that speaks JSON lines."""
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        return Child(process, name)

    def start_host(self, *options: str, program: list[str] | None = None) -> Child:
        """Start the host and wait until it is ready."""
        command = [*(program or self.securechat), "host", "--json", "--port", str(self.port)]
        command += ["--certs", str(self.certs), "--data", str(self.data), *options]
        host = self.start(command, "host")
        host.next_event("ready")
        return host

    def start_client(self, name: str, *options: str) -> Child:
        """Start a person's client."""
        command = [*self.securechat, "join", f"127.0.0.1:{self.port}", "--json", "--as", name]
        command += ["--certs", str(self.certs), "--data", str(self.data), *options]
        return self.start(command, name)
