"""The writer: one order, each id once, nothing half stored, whatever the disk does."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from secure_chat.errors import StoreBroken, StoreFull
from secure_chat.limits import Limits
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Place
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from tests.fakes import FakeClock
from tests.log.index import check_index, found_in, pieces

NOW = 1_795_348_800_000


def say(author: str, id_: str, text: str = "hi", *, room: str = "lobby") -> Draft:
    """Return a draft of a message to a room."""
    return Draft(Kind.SAID, author, id_, room, None, text)


def tell(author: str, id_: str, to: str, text: str = "hi") -> Draft:
    """Return a draft of a direct message."""
    return Draft(Kind.SAID, author, id_, None, to, text)


def move(author: str, id_: str, kind: Kind, room: str = "lobby") -> Draft:
    """Return a draft of joining or leaving."""
    return Draft(kind, author, id_, room, None, "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the log's file."""
    return tmp_path / "log.db"


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still."""
    return FakeClock()


@pytest.fixture
def log(path: Path, clock: FakeClock) -> Iterator[SqliteLog]:
    """Give a new log."""
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        yield log


@pytest.fixture
def outsider(log: SqliteLog, path: Path) -> Iterator[sqlite3.Connection]:
    """Give a second connection to the file, which no part of the program would open."""
    assert log.head == 0
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def stored(path: Path) -> list[tuple[int, str]]:
    """Return what a fresh look at the file finds: numbers and texts."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT seq, text FROM entry ORDER BY seq").fetchall()


def test_a_reopened_log_goes_on_where_it_was(path: Path, clock: FakeClock) -> None:
    """Numbers, names and places survive closing."""
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        log.append([move("alice", "j", Kind.JOINED), say("alice", "a")])
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        assert (log.head, log.floor) == (2, 1)
        assert log.append([say("alice", "b"), say("alice", "a")]) == [
            Committed(3, NOW),
            Committed(2, NOW, repeated=True),
        ]
        assert log.places() == [Place("alice", "lobby", 1, None)]


# --- appending -----------------------------------------------------------------------------


def test_a_batch_keeps_its_order_and_shares_its_moment(log: SqliteLog, path: Path) -> None:
    """Outcomes stand in the order of the drafts; the file holds the same numbers."""
    texts = [f"text {number}" for number in range(5)]
    outcomes = log.append([say("alice", str(n), text) for n, text in enumerate(texts)])
    assert outcomes == [Committed(seq, NOW) for seq in range(1, 6)]
    assert stored(path) == list(enumerate(texts, 1))
    assert log.head == 5


def test_an_empty_batch_is_nothing(log: SqliteLog) -> None:
    """Nothing to store is no transaction."""
    assert log.append([]) == []
    assert log.head == 0


def test_the_same_draft_again_gets_its_old_number(log: SqliteLog, clock: FakeClock) -> None:
    """A repetition is told when and where it was committed, and stored once."""
    log.append([say("alice", "a"), tell("alice", "b", "bob")])
    clock.advance(60)
    assert log.append([tell("alice", "b", "bob"), say("alice", "a")]) == [
        Committed(2, NOW, repeated=True),
        Committed(1, NOW, repeated=True),
    ]
    assert log.head == 2


def test_a_repetition_within_a_batch_is_stored_once(log: SqliteLog, path: Path) -> None:
    """A client that resends fast may have both copies in one batch."""
    assert log.append([say("alice", "a", "one"), say("alice", "a", "one"), say("bob", "a")]) == [
        Committed(1, NOW),
        Committed(1, NOW, repeated=True),
        Committed(2, NOW),
    ]
    assert stored(path) == [(1, "one"), (2, "hi")]


@pytest.mark.parametrize(
    "other",
    [
        say("alice", "a", "else"),
        say("alice", "a", room="tea"),
        tell("alice", "a", "bob"),
        tell("alice", "a", "lobby"),
        move("alice", "a", Kind.JOINED),
    ],
)
def test_an_id_used_for_something_else_is_a_conflict(log: SqliteLog, other: Draft) -> None:
    """The id of a text cannot be given to another text, place or kind; others are stored."""
    log.append([say("alice", "a")])
    assert log.append([other, say("alice", "b")]) == [Conflict(1), Committed(2, NOW)]
    assert log.append([say("carol", "c"), Draft(other.kind, "carol", "c", "x", None, "y")]) == [
        Committed(3, NOW),
        Conflict(3),
    ]
    assert log.places() == []


