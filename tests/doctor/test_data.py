"""Every fault of a data folder, made for real, is found by its name, and nothing else."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from secure_chat.clock import rfc3339
from secure_chat.doctor import logfile
from secure_chat.doctor.data import data_findings, read_data
from secure_chat.doctor.findings import Level
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from secure_chat.log.schema import VERSION
from tests.disks import disk
from tests.doctor.scene import Scene
from tests.fakes import FakeClock
from tests.handshakes.records import good
from tests.server.conftest import LiveHost

FAULT, WARNING, NOTE, OK = Level.FAULT, Level.WARNING, Level.NOTE, Level.OK

posix = pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")


def serve(scene: Scene, **settings: Any) -> LiveHost:
    """Start a host with the set-up."""
    live = LiveHost(scene.certs, scene.host_data, Limits(), **settings).start()
    scene.target = live.address
    return live


@pytest.fixture
def kept(scene: Scene) -> Scene:
    """Return a set-up whose host has run, talked to alice, and stopped."""
    live = serve(scene)
    with live.guest("alice") as alice:
        alice.join()
    live.stop()
    return scene


def levels(scene: Scene, id_: str, **changes: Any) -> list[Level]:
    """Return how bad what is found under a name is."""
    return [finding.level for finding in scene.examine(**changes) if finding.id == id_]


# --- the folder ----------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_named(scene: Scene, tmp_path: Path) -> None:
    """A file stands in its way."""
    scene.data = tmp_path / "file"
    scene.data.write_text("")

    assert scene.bad() == {"data-folder": FAULT}


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place that takes no files")
def test_a_folder_that_takes_no_files_is_named(scene: Scene) -> None:
    """Whatever its rights say: it is tried."""
    scene.data = Path("/proc/securechat")

    assert scene.bad() == {"data-folder": FAULT}


@pytest.mark.parametrize(("mib", "found"), [(8, {"low-disk": FAULT}), (60, {"low-disk": WARNING})])
def test_a_disk_that_is_nearly_full_is_named(
    scene: Scene, mib: int, found: dict[str, Level]
) -> None:
    """Before it is full."""
    with disk(mib) as folder:
        scene.data = folder / "data"
        assert scene.bad() == found


@posix
def test_data_that_others_may_read_are_named(kept: Scene) -> None:
    """A file is safe behind a folder that is."""
    (kept.host_data / "log.sqlite").chmod(0o644)
    assert kept.bad() == {}

    kept.host_data.chmod(0o755)
    named = [f.what.split()[4] for f in kept.examine() if f.id == "open-data"]
    assert named[0].endswith("/host")
    assert [name.rpartition("/")[2] for name in named[1:]] == ["log.sqlite"]
    assert kept.bad() == {"open-data": WARNING}


def test_a_running_host_is_worth_a_note(scene: Scene) -> None:
    """It is seen from beside, and not disturbed by it."""
    assert levels(scene, "host-running") == []
    live = serve(scene)
    try:
        with live.guest("alice") as alice:
            alice.join()
            assert levels(scene, "host-running") == [NOTE]
            assert levels(scene, "damaged-log") == [OK]
        assert scene.bad() == {}
        with live.guest("bob") as bob:
            bob.join()
    finally:
        live.stop()
    assert levels(scene, "host-running") == []


# --- the log -------------------------------------------------------------------------------


def execute(path: Path, statement: str) -> None:
    """Change a database."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def test_a_log_of_another_program_is_named(scene: Scene) -> None:
    """It is left alone."""
    scene.host_data.mkdir(parents=True, mode=0o700)
    execute(scene.host_data / "log.sqlite", "CREATE TABLE theirs (x)")

    assert scene.bad() == {"foreign-log": FAULT}


def test_a_log_of_a_newer_program_is_named(kept: Scene) -> None:
    """With both versions."""
    execute(kept.host_data / "log.sqlite", f"PRAGMA user_version = {VERSION + 1}")

    assert kept.bad() == {"newer-log": FAULT}


def test_a_log_that_is_no_database_is_named(kept: Scene) -> None:
    """In SQLite's words."""
    (kept.host_data / "log.sqlite").write_bytes(b"no database" * 1_000)

    (finding,) = [f for f in kept.examine() if f.level is FAULT]

    assert (finding.id, finding.why) == ("damaged-log", "file is not a database")


