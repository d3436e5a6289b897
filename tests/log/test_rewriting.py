"""Edits, deletions and reactions: who may, what becomes of the old entry, and repetitions."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from secure_chat.errors import StoreFull
from secure_chat.limits import Limits
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import Content, History, Said
from tests.fakes import FakeClock
from tests.log.index import check_index, tables
from tests.log.speech import (
    attached,
    delete,
    edit,
    give,
    offer,
    over,
    privately,
    react,
    say,
)

NOW = 1_795_348_800_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name the log's file."""
    return tmp_path / "log.db"


@pytest.fixture
def log(path: Path) -> Iterator[SqliteLog]:
    """Give a new log."""
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        yield log


@pytest.fixture
def reader(log: SqliteLog, path: Path) -> Iterator[SqliteReader]:
    """Give a reader of it."""
    assert log.head == 0
    with closing(SqliteReader.open(path, Limits())) as reader:
        yield reader


def read(reader: SqliteReader, person: str = "alice", **asked: str) -> list[Said]:
    """Return the history of the lobby and of a person's direct messages."""
    history = History(re=1, **asked)  # type: ignore[arg-type]
    return reader.history(Query(person, ("lobby",), history)).messages


def found(log: SqliteLog, reader: SqliteReader, search: str) -> list[int]:
    """Return the numbers of what a search finds, once the index has caught up."""
    while log.index(100):
        pass
    check_index(log._db)
    return [said.seq for said in read(reader, search=search)]


def content(said: Said) -> Content:
    """Return what a message is beside its text."""
    assert said.content is not None
    return said.content


# --- what is kept --------------------------------------------------------------------------


def test_content_comes_back_as_it_was_and_plain_text_has_none(
    log: SqliteLog, reader: SqliteReader
) -> None:
    """Each kind is read as it was said, in every way of reading."""
    given, plain = give("alice", "1"), say("alice", "2")
    log.append([Draft(Kind.JOINED, "alice", "j", "lobby", None, ""), given, plain])
    for messages in (
        read(reader),
        list(reader.missed("alice", 0, 9).messages),
        list(reader.newest("alice", 9).messages),
    ):
        assert [said.content for said in messages] == [given.content, None]


def test_a_batch_of_all_kinds_keeps_its_order(log: SqliteLog, reader: SqliteReader) -> None:
    """Plain, typed and rewriting drafts of one batch get ascending numbers and one moment."""
    batch = [
        say("alice", "1", "one"),
        give("alice", "2", text="two"),
        react("bob", "3", 1, "three"),
        Draft(Kind.JOINED, "carol", "4", "lobby", None, ""),
        edit("alice", "5", 1, "five"),
        *(say("alice", f"p{n}", str(n)) for n in range(70)),
        delete("alice", "6", 2),
    ]
    assert log.append(batch) == [Committed(seq, NOW) for seq in range(1, 77)]
    texts = ["five", "", "three", "five", *map(str, range(70)), ""]
    assert [said.text for said in read(reader)] == texts
    assert [place.joined for place in log.places()] == [4]


# --- edits ---------------------------------------------------------------------------------


def test_an_edit_gives_the_message_its_text_and_its_format(
    log: SqliteLog, reader: SqliteReader
) -> None:
    """Kind, file and reply stay the message's own; the edit stays an entry of its own."""
    log.append([give("alice", "1"), say("alice", "2", "plain")])
    log.append([edit("alice", "3", 1, "new"), edit("alice", "4", 2, "newer")])
    first, second, *edits = read(reader)
    given = Content("file", reply=7, file=attached(), format="code", lang="sql", edited=3)
    assert (first.text, first.content) == ("new", given)
    assert (second.text, second.content) == (
        "newer",
        Content(format="code", lang="sql", edited=4),
    )
    assert [(said.seq, said.text, content(said).of) for said in edits] == [
        (3, "new", 1),
        (4, "newer", 2),
    ]


