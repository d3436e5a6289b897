"""What a server process costs, from the operating system's own accounts."""

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LOAD_CPU", "SERVER_CPU", "Gauge", "pin", "pinned"]

SERVER_CPU, LOAD_CPU = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Gauge:
    """Reads one process.

    Args:
        pid: the process.
    """

    pid: int

    def cpu_seconds(self) -> float:
        """Return user and system time of all its threads, those that have ended included."""
        # The number of a process's own clock as clock_getcpuclockid(3) makes it on Linux.
        return time.clock_gettime((~self.pid << 3) | 2)

    def resident_bytes(self) -> int:
        """Return the resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise ProcessLookupError(self.pid)


def pin(pid: int, cpu: int) -> None:
    """Bind a process and all its threads, present and future, to one processor."""
    subprocess.run(
        ["taskset", "-a", "-p", "-c", str(cpu), str(pid)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def pinned(cpu: int, command: list[str]) -> list[str]:
    """Return a command that starts bound to one processor."""
    return ["taskset", "-c", str(cpu), *command]
