"""The reader: everybody gets what is theirs, in order, in pages whose cost does not grow."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.msgpack import encode
from msgspec.structs import replace

from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from secure_chat.log import searching
from secure_chat.log.base import Draft, Kind, Query
from secure_chat.log.reader import SqliteReader, needs_index
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import Attached, Content, History, Page, Said
from tests.fakes import FakeClock
from tests.log.model import Entry, ModelLog

NOW = 1_795_348_800_000
PEOPLE = ("alice", "bob", "carol")
ROOMS = ("lobby", "tea", "alice")
# Of a log made for measuring.
STREAM = 4
# A look-up in FTS5.
_LOOKED_UP = r"SCAN words_\d+ VIRTUAL TABLE INDEX"


@dataclass(frozen=True, slots=True)
class Pair:
    """A log and a reader of the same file."""

    log: SqliteLog
    reader: SqliteReader
    clock: FakeClock
    path: Path


@contextmanager
def opened(path: Path, limits: Limits, clock: FakeClock) -> Iterator[Pair]:
    """Open both ends of a log as the host does, and close them in its order."""
    with (
        closing(SqliteLog.open(path, clock, limits)) as log,
        closing(SqliteReader.open(path, limits)) as reader,
    ):
        yield Pair(log, reader, clock, path)


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Give an empty log with its reader."""
    with opened(tmp_path / "log.db", Limits(page_bytes=4_000), FakeClock()) as pair:
        yield pair


def say(author: str, id_: str, text: str = "hi", room: str = "lobby") -> Draft:
    """Return a draft of a message to a room."""
    return Draft(Kind.SAID, author, id_, room, None, text)


def tell(author: str, id_: str, to: str, text: str = "hi") -> Draft:
    """Return a draft of a direct message."""
    return Draft(Kind.SAID, author, id_, None, to, text)


def move(author: str, id_: str, kind: Kind, room: str = "lobby") -> Draft:
    """Return a draft of joining or leaving."""
    return Draft(kind, author, id_, room, None, "")


def give(author: str, id_: str, room: str = "lobby") -> Draft:
    """Return a draft of a message with a file."""
    file = Attached(up=f"up{id_}", name=f"{id_}.txt", type="text/plain", size=5, sha256="5" * 64)
    return Draft(Kind.SAID, author, id_, room, None, "common", content=Content("file", file=file))


def catch_up(log: SqliteLog) -> None:
    """Fill the index as the hub does before a search, and merge its pieces as in quiet moments."""
    while log.index(1_000):
        pass
    while log.merge(64):
        pass


def texts(page: Page) -> list[str]:
    """Return what the messages of a page say."""
    return [message.text for message in page.messages]


# --- what was missed -----------------------------------------------------------------------


def test_a_person_gets_their_rooms_while_they_were_there(pair: Pair) -> None:
    """What was said before joining and after leaving is not delivered, what is between is."""
    pair.log.append(
        [
            say("bob", "1", "too early"),
            move("alice", "2", Kind.JOINED),
            say("bob", "3", "heard"),
            move("alice", "4", Kind.LEFT),
            say("bob", "5", "missed"),
            move("alice", "6", Kind.JOINED),
            say("bob", "7", "again"),
            say("bob", "8", "elsewhere", "tea"),
        ]
    )
    missed = pair.reader.missed("alice", 0, 10)
    assert [said.text for said in missed.messages] == ["heard", "again"]
    assert missed.upto == 8


def test_direct_messages_reach_both_ends_and_nobody_else(pair: Pair) -> None:
    """The sender's other clients see them too, a third person does not, not even oneself twice."""
    pair.log.append([tell("alice", "1", "bob"), tell("bob", "1", "bob"), say("carol", "1")])
    assert [said.seq for said in pair.reader.missed("alice", 0, 10).messages] == [1]
    assert [said.seq for said in pair.reader.missed("bob", 0, 10).messages] == [1, 2]
    assert pair.reader.missed("carol", 0, 10).messages == ()


