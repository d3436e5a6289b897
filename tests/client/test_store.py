"""What one identity keeps survives its process, and two processes never share it."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.msgpack import encode

from secure_chat.client.store import Store, store_for
from secure_chat.errors import StoreBroken, StoreBusy, StoreError, StoreFull
from secure_chat.wire.messages import Attached, Content, Join, Leave, Say

SAY = Say("a1", "hi\x00 grüße", "lobby")
JOIN = Join("j1", "tea")
LEAVE = Leave("l1", "tea")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return an open store that is closed at the end."""
    opened = Store.open(tmp_path / "alice")
    yield opened
    opened.close()


def test_a_new_store_knows_a_device_and_nothing_else(store: Store) -> None:
    """The device's id is made once and is not the next store's."""
    memory = store.load()
    assert (memory.cursor, memory.unsent) == (None, ())
    assert store.load().device == memory.device
    other = Store.in_memory()
    assert other.load().device != memory.device
    other.close()


def test_what_was_saved_is_there_after_opening_again(tmp_path: Path) -> None:
    """The queue keeps its order, ids are kept once, and settled ones are gone."""
    first = Store.open(tmp_path)
    device = first.load().device
    first.save([SAY, JOIN])
    first.save([LEAVE, Say("a1", "something else")], cursor=7)
    first.save(forget=["j1", "never"])
    first.close()
    second = Store.open(tmp_path)
    memory = second.load()
    second.close()
    assert memory.device == device
    assert memory.cursor == 7
    assert memory.unsent == (SAY, LEAVE)


def test_everything_that_a_message_can_be_is_kept(store: Store) -> None:
    """What it is beside its text too."""
    file = Attached("u1", "x", "image/png")
    full = Say("a2", "", None, "bob", Content("file", reply=7, file=file))
    store.save([full])
    assert store.load().unsent == (full,)


def test_what_an_older_version_kept_is_still_sent(store: Store) -> None:
    """It wrote every field, and knew nothing but text."""
    old = {"t": "say", "id": "a1", "text": "hi", "room": "lobby", "to": None}
    with store._state as state:
        state.execute("INSERT INTO unsent (id, frame) VALUES (?, ?)", ("a1", encode(old)))
    assert store.load().unsent == (Say("a1", "hi", "lobby"),)


def test_the_cursor_may_go_back(store: Store) -> None:
    """A host that began a new log takes it back."""
    store.save(cursor=7)
    store.save(cursor=3)
    assert store.load().cursor == 3


def test_what_was_saved_survives_a_killed_process(tmp_path: Path) -> None:
    """A process that dies without closing anything leaves all of it, and the lock free."""
    program = (
        "import os, sys, pathlib\n"
        "from secure_chat.client.store import Store\n"
        "from secure_chat.wire.messages import Say\n"
        "Store.open(pathlib.Path(sys.argv[1])).save([Say('a1', 'hi', 'lobby')], cursor=9)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    store = Store.open(tmp_path)
    memory = store.load()
    store.close()
    assert (memory.cursor, memory.unsent) == (9, (Say("a1", "hi", "lobby"),))


def test_a_folder_in_use_is_refused_and_free_again_afterwards(tmp_path: Path) -> None:
    """The second client is told; closing the first gives the folder free."""
    first = Store.open(tmp_path)
    with pytest.raises(StoreBusy, match="another client of this identity"):
        Store.open(tmp_path)
    first.close()
    Store.open(tmp_path).close()


def test_only_the_owner_can_read(tmp_path: Path) -> None:
    """Unsent messages are private: folder 0700, files 0600."""
    store = Store.open(tmp_path / "alice")
    store.save([SAY])
    assert stat.S_IMODE((tmp_path / "alice").stat().st_mode) == 0o700
    for path in (tmp_path / "alice").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path.name
    store.close()


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """An old program refuses what it does not know and changes nothing of it."""
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "client.sqlite") as file:
        file.execute("PRAGMA user_version = 2")
    file.close()
    with pytest.raises(StoreError, match="newer securechat"):
        Store.open(tmp_path)
    # The lock is free again, so the refusal is the same the second time.
    with pytest.raises(StoreError, match="newer securechat"):
        Store.open(tmp_path)


@pytest.mark.parametrize("name", ["lock.sqlite", "client.sqlite"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever stands there in its place, the error names it."""
    (tmp_path / name).write_bytes(b"not a database, but long enough to look like one" * 100)
    with pytest.raises(StoreError, match="cannot be used"):
        Store.open(tmp_path)


@pytest.mark.parametrize("name", ["lock.sqlite", "client.sqlite"])
def test_a_folder_in_a_files_place_is_refused(tmp_path: Path, name: str) -> None:
    """What cannot be opened at all is refused with the system's own words."""
    (tmp_path / name).mkdir()
    with pytest.raises(StoreError, match="cannot be used"):
        Store.open(tmp_path)


def test_a_full_disk_stores_nothing_and_the_store_lives(store: Store) -> None:
    """Nothing of the transaction is there; with room the next one is."""
    pages = store._state.execute("PRAGMA page_count").fetchone()[0]
    store._state.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreFull):
        store.save([Say(f"a{number}", "x" * 4_000, "lobby") for number in range(10)], cursor=1)
    assert store.load().unsent == ()
    assert store.load().cursor is None
    store._state.execute("PRAGMA max_page_count = 100000")
    store.save([SAY])
    assert store.load().unsent == (SAY,)


def test_any_other_failure_is_told_apart(store: Store) -> None:
    """Whether something is stored is unknown then."""
    store._state.close()
    with pytest.raises(StoreBroken):
        store.save([SAY])


def test_who_keeps_nothing_has_a_folder_and_no_state_in_it(tmp_path: Path) -> None:
    """A further client, one that shall not remember, and one that could not anyway."""
    first = store_for(tmp_path / "alice", remember=True)
    first.save(cursor=7)
    for remember in (True, False):
        other = store_for(tmp_path / "alice", remember=remember)
        assert other.load().cursor is None
        other.close()
    first.close()
    again = store_for(tmp_path / "alice", remember=True)
    assert again.load().cursor == 7
    again.close()
    (tmp_path / "file").touch()
    store_for(tmp_path / "file" / "alice", remember=False).close()
    with pytest.raises(StoreError):
        store_for(tmp_path / "file" / "alice", remember=True)