def test_the_last_edit_counts(log: SqliteLog, reader: SqliteReader) -> None:
    """Whether in one batch or in several, and whether the edits before are longer or shorter."""
    log.append([say("alice", "1", "one"), edit("alice", "2", 1, "two" * 99)])
    log.append([edit("alice", "3", 1, ""), edit("alice", "4", 1, "last")])
    assert (read(reader)[0].text, content(read(reader)[0]).edited) == ("last", 4)


@pytest.mark.parametrize("indexed", [False, True])
def test_a_search_finds_what_a_message_says_now(
    log: SqliteLog, reader: SqliteReader, *, indexed: bool
) -> None:
    """The old words find nothing, the new ones the message and not its edit as well."""
    log.append([say("alice", "1", "old same"), say("alice", "2", "old same")])
    if indexed:
        assert found(log, reader, "old") == [1, 2]
    log.append([edit("alice", "3", 1, "middle same")])
    assert found(log, reader, "middle") == [1]
    log.append([edit("alice", "4", 1, "new same")])
    assert (found(log, reader, "old"), found(log, reader, "middle")) == ([2], [])
    assert (found(log, reader, "new"), found(log, reader, "same")) == ([1], [1, 2])
    assert [said.seq for said in read(reader, author="alice")] == [1, 2, 3, 4]


# --- deletions -----------------------------------------------------------------------------


@pytest.mark.parametrize("indexed", [False, True])
def test_a_deletion_leaves_a_tombstone_of_the_message_and_its_edits(
    log: SqliteLog, reader: SqliteReader, *, indexed: bool
) -> None:
    """Text, file and words are gone from all of them; who, when and where is left."""
    log.append([give("alice", "1", text="secret"), say("alice", "2", "secret too")])
    log.append([edit("alice", "3", 1, "also secret"), react("bob", "4", 1)])
    if indexed:
        assert found(log, reader, "secret") == [1, 2]
    log.append([delete("alice", "5", 1)])
    assert found(log, reader, "secret") == [2]
    tombstone = Content("deleted", of=5)
    messages = read(reader)
    assert [(said.seq, said.text) for said in messages] == [
        (1, ""),
        (2, "secret too"),
        (3, ""),
        (4, "+1"),
        (5, ""),
    ]
    assert [messages[n].content for n in (0, 2)] == [tombstone, tombstone]
    assert (messages[0].author, messages[0].id, messages[0].at) == ("alice", "1", NOW)
    assert content(messages[4]) == Content("deletion", of=1)
    assert [said.seq for said in read(reader, author="alice")] == [1, 2, 3, 5]


def test_a_deleted_stream_takes_its_end_along(log: SqliteLog, reader: SqliteReader) -> None:
    """And the edits of that; an end alone goes alone."""
    log.append([offer("alice", "1"), over("alice", "2", 1), edit("alice", "3", 2)])
    log.append([offer("alice", "4", "other"), over("alice", "5", 4, "other")])
    log.append([delete("alice", "6", 1), delete("alice", "7", 5)])
    kinds = [content(said).kind for said in read(reader)]
    assert kinds == ["deleted", "deleted", "deleted", "stream", "deleted", "deletion", "deletion"]


def test_a_row_keeps_its_length_and_loses_its_content(log: SqliteLog, path: Path) -> None:
    """That is why no neighbour of it is ever moved, and nothing of it is left behind."""
    log.append([give("alice", "1", text="tröst"), say("alice", "2", "")])
    log.append([delete("alice", "3", 1), edit("alice", "4", 2, "long")])
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT text, content FROM entry ORDER BY seq").fetchall()
    assert rows[0][0] == " " * len("tröst".encode())
    assert set(rows[0][1]) == {0}
    assert rows[1] == ("", None)


