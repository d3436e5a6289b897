"""A restore gives the host back whole, or changes nothing; and it never overwrites."""

import os
import shutil
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import msgspec
import pyrage
import pytest

from secure_chat.errors import IdentityError, SecureChatError, StoreBusy, StoreError
from secure_chat.log.lock import FolderLock
from secure_chat.log.schema import VERSION
from secure_chat.pki.act import Act
from secure_chat.pki.change import heal
from secure_chat.pki.issuing import IssueRequest, issue
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke
from secure_chat.pki.rotation import begin
from secure_chat.server.restoring import restore
from tests.client.hosting import Hosting
from tests.disks import disk
from tests.pki.kill import killed_before_step
from tests.server.backups import NOW, PASSPHRASE, Place, files_in, packed, unpacked
from tests.server.guest import Guest


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the passphrase out: to make something hard of it takes a second each time."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda data, _: data)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda data, _: data)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a host that is not running."""
    return Place(tmp_path / "here").make()


@pytest.fixture
def there(tmp_path: Path) -> Place:
    """Return where nothing is yet."""
    return Place(tmp_path / "there")


@pytest.fixture
def path(place: Place, tmp_path: Path) -> Path:
    """Return a backup of a host."""
    place.backup(tmp_path / "file")
    return tmp_path / "file"


def listed(path: Path) -> list[tuple[str, int, bytes]]:
    """Return what is in a backup, to be changed and packed again."""
    return [
        (name, 0o600 if name.endswith(".key") else 0o644, data)
        for name, data in unpacked(path).items()
    ]


def test_everything_comes_back(place: Place, there: Place, path: Path) -> None:
    """Every file as it was; but the trail tells of the restore."""
    before, held = files_in(place.certs), unpacked(path)
    restored = there.restore(path)
    after = files_in(there.certs)
    trail, more = held["certs/audit.jsonl"], after.pop("audit.jsonl")
    before.pop("audit.jsonl")
    assert after == before
    assert more.startswith(trail)
    act = msgspec.json.decode(more.removeprefix(trail), type=Act)
    assert (act.act, act.by) == ("restored", "test")
    assert (restored.certs, restored.log) == (there.certs, there.log)
    assert restored.files == len(held) - 1
    assert restored.community == place.vault.community()
    assert restored.registry.names() == {"alice", "bob"}
    made = msgspec.json.decode(trail.splitlines()[-1], type=Act)
    assert restored.made == made.at
    assert there.log.read_bytes() == held["log.sqlite"]
    assert there.head() == place.head() == 30


@pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")
def test_nobody_else_may_read_a_key(path: Path, there: Place, tmp_path: Path) -> None:
    """Whatever the backup says of its rights, and whatever the umask is."""
    wide = packed(tmp_path / "wide", [(name, 0o666, data) for name, _, data in listed(path)])
    before = os.umask(0)
    try:
        there.restore(wide)
    finally:
        os.umask(before)
    for item in [there.certs, *there.certs.rglob("*")]:
        mode = stat.S_IMODE(item.stat().st_mode)
        if item.is_dir():
            assert mode == 0o700
        elif item.suffix in {".key", ".jsonl", ".lock"}:
            assert mode == 0o600
        else:
            assert mode == 0o644
    assert stat.S_IMODE(there.log.stat().st_mode) == 0o600
    assert stat.S_IMODE(there.log.parent.stat().st_mode) == 0o700
    there.vault.host_files()


def test_a_host_goes_on_with_it(there: Place, path: Path) -> None:
    """People come in, find what was said, and say more."""
    there.restore(path)
    hosting = Hosting(there.certs, there.data("")).start()
    try:
        with Guest(("127.0.0.1", hosting.port), there.certs, "bob") as guest:
            # Thirty things said, and then bob's coming in.
            assert guest.join(cursor=0).head == 31
    finally:
        hosting.stop()


def test_what_was_done_since_is_not_known(place: Place, there: Place, path: Path) -> None:
    """Whoever was revoked after the backup counts again, so the caller must say so."""
    revoke(place.vault, open_authority(place.vault), "bob", "keyCompromise", NOW, "test")
    assert place.vault.registry().names() == {"alice"}
    assert there.restore(path).registry.names() == {"alice", "bob"}


def test_a_change_over_comes_back_too(place: Place, there: Place, tmp_path: Path) -> None:
    """With both keys, and with devices' folders."""
    issue(place.vault, IssueRequest(names=("alice",), another_device=True), NOW)
    begin(place.vault, open_authority(place.vault), timedelta(days=30), NOW, "test")
    place.backup(tmp_path / "file")
    there.restore(tmp_path / "file")
    assert open_authority(there.vault).previous is not None
    assert (there.certs / "devices/alice-2/clients/alice.key").exists()


