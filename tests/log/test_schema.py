"""The log's file: made once, brought up to date step by step, refused when it is not ours."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from secure_chat.log import schema
from secure_chat.log.base import Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History
from tests.fakes import FakeClock
from tests.log.earlier import made_by
from tests.log.index import check_index
from tests.log.speech import delete, edit

HEX_ID = "00112233445566778899aabbccddeeff"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Give an empty file, open as the writer opens it."""
    with closing(sqlite3.connect(tmp_path / "log.db", isolation_level=None)) as db:
        yield db


def version(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the marks by which a file is known."""
    return (
        db.execute("PRAGMA application_id").fetchone()[0],
        db.execute("PRAGMA user_version").fetchone()[0],
    )


def made_by_version_1(path: Path) -> None:
    """Write a file as the first version did, with one entry of each kind in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        schema.create_log(db)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        db.execute("PRAGMA user_version = 1")
        db.executemany("INSERT INTO name VALUES (?, ?)", [(1, "lobby"), (2, "alice"), (3, "bob")])
        db.executemany(
            "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (5, 1_000, 1, 2, "j", 1, ""),
                (6, 2_000, 0, 2, "a", 1, "the old words"),
                (7, 3_000, 0, 2, bytes.fromhex(HEX_ID), -3, "old and private"),
            ],
        )
        db.execute("INSERT INTO place VALUES (2, 1, 5, NULL)")
        db.execute("UPDATE counter SET value = 5 WHERE name = 'floor'")


def test_a_new_file_gets_every_version_and_our_mark(db: sqlite3.Connection) -> None:
    """An empty file becomes one of the newest version."""
    assert schema.migrate(db) == 0
    assert version(db) == (schema.APPLICATION, schema.VERSION)


def test_a_file_of_this_version_is_left_alone(db: sqlite3.Connection) -> None:
    """A second start changes nothing."""
    schema.migrate(db)
    before = db.execute("PRAGMA schema_version").fetchone()
    assert schema.migrate(db) == schema.VERSION
    assert db.execute("PRAGMA schema_version").fetchone() == before


def test_version_1_is_brought_to_version_2_with_all_that_is_in_it(tmp_path: Path) -> None:
    """After the search index came, what was said before is found by it as well."""
    path = tmp_path / "log.db"
    made_by_version_1(path)
    with (
        closing(SqliteLog.open(path, FakeClock(), Limits())) as log,
        closing(SqliteReader.open(path, Limits())) as reader,
    ):
        assert (log.floor, log.head) == (5, 7)
        assert log.index(100) == 3
        found = reader.history(Query("bob", ("lobby",), History(re=1, search="old"))).messages
        assert [(said.seq, said.text, said.id) for said in found] == [
            (6, "the old words", "a"),
            (7, "old and private", HEX_ID),
        ]
        assert [place.room for place in log.places()] == ["lobby"]


# Steps 3 and 4 write settings, for which there is always room.
@pytest.mark.parametrize("found", [0, 1, 4])
def test_a_step_that_fails_leaves_the_version_before(db: sqlite3.Connection, found: int) -> None:
    """A migration happens wholly or not at all, and can be done again afterwards."""
    for step in schema.MIGRATIONS[:found]:
        step(db)
    if found:
        db.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        db.execute(f"PRAGMA user_version = {found}")
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute(f"PRAGMA max_page_count = {max(2, pages)}")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        schema.migrate(db)
    assert version(db)[1] == found
    db.execute("PRAGMA max_page_count = 1000000")
    assert schema.migrate(db) == found
    assert version(db) == (schema.APPLICATION, schema.VERSION)