def test_a_log_with_a_damaged_page_is_named(kept: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large one is looked through only when that is asked for, and that is said."""
    path = kept.host_data / "log.sqlite"
    data = bytearray(path.read_bytes())
    # The last page of the file belongs to some table or index; its header is at its beginning.
    data[-4_096:-4_000] = b"\xff" * 96
    path.write_bytes(data)
    assert kept.bad() == {"damaged-log": FAULT}

    monkeypatch.setattr(logfile, "_SMALL_BYTES", 1_000)
    assert levels(kept, "damaged-log") == [NOTE]
    assert levels(kept, "damaged-log", thorough=True) == [FAULT]


def test_looking_at_a_log_leaves_nothing_beside_it(kept: Scene) -> None:
    """A host that stopped in order leaves the log alone, and so it stays."""
    before = sorted(kept.host_data.iterdir())
    assert levels(kept, "damaged-log") == [OK]
    assert sorted(kept.host_data.iterdir()) == before


def test_what_was_said_last_tells_of_a_clock_that_is_behind(kept: Scene) -> None:
    """The newest entry of the log lies in the future then."""
    path = kept.host_data / "log.sqlite"
    execute(path, "UPDATE entry SET at = at + 7200000")

    found = [f for f in kept.examine() if f.id == "clock-behind"]

    assert kept.bad() == {"clock-behind": WARNING}
    assert found[0].what.startswith("the newest entry of the log is from")
    assert found[0].what.endswith("1 hour from now")


# --- the journals --------------------------------------------------------------------------


def write(folder: Path, *records: HandshakeRecord) -> None:
    """Append records to the journal of a folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), FakeClock())
    for record in records:
        journal.write(record)
    journal.close()


def record(ago: float, **changes: Any) -> HandshakeRecord:
    """Return the record of a handshake so many seconds ago."""
    return replace(good(), ts=rfc3339(time.time() - ago), **changes)


def test_a_journal_that_cannot_be_read_is_named(scene: Scene) -> None:
    """Something else stands in its place."""
    write(scene.host_data)
    (scene.host_data / ACCEPTED).mkdir()

    assert scene.bad() == {"unreadable-journal": FAULT}


def test_torn_lines_are_worth_a_note(scene: Scene) -> None:
    """They are counted; the others are read all the same."""
    write(scene.host_data, record(2), record(1, established=False))
    with (scene.host_data / REFUSED).open("ab") as file:
        file.write(b'{"ts": "2026-')

    found = [f for f in scene.examine() if f.id == "torn-journal"]

    assert [(f.level, f.what) for f in found] == [
        (NOTE, "lines in the journal of host that are no records: 1 of 3")
    ]
    assert scene.bad() == {}


def test_keys_that_are_written_out_are_named_loudly(scene: Scene, tmp_path: Path) -> None:
    """A host that was started so has done it since; what it wrote before counts no less."""
    live = serve(scene, keylog=tmp_path / "keys")
    with live.guest("alice") as alice:
        alice.join()
    live.stop()
    assert scene.bad() == {"key-log": WARNING}

    shutil.rmtree(scene.host_data)
    client = scene.host_data.parent / "clients" / "alice"
    write(client, record(3_600, keylog=True, end="client"))
    assert scene.bad() == {"key-log": WARNING}


def test_keys_that_were_written_out_long_ago_are_worth_a_note(scene: Scene) -> None:
    """Whoever wanted them has had them; records without are no reason for one."""
    write(scene.host_data, record(3_600))
    assert levels(scene, "key-log") == [OK]

    write(scene.host_data, record(200_000, keylog=True))
    assert levels(scene, "key-log") == [NOTE]
    assert scene.bad() == {}


def test_a_record_from_the_future_tells_of_a_clock_that_is_behind(scene: Scene) -> None:
    """A minute is nothing between two computers."""
    write(scene.host_data, record(-50))
    assert scene.bad() == {}

    write(scene.host_data, record(-90))
    assert scene.bad() == {"clock-behind": WARNING}


def test_a_long_journal_is_read_from_its_newest_end(scene: Scene) -> None:
    """And whole only when that is asked for."""
    line = record(3_600)
    write(scene.host_data, record(7_200, keylog=True), *[line] * 2_500)
    folder = scene.host_data.parent

    (short,) = read_data(folder, time.time(), thorough=False).journals
    (whole,) = read_data(folder, time.time(), thorough=True).journals

    assert (short.read, short.keylogged) == (2_000, 0)
    assert (whole.read, whole.keylogged) == (2_501, 1)


# --- what is in order ----------------------------------------------------------------------


def test_nothing_is_wrong_with_good_data(kept: Scene) -> None:
    """Of a host that has run, or of nobody yet."""
    assert kept.bad(thorough=True) == {}
    nothing = read_data(kept.data / "elsewhere", time.time(), thorough=True)
    assert {finding.level for finding in data_findings(nothing)} == {OK}
    assert not (kept.data / "elsewhere").exists()


@posix
def test_a_killed_host_leaves_data_that_are_in_order(kept: Scene) -> None:
    """Its log has a write-ahead file beside it, which is read too."""
    path = kept.host_data / "log.sqlite"
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("INSERT INTO counter VALUES ('test', 1)")
    copy = kept.host_data.with_name("copy")
    shutil.copytree(kept.host_data, copy)
    db.close()
    shutil.rmtree(kept.host_data)
    copy.rename(kept.host_data)

    assert (kept.host_data / "log.sqlite-wal").stat().st_size
    assert levels(kept, "damaged-log") == [OK]
    assert kept.bad() == {}
