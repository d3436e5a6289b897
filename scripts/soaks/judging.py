"""What every soak needs: a community, a list of violations, a look at a process from outside."""

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.acceptance.scene import Scene

__all__ = ["Memory", "Verdict", "community", "descriptors", "quantile", "resident", "threads"]

_MIB = 1_048_576


class Verdict:
    """Collects what was violated and says so at the end."""

    def __init__(self) -> None:
        self.violations: list[str] = []

    def demand(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001 -- the point of it
        """Note a violation when something that must hold does not."""
        if not holds:
            self.violations.append(otherwise)

    def close(self) -> int:
        """Print the violations and return the exit code."""
        for violation in self.violations[:20]:
            print("VIOLATION", violation)
        print("violations:", len(self.violations))
        return 1 if self.violations else 0


@contextmanager
def community(names: Sequence[str]) -> Iterator[Scene]:
    """Make a community in a temporary folder; every process it started ends with it."""
    with tempfile.TemporaryDirectory() as folder:
        certs = Path(folder) / "certs"
        init_certs(Vault(certs), InitRequest(clients=tuple(names)))
        with Scene(certs, Path(folder) / "data") as scene:
            yield scene


def resident(pid: int) -> int:
    """Return the bytes of memory a process really has."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no memory")


def descriptors(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies; 0 when there are none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


class Memory:
    """Looks at a process's memory ten times a second for the length of a `with` statement."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.first = self.most = resident(pid)

    def _look(self) -> None:
        while not self._end.wait(0.1):
            self.most = max(self.most, resident(self._pid))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

    @property
    def grown(self) -> float:
        """How much it grew at most, in MiB."""
        return (self.most - self.first) / _MIB
