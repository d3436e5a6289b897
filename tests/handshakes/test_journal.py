"""The journal: good and bad apart, floods counted, lost ones counted, and read from both ends."""

import errno
import os
from collections import Counter
from pathlib import Path

import pytest

from secure_chat.handshakes import journal as module
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Follower, Journal, read_records
from secure_chat.handshakes.record import HandshakeRecord, decode
from secure_chat.limits import Limits
from tests.fakes import FakeClock
from tests.handshakes.records import good, refused


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

    assert uids(tmp_path) == ["C1", "C0"]
    assert uids(tmp_path, newest_first=False) == ["C0", "C1"]


def test_an_empty_or_missing_folder_has_no_records(tmp_path: Path) -> None:
    """Nobody has shaken hands yet."""
    assert uids(tmp_path) == []
    assert uids(tmp_path / "missing") == []


def test_a_file_that_is_rotated_away_while_reading_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding and opening a file it may go; the others are still read."""
    writing = journal(tmp_path)
    writing.write(good())
    writing.close()
    gone = tmp_path / "gone"
    monkeypatch.setattr(module, "rotated", lambda path: [path, gone])
    (tmp_path / REFUSED).touch()

    assert uids(tmp_path) == ["Cgood"]
    assert uids(tmp_path, newest_first=False) == ["Cgood"]


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


def test_following_gives_what_is_written_from_then_on(tmp_path: Path) -> None:
    """Old records are not repeated, new folders are found, rotations are followed."""
    one, two = tmp_path / "one", tmp_path / "two"
    writing = journal(one, journal_bytes=1_500)
    writing.write(good(0))
    folders = [one]
    follower = Follower(lambda: folders)
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
