"""What a host asks the system for, as strace tells it: was each ack preceded by a sync?"""

import re
import signal
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.tools import need

__all__ = ["Call", "Trace", "acks_without_sync", "read_trace"]

_CALLS = "read,write,recvfrom,sendto,fdatasync,fsync"
_LINE = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_BEGUN = re.compile(r"^(?P<name>\w+)\(\d+<(?P<target>.*?)>(?=[,)]| <unf)")
_RESUMED = re.compile(r"^<\.\.\. \w+ resumed>")
_RESULT = re.compile(r" = (?P<result>-?\d+)[^=]*$")


class Trace:
    """A strace attached to a running process for the length of a `with` statement.

    Args:
        pid: the process.
        path: where the trace is written.
        inject: what to make of some calls, as strace's `-e inject=` takes it.
    """

    def __init__(self, pid: int, path: Path, inject: str = "") -> None:
        words = [need("strace"), "-f", "-yy", "-s", "0", "-p", str(pid), "-o", str(path)]
        words += ["-e", f"trace={_CALLS}"]
        if inject:
            words += ["-e", f"inject={inject}"]
        self.path = path
        self._process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "attached" in line:
                return self
            if "not permitted" in line:
                self._end()
                pytest.skip("this system does not let us trace a process of our own")
        self._end()
        raise AssertionError("strace ended by itself")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _end(self) -> None:
        # An interrupted strace lets its process go; one whose process is gone has ended.
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=20)


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one thread.

    Args:
        name: its name.
        target: the file or connection it was about.
        began: its place in the order of beginnings and ends.
        ended: the same for its return.
        result: what it returned, below zero for a failure.
    """

    name: str
    target: str
    began: int
    ended: int
    result: int


def read_trace(path: Path) -> list[Call]:
    """Return the calls of a trace in the order of their ends."""
    found: list[Call] = []
    begun: dict[str, tuple[str, str, int]] = {}
    for at, line in enumerate(path.read_text(errors="replace").splitlines()):
        parts = _LINE.match(line)
        if parts is None:
            continue
        thread, rest = parts["thread"], parts["rest"]
        start = _BEGUN.match(rest)
        if start is not None:
            begun[thread] = (start["name"], start["target"], at)
        elif not _RESUMED.match(rest):
            continue
        result = _RESULT.search(rest)
        if result is not None and thread in begun and "<unfinished ...>" not in rest:
            found.append(Call(*begun.pop(thread), at, int(result["result"])))
    return found


def acks_without_sync(calls: Iterable[Call], port: int, most: int) -> tuple[int, int]:
    """Return how many answers went to a client, and how many of them without a sync before.

    Only answers to what arrived while the trace ran count. An answer is in order when a sync of
    the log began behind the end of the last read from this client and ended before the answer.

    Args:
        calls: the trace.
        port: the client's port; it must say one thing at a time and hear nothing but answers.
        most: how many answers are acknowledgements; what is answered behind them does not count.
    """
    answers = wrong = 0
    arrived: int | None = None
    synced: int | None = None
    peer = f":{port}]"
    for call in calls:
        if answers == most:
            break
        if call.name in {"fdatasync", "fsync"}:
            # The first one counts; the next may be the search index's, which goes on meanwhile.
            if not call.result and synced is None and arrived is not None and call.began > arrived:
                synced = call.ended
        elif not call.target.endswith(peer) or call.result <= 0:
            continue
        elif call.name in {"read", "recvfrom"}:
            arrived, synced = call.ended, None
        elif arrived is not None:
            answers += 1
            if synced is None or synced > call.began:
                wrong += 1
            arrived = None
    return answers, wrong
