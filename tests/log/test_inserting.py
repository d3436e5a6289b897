"""Inserting: all rows of a batch, in their order, whatever number of them there is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from secure_chat.log.inserting import Insertion


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """Give a table in memory whose rows remember the order in which they came."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        db.execute("CREATE TABLE thing (name TEXT NOT NULL UNIQUE, size INTEGER NOT NULL)")
        yield db


# Around the numbers of rows that go into one statement.
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 63, 64, 65, 71, 72, 128, 135, 1_000])
def test_every_row_arrives_once_and_in_order(db: sqlite3.Connection, count: int) -> None:
    """However a batch is cut, the table holds it as it was."""
    rows = [(f"thing {number}", -number) for number in range(count)]
    Insertion("thing", columns=2).run(db, rows)
    assert db.execute("SELECT name, size FROM thing ORDER BY rowid").fetchall() == rows


def test_a_large_batch_takes_few_statements(db: sqlite3.Connection) -> None:
    """That is what it is for: hundreds of rows, a handful of steps."""
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    Insertion("thing", columns=2).run(db, [(str(number), 0) for number in range(64 * 4 + 8 + 2)])
    assert len(statements) == 7


@pytest.mark.parametrize("twice", [0, 70, 99])
def test_a_row_that_is_not_taken_is_the_same_error_as_ever(
    db: sqlite3.Connection, twice: int
) -> None:
    """The caller learns which constraint objected, and can undo everything."""
    db.execute("INSERT INTO thing VALUES (?, 0)", (str(twice),))
    db.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError) as refused:
        Insertion("thing", columns=2).run(db, [(str(number), 1) for number in range(100)])
    assert refused.value.sqlite_errorcode == sqlite3.SQLITE_CONSTRAINT_UNIQUE
    db.execute("ROLLBACK")
    assert db.execute("SELECT * FROM thing").fetchall() == [(str(twice), 0)]