# --- who may -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draft",
    [
        react("alice", "x", 99),
        react("alice", "x", 2**53 - 1),
        react("alice", "x", 1, room="tea"),
        privately(react("alice", "x", 1), "bob"),
        privately(react("alice", "x", 1), "lobby"),
        react("alice", "x", 2),
        react("alice", "x", 3),
        privately(react("carol", "x", 3), "bob"),
        privately(react("carol", "x", 3), "alice"),
        privately(react("alice", "x", 3), "carol"),
        react("alice", "x", 3, room="bob"),
        react("alice", "x", 5),
        edit("alice", "x", 5),
        delete("alice", "x", 5),
        edit("bob", "x", 1),
        delete("bob", "x", 1),
        delete("stranger", "x", 1),
        react("alice", "x", 1, room="nowhere"),
        privately(react("stranger", "x", 1), "nobody"),
        edit("alice", "x", 6),
        delete("alice", "x", 6),
        edit("alice", "x", 7),
        delete("alice", "x", 7),
        edit("alice", "x", 8),
        over("alice", "x", 1),
        over("bob", "x", 9),
        over("alice", "x", 9, "other"),
        over("alice", "x", 9, None),
        replace(react("alice", "x", 1), again=True),
    ],
)
def test_what_may_not_be_is_absent_and_leaves_no_trace(
    log: SqliteLog, path: Path, draft: Draft
) -> None:
    """Missing, elsewhere, somebody else's, deleted, or not to be edited; others are stored."""
    log.append(
        [
            say("alice", "1"),
            Draft(Kind.JOINED, "alice", "2", "lobby", None, ""),
            privately(say("alice", "3"), "bob"),
            say("carol", "4", "hello there"),
            say("alice", "5"),
            delete("alice", "6", 5),
            edit("alice", "7", 1),
            react("bob", "8", 1),
            offer("alice", "9"),
        ]
    )
    before = dump(path)
    assert log.append([draft]) == [Absent()]
    assert dump(path) == before
    around = log.append([say("dan", "a"), draft, give("dan", "b")])
    assert around == [Committed(10, NOW), Absent(), Committed(11, NOW)]


def test_nothing_is_about_itself(log: SqliteLog) -> None:
    """The number that a draft would get is not there before it; of its batch, earlier ones are."""
    assert log.append([react("alice", "a", 1), edit("alice", "b", 1)]) == [Absent(), Absent()]
    batch = [say("alice", "c"), react("alice", "d", 1), react("alice", "e", 3)]
    assert log.append(batch) == [Committed(1, NOW), Committed(2, NOW), Absent()]


