"""The search index in tables: each holds a stretch of the log, and is full, one piece, and gone."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from secure_chat.errors import StoreBroken, StoreFull
from secure_chat.limits import Limits
from secure_chat.log.base import Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History
from tests.fakes import FakeClock
from tests.log.earlier import made_by
from tests.log.index import check_index, found_in, pieces, tables
from tests.log.speech import delete, edit, say

NOW = 1_795_348_800_000
SMALL = Limits(index_entries=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the log's file."""
    return tmp_path / "log.sqlite"


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still."""
    return FakeClock()


@pytest.fixture
def log(path: Path, clock: FakeClock) -> Iterator[SqliteLog]:
    """Give a log whose index has tables of four entries, three of them and a half."""
    with closing(SqliteLog.open(path, clock, SMALL)) as log:
        talk(log, 14)
        yield log


def talk(log: SqliteLog, times: int) -> None:
    """Say something so many times, and index it at once."""
    first = log.head + 1
    log.append([say("alice", f"{first + n}", f"tea w{first + n}") for n in range(times)])
    index_all(log)


def index_all(log: SqliteLog) -> None:
    """Bring the index up to the head."""
    while log.index(1_000):
        pass


def merge_all(log: SqliteLog) -> int:
    """Merge until there is nothing to merge; return the steps that took."""
    steps = 0
    while log.merge(1):
        steps += 1
        assert steps < 1_000
    return steps


def search(path: Path, word: str, limit: int = 50, *, newest: bool) -> list[int]:
    """Return the numbers that a search in the lobby finds, page after page."""
    seqs: list[int] = []
    with closing(SqliteReader.open(path, Limits())) as reader:
        while True:
            history = History(1, room="lobby", search=word, newest=newest, limit=limit)
            if seqs and newest:
                history = replace(history, before=seqs[0])
            elif seqs:
                history = replace(history, after=seqs[-1])
            page = reader.history(Query("bob", ("lobby",), history))
            found = [said.seq for said in page.messages]
            seqs = found + seqs if newest else seqs + found
            if not page.more:
                return seqs


# --- filling -------------------------------------------------------------------------------


def test_a_full_table_is_followed_by_another(log: SqliteLog) -> None:
    """Each begins where the one before ends; an index step stops there, and nothing is skipped."""
    assert tables(log._db) == ["words_1", "words_5", "words_9", "words_13"]
    log.append([say("alice", f"more{n}", "tea") for n in range(7)])
    assert [log.index(1_000) for _ in range(4)] == [2, 4, 1, 0]
    assert tables(log._db)[3:] == ["words_13", "words_17", "words_21"]
    assert found_in(log._db, "tea") == list(range(1, 22))
    check_index(log._db)


def test_every_table_is_made_like_the_first(log: SqliteLog) -> None:
    """The first came by the steps of several versions, the others are made at once."""
    first, *others = tables(log._db)

    def made(table: str) -> tuple[str, dict[str, int]]:
        named = "SELECT sql FROM sqlite_schema WHERE name = ?"
        (sql,) = log._db.execute(named, (table,)).fetchone()
        settings = log._db.execute(f"SELECT * FROM {table}_config")  # noqa: S608 - one of ours
        return "".join(sql.partition("(")[2].split()), dict(settings.fetchall())

    options, settings = made(first)
    assert "tokenize" in options
    assert settings["usermerge"] == 16
    assert [made(other) for other in others] == [(options, settings)] * 3


def test_a_log_goes_on_with_tables_of_another_size(path: Path, log: SqliteLog) -> None:
    """How many entries fit is settled when a table is begun and looked at when more come."""
    log.close()
    for span, begun in ((2, ["words_13", "words_15"]), (1_000, ["words_13", "words_15"])):
        with closing(SqliteLog.open(path, FakeClock(), Limits(index_entries=span))) as again:
            talk(again, 2)
            assert tables(again._db)[3:] == begun
            assert found_in(again._db, "tea") == list(range(1, again.head + 1))


@pytest.mark.parametrize("pages", range(5))
def test_a_full_disk_leaves_the_table_before(log: SqliteLog, pages: int) -> None:
    """A table is begun together with what is in it, or neither happened."""
    log.append([say("alice", f"more{n}", f"tea {'long ' * 900}w{n}") for n in range(4)])
    assert log.index(2) == 2
    before = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {before + pages}")
    full = 0
    try:
        log.index(2)
    except StoreFull:
        full = 1
    assert len(tables(log._db)) == 5 - full
    assert full == (pages < 3)
    log._db.execute("PRAGMA max_page_count = 1000000")
    index_all(log)
    assert tables(log._db)[-1] == "words_17"
    assert found_in(log._db, "tea") == list(range(1, 19))
    check_index(log._db)


# --- searching -----------------------------------------------------------------------------


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 4, 5, 50])
def test_pages_go_through_the_tables_in_order(
    log: SqliteLog, path: Path, limit: int, *, newest: bool
) -> None:
    """Wherever a page ends, nothing is missing and nothing is there twice."""
    assert log.unindexed == 0
    assert search(path, "tea", limit, newest=newest) == list(range(1, 15))
    assert search(path, "w7", limit, newest=newest) == [7]


@pytest.mark.parametrize(("newest", "looked_at"), [(True, {13, 9}), (False, {1})])
def test_a_page_looks_no_further_than_it_is_full(
    log: SqliteLog, path: Path, looked_at: set[int], *, newest: bool
) -> None:
    """A frequent word costs the same however many tables there are."""
    assert log.unindexed == 0
    statements: list[str] = []
    with closing(SqliteReader.open(path, Limits())) as reader:
        reader._db.set_trace_callback(statements.append)
        history = History(1, room="lobby", search="tea", newest=newest, limit=3)
        assert len(reader.history(Query("bob", ("lobby",), history)).messages) == 3
    matches = (re.search(r"FROM words_(\d+) .* MATCH", one) for one in statements)
    assert {int(match[1]) for match in matches if match} == looked_at


def test_a_table_that_is_begun_during_a_search_is_not_missed_afterwards(
    log: SqliteLog, path: Path
) -> None:
    """A reader that is open already sees each new table, and no old one that went."""
    with closing(SqliteReader.open(path, Limits())) as reader:

        def found() -> list[int]:
            history = History(1, room="lobby", search="tea")
            return [one.seq for one in reader.history(Query("b", ("lobby",), history)).messages]

        assert found() == list(range(1, 15))
        with reader._snapshot():
            assert reader._head() == 14
            talk(log, 6)
            assert log.prune(NOW + 1, 9) == 9
            assert reader._db.execute("SELECT count(*) FROM part").fetchone() == (4,)
            assert reader._db.execute("SELECT count(*) FROM words_1('tea')").fetchone() == (4,)
        assert found() == list(range(10, 21))


# --- merging -------------------------------------------------------------------------------


def grown(path: Path) -> SqliteLog:
    """Return a log whose first table is full of small pieces and whose second is not."""
    log = SqliteLog.open(path, FakeClock(), Limits(index_entries=50))
    for _ in range(6):
        talk(log, 10)
    assert pieces(log._db) == [5, 1]
    return log


def test_a_full_table_becomes_one_piece(path: Path) -> None:
    """A search looks into one piece of each, and the steps of it lose nothing."""
    with closing(grown(path)) as log:
        assert merge_all(log) > 1
        assert pieces(log._db) == [1, 1]
        assert found_in(log._db, "tea") == list(range(1, 61))
        assert merge_all(log) == 0
        check_index(log._db)


def test_a_table_that_is_not_full_keeps_its_pieces(path: Path) -> None:
    """Otherwise all of it would be written anew again and again."""
    with closing(grown(path)) as log:
        talk(log, 10)
        merge_all(log)
        assert pieces(log._db) == [1, 2]


def test_what_was_left_to_merge_is_known_after_a_restart(path: Path) -> None:
    """Which tables are due stands in the file."""
    with closing(grown(path)) as log:
        assert log.merge(1)
    with closing(SqliteLog.open(path, FakeClock(), Limits(index_entries=50))) as log:
        merge_all(log)
        assert pieces(log._db) == [1, 1]


def test_a_change_in_a_full_table_is_merged_into_it(path: Path) -> None:
    """Edits of old messages do not gather in pieces of their own."""
    with closing(grown(path)) as log:
        merge_all(log)
        log.append([edit("alice", "e", 7, "coffee"), delete("alice", "d", 8)])
        assert pieces(log._db)[0] > 1
        assert found_in(log._db, "coffee") == [7]
        merge_all(log)
        assert pieces(log._db) == [1, 1]
        assert found_in(log._db, "coffee") == [7]
        assert [seq for seq in found_in(log._db, "tea") if seq < 10] == [1, 2, 3, 4, 5, 6, 9]
        check_index(log._db)


def test_a_change_in_the_table_that_is_filled_is_left_to_scrubbing(path: Path) -> None:
    """Nobody waits for it, and merging it with every step would never end while people talk."""
    with closing(grown(path)) as log:
        merge_all(log)
        log.append([edit("alice", "e", 55, "coffee")])
        assert merge_all(log) == 0
        assert pieces(log._db) == [1, 3]
        while not log.scrub():
            pass
        assert pieces(log._db) == [1, 1]
        assert found_in(log._db, "coffee") == [55]


# --- retention -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        (3, ["words_1", "words_5", "words_9", "words_13"]),
        (4, ["words_5", "words_9", "words_13"]),
        (11, ["words_9", "words_13"]),
        (12, ["words_13"]),
        (13, ["words_13"]),
        (14, ["words_15"]),
    ],
)
def test_a_table_goes_with_its_last_entry(
    log: SqliteLog, path: Path, gone: int, left: list[str]
) -> None:
    """Of a table that is partly old, only the old words go; after the last one a new one begins."""
    assert log.prune(NOW + 1, gone) == gone
    assert tables(log._db) == left
    assert found_in(log._db, "tea") == list(range(gone + 1, 15))
    check_index(log._db)
    talk(log, 3)
    check_index(log._db)
    assert search(path, "tea", newest=True) == list(range(gone + 1, 18))


def test_what_was_never_indexed_leaves_no_trouble_when_it_goes(log: SqliteLog, path: Path) -> None:
    """The index goes on behind it, in a table of its own."""
    log.append([say("alice", f"late{n}", "tea") for n in range(30)])
    assert log.prune(NOW + 1, 40) == 40
    assert (log.unindexed, tables(log._db)) == (4, ["words_41"])
    index_all(log)
    assert tables(log._db) == ["words_41"]
    assert search(path, "tea", newest=False) == [41, 42, 43, 44]
    check_index(log._db)


def test_of_what_is_too_old_no_word_stays_once_all_of_it_is(path: Path, clock: FakeClock) -> None:
    """A host that keeps messages for an hour has none of their words after a quiet night."""
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        log.append([say("alice", "1", "xylophoneword7731 and more")])
        index_all(log)
        assert log.prune(NOW + 1, 9) == 1
    assert b"ylophoneword" not in path.read_bytes()


def test_a_deletion_that_fails_keeps_the_table(log: SqliteLog) -> None:
    """A table and its entries go together or not at all."""
    fail = "CREATE TRIGGER fail BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'no'); END"
    log._db.execute(fail)
    with pytest.raises(StoreBroken):
        log.prune(NOW + 1, 14)
    log._db.execute("DROP TRIGGER fail")
    assert tables(log._db) == ["words_1", "words_5", "words_9", "words_13"]
    assert found_in(log._db, "tea") == list(range(1, 15))


# --- earlier files -------------------------------------------------------------------------


def test_the_index_of_version_5_becomes_the_first_table(path: Path) -> None:
    """What was indexed is found as before without being indexed again."""
    made_by(5, path, 30)
    with closing(SqliteLog.open(path, FakeClock(), SMALL)) as log:
        assert (log.unindexed, log.scrub_due) == (0, False)
        assert tables(log._db) == ["words_1"]
        assert search(path, "old", newest=True) == list(range(1, 31))
        talk(log, 2)
        assert tables(log._db) == ["words_1", "words_31"]
        assert search(path, "old", newest=False) == list(range(1, 31))
        assert search(path, "tea", newest=False) == [31, 32]
        merge_all(log)
        assert pieces(log._db) == [1, 1]
        check_index(log._db)


@pytest.mark.parametrize(("scrub", "due"), [(0, 0), (1, 0), (2, 1)])
def test_what_version_5_had_left_to_scrub_is_scrubbed(path: Path, scrub: int, due: int) -> None:
    """Words that were taken out of the one table there was make the first one due."""
    made_by(5, path, 30, scrub)
    with closing(SqliteLog.open(path, FakeClock(), SMALL)) as log:
        assert log._db.execute("SELECT first, due FROM part").fetchall() == [(1, due)]
        assert log.scrub_due is (scrub > 0)
        while not log.scrub():
            pass
        assert log._db.execute("SELECT due FROM part").fetchall() == [(0,)]
