"""A copy of the log is the log at one moment, whatever its writer does meanwhile."""

import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from secure_chat.errors import StoreError, StoreFull
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind, Query
from secure_chat.log.copying import LogCopy, check_log, copied_log
from secure_chat.log.reader import SqliteReader
from secure_chat.log.schema import VERSION
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History
from tests.disks import disk
from tests.fakes import FakeClock
from tests.log.index import check_index

ROOT = Path(__file__).parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="an open file keeps its name elsewhere")


def batch(number: int, size: int = 20, text: str = "x" * 200) -> list[Draft]:
    """Return things said in the lobby."""
    return [Draft(Kind.SAID, "alice", f"{number}-{n}", "lobby", None, text) for n in range(size)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a log of three batches, its writer gone."""
    folder = tmp_path / "host"
    folder.mkdir()
    with closing(SqliteLog.open(folder / "log.sqlite", FakeClock(), Limits())) as log:
        for number in range(3):
            log.append(batch(number))
    return folder / "log.sqlite"


def kept(copy: LogCopy, place: Path) -> Path:
    """Put a copy where it can be opened."""
    place.write_bytes(copy.file.read())
    assert place.stat().st_size == copy.size
    return place


def sequences(path: Path) -> dict[int, str]:
    """Return the ids in a sound log by their numbers."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return dict(db.execute("SELECT seq, id FROM entry"))


@contextmanager
def writing(path: Path) -> Iterator[queue.Queue[str]]:
    """Let a process append as fast as it can; yield what it acknowledges."""
    told: queue.Queue[str] = queue.Queue()
    with subprocess.Popen(
        [sys.executable, "-m", "tests.log.writer", str(path), "writer"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:

        def listen() -> None:
            for line in process.stdout or ():
                told.put(line)

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield told
        finally:
            process.kill()
            listener.join()


def test_a_copy_holds_everything_and_is_one_file(path: Path, tmp_path: Path) -> None:
    """Nothing is beside it, and a host can go on with it."""
    before = path.read_bytes()
    with copied_log(path) as copy:
        assert copy.head == 60
        kept(copy, tmp_path / "copy.sqlite")
    assert path.read_bytes() == before
    assert len(sequences(tmp_path / "copy.sqlite")) == 60
    assert [item.name for item in tmp_path.iterdir() if "copy" in item.name] == ["copy.sqlite"]
    with closing(SqliteLog.open(tmp_path / "copy.sqlite", FakeClock(), Limits())) as log:
        assert log.head == 60
        log.append(batch(4))
        log.index(100)
    with closing(sqlite3.connect(tmp_path / "copy.sqlite")) as db:
        check_index(db)


def test_what_is_only_in_the_write_ahead_file_is_copied(path: Path, tmp_path: Path) -> None:
    """That of a host that runs; and its words are found in the copy."""
    clock = FakeClock()
    with closing(SqliteLog.open(path, clock, Limits())) as log:
        log.append(batch(5, text="needle"))
        log.index(1_000)
        assert b"needle" not in path.read_bytes()
        with copied_log(path) as copy:
            assert copy.head == log.head == 80
            kept(copy, tmp_path / "copy.sqlite")
    assert len(sequences(tmp_path / "copy.sqlite")) == 80
    reader = SqliteReader.open(tmp_path / "copy.sqlite", Limits())
    page = reader.history(Query("alice", ("lobby",), History(re=1, search="needle", limit=100)))
    reader._db.close()
    assert len(page.messages) == 20


def test_a_log_that_goes_on_is_copied_as_of_one_moment(path: Path, tmp_path: Path) -> None:
    """Everything that was acknowledged before is in it, and nothing is missing in between."""
    path.unlink()
    acked: dict[int, str] = {}
    with writing(path) as told:
        for number in range(5):
            for _ in range(50):
                seq, id_ = told.get(timeout=20).split()
                acked[int(seq)] = id_
            with copied_log(path) as copy:
                head = copy.head
                found = sequences(kept(copy, tmp_path / f"copy{number}.sqlite"))
            assert head >= max(acked)
            assert sorted(found) == list(range(1, head + 1))
            assert acked.items() <= found.items()


@posix
def test_a_copy_has_no_name(path: Path) -> None:
    """So whatever ends the program, nothing of what was said is left in another file."""
    seen: list[set[str]] = []

    def look(_done: int, _all: int) -> None:
        seen.append({item.name for item in path.parent.iterdir()})

    with copied_log(path, look) as copy:
        assert b"alice" in copy.file.read()
        look(0, 0)
    allowed = {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
    assert len(seen) >= 2
    assert all(names <= allowed for names in seen)


@posix
def test_killed_while_it_copies_nothing_is_left(path: Path) -> None:
    """The kill comes from inside, after some pages."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from secure_chat.log import copying\n"
        "copying._PAGES = 2\n"
        "def told(done, all): os.kill(os.getpid(), signal.SIGKILL) if done > all / 2 else None\n"
        "copying.copied_log(Path(sys.argv[1]), told).__enter__()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=ROOT, check=False)
    assert done.returncode == -signal.SIGKILL
    names = {item.name for item in path.parent.iterdir()}
    assert names <= {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm"}
    assert len(sequences(path)) == 60


def test_progress_is_told_in_bytes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing, and all of it at the end."""
    monkeypatch.setattr("secure_chat.log.copying._PAGES", 2)
    told: list[tuple[int, int]] = []
    with copied_log(path, lambda *now: told.append(now)) as copy:
        size = copy.size
    assert told == sorted(told)
    assert len(told) > 3
    assert told[-1] == (size, size)


def test_the_numbers_of_a_log_without_entries_go_on(tmp_path: Path) -> None:
    """Of an empty one from the beginning, of one that was pruned from where it was."""
    path = tmp_path / "log.sqlite"
    with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
        with copied_log(path) as copy:
            assert copy.head == 0
        log.append(batch(1))
        assert log.prune(2**60, 1_000) == 20
        with copied_log(path) as copy:
            assert copy.head == log.head == 20


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.unlink(), "there is no log at"),
        (lambda path: path.write_bytes(b"no database" * 100), "cannot be read: file is not a data"),
        (lambda path: path.write_bytes(b""), "is no log of securechat"),
        (lambda path: change(path, "PRAGMA application_id = 7"), "is no log of securechat"),
        (lambda path: change(path, f"PRAGMA user_version = {VERSION + 1}"), "newer securechat"),
    ],
)
def test_what_is_no_log_is_told(path: Path, make: object, told: str) -> None:
    """And nothing is left beside it."""
    make(path)  # type: ignore[operator] # one of those above
    with pytest.raises(StoreError, match=told), copied_log(path):
        pass
    assert not [item for item in path.parent.iterdir() if item.name.startswith(".")]


def change(path: Path, statement: str) -> None:
    """Do something to a log that this program never does."""
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)