def dump(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return all that the file holds."""
    with closing(sqlite3.connect(path)) as db:
        names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: db.execute(f"SELECT * FROM {name}").fetchall()  # noqa: S608 - a table's own name
            for (name,) in names
            if name not in tables(db)
        }


@pytest.mark.parametrize(
    "draft",
    [
        react("bob", "x", 1),
        react("bob", "x", 4),
        privately(react("alice", "x", 2), "bob"),
        privately(react("bob", "x", 2), "alice"),
        privately(edit("alice", "x", 2), "bob"),
        edit("bob", "x", 3),
        delete("bob", "x", 3),
        over("alice", "x", 5),
        privately(delete("dan", "x", 6), "dan"),
        replace(say("bob", "x"), content=Content("something new", of=1)),
    ],
)
def test_what_may_be_is_stored(log: SqliteLog, draft: Draft) -> None:
    """Anybody there may react to anything, on either side of a direct message."""
    log.append(
        [
            say("alice", "1"),
            privately(say("alice", "2"), "bob"),
            react("bob", "3", 1),
            edit("alice", "4", 1),
            offer("alice", "5"),
            privately(say("dan", "6"), "dan"),
        ]
    )
    assert log.append([draft]) == [Committed(7, NOW)]


def test_what_a_batch_deletes_is_deleted_for_the_rest_of_it(log: SqliteLog) -> None:
    """Drafts of one batch see what those before them did."""
    assert log.append(
        [
            say("alice", "1"),
            edit("alice", "2", 1),
            delete("alice", "3", 1),
            react("bob", "4", 1),
            edit("alice", "5", 1),
            delete("alice", "6", 3),
            say("alice", "7"),
        ]
    ) == [
        *(Committed(seq, NOW) for seq in (1, 2, 3)),
        *[Absent()] * 3,
        Committed(4, NOW),
    ]


def test_what_retention_took_away_can_not_be_changed(log: SqliteLog) -> None:
    """A late reaction to it finds nothing; a late repetition is a repetition."""
    log.append([say("alice", "1"), say("alice", "2"), edit("alice", "3", 2), react("bob", "4", 1)])
    assert log.prune(NOW + 1, 1) == 1
    assert log.append([react("bob", "5", 1), edit("alice", "6", 1)]) == [Absent(), Absent()]
    assert log.append([say("alice", "1"), react("bob", "4", 1)]) == [
        Committed(1, NOW, repeated=True),
        Committed(4, NOW, repeated=True),
    ]
    assert log.prune(NOW + 1, 9) == 3
    assert log.append([react("bob", "4", 1), react("bob", "7", 4)]) == [
        Committed(4, NOW, repeated=True),
        Absent(),
    ]


# --- repetitions ---------------------------------------------------------------------------


def test_the_same_draft_again_is_a_repetition_also_when_it_was_rewritten(log: SqliteLog) -> None:
    """What happened to the message since does not matter, what it was said as does."""
    drafts = [
        say("alice", "1", "one"),
        give("alice", "2"),
        edit("alice", "3", 1),
        react("bob", "4", 1),
        delete("alice", "5", 2),
        delete("bob", "6", 4),
        edit("alice", "7", 1, "again"),
        delete("alice", "8", 1),
    ]
    expected = [Committed(seq, NOW) for seq in range(1, 9)]
    assert log.append(drafts) == expected
    repeated = [replace_repeated(outcome) for outcome in expected]
    assert log.append(drafts) == repeated
    assert [log.append([draft])[0] for draft in drafts] == repeated
    assert log.append([replace(draft, again=True) for draft in drafts]) == repeated
    assert log.head == 8


def replace_repeated(outcome: Committed) -> Committed:
    """Return the outcome of a repetition."""
    return replace(outcome, repeated=True)


@pytest.mark.parametrize(
    "other",
    [
        say("alice", "1", "a file"),
        give("alice", "1", "another"),
        replace(give("alice", "1"), text="other"),
        replace(give("alice", "1"), content=Content("file", file=attached())),
        give("alice", "1", room="tea"),
        react("alice", "1", 1),
    ],
)
def test_another_content_under_the_same_id_is_a_conflict(log: SqliteLog, other: Draft) -> None:
    """An id that was used for one thing cannot be used for another."""
    log.append([give("alice", "1")])
    assert log.append([other]) == [Conflict(1)]
    log.append([edit("alice", "2", 1)])
    elsewhere = give("alice", "1", room="tea")
    assert log.append([elsewhere, edit("alice", "2", 1, "other")]) == [Conflict(1), Conflict(2)]


def test_what_the_host_fills_in_makes_no_conflict(log: SqliteLog) -> None:
    """A stream that is offered again after its end was uploaded has a size by then."""
    log.append([offer("alice", "1")])
    again = replace(offer("alice", "1"), content=Content("stream", file=attached(size=77)))
    assert log.append([again]) == [Conflict(1)]
    file = replace(attached(size=77), type="")
    again = replace(again, content=Content("stream", file=file))
    assert log.append([again]) == [Committed(1, NOW, repeated=True)]


# --- a full disk ---------------------------------------------------------------------------


def test_a_full_disk_does_nothing_to_the_old_message(
    log: SqliteLog, reader: SqliteReader, path: Path
) -> None:
    """The edit is stored with what it does, or neither."""
    log.append([say("alice", "1", "old")])
    assert found(log, reader, "old") == [1]
    before = dump(path)
    pages = log._db.execute("PRAGMA page_count").fetchone()[0]
    log._db.execute(f"PRAGMA max_page_count = {pages}")
    batch = [edit("alice", "2", 1), *(say("alice", f"b{n}", "x" * 999) for n in range(50))]
    with pytest.raises(StoreFull):
        log.append(batch)
    assert dump(path) == before
    log._db.execute("PRAGMA max_page_count = 100000")
    assert log.append(batch[:1]) == [Committed(2, NOW)]
    assert found(log, reader, "better") == [1]
