"""The program as people run it: processes with pipes, and one behind a terminal."""

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["PROGRAM", "Outcome", "Program", "Running", "Terminal", "following"]

PROGRAM = (sys.executable, "-c", "from secure_chat.cli.main import run; run()")
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended.

    Args:
        code: its exit code.
        out: what it wrote to stdout.
        err: what it wrote to stderr.
    """

    code: int
    out: str
    err: str

    def objects(self) -> list[dict[str, Any]]:
        """Return stdout as JSON, one object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command that goes on, with pipes.

    Args:
        command: what to run.
        environment: its environment.
        folder: where it runs, None for here.
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], folder: Path | None = None
    ) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._talk: queue.Queue[str] = queue.Queue()
        self._err: list[str] = []
        self._threads = [
            threading.Thread(target=self._read_out),
            threading.Thread(target=self._read_err),
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._err.append(line)
            self._talk.put(line.rstrip("\n"))

    def write(self, *lines: str) -> None:
        """Write lines to its stdin."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def write_json(self, *values: Any) -> None:
        """Write values to its stdin, one a line."""
        self.write(*(json.dumps(value) for value in values))

    def line(self, wanted: Callable[[str], bool]) -> str:
        """Skip to the next line of its stdout that is wanted."""
        return self._skip(self._lines, wanted)

    def talk(self, wanted: Callable[[str], bool]) -> str:
        """Skip to the next line of its stderr that is wanted."""
        return self._skip(self._talk, wanted)

    def _skip(self, lines: queue.Queue[str], wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"nothing of it came; it said {self._err}") from None
            if wanted(line):
                return line

    def event(self, name: str) -> dict[str, Any]:
        """Skip to the next event of a name."""
        found: dict[str, Any] = json.loads(
            self.line(lambda line: json.loads(line)["event"] == name)
        )
        return found

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it without a word."""
        self.process.kill()

    def end(self) -> Outcome:
        """Close its stdin and wait for its end."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        code = self.process.wait(_PATIENCE)
        for thread in self._threads:
            thread.join(_PATIENCE)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        lines: list[str] = []
        while not self._lines.empty():
            lines.append(self._lines.get())
        return Outcome(code, "\n".join(lines), "".join(self._err))


class Terminal:
    """A command behind a terminal of its own.

    Args:
        command: what to run.
        environment: its environment.
        folder: where it runs, None for here.
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], folder: Path | None = None
    ) -> None:
        import pty

        self._master, terminal = pty.openpty()
        self._process = subprocess.Popen(
            command,
            env={**environment, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"},
            cwd=folder,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self.seen = ""
        self._told = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait(_PATIENCE)
        os.close(self._master)

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Do what Ctrl-C does where the terminal turns it into a signal."""
        self._process.send_signal(signal.SIGINT)

    def until(self, text: str) -> str:
        """Read until `text` has appeared behind what was returned before; return up to its end."""
        deadline = time.monotonic() + _PATIENCE
        before = self._told
        while (found := self.seen.find(text, before)) < 0:
            if not self._read(deadline):
                raise AssertionError(f"{text!r} did not appear in {self.seen[before:]!r}")
        self._told = found + len(text)
        return self.seen[before : self._told]

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._master, 65_536)
        except OSError:
            # The other side is closed.
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def end(self) -> int:
        """Wait for its end, reading what it still says, and return its exit code."""
        deadline = time.monotonic() + _PATIENCE
        while self._read(deadline):
            pass
        return self._process.wait(_PATIENCE)


class Program:
    """Runs commands with one environment; received files land in `inbox` beside the data.

    Args:
        certs: the certificates folder.
        data: the data folder.
        at: the host.
    """

    def __init__(self, certs: Path, data: Path, at: str) -> None:
        self.environment = {
            **os.environ,
            "SECURECHAT_CERTS": str(certs),
            "SECURECHAT_DATA": str(data),
            "SECURECHAT_AT": at,
            "SECURECHAT_INTO": str(data.with_name("inbox")),
            "TZ": "UTC",
        }

    def run(self, *words: str, stdin: str | bytes = "") -> Outcome:
        """Run a command to its end."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            (*PROGRAM, *words),
            env=self.environment,
            input=given,
            capture_output=True,
            timeout=2 * _PATIENCE,
            check=False,
        )
        return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(self, *words: str) -> Running:
        """Start a command that goes on."""
        return Running((*PROGRAM, *words), self.environment)

    def terminal(self, *words: str) -> Terminal:
        """Start a command behind a terminal."""
        return Terminal((*PROGRAM, *words), self.environment)


def following(program: Program) -> Running:
    """Return a `tail --json` of alice's that misses nothing from now on."""
    tail = program.start("tail", "--as", "alice", "--json")
    tail.event("live")
    return tail
