"""Scrubbing: what was edited away or deleted is nowhere in the log's files, byte by byte."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_chat.errors import StoreBroken
from secure_chat.limits import Limits
from secure_chat.log.base import Draft
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from tests.fakes import FakeClock
from tests.log.index import check_index, found_in, pieces
from tests.log.speech import delete, edit, give, say

NOW = 1_795_348_800_000
# One word for the index, unlike all others from its first letter on.
MARK = "xylophoneword7731"
LONG = f"{MARK} " * 900


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the log's file."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    """Give a log with something in it, some of it indexed."""
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        fill(log)
        yield log


def fill(log: SqliteLog) -> None:
    """Say a little of everything, in several pieces of the index."""
    for turn in range(20):
        log.append(
            [say("bob", f"{turn}-{n}", f"some words {turn * n} of others") for n in range(9)]
        )
        log.index(9)


def files(path: Path) -> bytes:
    """Return every byte that stands in the log's files."""
    wal = path.with_name(f"{path.name}-wal")
    return path.read_bytes() + (wal.read_bytes() if wal.exists() else b"")


def index_all(log: SqliteLog) -> None:
    """Bring the index up to the head."""
    while log.index(1_000):
        pass


def scrub(log: SqliteLog) -> int:
    """Scrub until all is done; return the steps that took."""
    steps = 1
    while not log.scrub():
        assert log.scrub_due
        steps += 1
        assert steps < 1_000
    assert not log.scrub_due
    return steps


def erase(how: str, of: int) -> Draft:
    """Return the draft that takes a text away."""
    return edit("alice", "e", of, "fine") if how == "edit" else delete("alice", "e", of)


@pytest.mark.parametrize("how", ["edit", "deletion"])
@pytest.mark.parametrize("text", [MARK, LONG])
@pytest.mark.parametrize("indexed", [False, True])
def test_what_is_gone_is_gone_from_the_files(
    log: SqliteLog, path: Path, how: str, text: str, *, indexed: bool
) -> None:
    """Short or in pages of its own, indexed or not: before scrubbing it is there, then not."""
    seq = log.head + 1
    log.append([say("alice", "s", text), say("bob", "after", "kept words")])
    if indexed:
        index_all(log)
        log.checkpoint()
    log.append([erase(how, seq)])
    assert log.scrub_due
    assert MARK.encode() in files(path)
    scrub(log)
    assert MARK.encode() not in files(path)
    assert b"kept words" in files(path)
    index_all(log)
    check_index(log._db)


def test_a_file_s_name_goes_and_so_does_what_its_edits_said(log: SqliteLog, path: Path) -> None:
    """Of a deleted message nothing is left that its author wrote, except to others."""
    seq = log.head + 1
    log.append([give("alice", "1", up=MARK), edit("alice", "2", seq, "quixotic9113")])
    log.append([edit("alice", "3", seq, "jabberwock4242")])
    index_all(log)
    log.append([delete("alice", "4", seq)])
    scrub(log)
    for word in (MARK, "quixotic9113", "jabberwock4242"):
        assert word.encode() not in files(path)


def test_nothing_that_was_said_before_is_to_be_scrubbed(log: SqliteLog, path: Path) -> None:
    """Ordinary messages leave nothing to do, and the write-ahead file is left as it is."""
    wal = path.with_name("log.sqlite-wal")
    size = wal.stat().st_size
    assert size
    assert not log.scrub_due
    assert log.scrub()
    assert wal.stat().st_size == size