def test_two_people_may_use_the_same_id(log: SqliteLog) -> None:
    """Ids belong to their author."""
    assert log.append([say("alice", "a"), say("bob", "a")]) == [
        Committed(1, NOW),
        Committed(2, NOW),
    ]


@pytest.mark.parametrize("back", [1, 10_000])
def test_a_clock_that_goes_back_is_noted_and_order_is_kept(
    log: SqliteLog, clock: FakeClock, path: Path, back: int
) -> None:
    """Numbers only grow; the file remembers where time did not, be it by a millisecond."""
    log.append([say("alice", "a")])
    clock.wall = (NOW - back + 0.5) / 1000
    assert log.append([say("alice", "b")]) == [Committed(2, NOW - back)]
    assert log.append([say("alice", "c")]) == [Committed(3, NOW - back)]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT seq FROM step").fetchall() == [(2,)]


# --- places --------------------------------------------------------------------------------


def test_places_are_the_stays_of_people_in_rooms(log: SqliteLog) -> None:
    """Each joining opens a stay, leaving ends it; doing either twice changes nothing."""
    log.append(
        [
            move("alice", "1", Kind.JOINED),
            move("alice", "2", Kind.JOINED),
            move("alice", "3", Kind.LEFT),
            move("alice", "4", Kind.LEFT),
            move("alice", "5", Kind.JOINED),
            move("bob", "6", Kind.JOINED, "tea"),
        ]
    )
    assert sorted(log.places(), key=lambda place: place.joined) == [
        Place("alice", "lobby", 1, 3),
        Place("alice", "lobby", 5, None),
        Place("bob", "tea", 6, None),
    ]


# --- index and retention -------------------------------------------------------------------


def test_the_index_is_filled_in_batches_of_its_own(log: SqliteLog) -> None:
    """Each call passes at most so many entries, and 0 means caught up."""
    log.append([say("alice", str(number)) for number in range(5)])
    assert [log.index(2) for _ in range(4)] == [2, 2, 1, 0]
    log.append([say("alice", "more")])
    assert [log.index(2), log.index(2)] == [1, 0]


def test_what_is_indexed_in_one_step_is_one_piece(log: SqliteLog) -> None:
    """Every piece more is one that each search looks at and that has to be merged."""
    texts = (" ".join(f"w{n * word % 20_011}" for word in range(24)) for n in range(4_096))
    log.append([say("alice", str(number), text) for number, text in enumerate(texts)])
    assert log.index(4_096) == 4_096
    assert pieces(log._db) == [1]


def test_pieces_of_the_index_are_merged_in_steps_and_lose_nothing(log: SqliteLog) -> None:
    """Each step does a part of the work, and the words are found before, meanwhile and after."""
    for number in range(64):
        log.append([say("alice", f"{number}-{n}", f"word{number} tea") for n in range(16)])
        log.index(16)
    steps = 0
    while log.merge(1):
        steps += 1
        assert len(found_in(log._db, "tea")) == 64 * 16
    assert steps > 1
    (left,) = pieces(log._db)
    assert left < 16
    assert not log.merge(16)
    check_index(log._db)


def test_retention_takes_the_old_in_small_batches(
    log: SqliteLog, clock: FakeClock, path: Path
) -> None:
    """Entries go oldest first, at most so many at once, and the floor follows."""
    log.append([say("alice", str(number)) for number in range(5)])
    clock.advance(100)
    log.append([say("alice", "young", "stays")])
    before = NOW + 100_000
    log.index(3)
    assert [(log.prune(before, 2), log.floor) for _ in range(4)] == [(2, 3), (2, 5), (1, 6), (0, 6)]
    assert stored(path) == [(6, "stays")]
    assert [log.index(10), log.index(10)] == [1, 0]


def test_a_pruned_index_finds_what_is_left_and_nothing_else(
    log: SqliteLog, clock: FakeClock
) -> None:
    """The words of an entry go with it, and the index stays sound."""
    log.append([say("alice", "a", "old word"), say("alice", "b", "old")])
    clock.advance(1)
    log.append([say("alice", "c", "new word")])
    log.index(10)
    log.prune(NOW + 1, 10)
    check_index(log._db)
    assert found_in(log._db, "word") == [3]


