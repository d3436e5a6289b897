"""What a server process costs, from the operating system's own accounts."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LOAD_CPU", "SERVER_CPU", "Gauge", "pin", "pinned"]

SERVER_CPU, LOAD_CPU = min(os.sched_getaffinity(0)), max(os.sched_getaffinity(0))

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Gauge:
    """Reads one process.

    Args:
        pid: the process.
    """

    pid: int

    def cpu_seconds(self) -> float:
        """Return user and system time of all its threads, to the nanosecond where possible."""
        total = 0
        try:
            for task in Path(f"/proc/{self.pid}/task").iterdir():
                total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / _TICKS
        return total / 1e9

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