def test_a_reader_is_not_waited_for(log: SqliteLog, path: Path) -> None:
    """While a page is read the old text stays in the write-ahead file; afterwards it goes."""
    log.append([say("alice", "s", MARK)])
    with closing(SqliteReader.open(path, Limits())) as reader:
        with reader._snapshot():
            assert reader._head() == log.head
            log.append([erase("deletion", log.head)])
            for _ in range(3):
                assert not log.scrub()
            assert log.scrub_due
            assert MARK.encode() in files(path)
        scrub(log)
        assert reader.missed("alice", 0, 5).upto == log.head
    assert MARK.encode() not in files(path)
    assert log._db.execute("PRAGMA busy_timeout").fetchone() == (1_000,)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_host_that_ends_before_goes_on_with_it(path: Path, steps: int) -> None:
    """What is left to do stands in the file, so another start knows."""
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        fill(log)
        log.append([say("alice", "s", MARK)])
        index_all(log)
        log.append([erase("deletion", log.head)])
        for _ in range(steps):
            assert not log.scrub()
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        assert log.scrub_due
        assert MARK.encode() in files(path) or steps
        scrub(log)
        assert MARK.encode() not in files(path)
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        assert not log.scrub_due


def test_of_a_large_index_only_the_table_with_the_words_is_merged(path: Path) -> None:
    """What it costs to get rid of a word does not grow with the log."""
    with closing(SqliteLog.open(path, FakeClock(), Limits(index_entries=90))) as log:
        fill(log)
        log.append([say("alice", "s", f"{MARK} and_more")])
        index_all(log)
        assert pieces(log._db) == [10, 10, 1]
        # Full tables are due until they are one piece; these pass for such as were looked after.
        log._db.execute("UPDATE part SET due = 0")
        log.append([erase("deletion", log.head)])
        scrub(log)
        assert pieces(log._db) == [10, 10, 1]
        assert MARK.encode() not in files(path)
        assert b"and_more" not in files(path)


def test_what_is_said_meanwhile_is_found_and_what_is_deleted_meanwhile_goes(
    log: SqliteLog, path: Path
) -> None:
    """Steps of scrubbing and the host's ordinary work take turns."""
    log.append([say("alice", "s", MARK), say("alice", "t", f"other{MARK}")])
    first = log.head - 1
    index_all(log)
    log.append([erase("deletion", first)])
    assert not log.scrub()
    log.append([say("bob", "late", "latecomer"), delete("alice", "u", first + 1)])
    index_all(log)
    scrub(log)
    assert MARK.encode() not in files(path)
    assert found_in(log._db, "latecomer") == [first + 3]


def test_words_in_the_index_are_not_forgotten_over_what_is_not_in_it(
    log: SqliteLog, path: Path
) -> None:
    """A deletion that needs less comes after one that needs more, before anything is scrubbed."""
    log.append([say("alice", "s", MARK), say("alice", "t", "kept")])
    index_all(log)
    seq = log.head - 1
    log.append([erase("deletion", seq), say("alice", "u", "late"), edit("alice", "v", seq + 3)])
    log.append([edit("alice", "w", seq + 3)])
    scrub(log)
    assert MARK.encode() not in files(path)


def test_the_index_is_not_merged_again_while_a_reader_is_in_the_way(
    log: SqliteLog, path: Path
) -> None:
    """Once its words are gone, only the write-ahead file is left to do."""
    log.append([say("alice", "s", MARK)])
    index_all(log)
    log.append([erase("deletion", log.head)])
    with closing(SqliteReader.open(path, Limits())) as reader, reader._snapshot():
        assert reader._head() == log.head
        for _ in range(3):
            assert not log.scrub()
        assert pieces(log._db) == [1]
        index_all(log)
        assert not log.scrub()
        assert pieces(log._db) == [2]
    scrub(log)
    assert pieces(log._db) == [2]


def test_a_repetition_after_scrubbing_is_still_one(log: SqliteLog) -> None:
    """Nothing of the text is needed to know the id."""
    log.append([say("alice", "s", MARK)])
    log.append([erase("deletion", log.head)])
    scrub(log)
    head = log.head
    log.append([say("alice", "s", MARK)])
    assert log.head == head
    assert not log.scrub_due


def test_a_file_that_fails_is_told(log: SqliteLog) -> None:
    """And nothing is called done."""
    log.append([say("alice", "s", MARK)])
    log.append([erase("deletion", log.head)])
    log.close()
    with pytest.raises(StoreBroken, match="closed"):
        log.scrub()
    assert log.scrub_due