@pytest.mark.parametrize("how", ["not in it", "not wanted"])
def test_without_a_log(place: Place, there: Place, tmp_path: Path, how: str) -> None:
    """The data folder is not touched."""
    place.backup(tmp_path / "file", with_log=how == "not wanted")
    restored = there.restore(tmp_path / "file", with_log=how != "not wanted")
    assert restored.log is None
    assert not there.data("").exists()
    there.vault.host_files()


def test_version_control_s_file_stays(there: Place, path: Path) -> None:
    """A folder with nothing else counts as empty."""
    there.certs.mkdir(parents=True)
    (there.certs / ".gitignore").write_text("*\n")
    there.restore(path)
    assert (there.certs / ".gitignore").read_text() == "*\n"
    there.vault.host_files()


@pytest.mark.parametrize("name", ["ca.crt", "notes", ".hidden", "clients/bob.key"])
def test_a_folder_with_anything_in_it_stays(there: Place, path: Path, name: str) -> None:
    """Nothing is overwritten or mixed."""
    (there.certs / name).parent.mkdir(parents=True)
    (there.certs / name).write_text("mine")
    with pytest.raises(StoreError, match="is not empty"):
        there.restore(path)
    assert files_in(there.certs) == {name: b"mine"}
    assert not there.data("").exists()


@pytest.mark.skipif(os.name != "posix", reason="there are no modes elsewhere")
def test_the_rights_of_somebody_s_folder_stay(there: Place, path: Path) -> None:
    """Whoever names their home by mistake must not lose their visitors by it."""
    there.certs.mkdir(parents=True)
    (there.certs / "notes").write_text("mine")
    there.certs.chmod(0o755)
    with pytest.raises(StoreError, match="is not empty"):
        there.restore(path)
    assert stat.S_IMODE(there.certs.stat().st_mode) == 0o755
    assert [item.name for item in there.certs.iterdir()] == ["notes"]


def test_another_log_stays(there: Place, path: Path) -> None:
    """Nor are certificates put beside it."""
    for log in (b"mine", bytes(len(unpacked(path)["log.sqlite"]))):
        there.data("").mkdir(parents=True, exist_ok=True)
        there.log.write_bytes(log)
        with pytest.raises(StoreError, match=r"log\.sqlite is there already"):
            there.restore(path)
        assert there.log.read_bytes() == log
        assert not there.certs.exists()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_belonged_to_another_log_is_no_part_of_this_one(
    there: Place, path: Path, end: str
) -> None:
    """SQLite would take it for what was last said."""
    there.data("").mkdir(parents=True)
    beside = there.log.with_name(f"log.sqlite{end}")
    beside.write_bytes(b"of another one")
    with pytest.raises(StoreError, match=f"log.sqlite{end} is there already"):
        there.restore(path)
    assert beside.read_bytes() == b"of another one"
    assert not there.certs.exists()
    assert not there.log.exists()


def test_a_running_host_keeps_its_folder(there: Place, path: Path) -> None:
    """Its log would be another one under its hands."""
    lock = FolderLock(there.data(""), "another host")
    try:
        with pytest.raises(StoreBusy, match="is in use: a host is running"):
            there.restore(path)
    finally:
        lock.release()
    assert not there.certs.exists()
    there.restore(path)


