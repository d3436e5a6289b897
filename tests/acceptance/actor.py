"""One process of the installed `securechat` command, with everything it has said and when."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

__all__ = ["Actor", "Heard"]

_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One line of a process's stdout.

    Args:
        at: when it was read, monotonic seconds.
        event: the object on it.
    """

    at: float
    event: dict[str, Any]


class Actor:
    """A process that prints one JSON object a line.

    Args:
        command: what to run.
        environment: its environment.
        deaf: True to leave its stdout unread until `listen` is called.
    """

    def __init__(
        self, command: Sequence[str], environment: dict[str, str], *, deaf: bool = False
    ) -> None:
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.heard: list[Heard] = []
        self.talk: list[str] = []
        self._taken = 0
        self._news = threading.Condition()
        self._silent = False
        self._listening = threading.Event()
        if not deaf:
            self._listening.set()
        self._threads = [threading.Thread(target=self._read), threading.Thread(target=self._talk)]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            # A killed process may leave half a line.
            if line.endswith("\n"):
                with self._news:
                    self.heard.append(Heard(time.monotonic(), json.loads(line)))
                    self._news.notify_all()
            self._listening.wait()
        with self._news:
            self._silent = True
            self._news.notify_all()

    def _talk(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.talk.append(line)
                self._news.notify_all()

    def go_deaf(self) -> None:
        """Stop reading its stdout after the next line."""
        self._listening.clear()

    def listen(self) -> None:
        """Read its stdout again."""
        self._listening.set()

    def say(self, *values: Any) -> None:
        """Write values to its stdin, one JSON line each."""
        assert self.process.stdin is not None
        self.process.stdin.write("".join(json.dumps(value) + "\n" for value in values))
        self.process.stdin.flush()

    def wait_until(self, done: Callable[[], bool], seconds: float = _PATIENCE) -> None:
        """Wait until something that depends on what it has said is true."""
        with self._news:
            if not self._news.wait_for(lambda: done() or self._silent, seconds) or not done():
                raise AssertionError(f"it did not come; last heard {self.heard[-5:]} {self.talk}")

    def event(self, name: str, seconds: float = _PATIENCE, **fields: Any) -> Heard:
        """Skip to the next event of a name whose fields are these."""
        deadline = time.monotonic() + seconds
        while True:
            self.wait_until(
                lambda: len(self.heard) > self._taken, max(0.0, deadline - time.monotonic())
            )
            heard = self.heard[self._taken]
            self._taken += 1
            said = heard.event
            if said["event"] == name and all(said.get(key) == fields[key] for key in fields):
                return heard

    def events(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield every event of a name that was heard so far."""
        return (heard.event for heard in list(self.heard) if heard.event["event"] == name)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def finish(self, seconds: float = _PATIENCE) -> int:
        """Close its stdin, wait for its end and return its exit code."""
        self._close(self.process.stdin)
        return self.wait(seconds)

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = _PATIENCE) -> int:
        """End it in order and return its exit code."""
        self.send(number)
        return self.wait(seconds)

    def wait(self, seconds: float = _PATIENCE) -> int:
        """Wait for its end and return its exit code."""
        self._listening.set()
        code = self.process.wait(seconds)
        for thread in self._threads:
            thread.join(_PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            self._close(stream)
        return code

    def kill(self) -> None:
        """End it without a word, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
        self.wait()

    def _close(self, stream: IO[str] | None) -> None:
        # What could not be written to a process that is gone is of no use to anybody.
        with suppress(OSError):
            if stream is not None:
                stream.close()
