"""What the log needs besides being appended to is done in its time, in steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from secure_chat.log import scrubbing
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server import upkeep as upkeep_module
from secure_chat.server.announce import Announcer
from secure_chat.server.upkeep import Upkeep
from secure_chat.wire.messages import Content, ContentKind
from tests.fakes import FakeClock
from tests.log.index import pieces


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


@pytest.mark.parametrize("messages", [1, 100])
def test_what_was_deleted_is_scrubbed_while_people_talk(
    log: SqliteLog,
    upkeep: Upkeep,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    messages: int,
) -> None:
    """However steadily: the index waits for it, and catches up afterwards."""
    # As if the index had a hundred times as many pages.
    monkeypatch.setattr(scrubbing, "_STEP_PAGES", 1)
    for turn in range(3):
        texts = [" ".join(f"w{n * word % 9_973}" for word in range(1, 20)) for n in range(500)]
        said = [Draft(Kind.SAID, "bob", f"{turn}{text}", "lobby", None, text) for text in texts]
        log.append(said)
        upkeep.index_all()
    content = Content(kind=ContentKind.DELETION, of=1)
    log.append([Draft(Kind.SAID, "bob", "-", "lobby", None, "", content=content)])
    steps = 0
    while log.scrub_due:
        talk(log, upkeep, messages)
        upkeep.after_round(idle=True)
        clock.advance(0.1)
        steps += 1
        assert steps < 200
    assert steps > 5
    for _ in range(15):
        talk(log, upkeep, messages)
        clock.advance(0.1)
    assert log.unindexed < 10 * messages


def test_what_retention_adds_to_the_index_is_merged(
    log: SqliteLog, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step of it is a piece more, and nobody may be talking who would have them merged."""
    monkeypatch.setattr(upkeep_module, "_PRUNE_STEP", 10)
    log.append([Draft(Kind.SAID, "bob", f"{n}", "lobby", None, "words") for n in range(400)])
    clock.advance(50)
    log.append([Draft(Kind.SAID, "bob", "last", "lobby", None, "words")])
    announcer = Announcer(print, 1)
    upkeep = Upkeep(log, announcer, Limits(), clock, 60.0)
    upkeep.index_all()
    clock.advance(20)
    most = 0
    for _ in range(120):
        upkeep.after_round(idle=True)
        most = max(most, *pieces(log._db))
        clock.advance(0.03)
    announcer.close()
    assert log.floor == 401
    assert 2 < most < 32
    assert pieces(log._db)[0] < 16


def talk(log: SqliteLog, upkeep: Upkeep, messages: int) -> int:
    """Commit some messages in a round of the hub; returns how far behind the index is then."""
    first = log.head
    log.append(
        [Draft(Kind.SAID, "alice", f"{first + n}", "lobby", None, "words") for n in range(messages)]
    )
    upkeep.after_round(idle=False)
    return log.unindexed


def test_words_of_a_steady_talk_are_indexed_in_small_steps(
    log: SqliteLog, upkeep: Upkeep, clock: FakeClock
) -> None:
    """A large one would hold up several commits; a few words wait for company or for a second."""
    clock.advance(0.05)
    assert talk(log, upkeep, 10) == 10
    assert upkeep.patience() == 1.0
    assert talk(log, upkeep, 53) == 63
    assert talk(log, upkeep, 1) == 0
    assert talk(log, upkeep, 64) == 64
    assert upkeep.patience() <= 0.05
    clock.advance(0.05)
    assert talk(log, upkeep, 1) == 0
    assert talk(log, upkeep, 1) == 1
    clock.advance(1)
    upkeep.after_round(idle=True)
    assert log.unindexed == 0


def test_words_of_a_busy_talk_are_indexed_in_large_steps(
    log: SqliteLog, upkeep: Upkeep, clock: FakeClock
) -> None:
    """Small ones cost twice as much for each message, and it would fall behind."""
    assert talk(log, upkeep, 4_096) == 0
    assert talk(log, upkeep, 300) == 300
    assert upkeep.patience() <= 0.05
    assert talk(log, upkeep, 213) == 513
    clock.advance(0.05)
    assert talk(log, upkeep, 3_000) == 3_513
    assert talk(log, upkeep, 583) == 0
    assert talk(log, upkeep, 5_000) == 904
    assert 0 < upkeep.patience() < 1
    clock.advance(1)
    upkeep.after_round(idle=True)
    assert log.unindexed == 0
