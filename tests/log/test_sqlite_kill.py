"""The writer killed in the middle, and its WAL torn: what was acknowledged is there, once."""

import os
import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from secure_chat.log.base import Committed, Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from tests.fakes import FakeClock
from tests.log.index import check_index

ROOT = Path(__file__).parents[2]
FRAME = 24 + 4096
WAL_HEADER = 32


def killed_after(path: Path, name: str, lines: int) -> dict[str, int]:
    """Let a process append until it acknowledged so much, kill it, return all it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.log.writer", str(path), name],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        told += process.stdout.readlines()
    assert process.returncode not in {0, 1}
    # A line that was cut by the kill acknowledged nothing.
    whole = [line.split() for line in told if line.endswith("\n")]
    assert len(whole) >= lines
    return {id_: int(seq) for seq, id_ in whole}


def rows(path: Path) -> dict[tuple[str, str], tuple[int, str]]:
    """Return every entry by author and id, and check that the file is sound."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        check_index(db)
        found = db.execute(
            "SELECT name.text, id, seq, entry.text FROM entry JOIN name ON number = author"
        ).fetchall()
    result = {(author, id_): (seq, text) for author, id_, seq, text in found}
    assert len(result) == len(found)
    return result


def tear(path: Path, how: int) -> None:
    """Put onto the WAL what a write that never became a commit may leave behind."""
    wal = path.with_name("log.db-wal")
    whole = wal.read_bytes()
    last = whole[-FRAME:]
    tail = (b"", last[: FRAME // 2], os.urandom(3 * FRAME + 7), last + bytes(100))[how]
    wal.write_bytes(whole + tail)


def test_everything_acknowledged_survives_kills_and_torn_tails(tmp_path: Path) -> None:
    """Kill after kill, each acknowledged message is there once, under its number."""
    path, clock = tmp_path / "log.db", FakeClock()
    chance = random.Random(7)  # noqa: S311 - when to kill is no secret
    acked: dict[tuple[str, str], int] = {}
    for turn in range(8):
        name = f"writer{turn}"
        told = killed_after(path, name, chance.randrange(1, 400))
        acked |= {(name, id_): seq for id_, seq in told.items()}
        tear(path, turn % 4)
        with closing(SqliteLog.open(path, clock, Limits())) as log:
            head = log.head
            assert head >= max(acked.values())
            # The client that heard the ack only by half sends everything again.
            again = [
                Draft(Kind.SAID, name, id_, f"room{place % 3}", None, f"{name} {turn_} {place}")
                for id_ in told
                for turn_, place in [map(int, id_.split("-"))]
            ]
            assert all(
                isinstance(outcome, Committed) and outcome.repeated and outcome.seq == seq
                for outcome, seq in zip(log.append(again), told.values(), strict=True)
            )
            assert log.head == head
    found = rows(path)
    for (author, id_), seq in acked.items():
        assert found[author, id_] == (seq, f"{author} {id_.replace('-', ' ')}")
    assert sorted(seq for seq, _ in found.values()) == list(range(1, len(found) + 1))


def batch(number: int) -> list[Draft]:
    """Return a batch that takes several pages."""
    return [Draft(Kind.SAID, "alice", f"{number}-{n}", "lobby", None, "x" * 700) for n in range(20)]


@pytest.mark.parametrize("frames", [0, 1, 3, 6])
@pytest.mark.parametrize("cut", [0, 1, 23, 24, 25, 2_000, FRAME - 1])
def test_a_commit_cut_anywhere_is_no_commit(tmp_path: Path, frames: int, cut: int) -> None:
    """The batch before is whole, of the cut one there is nothing, and the log goes on."""
    path = tmp_path / "log.db"
    torn = tmp_path / "torn" / "log.db"
    torn.parent.mkdir()
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        log.append(batch(1))
        wal = path.with_name("log.db-wal")
        committed = wal.stat().st_size
        log.append(batch(2))
        whole = wal.read_bytes()
        end = committed + frames * FRAME + cut
        assert (committed - WAL_HEADER) % FRAME == 0
        assert end < len(whole)
        torn.write_bytes(path.read_bytes())
        torn.with_name("log.db-wal").write_bytes(whole[:end])
    with closing(SqliteLog.open(torn, FakeClock(), Limits())) as log:
        assert log.head == 20
        outcomes = log.append(batch(2))
        assert [o.seq for o in outcomes if isinstance(o, Committed)] == list(range(21, 41))
    assert len(rows(torn)) == 40