def test_a_full_disk_is_told_and_the_log_goes_on() -> None:
    """Nothing of the copy is left, and there is room again."""
    with disk(24) as folder:
        path = folder / "log.sqlite"
        with closing(SqliteLog.open(path, FakeClock(), Limits())) as log:
            for number in range(4):
                log.append(batch(number, 200, "x" * 16_000))
            with pytest.raises(StoreFull, match="no room for a copy"), copied_log(path):
                pass
            assert not [item for item in folder.iterdir() if item.name.startswith(".")]
            log.append(batch(5))
            assert log.head == 820


def test_a_folder_that_takes_no_files_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy stands beside the log."""

    def refused(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("secure_chat.log.copying.open_private", refused)
    with pytest.raises(StoreError, match="cannot be written: Permission denied"), copied_log(path):
        pass


def test_a_name_that_cannot_be_taken_away_goes_at_the_end(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As on Windows while the file is open."""
    unlink, tries = Path.unlink, []

    def once(self: Path, **more: bool) -> None:
        tries.append(self)
        if len(tries) == 1:
            raise PermissionError(13, "used by another process")
        unlink(self, **more)

    monkeypatch.setattr(Path, "unlink", once)
    with copied_log(path) as copy:
        assert tries[0].exists()
        assert tries[0].stat().st_mode & 0o077 == 0
        kept(copy, tmp_path / "copy.sqlite")
    assert not tries[0].exists()
    assert len(sequences(tmp_path / "copy.sqlite")) == 60


def test_a_log_is_known_by_its_mark(path: Path) -> None:
    """Ours is let through."""
    with closing(sqlite3.connect(path)) as db:
        check_log(db, path)
