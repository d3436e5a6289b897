"""The files of a host on a real disk: sealed once, never a row without its bytes, counted right."""

import errno
import hashlib
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from secure_chat.errors import StoreBroken, StoreError, StoreFull
from secure_chat.log.blobs.part import Part
from secure_chat.log.blobs.rows import Row, Rows
from secure_chat.log.blobs.schema import APPLICATION
from secure_chat.log.blobs.store import BlobStore
from tests.fakes import FakeClock

DATA = b"what is in it" * 1_000
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def clock() -> FakeClock:
    """The time."""
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[BlobStore]:
    """An empty store."""
    with closing(BlobStore(tmp_path / "files", clock)) as made:
        yield made


def put(store: BlobStore, row: Row, data: bytes) -> None:
    """Store bytes of an upload as the depot does."""
    part = store.part(row)
    part.append(data)
    store.grew(row, len(data))
    part.close()


def sealed(store: BlobStore, person: str, up: str, data: bytes = DATA, within: str = "") -> Row:
    """Seal an upload and return its row."""
    row = store.begin(person, up, within, len(data))
    put(store, row, data)
    store.seal([(row, hashlib.sha256(data).hexdigest(), len(data))])
    found = store.rows.find(person, up)
    assert found is not None
    return found


def files(folder: Path) -> list[str]:
    """Return all files but those of the index."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return sorted(str(path.relative_to(folder)) for path in found if "index" not in path.name)


def counted(store: BlobStore, *people: str) -> tuple[object, ...]:
    """Return everything that a store counts."""
    tally = store.tally
    shares = [(tally.share(name).bytes, tally.share(name).uploads) for name in people]
    return (*shares, tally.stored, tally.declared, tally.written, tally.bytes, tally.promised)


# --- parts ---------------------------------------------------------------------------------------


def test_a_part_is_hashed_as_it_comes_and_again_from_the_disk(tmp_path: Path) -> None:
    """What another run has written is hashed in steps, and what comes meanwhile behind it."""
    part = Part(tmp_path / "p")
    part.append(DATA)
    assert (part.digest(), part.length, part.hashed) == (SHA256, len(DATA), len(DATA))
    part.close()
    part = Part(tmp_path / "p")
    assert (part.length, part.hashed, part.unsynced) == (len(DATA), 0, len(DATA))
    assert not part.hash_on(5_000)
    part.append(b"more")
    steps = 1
    while not part.hash_on(5_000):
        steps += 1
    assert (steps, part.digest()) == (2, hashlib.sha256(DATA + b"more").hexdigest())
    part.append(b"!")
    assert part.digest() == hashlib.sha256(DATA + b"more!").hexdigest()
    assert part.hash_on(1)
    part.close()


def test_a_part_is_its_owners_only_and_follows_no_link(tmp_path: Path) -> None:
    """Whatever the umask says, and whatever stands under its name."""
    before = os.umask(0)
    try:
        Part(tmp_path / "p").close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o600
    (tmp_path / "link").symlink_to(tmp_path / "p")
    with pytest.raises(OSError, match="link"):
        Part(tmp_path / "link")


def test_what_a_full_disk_took_of_a_chunk_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a chunk or nothing of it is there, also when the system took its beginning."""
    part = Part(tmp_path / "p")
    part.append(DATA)
    write, left = os.write, [7]

    def short(descriptor: int, data: bytes) -> int:
        room = left.pop() if left else 0
        if not room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[:room])

    monkeypatch.setattr(os, "write", short)
    with pytest.raises(OSError, match="space"):
        part.append(b"a chunk that is longer")
    monkeypatch.undo()
    assert (tmp_path / "p").read_bytes() == DATA
    part.append(b"more")
    assert (tmp_path / "p").read_bytes() == DATA + b"more"
    assert part.digest() == hashlib.sha256(DATA + b"more").hexdigest()
    part.close()


def test_a_part_begins_anew_and_its_twin_is_the_same_file(tmp_path: Path) -> None:
    """Nothing of what was thrown away is in the next hash; a twin syncs what is written."""
    part = Part(tmp_path / "p")
    part.append(b"wrong")
    part.clear()
    part.append(DATA)
    assert (part.digest(), (tmp_path / "p").read_bytes()) == (SHA256, DATA)
    twin = part.twin()
    assert part.unsynced == 0
    assert os.path.sameopenfile(twin, part._descriptor)
    os.close(twin)
    part.close()


def test_a_part_that_has_become_shorter_is_an_error(tmp_path: Path) -> None:
    """Somebody has cut the file; hashing it does not go on for ever."""
    (tmp_path / "p").write_bytes(DATA)
    part = Part(tmp_path / "p")
    os.truncate(tmp_path / "p", 0)
    with pytest.raises(OSError, match="shorter"):
        part.hash_on(100)
    part.close()


