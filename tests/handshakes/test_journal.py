"""The journal: good and bad apart, floods counted, lost ones counted, and read from both ends."""

import errno
import json
import os
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from secure_chat.clock import rfc3339
from secure_chat.handshakes import journal as module
from secure_chat.handshakes import parts
from secure_chat.handshakes.journal import (
    ACCEPTED,
    ALWAYS,
    REFUSED,
    SLACK_SECONDS,
    Follower,
    Journal,
    Window,
    journals,
    lines_of,
    read_records,
    standing,
)
from secure_chat.handshakes.record import HandshakeRecord, decode, encode
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import BEGIN, good, refused


def journal(folder: Path, clock: FakeClock | None = None, **limits: int) -> Journal:
    """Return a journal in a folder with some limits changed."""
    bounds = Limits(**limits)
    return Journal(folder / ACCEPTED, folder / REFUSED, bounds, clock or FakeClock())


def uids(folder: Path, *, newest_first: bool = True) -> list[str]:
    """Return the uids of all records in a folder."""
    return [record.uid for record in read_records(folder, newest_first=newest_first)]


def test_good_and_refused_records_go_into_files_of_their_own(tmp_path: Path) -> None:
    """Both are private, and read together they are in the order of their beginning."""
    writing = journal(tmp_path)
    for at, record in enumerate([good, refused, good, refused]):
        writing.write(record(at, uid=f"C{at}"))
    writing.close()

    assert (tmp_path / ACCEPTED).read_bytes().count(b"\n") == 2
    assert (tmp_path / REFUSED).read_bytes().count(b"\n") == 2
    assert (tmp_path / REFUSED).stat().st_mode & 0o777 == 0o600
    assert uids(tmp_path) == ["C3", "C2", "C1", "C0"]
    assert uids(tmp_path, newest_first=False) == ["C0", "C1", "C2", "C3"]


def test_a_flood_of_strangers_does_not_push_out_the_good_history(tmp_path: Path) -> None:
    """Refused records rotate on their own; at the bound the oldest of them go."""
    writing = journal(tmp_path, journal_bytes=4_000, journal_files=2)
    writing.write(good(0, uid="Cfriend"))
    for at in range(1, 60):
        writing.write(refused(at, uid=f"C{at}"))
    writing.close()

    found = uids(tmp_path)
    assert "Cfriend" in found
    assert found[0] == "C59"
    assert "C1" not in found
    assert sum(file.stat().st_size for file in tmp_path.glob(f"{REFUSED}*")) <= 8_000
    assert uids(tmp_path, newest_first=False) == found[::-1]


def test_beyond_the_rate_refusals_are_counted_by_reason(tmp_path: Path) -> None:
    """Nothing is left out of the sum, and the next second begins anew."""
    clock = FakeClock()
    writing = journal(tmp_path, clock, refusals_per_second=3)
    for at in range(10):
        writing.write(refused(uid=f"C{at}", reason=("silent", "expired")[at % 2]))
    owed = [writing.owed]
    assert len(uids(tmp_path)) == 3

    clock.advance(1)
    writing.settle()
    owed.append(writing.owed)
    assert owed == [True, False]
    writing.write(refused(1, uid="Cnext"))
    writing.close()

    records = list(read_records(tmp_path))
    total = Counter[str]()
    for record in records:
        total[record.reason] += record.count
    assert total == {"silent": 5, "expired": 6}
    assert len(records) == 3 + 2 + 1
    assert max(record.count for record in records) == 4


def test_good_handshakes_are_never_only_counted(tmp_path: Path) -> None:
    """The rate is for refusals; a restart brings thousands of friends back at once."""
    writing = journal(tmp_path, refusals_per_second=1)
    for at in range(20):
        writing.write(good(at))
    writing.close()

    assert len(uids(tmp_path)) == 20


