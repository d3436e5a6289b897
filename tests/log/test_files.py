"""Files as the log knows them: who may have one, which are still referred to, and lists of them."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.msgpack import encode
from msgspec.structs import replace

from secure_chat.limits import Limits
from secure_chat.log.base import Keep, Query
from secure_chat.log.copying import copied_log
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import Attached, Content, History
from tests.fakes import FakeClock
from tests.log.speech import attached, delete, edit, give, offer, over, privately, react, say

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


# --- one file ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "rooms", "seq", "there"),
    [
        ("bob", ("lobby",), 1, True),
        ("alice", ("tea", "lobby"), 1, True),
        ("bob", (), 1, False),
        ("alice", (), 1, False),
        ("bob", ("tea",), 1, False),
        ("bob", (), 2, True),
        ("alice", (), 2, True),
        ("carol", ("lobby", "bob", "alice"), 2, False),
        ("nobody", ("lobby",), 2, False),
        ("bob", ("lobby",), 3, False),
        ("bob", ("lobby",), 4, False),
        ("bob", ("lobby",), 99, False),
        ("bob", ("lobby",), 0, False),
    ],
)
def test_a_file_is_for_those_who_may_read_its_message(
    log: SqliteLog,
    reader: SqliteReader,
    person: str,
    rooms: tuple[str, ...],
    seq: int,
    *,
    there: bool,
) -> None:
    """In a room of theirs, or said to them or by them; other numbers have no file."""
    log.append(
        [
            give("alice", "1", "one"),
            privately(give("alice", "2", "two"), "bob"),
            say("alice", "3"),
            react("alice", "4", 1),
        ]
    )
    expected = Keep("alice", attached("one" if seq == 1 else "two")) if there else None
    assert reader.file(person, rooms, seq) == expected


def test_the_file_of_a_deleted_message_is_gone_and_of_an_edited_one_stays(
    log: SqliteLog, reader: SqliteReader
) -> None:
    """Only that message's: the same upload may be referred to by another one."""
    log.append([give("alice", "1"), give("alice", "2"), give("alice", "3", "other")])
    log.append([edit("alice", "4", 3), delete("alice", "5", 1)])
    kept = [reader.file("bob", ("lobby",), seq) for seq in (1, 2, 3)]
    assert kept == [None, Keep("alice", attached()), Keep("alice", attached("other"))]


def test_a_stream_is_what_its_end_says_of_it(log: SqliteLog, reader: SqliteReader) -> None:
    """As soon as it has come; the first one counts, and one that was deleted does not."""
    log.append([offer("alice", "1"), offer("alice", "2", "other"), react("bob", "3", 1)])
    offered = Keep("alice", Attached("up", "up.txt"))
    assert reader.file("bob", ("lobby",), 1) == offered
    later = replace(
        over("alice", "5", 1), content=Content("stream-end", of=1, file=attached(size=9))
    )
    log.append([over("alice", "4", 1), later])
    assert reader.file("bob", ("lobby",), 1) == Keep("alice", attached())
    assert reader.file("bob", ("lobby",), 4) == Keep("alice", attached())
    log.append([delete("alice", "6", 4)])
    assert reader.file("bob", ("lobby",), 1) == Keep("alice", attached(size=9))
    log.append([delete("alice", "7", 5)])
    assert reader.file("bob", ("lobby",), 1) == offered
    log.append([delete("alice", "8", 1)])
    assert reader.file("bob", ("lobby",), 1) is None


# --- all files -----------------------------------------------------------------------------


def test_what_is_referred_to_is_told_of_each_author(log: SqliteLog) -> None:
    """By any message, until the last of them is deleted or pruned."""
    log.append([give("alice", "1"), give("alice", "2"), give("bob", "3", "his"), say("carol", "4")])
    asked = [("alice", "up"), ("bob", "up"), ("bob", "his"), ("carol", "his"), ("nobody", "up")]
    assert log.referred(asked) == {("alice", "up"), ("bob", "his")}
    log.append([delete("alice", "5", 2), delete("bob", "6", 3)])
    assert log.referred(asked) == {("alice", "up")}
    assert log.prune(NOW + 1, 1) == 1
    assert log.referred(asked) == set()
    assert log.referred([]) == set()