# --- sealing and forgetting ----------------------------------------------------------------------


def test_the_same_bytes_are_stored_once_and_go_with_the_last_who_has_them(
    store: BlobStore, tmp_path: Path
) -> None:
    """Whoever sent them; each has uploads of their own."""
    rows = [sealed(store, "alice", "a"), sealed(store, "bob", "b"), sealed(store, "bob", "c")]
    other = sealed(store, "bob", "d", b"other")
    blob = f"blobs/{SHA256[:2]}/{SHA256}"
    assert files(tmp_path / "files") == sorted([blob, f"blobs/{other.sha256[:2]}/{other.sha256}"])
    assert (tmp_path / "files" / blob).read_bytes() == DATA
    assert store.tally.stored == len(DATA) + 5
    assert store.forget(rows[:2]) == []
    assert store.blob_path(SHA256).exists()
    assert store.forget(rows[2:]) == [store.blob_path(SHA256)]
    assert len(files(tmp_path / "files")) == 1
    assert store.rows.find("bob", "b") is None
    assert store.forget([]) == []


def test_two_of_a_batch_with_the_same_bytes_share_them(store: BlobStore) -> None:
    """They were not there before, and are placed once."""
    rows = [store.begin("alice", up, "", len(DATA)) for up in "ab"]
    for row in rows:
        put(store, row, DATA)
    store.seal([(row, SHA256, len(DATA)) for row in rows])
    assert counted(store, "alice") == ((2 * len(DATA), 2), len(DATA), 0, 0, len(DATA), 0)


