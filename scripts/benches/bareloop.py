"""What SQLite alone costs: a program that appends the rows of a host's log again, without a host.

It has the table, its unique index and the settings of the log, and neither the other indexes nor
the full-text index. Run as `python -m scripts.benches.bareloop LOG TARGET BATCH MOST RATE`; prints
JSON. A commit after a pause takes longer than one in a row of commits, because the processor and
the disk were asleep; so a host at a pace is held against commits at that pace.
"""

import json
import math
import sqlite3
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from scripts.benches.exchange import Pace, percentile
from scripts.benches.gauge import SERVER_CPU, pinned
from scripts.benches.peers import SecureChat
from secure_chat.limits import Limits
from secure_chat.log.opening import open_for_reading, open_for_writing

__all__ = ["Appended", "append_again", "log_of", "single_commits"]

_SPOKEN: Final = "SELECT seq, at, kind, author, id, target, text FROM entry WHERE kind = 0"
_INSERT: Final = (
    "INSERT INTO entry (seq, at, kind, author, id, target, text) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_NOT_IN_IT: Final = ("entry_target", "entry_sent", "entry_pair")
# Enough for a median of single commits.
_COMMITS: Final = 1_000


@dataclass(frozen=True)
class Appended:
    """What a run of the loop took; its first tenth is left out.

    Args:
        rows: how many were appended.
        seconds: how long that took.
        cpu_seconds: what of that the processor worked.
        p50_ms: the median of a commit with its batch, milliseconds.
        p99_ms: what one in a hundred of them exceeded.
    """

    rows: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float


def log_of(peer: SecureChat) -> Path:
    """Return the file of a host's log."""
    community = (peer.papers.folder / "community").read_text("ascii").strip()
    return peer.folder / community / "host" / "log.sqlite"


def append_again(
    log: Path, target: Path, batch: int, most: int = sys.maxsize, rate: int = 0
) -> Appended:
    """Run the loop as a process on the servers' processor.

    Args:
        log: the log of a host that has stopped.
        target: the file to make.
        batch: rows a commit.
        most: how many rows at most.
        rate: commits a second; 0 for as many as there can be.
    """
    command = [sys.executable, "-m", "scripts.benches.bareloop", str(log), str(target)]
    done = subprocess.run(
        pinned(SERVER_CPU, [*command, str(batch), str(most), str(rate)]),
        check=True,
        stdout=subprocess.PIPE,
        timeout=300,
    )
    return Appended(**json.loads(done.stdout))


def single_commits(log: Path, target: Path, rate: int = 0) -> Appended:
    """Commit single rows, enough for a median.

    Args:
        log: where to take rows from.
        target: the file to make.
        rate: commits a second; 0 for one after the other.
    """
    return append_again(log, target, 1, _COMMITS, rate)


def _append(log: Path, target: Path, batch: int, most: int, rate: int) -> Appended:
    source = open_for_reading(log)
    rows = source.execute(f"{_SPOKEN} LIMIT ?", (most,)).fetchall()
    source.close()
    db = open_for_writing(target, Limits())
    for index in _NOT_IN_IT:
        db.execute(f"DROP INDEX {index}")
    batches = [rows[start : start + batch] for start in range(0, len(rows), batch)]
    warm = len(batches) // 10
    for some in batches[:warm]:
        _commit(db, some)
    cpu = time.process_time()
    pace = Pace(rate or math.inf)
    begun = time.perf_counter()
    took: list[float] = []
    for number, some in enumerate(batches[warm:]):
        time.sleep(max(0.0, pace.until(number)))
        took.append(_commit(db, some))
    seconds = time.perf_counter() - begun
    cpu = time.process_time() - cpu
    db.close()
    done = sum(map(len, batches[warm:]))
    return Appended(done, seconds, cpu, percentile(took, 0.5), percentile(took, 0.99))


def _commit(db: sqlite3.Connection, rows: list[tuple[object, ...]]) -> float:
    """Append rows and return the milliseconds that took."""
    begun = time.perf_counter()
    db.execute("BEGIN IMMEDIATE")
    db.executemany(_INSERT, rows)
    db.execute("COMMIT")
    return (time.perf_counter() - begun) * 1e3


if __name__ == "__main__":
    source, made, *numbers = sys.argv[1:]
    print(json.dumps(asdict(_append(Path(source), Path(made), *map(int, numbers)))))