def test_the_next_record_of_any_kind_brings_the_counted_ones_out(tmp_path: Path) -> None:
    """A second that has passed is settled by whatever is written next."""
    clock = FakeClock()
    writing = journal(tmp_path, clock, refusals_per_second=0)
    writing.write(refused())
    clock.advance(1)

    writing.write(good(1))

    assert len(uids(tmp_path)) == 2
    writing.close()


def test_closing_writes_what_was_counted(tmp_path: Path) -> None:
    """A host that stops in a flood leaves the sum behind."""
    writing = journal(tmp_path, refusals_per_second=0)
    for _ in range(5):
        writing.write(refused())
    writing.close()

    assert [record.count for record in read_records(tmp_path)] == [5]


def test_a_full_disk_is_counted_and_raises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the disk does not take is lost with its count; later records are written again."""
    clock = FakeClock()
    writing = journal(tmp_path, clock, refusals_per_second=1)
    writing.write(good(uid="Cbefore"))

    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        writing.write(good())
        for _ in range(4):
            writing.write(refused())
        clock.advance(1)
        writing.settle()
    writing.write(good(2, uid="Cafter"))
    writing.close()

    assert writing.lost == 1 + 1 + 3
    assert uids(tmp_path) == ["Cafter", "Cbefore"]


def test_torn_and_foreign_lines_are_left_out(tmp_path: Path) -> None:
    """A crash or an editor may leave anything in the file; the rest is still read."""
    writing = journal(tmp_path)
    writing.write(good(0, uid="C0"))
    writing.close()
    with (tmp_path / ACCEPTED).open("ab") as file:
        file.write(b'not json\n\n{"ts": "2026')
    writing.write(good(1, uid="C1"))
    writing.close()
    with (tmp_path / ACCEPTED).open("ab") as file:
        file.write(b'{"ts": "torn')
    # Of the other file's only line the disk has kept all but the last bytes.
    (tmp_path / REFUSED).write_bytes(encode(refused(2))[:-9])

    assert uids(tmp_path) == ["C1", "C0"]
    assert uids(tmp_path, newest_first=False) == ["C0", "C1"]


def test_an_empty_or_missing_folder_has_no_records(tmp_path: Path) -> None:
    """Nobody has shaken hands yet."""
    assert uids(tmp_path) == []
    assert uids(tmp_path / "missing") == []


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_rotation_amid_reading_neither_hides_nor_doubles_a_record(
    tmp_path: Path, *, newest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is written meanwhile, a reader sees what there was when it began."""
    monkeypatch.setattr(module, "_MOST_HELD", 0)
    writing = journal(tmp_path, journal_bytes=2_500, journal_files=99)
    for at in range(20):
        writing.write(good(at, uid=f"C{at}"))
    reading = read_records(tmp_path, newest_first=newest_first)
    found = [next(reading).uid for _ in range(7)]

    for at in range(20, 40):
        writing.write(good(at, uid=f"C{at}"))
    writing.close()
    found += [record.uid for record in reading]

    there = [f"C{at}" for at in range(20)]
    assert found == (there[::-1] if newest_first else there)