def test_a_missed_message_is_whole(pair: Pair) -> None:
    """Every field of a message comes back as it was committed."""
    id_ = "00112233445566778899aabbccddeeff"
    pair.log.append([move("bob", "j", Kind.JOINED), say("alice", id_, "to all")])
    pair.log.append([tell("alice", "Z:.-_", "bob", "to one\0\n")])
    assert pair.reader.missed("bob", 0, 10).messages == (
        Said(2, NOW, "alice", id_, "to all", "lobby"),
        Said(3, NOW, "alice", "Z:.-_", "to one\0\n", None, "bob"),
    )


def test_a_page_ends_by_count_and_by_bytes_but_is_never_empty(pair: Pair) -> None:
    """A page says how far it reaches; a text larger than a page makes a page of its own."""
    pair.log.append([tell("alice", str(n), "bob", "x" * 1_500) for n in range(5)])
    pair.log.append([tell("alice", "big", "bob", "x" * 9_000)])
    reads = [pair.reader.missed("bob", after, 10) for after in (0, 2, 4, 5)]
    assert [[said.seq for said in read.messages] for read in reads] == [[1, 2], [3, 4], [5], [6]]
    assert [read.upto for read in reads] == [2, 4, 5, 6]
    assert [said.seq for said in pair.reader.missed("bob", 0, 1).messages] == [1]
    none = pair.reader.missed("bob", 3, 0)
    assert (none.messages, none.upto) == ((), 3)


def test_somebody_unknown_missed_nothing(pair: Pair) -> None:
    """A person without a message or a room gets an empty page up to the head, also in no log."""
    assert pair.reader.missed("nobody", 0, 10).upto == 0
    pair.log.append([say("alice", "1")])
    for after in (0, 1, 99):
        missed = pair.reader.missed("nobody", after, 10)
        assert (missed.messages, missed.upto) == ((), 1)
    assert pair.reader.newest("nobody", 10).messages == ()


def test_a_first_run_shows_the_end_of_what_may_be_read(pair: Pair) -> None:
    """Earlier messages of the rooms one is in count, those of rooms one left do not."""
    pair.log.append(
        [
            say("bob", "1", "before"),
            move("alice", "2", Kind.JOINED),
            move("alice", "3", Kind.JOINED, "tea"),
            say("bob", "4", "in tea", "tea"),
            move("alice", "5", Kind.LEFT, "tea"),
            tell("bob", "6", "alice", "direct"),
            say("bob", "7", "last"),
            say("bob", "8", "elsewhere", "den"),
        ]
    )
    for count, expected in {9: ["before", "direct", "last"], 2: ["direct", "last"], 0: []}.items():
        newest = pair.reader.newest("alice", count)
        assert [said.text for said in newest.messages] == expected
        assert newest.upto == 8


def test_a_first_run_is_bounded_whatever_is_asked(tmp_path: Path) -> None:
    """Neither the count nor the bytes of one answer can be made large by a client."""
    limits = Limits(tail_entries=3, outbox_bytes=4_000)
    with opened(tmp_path / "log.db", limits, FakeClock()) as pair:
        pair.log.append([tell("alice", str(n), "bob") for n in range(5)])
        assert [said.seq for said in pair.reader.newest("bob", 2**53).messages] == [3, 4, 5]
        pair.log.append([tell("alice", f"b{n}", "bob", "x" * 900) for n in range(5)])
        assert [said.seq for said in pair.reader.newest("bob", 5).messages] == [9, 10]


# --- history -------------------------------------------------------------------------------