HOSTILE = (
    "../evil",
    "certs/../../evil",
    "certs/clients/../../../evil",
    "/evil",
    "certs//ca.key",
    "./certs/ca.key",
    "certs",
    "certs/",
    "certs/clients",
    "certs/evil",
    "certs/.staging/plan.json",
    "certs/audit.lock",
    "certs/backup-1/ca.key",
    "certs/clients/.bashrc",
    "certs\\clients\\evil.key",
    "certs/clients/..\\evil",
    "certs/clients/c:evil",
    "certs/clients/\x1b[2Jevil",
    "certs/clients/\udcffevil",
    "log.sqlite-wal",
    "log.sqlite/evil",
    "data/log.sqlite",
    "",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_refused(
    path: Path, there: Place, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stands among the others; nothing of that backup is used."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for at in (0, 1, 10**6):
        files = listed(path)
        files.insert(at, (name, 0o777, b"evil"))
        hostile = packed(tmp_path / "hostile", files)
        with pytest.raises(StoreError, match="the backup has a file with the name") as raised:
            there.restore(hostile)
        assert str(raised.value).isprintable()
        hostile.unlink()
        assert not there.certs.exists()
        shutil.rmtree(there.folder, ignore_errors=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["certs/ca.key", "certs/audit.jsonl", "log.sqlite"])
def test_a_file_that_comes_twice_is_refused(
    path: Path, there: Place, tmp_path: Path, name: str
) -> None:
    """Which of the two was meant?"""
    files = listed(path)
    files += [one for one in files if one[0] == name]
    with pytest.raises(StoreError, match="the backup has a file with the name"):
        there.restore(packed(tmp_path / "twice", files))
    assert not there.certs.exists()
    assert not there.log.exists()


@pytest.mark.parametrize("name", ["ca.crt", "audit.jsonl", "community"])
def test_a_backup_without_what_matters_is_refused(
    path: Path, there: Place, tmp_path: Path, name: str
) -> None:
    """A folder without it would be none."""
    files = [one for one in listed(path) if one[0] != f"certs/{name}"]
    with pytest.raises(StoreError, match=f"{name} is not in it|{name} is missing"):
        there.restore(packed(tmp_path / "less", files))
    assert not there.certs.exists()
    assert not there.log.exists()


@pytest.mark.parametrize(
    "text", [b"", b"..", b"../../etc", b"0" * 31, b"0" * 32 + b"/x", b"G" * 32]
)
def test_a_community_that_is_none_is_refused(
    path: Path, there: Place, tmp_path: Path, text: bytes
) -> None:
    """A folder is named by it."""
    asked: list[str] = []

    def data(community: str) -> Path:
        asked.append(community)
        return there.data(community)

    files = [
        (name, mode, text if name == "certs/community" else content)
        for name, mode, content in listed(path)
    ]
    odd = packed(tmp_path / "odd", files)
    with pytest.raises(StoreError, match="does not say which community"):
        restore(odd, PASSPHRASE, there.certs, data, NOW, "test")
    assert asked == []
    assert not there.certs.exists()


def test_a_backup_that_does_not_say_when_it_was_made(
    path: Path, there: Place, tmp_path: Path
) -> None:
    """One made by hand; it is restored all the same."""
    files = [
        (
            name,
            mode,
            b"".join(content.splitlines(keepends=True)[:-1]) if "audit" in name else content,
        )
        for name, mode, content in listed(path)
    ]
    assert there.restore(packed(tmp_path / "odd", files)).made == ""


def test_a_place_that_takes_no_name_is_told(
    path: Path, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left of it, and run again it works."""
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if target == there.log:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refused)
        with pytest.raises(StoreError, match="cannot be written: Permission denied"):
            there.restore(path)
    assert not there.certs.exists()
    assert [item.name for item in there.data("").iterdir()] == ["lock.sqlite"]
    there.restore(path)


def test_a_trail_that_cannot_be_read_is_refused(path: Path, there: Place, tmp_path: Path) -> None:
    """Who is revoked could not be known."""
    files = [
        (name, mode, b"damaged\n" if name == "certs/audit.jsonl" else content)
        for name, mode, content in listed(path)
    ]
    with pytest.raises(IdentityError, match=r"line 1 of audit\.jsonl of the backup is damaged"):
        there.restore(packed(tmp_path / "odd", files))
    assert not there.certs.exists()


def odd_log(change: Callable[[sqlite3.Connection], object], log: bytes, folder: Path) -> bytes:
    """Return a log to which something was done."""
    path = folder / "odd.sqlite"
    path.write_bytes(log)
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        change(db)
    return path.read_bytes()


def said(statement: str) -> Callable[[sqlite3.Connection], object]:
    """Return what executes a statement."""
    return lambda db: db.execute(statement)


def damage(db: sqlite3.Connection) -> None:
    """Make an index lie."""
    db.execute("PRAGMA writable_schema = ON")
    db.execute("DELETE FROM sqlite_schema WHERE name = 'entry_sent'")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (said("PRAGMA application_id = 1"), "is no log of securechat"),
        (said(f"PRAGMA user_version = {VERSION + 1}"), "newer securechat"),
        (damage, "the log in the backup is damaged"),
    ],
)
def test_a_log_that_is_none_is_refused(
    path: Path,
    there: Place,
    tmp_path: Path,
    change: Callable[[sqlite3.Connection], object],
    told: str,
) -> None:
    """Looked at before it gets its name, and before any certificate has its own."""
    files = [
        (name, mode, odd_log(change, content, tmp_path) if name == "log.sqlite" else content)
        for name, mode, content in listed(path)
    ]
    with pytest.raises(StoreError, match=told):
        there.restore(packed(tmp_path / "odd", files))
    assert not there.certs.exists()
    assert sorted(item.name for item in there.data("").iterdir()) == ["lock.sqlite"]


@pytest.mark.parametrize("log", [b"", b"no database at all" * 100])
def test_a_log_that_is_no_database_is_refused(
    path: Path, there: Place, tmp_path: Path, log: bytes
) -> None:
    """In words."""
    files = [(n, mode, log if n == "log.sqlite" else data) for n, mode, data in listed(path)]
    with pytest.raises(StoreError, match=r"damaged|no log of securechat"):
        there.restore(packed(tmp_path / "odd", files))
    assert not there.certs.exists()


def test_a_damaged_backup_changes_nothing(path: Path, there: Place) -> None:
    """Although it is known only at its end: the last piece is cut off."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) - 2_000])
    with pytest.raises(StoreError, match="cannot be restored from: decryption error"):
        there.restore(path)
    assert not there.certs.exists()
    assert sorted(item.name for item in there.data("").iterdir()) == ["lock.sqlite"]


def test_a_wrong_passphrase_touches_nothing(
    path: Path, there: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the folder is made."""
    monkeypatch.undo()
    with pytest.raises(StoreError, match="does not open"):
        there.restore(path)
    assert not there.folder.exists()


def test_a_folder_that_cannot_be_made_is_told(path: Path, tmp_path: Path) -> None:
    """Something else has its name."""
    (tmp_path / "there").write_text("a file")
    with pytest.raises(StoreError, match="cannot be written"):
        Place(tmp_path / "there").restore(path)


def test_a_full_disk_leaves_nothing(path: Path, place: Place, tmp_path: Path) -> None:
    """Neither of the log nor of the keys; with room it goes on."""
    place.say(20_000)
    big = tmp_path / "big"
    place.backup(big)
    with disk(1) as folder:
        small, there = Place(folder), Place(tmp_path / "there")
        with pytest.raises(StoreError, match="cannot be written: No space left on device"):
            restore(big, PASSPHRASE, there.certs, small.data, NOW, "test")
        assert not there.certs.exists()
        assert [item.name for item in folder.rglob("*") if item.is_file()] == ["lock.sqlite"]
        shutil.rmtree(folder / "data")
        (folder / "filler").write_bytes(bytes((1 << 20) - 24_576))
        with pytest.raises(SecureChatError, match=r"No space left|cannot be locked"):
            small.restore(path, with_log=False)
        assert not small.certs.exists()
        (folder / "filler").unlink()
        small.restore(path, with_log=False)
        small.vault.host_files()


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.slow
@pytest.mark.parametrize("made", ["folder there", "no folder"])
def test_killed_at_any_step_it_is_whole_or_nothing(
    path: Path, there: Place, monkeypatch: pytest.MonkeyPatch, made: str
) -> None:
    """Run again it is whole in any case, and nothing lies about."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    wanted = unpacked(path)
    step, seen, killed = 0, set(), True
    while killed:
        step += 1
        if made == "folder there":
            there.certs.mkdir(parents=True, mode=0o700)
        act = partial(there.restore, path)
        killed = killed_before_step(step, there.folder, act, writes=True)
        usable = is_usable(there)
        if usable:
            # Its log had its name before.
            assert there.log.exists()
        ended = again(act)
        # Nobody could have used it before.
        assert not (usable and ended == "made")
        seen.add(ended)
        heal(there.certs)
        now = files_in(there.folder)
        trail = now.pop("certs/audit.jsonl")
        assert trail.startswith(wanted["certs/audit.jsonl"])
        assert trail.count(b'"restored"') == 1
        assert now == {
            f"data/host/{name}" if name == "log.sqlite" else name: data
            for name, data in wanted.items()
            if name != "certs/audit.jsonl"
        }
        assert is_usable(there)
        shutil.rmtree(there.folder)
    assert seen == {"made", "finished", "whole"}
    assert step > 40


def again(act: Callable[[], object]) -> str:
    """Restore once more and tell what there was to do."""
    try:
        act()
    except StoreError as error:
        finished = "is not empty: a command that was interrupted there has been finished"
        return "finished" if finished in str(error) else "whole"
    return "made"


def is_usable(place: Place) -> bool:
    """Tell whether a host could start."""
    try:
        place.vault.host_files()
    except IdentityError:
        return False
    return True