def test_what_a_rotation_deletes_amid_reading_is_all_that_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest file goes; what is left comes, and no error."""
    monkeypatch.setattr(module, "_MOST_HELD", 0)
    writing = journal(tmp_path, journal_bytes=2_500, journal_files=3)
    for at in range(9):
        writing.write(good(at, uid=f"C{at}"))
    there = uids(tmp_path)
    reading = read_records(tmp_path)
    found = [next(reading).uid]

    for at in range(9, 12):
        writing.write(good(at, uid=f"C{at}"))
    writing.close()
    found += [record.uid for record in reading]

    assert 1 < len(found) < len(there)
    assert found == there[: len(found)]


def test_records_are_in_the_order_of_time_though_written_at_their_ends(tmp_path: Path) -> None:
    """A silent peer is recorded ten seconds after it began, amid much later ones."""
    writing = journal(tmp_path)
    for at in range(30):
        writing.write(refused(at, uid=f"C{at}"))
        writing.write(good(at + 0.5, uid=f"C{at}.5"))
        if at >= 10:
            writing.write(refused(at - 9.75, uid=f"C{at}silent", reason="silent"))
    writing.close()

    found = [record.ts for record in read_records(tmp_path)]

    assert len(found) == 80
    assert found == sorted(found, reverse=True)
    assert [record.ts for record in read_records(tmp_path, newest_first=False)] == found[::-1]


def test_what_is_held_back_to_be_sorted_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a flood the order is only as good as that allows, and nothing is left out."""
    monkeypatch.setattr(module, "_MOST_HELD", 5)
    writing = journal(tmp_path)
    for at in range(30):
        writing.write(good(at / 1_000, uid=f"C{at}"))
    writing.write(good(-50, uid="Clate"))
    writing.close()

    assert uids(tmp_path) == [*(f"C{at}" for at in range(29, -1, -1)), "Clate"]


def test_a_line_that_another_program_wrote_has_its_place_by_its_time(tmp_path: Path) -> None:
    """With blanks, fields in another order, another form of time; one without a time has none."""
    writing = journal(tmp_path)
    writing.write(good(0, uid="C0"))
    writing.write(good(2, uid="C2"))
    writing.close()
    other = json.loads(encode(good(0, uid="C1")))
    for ts in ("2026-11-22T14:00:01+02:00", "noon", "2026-11-22T14:00:01+99:99"):
        with (tmp_path / REFUSED).open("a") as file:
            file.write(json.dumps({**dict(reversed(other.items())), "ts": ts}) + "\n")

    assert uids(tmp_path) == ["C2", "C1", "C0"]


def test_only_what_is_asked_for_is_read_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest records of a journal of gigabytes cost no more than those of a small one."""
    writing = journal(tmp_path)
    for at in range(300):
        writing.write(good(at, uid=f"C{at}"))
    writing.close()
    decoded = []

    def counting(line: bytes) -> HandshakeRecord | None:
        decoded.append(line)
        return decode(line)

    monkeypatch.setattr(module, "decode", counting)

    records = read_records(tmp_path)

    assert [next(records).uid for _ in range(3)] == ["C299", "C298", "C297"]
    assert len(decoded) < 10


def lines_looked_at(
    folder: Path, window: Window, monkeypatch: pytest.MonkeyPatch, most: int | None = None
) -> tuple[list[str], int]:
    """Return the times found in a window, and how many lines it took."""
    looked = []
    real = module._time

    def counting(line: bytes) -> str:
        looked.append(line)
        return real(line)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_time", counting)
        found = [time for time, _ in islice(lines_of(standing([folder]), window), most)]
    return found, len(looked)


def test_a_window_long_ago_is_reached_without_reading_what_came_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over rotated files; all of the window is found, and few lines are looked at for it."""
    monkeypatch.setattr(parts, "_BLOCK", 4_096)
    writing = journal(tmp_path, journal_bytes=200_000)
    for at in range(3_000):
        writing.write(good(10 * at, uid=f"C{at}"))
    writing.close()
    assert len(list(tmp_path.glob("*.[0-9]"))) > 3
    since, until = rfc3339(BEGIN + 9_000), rfc3339(BEGIN + 9_500)

    found, looked = lines_looked_at(tmp_path, Window(since, until), monkeypatch)

    assert {rfc3339(BEGIN + at) for at in range(9_000, 9_500, 10)} <= set(found)
    assert looked < 600
    first, looked = lines_looked_at(tmp_path, Window(until=until), monkeypatch, 5)
    assert first[0] <= rfc3339(BEGIN + 9_500 + SLACK_SECONDS + 100)
    assert looked < 600