def test_numbers_and_ids_are_never_used_again(path: Path, clock: FakeClock) -> None:
    """An empty log that held something goes on above it, and knows its ids for ever."""
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        log.append([say("alice", "a"), say("alice", "b")])
        assert log.prune(NOW + 1, 10) == 2
        assert (log.floor, log.head) == (3, 2)
        assert log.append([say("alice", "b")]) == [Committed(2, NOW, repeated=True)]
    clock.advance(5)
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        assert (log.floor, log.head) == (3, 2)
        assert log.append([say("alice", "c"), say("alice", "a", "changed")]) == [
            Committed(3, NOW + 5_000),
            Committed(1, NOW, repeated=True),
        ]
        assert log.append([say("alice", "d")]) == [Committed(4, NOW + 5_000)]


def test_retention_stops_at_the_first_young_entry(log: SqliteLog, clock: FakeClock) -> None:
    """A wrong clock may keep an entry longer, never take one too early."""
    log.append([say("alice", "a")])
    clock.advance(-1_000)
    log.append([say("alice", "b")])
    assert log.prune(NOW - 500_000, 10) == 0
    assert log.floor == 1


def test_retention_keeps_who_is_where(log: SqliteLog, clock: FakeClock) -> None:
    """Open stays and the last stay in each room survive; older stays go with their messages."""
    log.append(
        [
            move("alice", "1", Kind.JOINED),
            move("alice", "2", Kind.LEFT),
            move("alice", "3", Kind.JOINED),
            move("bob", "4", Kind.JOINED),
            move("bob", "5", Kind.LEFT),
        ]
    )
    clock.advance(1)
    log.append([move("alice", "6", Kind.LEFT)])
    assert log.prune(NOW + 1, 1) == 1
    assert Place("alice", "lobby", 1, 2) in log.places()
    assert log.prune(NOW + 1, 1) == 1
    assert Place("alice", "lobby", 1, 2) not in log.places()
    assert log.prune(NOW + 1, 10) == 3
    assert sorted(log.places(), key=lambda place: place.joined) == [
        Place("alice", "lobby", 3, 6),
        Place("bob", "lobby", 4, 5),
    ]


# --- a full disk ---------------------------------------------------------------------------


def set_room(log: SqliteLog, more_pages: int) -> None:
    """Let the file grow by so many pages and no further, as a full disk would."""
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {pages + more_pages}")


def test_a_full_disk_stores_nothing_and_the_log_lives_on(log: SqliteLog, path: Path) -> None:
    """Nothing of the batch is there, reading goes on, and with room the same batch succeeds."""
    log.append([say("alice", "before", "kept")])
    set_room(log, 0)
    batch = [say("newcomer", str(number), "x" * 1000, room="new") for number in range(50)]
    with closing(SqliteReader.open(path, Limits())) as reader:
        for _ in range(2):
            with pytest.raises(StoreFull, match="no room") as full:
                log.append(batch)
            assert full.value.hint
            assert (log.head, stored(path)) == (1, [(1, "kept")])
            assert reader.newest("alice", 5).upto == 1
        set_room(log, 1_000)
        assert log.append(batch) == [Committed(seq, NOW) for seq in range(2, 52)]
        assert log.append(batch[:1]) == [Committed(2, NOW, repeated=True)]
    with closing(sqlite3.connect(path)) as db:
        names = db.execute("SELECT number, text FROM name ORDER BY number").fetchall()
        assert [number for number, _ in names] == [1, 2, 3, 4]
        assert {name for _, name in names} == {"alice", "lobby", "newcomer", "new"}
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_a_full_disk_at_a_repetition_stores_nothing(log: SqliteLog, path: Path) -> None:
    """The slow way through a batch is one transaction too."""
    log.append([say("alice", "a")])
    set_room(log, 0)
    batch = [say("alice", "a"), *(say("alice", str(n), "x" * 1000) for n in range(50))]
    with pytest.raises(StoreFull):
        log.append(batch)
    assert (log.head, stored(path)) == (1, [(1, "hi")])


def test_a_full_disk_stops_the_index_and_it_goes_on_later(log: SqliteLog) -> None:
    """The index stays where it was, so nothing is ever left out of it."""
    log.append([say("alice", str(n), f"word{n} " * 200) for n in range(50)])
    set_room(log, 0)
    with pytest.raises(StoreFull):
        log.index(100)
    set_room(log, 1_000)
    assert [log.index(100), log.index(100)] == [50, 0]


