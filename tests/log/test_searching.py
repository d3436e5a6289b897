"""Searching: few are looked at one by one, of many the index keeps apart what one may read."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from secure_chat.log.base import Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History
from tests.fakes import FakeClock
from tests.log.speech import privately, say

# What is asked when the index itself is to keep rights.
RIGHTS = "'scope : "


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    """Give a log in which some words are rare, and some are said in one room only."""
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        for n in range(200):
            rare = "quokka" if n % 50 == 0 else "tea"
            log.append(
                [
                    say("bob", f"{n}", f"everywhere {rare}"),
                    say("bob", f"{n}s", f"everywhere hidden {rare}", "secret"),
                    privately(say("carol", f"{n}", f"everywhere whispered {rare}"), "dave"),
                ]
            )
        while log.index(1_000):
            pass
        yield path


def ask(path: Path, who: str, rooms: tuple[str, ...], history: History) -> tuple[list[str], bool]:
    """Return the texts that are found, and whether the index was asked for rights."""
    statements: list[str] = []
    with closing(SqliteReader.open(path, Limits())) as reader:
        reader._db.set_trace_callback(statements.append)
        page = reader.history(Query(who, rooms, history))
    return [said.text for said in page.messages], any(RIGHTS in one for one in statements)


@pytest.mark.parametrize("newest", [False, True])
def test_rare_words_are_looked_at_one_by_one(path: Path, *, newest: bool) -> None:
    """All that have them are known at once, and what is not for the one who asks is left out."""
    asked = History(1, search="quokka", newest=newest)
    assert ask(path, "alice", ("lobby",), asked) == (["everywhere quokka"] * 4, False)
    asked = History(1, search="quokka whispered", newest=newest)
    for who in ("carol", "dave"):
        assert ask(path, who, ("lobby",), asked) == (["everywhere whispered quokka"] * 4, False)
    for who in ("alice", "bob"):
        assert ask(path, who, ("lobby",), asked) == ([], False)


@pytest.mark.parametrize("newest", [False, True])
def test_a_page_of_what_one_may_read_is_enough(path: Path, *, newest: bool) -> None:
    """A frequent word in places that are all open needs no more than a look at a few."""
    asked = History(1, search="everywhere", newest=newest, limit=4)
    found, rights = ask(path, "alice", ("lobby", "secret"), asked)
    assert (len(found), rights) == (4, False)


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("word", ["hidden", "everywhere hidden", "whispered"])
def test_what_is_said_often_elsewhere_is_left_to_the_index(
    path: Path, word: str, *, newest: bool
) -> None:
    """It is neither found nor looked at one by one to the end."""
    found, rights = ask(path, "alice", ("lobby",), History(1, search=word, newest=newest))
    assert (found, rights) == ([], True)


@pytest.mark.parametrize("newest", [False, True])
@pytest.mark.parametrize("search", [None, "everywhere"])
def test_an_author_narrows_it_down(path: Path, search: str | None, *, newest: bool) -> None:
    """Rights and author hold together, for few and for many."""
    asked = History(1, search=search, author="carol", newest=newest, limit=100)
    assert ask(path, "dave", ("lobby",), asked)[0][0].startswith("everywhere whispered")
    assert ask(path, "alice", ("lobby",), asked) == ([], True)
    asked = History(1, search="quokka", author="carol", newest=newest)
    assert ask(path, "alice", ("lobby", "secret"), asked) == ([], False)
    assert ask(path, "dave", ("lobby",), asked) == (["everywhere whispered quokka"] * 4, False)
