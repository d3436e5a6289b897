"""What SQLite alone costs: a program that appends the rows of a host's log again, without a host.

It has the table, its unique index and the settings of the log, and neither the other indexes nor
the full-text index. Run as `python -m scripts.benches.bareloop LOG TARGET BATCH`; prints JSON.
"""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from scripts.benches.exchange import percentile
from scripts.benches.gauge import SERVER_CPU, pinned
from scripts.benches.peers import SecureChat
from secure_chat.limits import Limits
from secure_chat.log.opening import open_for_reading, open_for_writing

__all__ = ["Appended", "append_again", "log_of", "one_commit_ms"]

_SPOKEN: Final = "SELECT seq, at, kind, author, id, target, text FROM entry WHERE kind = 0"
_INSERT: Final = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)"
_NOT_IN_IT: Final = ("entry_target", "entry_sent", "entry_pair")
# Enough for a median and a 99th percentile of single commits, in a second or two.
_COMMITS: Final = 2_000


@dataclass(frozen=True)
class Appended:
    """What a run of the loop took; its first tenth is left out.

    Args:
        rows: how many were appended.
        seconds: how long that took.
        cpu_seconds: what of that the processor worked.
        p50_ms: the median of a commit with its batch, milliseconds.
        p99_ms: the 99th percentile.
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


def append_again(log: Path, target: Path, batch: int, most: int = sys.maxsize) -> Appended:
    """Run the loop as a process on the servers' processor.

    Args:
        log: the log of a host that has stopped.
        target: the file to make.
        batch: rows a commit.
        most: how many rows at most.
    """
    command = [sys.executable, "-m", "scripts.benches.bareloop", str(log), str(target)]
    done = subprocess.run(
        pinned(SERVER_CPU, [*command, str(batch), str(most)]),
        check=True,
        stdout=subprocess.PIPE,
        timeout=300,
    )
    return Appended(**json.loads(done.stdout))


def one_commit_ms(log: Path, target: Path) -> float:
    """Return the median of committing one row, milliseconds.

    Args:
        log: where to take rows from.
        target: the file to make.
    """
    return append_again(log, target, 1, _COMMITS).p50_ms


def _append(log: Path, target: Path, batch: int, most: int) -> Appended:
    source = open_for_reading(log)
    rows = source.execute(f"{_SPOKEN} LIMIT ?", (most,)).fetchall()
    source.close()
    db = open_for_writing(target, Limits())
    for index in _NOT_IN_IT:
        db.execute(f"DROP INDEX {index}")
    cpu = 0.0
    moments: list[float] = []
    warm = len(rows) // 10
    for start in range(0, len(rows), batch):
        if start >= warm:
            cpu = cpu or time.process_time()
            moments.append(time.perf_counter())
        db.execute("BEGIN IMMEDIATE")
        db.executemany(_INSERT, rows[start : start + batch])
        db.execute("COMMIT")
    moments.append(time.perf_counter())
    cpu = time.process_time() - cpu
    db.close()
    took = [(end - begin) * 1e3 for begin, end in pairwise(moments)]
    counted = len(rows) - -(-warm // batch) * batch
    seconds = moments[-1] - moments[0]
    return Appended(counted, seconds, cpu, percentile(took, 0.5), percentile(took, 0.99))


if __name__ == "__main__":
    log, target, batch, most = sys.argv[1:]
    print(json.dumps(asdict(_append(Path(log), Path(target), int(batch), int(most)))))