def test_folders_and_files_are_their_owners_only(store: BlobStore, tmp_path: Path) -> None:
    """Nobody else on the computer can look at what people send."""
    sealed(store, "alice", "a")
    for path in [tmp_path / "files", *(tmp_path / "files").rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_counts_are_the_same_after_a_restart(
    store: BlobStore, clock: FakeClock, tmp_path: Path
) -> None:
    """Open uploads count as declared, streams with what has come, blobs once."""
    sealed(store, "alice", "a")
    sealed(store, "bob", "a")
    begun = store.begin("alice", "b", "", 100)
    put(store, begun, b"x" * 30)
    stream = store.begin("bob", "s", "", None)
    put(store, stream, b"y" * 50)
    nothing = store.begin("bob", "nothing yet", "", 9)
    assert (store.length(begun), store.length(nothing)) == (30, 0)
    assert store.free() > 0
    expected = (
        (len(DATA) + 100, 2),
        (len(DATA) + 59, 3),
        len(DATA),
        159,
        80,
        len(DATA) + 159,
        79,
    )
    assert counted(store, "alice", "bob") == expected
    with closing(BlobStore(tmp_path / "files", clock)) as again:
        assert counted(again, "alice", "bob") == expected
    store.forget([begun, stream])
    store.grew(store.rows.open()[0], 9)
    assert counted(store, "alice", "bob", "carol") == (
        (len(DATA), 1),
        (len(DATA) + 9, 2),
        (0, 0),
        len(DATA),
        9,
        9,
        len(DATA) + 9,
        0,
    )
    assert not store.part_path(begun).exists()


def test_a_stream_counts_with_its_bytes_once_it_is_sealed(store: BlobStore) -> None:
    """Its size was never declared."""
    row = store.begin("alice", "s", "", None)
    put(store, row, DATA)
    store.seal([(row, SHA256, len(DATA))])
    assert counted(store, "alice") == ((len(DATA), 1), len(DATA), 0, 0, len(DATA), 0)
    found = store.rows.find("alice", "s")
    assert found is not None
    assert (found.declared, found.size, found.counted) == (None, len(DATA), len(DATA))
    store.forget([found])
    assert counted(store, "alice") == ((0, 0), 0, 0, 0, 0, 0)


def test_what_is_within_a_folder_goes_a_little_at_a_time(store: BlobStore) -> None:
    """The manifest first; its id cannot be used again until the last of its files is gone."""
    manifest = sealed(store, "alice", "m", b"manifest")
    for up in ("x", "y", "z"):
        sealed(store, "alice", up, up.encode(), within="m")
    sealed(store, "bob", "x", b"bob's", within="m")
    assert [store.leftovers] == [False]
    store.forget([manifest])
    assert [store.leftovers] == [True]
    assert store.rows.is_gone("alice", "m")
    first = store.rows.within_gone(2)
    assert [row.person for row in first] == ["alice", "alice"]
    store.forget(first)
    assert store.rows.is_gone("alice", "m")
    store.forget(store.rows.within_gone(2))
    assert store.rows.within_gone(2) == []
    assert not store.rows.is_gone("alice", "m")
    assert store.rows.find("bob", "x") is not None


def test_uploads_are_found_by_age_by_person_and_by_use(store: BlobStore, clock: FakeClock) -> None:
    """Pages go on behind the last of the page before; what was asked for again is young."""
    old = sealed(store, "alice", "old", b"1")
    clock.advance(10)
    sealed(store, "bob", "b", b"2")
    sealed(store, "alice", "within", b"3", within="old")
    sealed(store, "alice", "young", b"4")
    store.begin("alice", "open", "", 5)
    page = store.rows.whole((-1, 0), 2)
    assert [row.up for row in page] == ["old", "b"]
    rest = store.rows.whole((page[-1].at, page[-1].number), 2)
    assert [row.up for row in rest] == ["young"]
    store.rows.use([("alice", "old"), ("alice", "nothing"), ("bob", "b")])
    assert [row.up for row in store.rows.of("alice", 0, 9)] == ["old"]
    assert store.rows.of("alice", old.number, 9) == []
    clock.advance(10)
    store.touch(old)
    assert [row.up for row in store.rows.whole((-1, 0), 9)] == ["b", "young", "old"]
    assert [row.up for row in store.rows.open()] == ["open"]


# --- what goes wrong -----------------------------------------------------------------------------


def test_nothing_is_sealed_when_a_file_cannot_get_its_name(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a batch or nothing: the parts stay, and no blob without a row is left."""
    rows = [store.begin("alice", up, "", 1) for up in "ab"]
    for row in rows:
        put(store, row, row.up.encode())
    link = os.link

    def second_fails(source: Path, target: Path) -> None:
        if source == store.part_path(rows[1]):
            raise OSError(errno.ENOSPC, "no room")
        link(source, target)

    monkeypatch.setattr(os, "link", second_fails)
    batch = [(row, hashlib.sha256(row.up.encode()).hexdigest(), 1) for row in rows]
    with pytest.raises(OSError, match="no room"):
        store.seal(batch)
    monkeypatch.undo()
    assert not store.blob_path(batch[0][1]).exists()
    assert [store.length(row) for row in rows] == [1, 1]
    store.seal(batch)
    assert [row.up for row in store.rows.whole((-1, 0), 9)] == ["a", "b"]


def test_nothing_is_sealed_when_the_index_has_no_room(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bytes that were there before stay for those who have them."""
    sealed(store, "bob", "b")
    rows = [store.begin("alice", up, "", len(data)) for up, data in (("a", DATA), ("n", b"new"))]
    put(store, rows[0], DATA)
    put(store, rows[1], b"new")

    def full(*_: object) -> None:
        raise StoreFull("no room")

    new = hashlib.sha256(b"new").hexdigest()
    with monkeypatch.context() as patch:
        patch.setattr(store.rows, "seal", full)
        with pytest.raises(StoreFull):
            store.seal([(rows[0], SHA256, len(DATA)), (rows[1], new, 3)])
    assert store.blob_path(SHA256).exists()
    assert not store.blob_path(new).exists()
    assert [store.length(row) for row in rows] == [len(DATA), 3]


def test_bytes_that_the_disk_lost_come_back_with_the_next_who_sends_them(store: BlobStore) -> None:
    """A row knows them, but their file is not there."""
    sealed(store, "alice", "a")
    store.blob_path(SHA256).unlink()
    sealed(store, "bob", "b")
    assert store.blob_path(SHA256).read_bytes() == DATA
    assert store.tally.stored == len(DATA)


def test_where_a_file_has_one_name_only_it_is_renamed(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems know no second name."""

    def refuses(*_: object) -> None:
        raise OSError(errno.EPERM, "not here")

    monkeypatch.setattr(os, "link", refuses)
    sealed(store, "alice", "a")
    assert store.blob_path(SHA256).read_bytes() == DATA


def test_strays_are_deleted_and_nothing_else(
    store: BlobStore, clock: FakeClock, tmp_path: Path
) -> None:
    """Parts at once, blobs a folder at a time: what no row knows is nobody's."""
    sealed(store, "alice", "a")
    begun = store.begin("alice", "b", "", 5)
    put(store, begun, b"12345")
    stray = store.blob_path("ab" * 32)
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"?")
    (tmp_path / "files" / "parts" / "999").write_bytes(b"?")
    (tmp_path / "files" / "parts" / "a folder").mkdir()
    with closing(BlobStore(tmp_path / "files", clock)) as again:
        assert not (tmp_path / "files" / "parts" / "999").exists()
        assert stray.exists()
        steps = 0
        while again.sweep():
            steps += 1
        assert steps == 256
        assert not stray.exists()
        assert again.length(begun) == 5
        assert again.blob_path(SHA256).exists()


def test_what_the_system_cannot_tell_is_no_room(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk may have gone away under a running host."""

    def fails(_: object) -> object:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(shutil, "disk_usage", fails)
    assert store.free() == 0


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path, clock: FakeClock) -> None:
    """Something else has the name."""
    (tmp_path / "files").write_text("a file")
    with pytest.raises(StoreError, match="cannot be used"):
        BlobStore(tmp_path / "files", clock)


def _foreign(db: sqlite3.Connection) -> None:
    db.execute("PRAGMA application_id = 7")
    db.execute("CREATE TABLE theirs (x)")


def _newer(db: sqlite3.Connection) -> None:
    db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(("change", "said"), [(_foreign, "another program"), (_newer, "newer")])
def test_an_index_that_is_not_ours_is_not_touched(
    tmp_path: Path, change: Callable[[sqlite3.Connection], None], said: str
) -> None:
    """Another program's, or one of a newer version."""
    path = tmp_path / "index.sqlite"
    with closing(sqlite3.connect(path)) as db:
        change(db)
        db.commit()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=said):
        Rows(path)
    assert path.read_bytes() == before


def test_a_damaged_index_and_one_that_cannot_be_made_are_said(tmp_path: Path) -> None:
    """With the system's own words."""
    (tmp_path / "index.sqlite").write_bytes(b"no database" * 1_000)
    with pytest.raises(StoreError, match="cannot be opened"):
        Rows(tmp_path / "index.sqlite")
    with pytest.raises(StoreError, match="cannot be opened"):
        Rows(tmp_path / "nowhere" / "index.sqlite")


def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All tables or none, so the next start can try again."""
    monkeypatch.setattr(
        "secure_chat.log.blobs.schema._MIGRATIONS", ("CREATE TABLE a (x);\nNONSENSE",)
    )
    with pytest.raises(StoreError):
        Rows(tmp_path / "index.sqlite")
    monkeypatch.undo()
    Rows(tmp_path / "index.sqlite").close()


def test_an_index_that_was_closed_says_so(store: BlobStore) -> None:
    """Whatever is asked of it."""
    store.close()
    with pytest.raises(StoreBroken):
        store.rows.find("alice", "a")


# --- kills ---------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
from pathlib import Path
from secure_chat.clock import SystemClock
from secure_chat.log.blobs import rows, store as module
from secure_chat.log.blobs.store import BlobStore

left = int(sys.argv[2])

def killing(function):
    def step(*args, **words):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **words)
    return step

store = BlobStore(Path(sys.argv[1]), SystemClock())
bob = store.begin("bob", "b", "", 5)
part = store.part(bob); part.append(b"first"); part.close()
import hashlib
first = hashlib.sha256(b"first").hexdigest()
store.seal([(bob, first, 5)])
row = store.begin("alice", "a", "", 6)
part = store.part(row); part.append(b"second"); part.close()
bob = store.rows.find("bob", "b")

class Db:
    def __init__(self, db):
        self._db = db
    def __getattr__(self, name):
        found = getattr(self._db, name)
        return killing(found) if name == "execute" else found

for name in ("link", "unlink", "fsync", "mkdir"):
    setattr(os, name, killing(getattr(os, name)))
store.rows._db = Db(store.rows._db)
store.rows._do._db = store.rows._db
store.seal([(row, hashlib.sha256(b"second").hexdigest(), 6)])
store.forget([bob])
"""


def test_a_kill_at_any_step_leaves_an_upload_open_or_sealed(
    tmp_path: Path, clock: FakeClock
) -> None:
    """Never a row without its bytes, and no bytes that an open upload had are lost."""
    seen = set()
    for step in range(1, 200):
        folder = tmp_path / str(step)
        command = [sys.executable, "-c", _KILLED, str(folder), str(step)]
        ended = subprocess.run(command, check=False, timeout=60).returncode
        with closing(BlobStore(folder, clock)) as store:
            seen.add(_judged(store, folder))
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert step > 10
    assert seen == {("open", "kept"), ("sealed", "kept"), ("sealed", "gone")}


def _judged(store: BlobStore, folder: Path) -> tuple[str, str]:
    while store.sweep():
        continue
    second, first = store.rows.find("alice", "a"), store.rows.find("bob", "b")
    assert second is not None
    known = []
    for row, data in ((second, b"second"), (first, b"first")):
        if row is not None and row.sha256:
            known.append(str(store.blob_path(row.sha256).relative_to(folder)))
            assert store.blob_path(row.sha256).read_bytes() == data
        elif row is not None:
            known.append(f"parts/{row.number}")
            assert store.part_path(row).read_bytes() == data
    assert files(folder) == sorted(known)
    return "sealed" if second.sha256 else "open", "kept" if first else "gone"