@pytest.mark.parametrize("search", ["word", None])
def test_history_is_of_the_rooms_allowed_and_ones_own_messages(
    pair: Pair, search: str | None
) -> None:
    """With words or without, nothing is found that was said elsewhere or between others."""
    pair.log.append(
        [
            say("bob", "1", "word in lobby"),
            say("bob", "2", "word in tea", "tea"),
            tell("bob", "3", "alice", "word to alice"),
            tell("bob", "4", "carol", "word to carol"),
            tell("alice", "5", "alice", "word to myself"),
        ]
    )
    catch_up(pair.log)

    def found(rooms: tuple[str, ...], **asked: str) -> list[str]:
        history = History(re=7, search=search, **asked)  # type: ignore[arg-type]
        return texts(pair.reader.history(Query("alice", rooms, history)))

    assert found(("lobby",)) == ["word in lobby", "word to alice", "word to myself"]
    assert found(("lobby",), room="lobby") == ["word in lobby"]
    assert found((), with_="bob") == ["word to alice"]
    assert found((), with_="alice") == ["word to myself"]
    assert found((), with_="carol") == []
    assert found((), with_="nobody") == []
    assert found((), room="tea") == []


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("hello", ["Hello, world!", "hello again"]),
        ("WORLD hello", ["Hello, world!"]),
        ("cafe", ["Café e-mail"]),
        ("e-mail", ["Café e-mail"]),
        ("mail-e", []),
        ("!!! world", ["Hello, world!"]),
        ('"world"', ["Hello, world!"]),
        ("hello NOT again", []),
        ("hel*", []),
        ("text:hello", []),
        ("r1 OR a2", []),
        ("scope", []),
        ("", []),
        (" \t\0", []),
        ("!!!", []),
        ("NEAR(hello", []),
        (") OR (", []),
        ("w " * 512, []),
        ("hello " * 170, ["Hello, world!", "hello again"]),
    ],
)
@pytest.mark.parametrize("few", [0, 16])
def test_words_of_a_search_are_taken_literally(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, search: str, found: list[str], few: int
) -> None:
    """No sign in a search has a meaning, and none of them is an error, however it is answered."""
    monkeypatch.setattr(searching, "_FEW", few)
    pair.log.append(
        [
            say("bob", str(n), t)
            for n, t in enumerate(("Hello, world!", "hello again", "Café e-mail"))
        ]
    )
    catch_up(pair.log)
    page = pair.reader.history(Query("alice", ("lobby",), History(re=1, search=search)))
    assert texts(page) == found
    assert not page.more