def test_version_4_is_brought_to_version_5_with_all_that_is_in_it(tmp_path: Path) -> None:
    """What was said before contents were kept is plain text that can be edited and deleted."""
    path = tmp_path / "log.db"
    made_by(4, path, 3)
    with (
        closing(SqliteLog.open(path, FakeClock(), Limits())) as log,
        closing(SqliteReader.open(path, Limits())) as reader,
    ):
        assert (log.head, log.unindexed, log.scrub_due) == (3, 0, False)
        log.append([edit("alice", "e", 1, "new word1"), delete("alice", "d", 2)])
        while log.index(100):
            pass
        check_index(log._db)
        for search, expected in {"old": [3], "word1": [1], "word2": [], "new": [1]}.items():
            query = Query("alice", ("lobby",), History(re=1, search=search))
            assert [said.seq for said in reader.history(query).messages] == expected
        page = reader.history(Query("alice", ("lobby",), History(re=1)))
        assert [said.text for said in page.messages] == [
            "new word1",
            "",
            "old word3",
            "new word1",
            "",
        ]
        assert page.messages[2].content is None
        assert log.prune(2_000, 9) == 3
        check_index(log._db)


def test_a_large_log_is_brought_up_to_date_as_fast_as_a_small_one(tmp_path: Path) -> None:
    """No step of it looks at the entries, or at what is indexed of them."""

    def work(entries: int) -> int:
        path, count = tmp_path / f"{entries}.db", 0
        made_by(4, path, entries)

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.set_progress_handler(tick, 1)
            assert schema.migrate(db) == 4
            db.set_progress_handler(None, 1)
        return count

    assert work(5_000) == work(5)


@pytest.mark.parametrize("cut", [0, 1, 2, 3, 5, 8])
def test_a_migration_cut_anywhere_is_none_and_is_done_again(tmp_path: Path, cut: int) -> None:
    """Of a write-ahead file that ends in the middle of it, the version before is what is left."""
    path, torn = tmp_path / "log.db", tmp_path / "torn.db"
    made_by(4, path, 50)
    torn.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA wal_autocheckpoint = 0")
        before = path.read_bytes()
        schema.migrate(db)
        wal = path.with_name("log.db-wal").read_bytes()
    assert len(wal) > 32 + 9 * 4_120
    torn.write_bytes(before)
    torn.with_name("torn.db-wal").write_bytes(wal[: 32 + cut * 4_120 + 7])
    with closing(sqlite3.connect(torn, isolation_level=None)) as db:
        assert version(db)[1] == 4
        assert db.execute("SELECT count(*) FROM entry").fetchone() == (50,)
    with closing(SqliteLog.open(torn, FakeClock(), Limits())) as log:
        assert log.head == 50
        assert log._db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_newer_file_is_refused_and_not_touched(tmp_path: Path) -> None:
    """A file of a later program keeps every byte."""
    path = tmp_path / "log.db"
    SqliteLog.open(path, FakeClock(), Limits()).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer securechat") as refused:
        SqliteLog.open(path, FakeClock(), Limits())
    assert f"format is {schema.VERSION + 1}" in refused.value.why
    assert refused.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    ["CREATE TABLE notes (text)", "PRAGMA application_id = 7", "PRAGMA user_version = 1"],
)
def test_a_file_of_another_program_is_refused_and_not_touched(tmp_path: Path, spoil: str) -> None:
    """Somebody else's database is never taken for a log."""
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute(spoil)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        SqliteLog.open(path, FakeClock(), Limits())
    assert path.read_bytes() == before


@given(
    st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)
    | st.text(alphabet="0123456789abcdefABCDEF .:-", min_size=30, max_size=34)
    | st.text(max_size=64)
)
def test_every_id_comes_back_as_it_was(id_: str) -> None:
    """Packing an id loses nothing."""
    assert schema.unpack_id(schema.pack_id(id_)) == id_


@pytest.mark.parametrize(
    ("id_", "packed"),
    [
        (HEX_ID, bytes.fromhex(HEX_ID)),
        (HEX_ID.upper(), HEX_ID.upper()),
        (HEX_ID[:-1] + "g", HEX_ID[:-1] + "g"),
        (HEX_ID[2:] + "  ", HEX_ID[2:] + "  "),
        (HEX_ID + "00", HEX_ID + "00"),
    ],
)
def test_only_a_plain_hex_id_is_packed(id_: str, packed: str | bytes) -> None:
    """32 lower-case digits take 16 bytes; everything else stays as it is."""
    assert schema.pack_id(id_) == packed