def test_the_slack_keeps_what_was_written_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A record at the edge of a window is found though its neighbours lie beyond."""
    monkeypatch.setattr(parts, "_BLOCK", 1)
    writing = journal(tmp_path)
    for at in range(200):
        writing.write(good(at, uid=f"C{at}"))
        if at == 150:
            writing.write(good(at - SLACK_SECONDS, uid="Clate"))
    writing.close()

    def within(since: float, until: float) -> set[str]:
        window = Window(rfc3339(BEGIN + since), rfc3339(BEGIN + until))
        return {decode(line).uid for _, line in lines_of(standing([tmp_path]), window)}  # type: ignore[union-attr] # all are records

    assert "Clate" in within(90, 91)
    assert {"C90", "C91", "Clate"} <= within(90, 92)
    assert "C0" not in within(90, 92)
    assert "C199" not in within(90, 92)


def test_a_window_may_reach_to_the_ends_of_the_calendar(tmp_path: Path) -> None:
    """Where there is no further time to allow for."""
    writing = journal(tmp_path)
    writing.write(good())
    writing.close()

    window = Window("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z")
    assert len(list(lines_of(standing([tmp_path]), window))) == 1


def test_all_bytes_are_accounted_for(tmp_path: Path) -> None:
    """Read or passed over, so that it can be said how far a reading is."""
    writing = journal(tmp_path, journal_bytes=50_000)
    for at in range(500):
        writing.write((good, refused)[at % 2](at))
    writing.close()
    total = sum(path.stat().st_size for path in tmp_path.iterdir())

    for window in (ALWAYS, Window(since=rfc3339(BEGIN + 300)), Window(until=rfc3339(BEGIN + 9))):
        told: list[int] = []
        for _ in lines_of(standing([tmp_path]), window, on_read=told.append):
            assert sum(told) <= total
        assert sum(told) == total


def test_following_gives_what_is_written_from_then_on(tmp_path: Path) -> None:
    """Old records are not repeated, new folders are found, rotations are followed."""
    one, two = tmp_path / "one", tmp_path / "two"
    writing = journal(one, journal_bytes=1_500)
    writing.write(good(0))
    folders = [one]
    follower = Follower(lambda: folders)
    assert [decode(line) for _, line in lines_of(follower.stood)] == [good(0)]
    assert follower.look() == []

    writing.write(good(1, uid="C1"))
    writing.write(refused(2, uid="C2"))
    assert [record.uid for record in follower.look()] == ["C1", "C2"]

    folders.append(two)
    other = journal(two)
    other.write(good(3, uid="C3"))
    writing.write(good(4, uid="C4"))
    with (one / ACCEPTED).open("ab") as file:
        file.write(b"no record\n")
    assert [record.uid for record in follower.look()] == ["C3", "C4"]
    assert follower.look() == []
    follower.close()
    writing.close()
    other.close()


def test_a_follower_of_refused_ones_opens_no_other_file(tmp_path: Path) -> None:
    """Those that were welcomed are not read at all."""
    writing = journal(tmp_path)
    writing.write(good(0, uid="C0"))
    follower = Follower(lambda: [tmp_path], (REFUSED,))
    assert follower.stood == []
    writing.write(refused(1, uid="C1"))
    writing.write(good(2, uid="C2"))
    writing.close()

    assert [record.uid for record in follower.look()] == ["C1"]
    follower.close()


def test_the_journals_of_host_and_clients_are_found_below_one_folder(tmp_path: Path) -> None:
    """Wherever one begins; folders without a journal are not among them."""
    for end in ("host", "clients/alice"):
        writing = journal(tmp_path / "c0ffee" / end)
        writing.write(good())
        writing.close()
    (tmp_path / "c0ffee" / "clients" / "bob").mkdir()

    for root in (tmp_path, tmp_path / "c0ffee"):
        assert [folder.name for folder in journals(root)] == ["alice", "host"]
    host = tmp_path / "c0ffee" / "host"
    assert journals(host) == [host]
    assert journals(tmp_path / "missing") == []