@pytest.mark.parametrize("few", [0, 16])
def test_a_search_through_as_many_rooms_as_allowed(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """The largest question that the limits allow is answered."""
    monkeypatch.setattr(searching, "_FEW", few)
    rooms = tuple(f"room{n}" for n in range(Limits().rooms_per_person))
    pair.log.append([say("bob", room, f"word {room}", room) for room in rooms])
    catch_up(pair.log)
    asked = History(re=1, search="word " * 200, newest=True, limit=1)
    assert texts(pair.reader.history(Query("alice", rooms, asked))) == [f"word {rooms[-1]}"]


def test_a_search_does_not_see_what_is_not_indexed_yet(pair: Pair) -> None:
    """The index runs behind the commit, which is why the hub lets it catch up first."""
    pair.log.append([say("bob", "1", "word")])
    query = Query("alice", ("lobby",), History(re=1, search="word"))
    assert texts(pair.reader.history(query)) == []
    catch_up(pair.log)
    assert texts(pair.reader.history(query)) == ["word"]


@pytest.mark.parametrize(
    ("history", "needed"),
    [
        (History(re=1), False),
        (History(re=1, room="lobby", since=5), False),
        (History(re=1, search="word"), True),
        (History(re=1, author="bob"), True),
    ],
)
def test_which_questions_wait_for_the_index(history: History, *, needed: bool) -> None:
    """Only words and authors are looked up there."""
    assert needs_index(history) is needed


def test_a_page_of_history_tells_whether_there_is_more(pair: Pair) -> None:
    """Both directions page without a gap, and each page stands in ascending order."""
    pair.log.append([say("bob", str(n), str(n)) for n in range(1, 8)])

    def page(**asked: int | bool) -> tuple[list[str], bool]:
        history = History(re=3, limit=3, **asked)  # type: ignore[arg-type]
        found = pair.reader.history(Query("alice", ("lobby",), history))
        assert found.re == 3
        return texts(found), found.more

    assert page() == (["1", "2", "3"], True)
    assert page(after=3) == (["4", "5", "6"], True)
    assert page(after=4) == (["5", "6", "7"], False)
    assert page(after=7) == ([], False)
    assert page(newest=True) == (["5", "6", "7"], True)
    assert page(newest=True, before=5) == (["2", "3", "4"], True)
    assert page(newest=True, before=4) == (["1", "2", "3"], False)
    assert page(after=2, before=5) == (["3", "4"], False)
    assert page(before=2**63 - 1, after=2**63 - 1) == ([], False)


def test_a_page_of_history_fits_a_frame(tmp_path: Path) -> None:
    """However long names, ids and texts are, a page of several stays below its bytes."""
    limits = Limits()
    with opened(tmp_path / "log.db", limits, FakeClock()) as pair:
        pair.log.append([say("p" * 128, f"{n:0128}", "é" * 100, "r" * 128) for n in range(300)])
        for newest in (False, True):
            asked = History(re=1, newest=newest, limit=10**6)
            page = pair.reader.history(Query("alice", ("r" * 128,), asked))
            assert page.more
            assert limits.page_bytes * 0.8 < len(encode(page)) <= limits.page_bytes
            assert (page.messages[-1].seq == 300) is newest


def test_a_limit_of_nothing_still_tells_whether_there_is_something(pair: Pair) -> None:
    """An empty page may be asked for."""
    query = Query("alice", ("lobby",), History(re=1, limit=0))
    assert pair.reader.history(query) == Page(1, [], more=False)
    pair.log.append([say("bob", "1")])
    assert pair.reader.history(query) == Page(1, [], more=True)


@pytest.mark.parametrize("pruned", [0, 2, 3, 8])
def test_moments_are_exact_although_the_clock_went_back(pair: Pair, pruned: int) -> None:
    """`since` is included, `until` is not, in every stretch between two steps of the clock."""
    for number, seconds in enumerate((0, 10, 10, -15, 5, 20, -30, 1)):
        pair.clock.advance(seconds)
        pair.log.append([say("bob", str(number), str(pair.clock.wall - NOW / 1000))])
    assert pair.log.prune(NOW + 60_000, pruned) == pruned
    all_of_them = [0, 10, 20, 5, 10, 30, 0, 1][pruned:]
    moments = (None, -1, 0, 1, 2, 5, 6, 10, 11, 20, 29, 30, 31)
    for since, until, newest in product(moments, moments, (False, True)):
        asked = History(
            re=1,
            since=None if since is None else NOW + since * 1000,
            until=None if until is None else NOW + until * 1000,
            newest=newest,
        )
        page = pair.reader.history(Query("alice", ("lobby",), asked))
        assert [float(text) for text in texts(page)] == [
            at
            for at in all_of_them
            if (since is None or at >= since) and (until is None or at < until)
        ]


# --- beside the writer ---------------------------------------------------------------------


def test_one_answer_sees_one_moment(pair: Pair) -> None:
    """What is committed while a page is read belongs to the next one."""
    pair.log.append([say("bob", "1"), move("alice", "2", Kind.JOINED)])
    with pair.reader._snapshot():
        assert pair.reader._head() == 2
        pair.log.append([say("bob", "3")])
        assert pair.reader._head() == 2
    assert pair.reader.missed("alice", 0, 10).upto == 3


def test_a_file_that_is_no_log_is_explained(tmp_path: Path) -> None:
    """A question that fails is an error like any other."""
    path = tmp_path / "log.db"
    path.write_bytes(b"something else " * 100)
    with (
        closing(SqliteReader.open(path, Limits())) as reader,
        pytest.raises(StoreError, match="cannot be read"),
    ):
        reader.missed("alice", 0, 10)


# --- cost ----------------------------------------------------------------------------------


def filled(path: Path, count: int) -> None:
    """Make a log with so many messages in rooms, between people, and moves."""
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        log.append([move("alice", f"j{room}", Kind.JOINED, room) for room in ROOMS])
        offer = Content("stream", file=Attached(up="s", name="s"))
        ended = Content("stream-end", of=STREAM, file=Attached(up="s", name="s", size=9))
        log.append(
            [replace(say("bob", f"s{n}"), content=what) for n, what in ((1, offer), (2, ended))]
        )
        for start in range(0, count, 500):
            batch = [
                draft
                for n in range(start, start + 500, 5)
                for draft in (
                    say("bob", f"a{n}", f"common word {n % 7}"),
                    give("carol", f"b{n}", "tea"),
                    say("carol", f"c{n}", "common", "den"),
                    replace(give("alice", f"d{n}"), room=None, to="bob"),
                    tell("carol", f"e{n}", "alice", "common direct"),
                )
            ]
            log.append(batch)
        log.append([say("dave", "rare", "a rare thing")])
        catch_up(log)
        log.checkpoint()


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Make a small log and one ten times as long."""
    folder = tmp_path_factory.mktemp("logs")
    small, large = folder / "small.db", folder / "large.db"
    filled(small, 2_000)
    filled(large, 20_000)
    return small, large


HISTORIES = {
    "all": History(re=1),
    "newest": History(re=1, newest=True),
    "room": History(re=1, room="lobby", newest=True),
    "with": History(re=1, with_="bob", newest=True),
    "files": History(re=1, files=True, newest=True),
    "files of a room": History(re=1, room="tea", files=True, since=NOW),
    "files with": History(re=1, with_="bob", files=True, after=500),
    "deep": History(re=1, room="lobby", after=900),
    "since": History(re=1, since=NOW, newest=True),
    "until": History(re=1, until=NOW),
    "author": History(re=1, author="dave"),
    "word": History(re=1, search="common", newest=True),
    "rare and common": History(re=1, search="common rare"),
}
QUESTIONS: dict[str, Callable[[SqliteReader], object]] = {
    "missed from the start": lambda reader: reader.missed("alice", 0, 50),
    "missed from the middle": lambda reader: reader.missed("alice", 1_000, 50),
    "missed nothing": lambda reader: reader.missed("nobody", 0, 50),
    "first run": lambda reader: reader.newest("alice", 50),
    "a file": lambda reader: reader.file("alice", ROOMS, 5),
    "the file of a stream": lambda reader: reader.file("alice", ROOMS, STREAM),
}


def ask(reader: SqliteReader, history: History) -> Page:
    """Ask for a page of history as alice, with her rooms as the hub would fill them in."""
    rooms = () if history.with_ else (history.room,) if history.room else ROOMS
    return reader.history(Query("alice", rooms, history))


def asking(history: History) -> Callable[[SqliteReader], object]:
    """Return the question as something to be done."""
    return lambda reader: ask(reader, history)


QUESTIONS |= {f"history {name}": asking(history) for name, history in HISTORIES.items()}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_page_scans_or_sorts(logs: tuple[Path, Path], question: str) -> None:
    """Every statement of every question finds its rows by an index and in order."""
    statements: set[str] = set()
    with closing(SqliteReader.open(logs[0], Limits())) as reader:
        reader._db.set_trace_callback(statements.add)
        QUESTIONS[question](reader)
        reader._db.set_trace_callback(None)
        # FTS5 reads its own tables with statements of its own.
        selects = [s for s in statements if s.startswith("SELECT") and "'words_" not in s]
        assert selects
        for select in selects:
            plan = reader._db.execute(f"EXPLAIN QUERY PLAN {select}").fetchall()
            for *_, step in plan:
                assert "TEMP B-TREE" not in step, select
                # Steps of the clock and tables of the index are few, and the newest entry is the
                # first that is met from the end.
                allowed = step.startswith("SEARCH") or re.match(_LOOKED_UP, step)
                newest = select.endswith("ORDER BY seq DESC LIMIT 1")
                assert allowed or newest or step in {"SCAN step", "SCAN part"}, (select, step)


def work(path: Path, question: str) -> int:
    """Count the instructions SQLite's machine needs for a question."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    with closing(SqliteReader.open(path, Limits())) as reader:
        QUESTIONS[question](reader)
        reader._db.set_progress_handler(tick, 1)
        QUESTIONS[question](reader)
        reader._db.set_progress_handler(None, 1)
    return count


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_of_a_log_ten_times_as_long_costs_the_same(
    logs: tuple[Path, Path], question: str
) -> None:
    """The work is that of the page; halving for a moment and the index's tree add a little."""
    small, large = (work(path, question) for path in logs)
    indexed = question.removeprefix("history ") in {"author", "word", "rare and common"}
    assert 0 < large <= small + (1_000 if indexed else 50)


# --- compared with the model ---------------------------------------------------------------

ids = st.sampled_from([f"{n}" for n in range(12)])
words = st.lists(st.sampled_from(["tea", "milk", "sugar"]), max_size=3).map(" ".join)
people = st.sampled_from(PEOPLE)
rooms_ = st.sampled_from(ROOMS)
drafts = (
    st.builds(say, people, ids, words, rooms_)
    | st.builds(tell, people, ids, people, words)
    | st.builds(move, people, ids, st.sampled_from([Kind.JOINED, Kind.LEFT]), rooms_)
)
acts = st.lists(
    st.tuples(st.just("append"), st.lists(drafts, max_size=8))
    | st.tuples(st.just("clock"), st.sampled_from([-20, -1, 1, 1, 10, 10]))
    | st.tuples(st.just("prune"), st.tuples(st.integers(-30, 30), st.integers(1, 6)))
    | st.tuples(st.just("index"), st.integers(1, 5))
    | st.tuples(st.just("reopen"), st.none()),
    min_size=1,
    max_size=12,
)
moments = st.none() | st.integers(-30, 60).map(lambda seconds: NOW + seconds * 1000)
questions = st.builds(
    Query,
    people,
    st.lists(rooms_, unique=True).map(tuple),
    st.builds(
        History,
        re=st.just(1),
        room=st.none() | rooms_,
        with_=st.none() | people,
        author=st.none() | people,
        since=moments,
        until=moments,
        search=st.none() | words,
        newest=st.booleans(),
        limit=st.integers(1, 4),
    ),
)


def play(log: SqliteLog, model: ModelLog, clock: FakeClock, act: tuple[str, object]) -> None:
    """Do one act to both logs and compare what they say."""
    match act:
        case ("append", list(batch)):
            assert log.append(batch) == model.append(batch, int(clock.now() * 1000))
        case ("clock", int(seconds)):
            clock.advance(seconds)
        case ("prune", (int(age), int(most))):
            before = NOW + age * 1000
            assert log.prune(before, most) == model.prune(before, most)
        case ("index", int(most)):
            log.index(most)
        case _:
            assert act[0] == "reopen"
    assert (log.head, log.floor) == (model.head, model.floor)
    assert sorted(log.places(), key=str) == sorted(model.places, key=str)


def all_missed(reader: SqliteReader, person: str, after: int, most: int) -> list[Said]:
    """Read page after page until there is no more."""
    found: list[Said] = []
    while True:
        missed = reader.missed(person, after, most)
        assert len(missed.messages) <= most
        found += missed.messages
        if not missed.messages:
            return found
        assert after < missed.messages[-1].seq <= missed.upto
        after = missed.upto


def all_history(reader: SqliteReader, query: Query) -> list[Said]:
    """Read page after page in the asked direction until there is no more."""
    asked, found = query.history, list[Said]()
    after, before = asked.after, asked.before
    while True:
        history = History(
            re=1,
            room=asked.room,
            with_=asked.with_,
            author=asked.author,
            since=asked.since,
            until=asked.until,
            search=asked.search,
            newest=asked.newest,
            limit=asked.limit,
            after=after,
            before=before,
        )
        page = reader.history(Query(query.person, query.rooms, history))
        assert len(page.messages) <= asked.limit
        found = [*page.messages, *found] if asked.newest else [*found, *page.messages]
        if not page.more:
            return found
        if asked.newest:
            before = page.messages[0].seq
        else:
            after = page.messages[-1].seq


def same(found: list[Said], expected: list[Entry]) -> None:
    """Check that messages are those of the model, each once and in order."""
    assert found == [entry.said() for entry in expected]


@settings(max_examples=150, deadline=None)
@given(
    acts,
    st.lists(questions, max_size=4),
    st.integers(0, 40),
    st.integers(1, 5),
    st.sampled_from([1, 4, 1_000]),
    st.sampled_from([1, 3, 16]),
)
def test_the_log_and_a_list_always_agree(
    deeds: list[tuple[str, object]], asked: list[Query], after: int, most: int, span: int, few: int
) -> None:
    """Whatever was appended, repeated, pruned and reopened, every answer is the model's."""
    clock, model, limits = FakeClock(), ModelLog(), Limits(index_entries=span)
    with TemporaryDirectory() as folder, patch.object(searching, "_FEW", few):
        path = Path(folder) / "log.db"
        log = SqliteLog.open(path, clock, limits)
        for deed in deeds:
            if deed[0] == "reopen":
                log.close()
                log = SqliteLog.open(path, clock, limits)
            play(log, model, clock, deed)
        with closing(log), closing(SqliteReader.open(path, Limits(page_bytes=500))) as reader:
            for person in PEOPLE:
                same(all_missed(reader, person, after, most), model.missed(person, after))
                same(list(reader.newest(person, most).messages), model.newest(person, most))
            catch_up(log)
            for query in asked:
                same(all_history(reader, query), model.history(query))
