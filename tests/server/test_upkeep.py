"""What the log needs besides being appended to is done in its time, in steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server.announce import Announcer
from secure_chat.server.upkeep import Upkeep
from secure_chat.wire.messages import Content, ContentKind
from tests.fakes import FakeClock


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="log")
def _log(tmp_path: Path, clock: FakeClock) -> Iterator[SqliteLog]:
    log = SqliteLog.open(tmp_path / "log.sqlite", clock, Limits())
    yield log
    log.close()


@pytest.fixture(name="upkeep")
def _upkeep(log: SqliteLog, clock: FakeClock) -> Iterator[Upkeep]:
    announcer = Announcer(print, 1)
    yield Upkeep(log, announcer, Limits(), clock, None)
    announcer.close()


def deleted(log: SqliteLog, number: int) -> None:
    """Say something and take it back."""
    log.append([Draft(Kind.SAID, "alice", f"{number}", "lobby", None, "a secret")])
    content = Content(kind=ContentKind.DELETION, of=log.head)
    log.append([Draft(Kind.SAID, "alice", f"{number}-", "lobby", None, "", content=content)])


def scrubbed(log: SqliteLog, upkeep: Upkeep, clock: FakeClock, seconds: float) -> bool:
    """Let a host be idle for some seconds; tell whether nothing is left to scrub."""
    for _ in range(int(seconds * 10)):
        if not log.scrub_due:
            break
        upkeep.after_round(idle=True)
        clock.advance(0.1)
    return not log.scrub_due


def test_what_was_deleted_is_scrubbed_when_there_is_time(
    log: SqliteLog, upkeep: Upkeep, clock: FakeClock
) -> None:
    """And the hub does not sleep until that is done."""
    deleted(log, 1)

    assert log.scrub_due
    assert upkeep.patience() <= 0.1
    assert scrubbed(log, upkeep, clock, 5)


def test_who_deletes_often_shares_one_scrub_a_minute(
    log: SqliteLog, upkeep: Upkeep, clock: FakeClock
) -> None:
    """Each goes through the search index."""
    deleted(log, 1)
    assert scrubbed(log, upkeep, clock, 5)
    deleted(log, 2)

    assert not scrubbed(log, upkeep, clock, 30)
    assert scrubbed(log, upkeep, clock, 40)
