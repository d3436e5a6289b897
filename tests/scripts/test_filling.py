"""The logs that benches are run on are those of a host that has been busy and then had a rest."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from scripts.benches.filling import RARE, fill, rest
from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.opening import open_for_reading
from secure_chat.log.sqlite import SqliteLog
from tests.log.index import found_in

_MESSAGES = 9_000


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a log that was filled."""
    path = tmp_path_factory.mktemp("filled") / "host" / "log.sqlite"
    fill(path, _MESSAGES)
    return path


def _one(log: Path, question: str, *keys: str) -> int:
    with closing(open_for_reading(log)) as db:
        value: int = db.execute(question, keys).fetchone()[0]
    return value


def test_as_many_messages_are_in_it_as_were_asked_for(log: Path) -> None:
    """Joins come besides; every one of the messages is there."""
    assert _one(log, "SELECT count(*) FROM entry WHERE kind = 0") == _MESSAGES


def test_a_search_finds_the_rare_word_as_often_as_it_was_said(log: Path) -> None:
    """The index has caught up with the last message."""
    said = _one(log, "SELECT count(*) FROM entry WHERE instr(text, ?)", RARE)
    assert said > 0
    with closing(open_for_reading(log)) as db:
        assert len(found_in(db, RARE)) == said


def test_nothing_of_the_index_is_left_to_merge(log: Path) -> None:
    """Otherwise the host would do in the first measurement what others have done long ago."""
    with closing(SqliteLog.open(log, SystemClock(), Limits())) as again:
        assert not again.unindexed
        assert not again.merge(16)


def test_after_a_rest_nothing_is_left_either(tmp_path: Path) -> None:
    """What searches of one round left behind is not measured in the next."""
    log = tmp_path / "host" / "log.sqlite"
    fill(log, 10)
    with closing(SqliteLog.open(log, SystemClock(), Limits())) as host:
        # More pieces than become one.
        for number in range(20):
            host.append(
                [Draft(Kind.SAID, "p0", f"{number:032x}ab", "lobby", None, f"word {number}")]
            )
            host.index(1)
        host.append([Draft(Kind.SAID, "p0", "ab", "lobby", None, "last word")])
        assert host.merge(1)
    rest(log)
    with closing(SqliteLog.open(log, SystemClock(), Limits())) as again:
        assert not again.unindexed
        assert not again.merge(16)


def test_its_last_message_was_said_just_now(log: Path) -> None:
    """The past it was given ends in the present, so no clock goes back when people go on."""
    last = _one(log, "SELECT at FROM entry ORDER BY seq DESC LIMIT 1") / 1_000
    assert 0 <= time.time() - last < 24 * 3_600
    assert _one(log, "SELECT count(*) FROM step") == 0


def test_a_log_that_is_there_is_not_filled_again(log: Path) -> None:
    """A second filling would not be the log that its size says."""
    with pytest.raises((FileExistsError, sqlite3.Error)):
        fill(log, 1)