def test_a_full_disk_stops_retention_and_nothing_is_half_gone(
    log: SqliteLog, clock: FakeClock
) -> None:
    """Remembering the ids needs room; without it the entries stay."""
    log.append([say("alice", "a" * 60 + str(n)) for n in range(500)])
    clock.advance(1)
    set_room(log, 0)
    with pytest.raises(StoreFull):
        log.prune(NOW + 1, 1_000)
    assert log.floor == 1
    set_room(log, 1_000)
    assert log.prune(NOW + 1, 1_000) == 500


# --- a broken disk -------------------------------------------------------------------------


def test_after_a_failure_nothing_is_called_durable_any_more(
    log: SqliteLog, outsider: sqlite3.Connection
) -> None:
    """What cannot be told stays told: every later call fails until the file is opened again."""
    log._db.execute("PRAGMA busy_timeout = 0")
    outsider.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBroken, match="locked") as broken:
        log.append([say("alice", "a")])
    assert broken.value.hint
    outsider.execute("ROLLBACK")
    for call in (lambda: log.append([say("alice", "a")]), log.places, log.checkpoint):
        with pytest.raises(StoreBroken, match="locked"):
            call()
    assert log.head == 0


def test_a_foreign_writer_is_noticed(log: SqliteLog, outsider: sqlite3.Connection) -> None:
    """A number that is taken already is not mistaken for a repetition."""
    outsider.execute("INSERT INTO entry VALUES (1, 0, 0, 1, 'theirs', 1, 'text', NULL)")
    with pytest.raises(StoreBroken, match=r"entry\.seq"):
        log.append([say("alice", "a")])


def test_a_closed_log_says_so(log: SqliteLog) -> None:
    """Using it after the end is an error like any other, not a crash."""
    log.close()
    with pytest.raises(StoreBroken, match="closed"):
        log.append([say("alice", "a")])


def test_a_text_that_cannot_be_stored_leaves_no_trace(log: SqliteLog) -> None:
    """A text that is no valid Unicode ends the transaction, and the next batch is stored."""
    with pytest.raises(UnicodeEncodeError):
        log.append([say("alice", "a"), say("dave", "b", "\ud800")])
    assert log.append([say("alice", "a")]) == [Committed(1, NOW)]
    assert log._db.execute("SELECT count(*) FROM name").fetchone() == (2,)


# --- size ----------------------------------------------------------------------------------


def test_the_size_counts_the_wal_and_a_checkpoint_moves_it(log: SqliteLog, path: Path) -> None:
    """What is committed counts at once, wherever it stands."""
    log.append([say("alice", str(n), "x" * 1000) for n in range(100)])
    wal = path.with_name("log.db-wal")
    assert log.size() == path.stat().st_size + wal.stat().st_size > 100_000
    assert log.checkpoint() == 0
    assert path.stat().st_size > 100_000
    log.close()
    assert not wal.exists()
    assert log.size() == path.stat().st_size


def test_a_checkpoint_leaves_what_a_reader_still_needs(log: SqliteLog, path: Path) -> None:
    """A reader in the middle of a page is not waited for."""
    log.append([say("alice", "a")])
    with closing(SqliteReader.open(path, Limits())) as reader, reader._snapshot():
        assert reader._head() == 1
        log.append([say("alice", "b", "x" * 10_000)])
        assert log.checkpoint() > 0
    assert log.checkpoint() == 0


def test_a_draft_for_a_repetition_at_most_is_never_stored_anew(log: SqliteLog, path: Path) -> None:
    """It is acknowledged when the same is there, earlier or in its batch; else it leaves no trace.

    A fresh draft beside it is stored as ever.
    """
    log.append([say("alice", "a")])
    outcomes = log.append(
        [
            again(say("alice", "a")),
            again(say("alice", "a", "other")),
            again(say("alice", "b")),
            again(say("stranger", "c", room="nowhere")),
            say("alice", "d"),
            again(say("alice", "d")),
        ]
    )
    assert outcomes == [
        Committed(1, NOW, repeated=True),
        Conflict(1),
        Absent(),
        Absent(),
        Committed(2, NOW),
        Committed(2, NOW, repeated=True),
    ]
    assert stored(path) == [(1, "hi"), (2, "hi")]
    assert log.append([say("alice", "b")]) == [Committed(3, NOW)]


def again(draft: Draft) -> Draft:
    """Return the draft as one for a repetition at most."""
    return replace(draft, again=True)
