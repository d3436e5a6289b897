"""Opening the log's file: private, with every setting in force, explained when it cannot be."""

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from secure_chat.log.opening import open_for_reading, open_for_writing
from secure_chat.log.sqlite import SqliteLog
from tests.fakes import FakeClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the log's file in a folder of its own."""
    path = tmp_path / "data" / "log.db"
    path.parent.mkdir()
    return path


@pytest.fixture
def writer(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a new file, open for writing, with something in it."""
    with closing(open_for_writing(path, Limits())) as db:
        db.execute("INSERT INTO entry VALUES (1, 0, 0, 1, 'a', 1, 'text', NULL)")
        yield db


def test_only_the_owner_may_read_what_is_made(writer: sqlite3.Connection, path: Path) -> None:
    """The file and what SQLite puts beside it are closed to everybody else."""
    assert writer.in_transaction is False
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"log.db": 0o600, "log.db-wal": 0o600, "log.db-shm": 0o600}


def test_every_setting_is_really_in_force(writer: sqlite3.Connection) -> None:
    """SQLite ignores a pragma it does not know, so each one is asked back."""
    for pragma, expected in {
        "journal_mode": "wal",
        "synchronous": 2,
        "wal_autocheckpoint": 4_000,
        "journal_size_limit": 16_384_000,
        "cache_size": -16_384,
        "secure_delete": 1,
        "temp_store": 2,
        "trusted_schema": 0,
    }.items():
        assert writer.execute(f"PRAGMA {pragma}").fetchone() == (expected,), pragma


def spoil_missing(path: Path) -> None:
    """Leave no folder to put the file in."""
    path.parent.rmdir()


def spoil_folder(path: Path) -> None:
    """Put a folder where the file should be."""
    path.mkdir()


def spoil_garbage(path: Path) -> None:
    """Put something else where the file should be."""
    path.write_bytes(b"not a database, but long enough to be looked at " * 100)


def spoil_pages(path: Path) -> None:
    """Make a log and damage it behind its first page."""
    SqliteLog.open(path, FakeClock(), Limits()).close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


@pytest.mark.parametrize("spoil", [spoil_missing, spoil_folder, spoil_garbage, spoil_pages])
def test_a_file_that_cannot_be_used_is_explained(path: Path, spoil: Callable[[Path], None]) -> None:
    """The error names the file and says what to check."""
    spoil(path)
    with pytest.raises(StoreError, match="cannot be opened") as refused:
        SqliteLog.open(path, FakeClock(), Limits())
    assert str(path) in refused.value.what
    assert refused.value.why
    assert refused.value.hint


def test_a_reader_can_not_write_or_checkpoint(writer: sqlite3.Connection, path: Path) -> None:
    """Even asked to, it leaves the file and its WAL as they are."""
    wal = path.with_name("log.db-wal")
    before = path.read_bytes(), wal.read_bytes()
    with closing(open_for_reading(path)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM entry")
        with pytest.raises(sqlite3.OperationalError, match=r"readonly|I/O"):
            reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert (path.read_bytes(), wal.read_bytes()) == before
    assert writer.execute("SELECT count(*) FROM entry").fetchone() == (1,)


def test_the_last_reader_to_close_moves_nothing(writer: sqlite3.Connection, path: Path) -> None:
    """A file whose writer was killed is read without a change, WAL and all."""
    assert not writer.in_transaction
    left = path.parent.with_name("left") / "log.db"
    left.parent.mkdir()
    for name in ("log.db", "log.db-wal"):
        left.with_name(name).write_bytes(path.with_name(name).read_bytes())
    with closing(open_for_reading(left)) as reader:
        assert reader.execute("SELECT text FROM entry").fetchall() == [("text",)]
    for name in ("log.db", "log.db-wal"):
        assert left.with_name(name).read_bytes() == path.with_name(name).read_bytes()


def test_a_reader_of_nothing_makes_no_file(path: Path) -> None:
    """A missing file is explained and stays missing."""
    with pytest.raises(StoreError, match="cannot be read") as refused:
        open_for_reading(path)
    assert refused.value.hint
    assert list(path.parent.iterdir()) == []