def test_a_stream_is_referred_to_until_it_is_deleted(log: SqliteLog) -> None:
    """Its end takes nothing from the offer; the offer takes the end along."""
    asked = [("alice", "up")]
    log.append([offer("alice", "1"), over("alice", "2", 1)])
    log.append([delete("alice", "3", 2)])
    assert log.referred(asked) == set(asked)
    log.append([over("alice", "4", 1), delete("alice", "5", 1)])
    assert log.referred(asked) == set()


@pytest.mark.parametrize("newest", [False, True])
def test_a_list_of_files_has_nothing_else_and_keeps_the_rights(
    log: SqliteLog, reader: SqliteReader, *, newest: bool
) -> None:
    """Of rooms, of direct messages, of one person or all; paged like any history."""
    log.append(
        [
            give("alice", "1"),
            say("alice", "2"),
            give("bob", "3", "b", "tea"),
            privately(give("alice", "4", "c"), "bob"),
            privately(give("bob", "5", "d"), "alice"),
            privately(give("carol", "6", "e"), "alice"),
            privately(give("carol", "7", "f"), "bob"),
            react("alice", "8", 1),
            privately(give("alice", "9", "g"), "alice"),
            give("alice", "10", "h"),
            delete("alice", "11", 10),
            give("bob", "12", "i"),
        ]
    )

    def files(*rooms: str, **asked: str | int) -> tuple[list[int], bool]:
        history = History(re=1, files=True, newest=newest, **asked)  # type: ignore[arg-type]
        page = reader.history(Query("alice", rooms, history))
        return [said.seq for said in page.messages], page.more

    assert files("lobby") == ([1, 4, 5, 6, 9, 12], False)
    assert files("lobby", "tea") == ([1, 3, 4, 5, 6, 9, 12], False)
    assert files("lobby", room="lobby") == ([1, 12], False)
    assert files(with_="bob") == ([4, 5], False)
    assert files(with_="alice") == ([9], False)
    assert files("lobby", limit=2) == ([9, 12] if newest else [1, 4], True)
    assert files("lobby", after=4, before=9) == ([5, 6], False)
    assert files("lobby", until=NOW) == ([], False)
    assert files("lobby", since=NOW, limit=1) == ([12] if newest else [1], True)


def test_a_page_of_files_fits_a_frame(log: SqliteLog, reader: SqliteReader) -> None:
    """Whatever their names and types are, and also when each was edited."""
    limits = Limits()
    file = Attached("u" * 64, "é" * 250, "t" * 120, 2**53, "f" * 64)
    content = Content("folder", "markdown", "l" * 32, 2**53, 0, file, 2**53, 2**53)
    log.append([replace(give("alice", str(n)), content=content) for n in range(200)])
    log.append([edit("alice", f"e{n}", n) for n in range(1, 90)])
    for newest in (False, True):
        history = History(re=1, newest=newest, files=True, limit=10**6)
        page = reader.history(Query("alice", ("lobby",), history))
        assert page.more
        assert limits.page_bytes * 0.8 < len(encode(page)) <= limits.page_bytes


def test_a_copy_of_the_log_has_all_of_it(log: SqliteLog, path: Path, tmp_path: Path) -> None:
    """Contents, edits, deletions and files read in the copy as in the log."""
    log.append([give("alice", "1"), give("alice", "2", "b"), offer("alice", "3", "s")])
    log.append([edit("alice", "4", 1), delete("alice", "5", 2), over("alice", "6", 3, "s")])
    copied = tmp_path / "copied.db"
    with copied_log(path) as copy:
        copied.write_bytes(copy.file.read())
    query = Query("alice", ("lobby",), History(re=1))
    with closing(SqliteLog.open(copied, FakeClock(), Limits())) as second:
        assert second.referred([("alice", up) for up in ("up", "b", "s")]) == {
            ("alice", "up"),
            ("alice", "s"),
        }
        with (
            closing(SqliteReader.open(path, Limits())) as one,
            closing(SqliteReader.open(copied, Limits())) as other,
        ):
            assert one.history(query) == other.history(query)
            assert other.file("alice", ("lobby",), 3) == Keep("alice", attached("s"))
            assert other.file("alice", ("lobby",), 2) is None
        assert second.scrub_due
