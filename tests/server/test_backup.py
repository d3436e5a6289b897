"""A backup holds all that a host needs to be again, and nothing is left of a half one."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path, PurePosixPath

import msgspec
import pyrage
import pytest

from secure_chat.errors import IdentityError, StoreError, UsageError
from secure_chat.limits import Limits
from secure_chat.log.sqlite import SqliteLog
from secure_chat.pki.act import Act
from secure_chat.pki.issuing import IssueRequest, issue
from secure_chat.pki.opening import open_authority
from secure_chat.pki.rotation import begin
from secure_chat.server.backup import backup, belongs
from tests.fakes import FakeClock
from tests.pki.kill import killed_before_step
from tests.server.backups import NOW, PASSPHRASE, Place, files_in, unpacked

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the passphrase out: to make something hard of it takes a second each time."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda data, _: data)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda data, _: data)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return a host that is not running."""
    return Place(tmp_path / "here").make()


def test_everything_that_commands_make_is_in_it(place: Place, tmp_path: Path) -> None:
    """But for old sets that were put aside, and what is nobody's."""
    issue(place.vault, IssueRequest(names=("carol",)), NOW)
    issue(place.vault, IssueRequest(names=("carol",), another_device=True), NOW)
    begin(place.vault, open_authority(place.vault), timedelta(days=30), NOW, "test")
    (place.certs / "backup-20260101T000000Z").mkdir()
    for name in ("backup-20260101T000000Z/ca.key", ".gitignore", "notes.txt", "clients/.x.part"):
        (place.certs / name).write_text("not ours")
    made = place.backup(tmp_path / "file")
    found = unpacked(tmp_path / "file")
    wanted = {
        f"certs/{name}": data
        for name, data in files_in(place.certs).items()
        if "backup-" not in name and data != b"not ours"
    }
    assert {"certs/previous-ca.key", "certs/devices/carol-2/clients/carol.key"} <= wanted.keys()
    assert {name: data for name, data in found.items() if name != "log.sqlite"} == wanted
    assert made.path == tmp_path / "file"
    assert (made.files, made.authority_key, made.head) == (len(wanted), True, 30)
    assert made.size == (tmp_path / "file").stat().st_size


def test_it_tells_of_itself(place: Place, tmp_path: Path) -> None:
    """The last line of the trail in it is that of the backup."""
    place.backup(tmp_path / "file", with_log=False)
    found = unpacked(tmp_path / "file")
    assert "log.sqlite" not in found
    act = msgspec.json.decode(found["certs/audit.jsonl"].splitlines()[-1], type=Act)
    assert (act.act, act.by) == ("backed-up", "test")
    assert place.vault.audit_file.read_bytes() == found["certs/audit.jsonl"]


def test_a_host_that_has_given_its_authority_s_key_away(place: Place, tmp_path: Path) -> None:
    """It is told, because nobody could issue anything from that backup."""
    place.vault.ca_key.unlink()
    assert not place.backup(tmp_path / "file", with_log=False).authority_key


@pytest.mark.skipif(os.name != "posix", reason="links")
def test_a_key_that_is_kept_elsewhere_is_in_it(place: Place, tmp_path: Path) -> None:
    """Whoever put a link in its place wants it back all the same."""
    key = place.vault.ca_key.read_bytes()
    place.vault.ca_key.rename(tmp_path / "stick.key")
    place.vault.ca_key.symlink_to(tmp_path / "stick.key")
    place.backup(tmp_path / "file", with_log=False)
    assert unpacked(tmp_path / "file")["certs/ca.key"] == key


def test_a_member_s_folder_is_refused(place: Place, tmp_path: Path) -> None:
    """It has no trail, and gets none by it."""
    for name in ("audit.jsonl", "audit.lock", "ca.key"):
        (place.certs / name).unlink()
    before = files_in(place.certs)
    with pytest.raises(IdentityError, match="only the folder of whoever runs the host"):
        place.backup(tmp_path / "file")
    assert files_in(place.certs) == before
    assert not (place.certs / "audit.lock").exists()


@pytest.mark.parametrize("passphrase", [b"", b"x" * 2_000])
def test_a_passphrase_of_no_use_is_refused(place: Place, tmp_path: Path, passphrase: bytes) -> None:
    """Before anything is done."""
    before = files_in(place.certs)
    with pytest.raises(UsageError, match="1 to 1023 bytes"):
        backup(place.vault, None, tmp_path / "file", passphrase, now=NOW, by="test")
    assert files_in(place.certs) == before
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("what", ["file", "log"])
def test_what_is_told_early_leaves_no_line(place: Place, tmp_path: Path, what: str) -> None:
    """Something stands there already; or there is no log."""
    before = files_in(place.certs)
    if what == "file":
        (tmp_path / "file").write_text("mine")
    else:
        place.log.unlink()
    with pytest.raises(StoreError, match="is there already" if what == "file" else "no log"):
        place.backup(tmp_path / "file")
    assert files_in(place.certs) == before


def test_a_file_that_cannot_be_read_is_told(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A backup without it would be none."""
    read = Path.read_bytes

    def refused(self: Path) -> bytes:
        if self.name == "host.key":
            raise PermissionError(13, "Permission denied")
        return read(self)

    monkeypatch.setattr(Path, "read_bytes", refused)
    with pytest.raises(IdentityError, match=r"host\.key cannot be read: Permission denied"):
        place.backup(tmp_path / "file")
    assert sorted(item.name for item in tmp_path.iterdir()) == ["here"]


def test_whoever_is_in_the_log_is_in_the_registry(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is copied first: somebody who comes in between has said nothing in it."""

    def meanwhile(_done: int, _all: int) -> None:
        issue(place.vault, IssueRequest(names=("erin",)), NOW)

    monkeypatch.setattr("secure_chat.log.copying._PAGES", 10_000)
    path = tmp_path / "file"
    backup(place.vault, place.log, path, PASSPHRASE, now=NOW, by="test", progress=meanwhile)
    assert "certs/clients/erin.key" in unpacked(path)


def test_two_at_once_do_not_disturb_each_other(place: Place, tmp_path: Path) -> None:
    """Each has its own copy of the log; of two with one name one is told."""
    place.say(2_000)
    told: list[str] = []

    def run(path: Path) -> None:
        try:
            place.backup(path)
            told.append("made")
        except StoreError as error:
            told.append(str(error))

    paths = [tmp_path / name for name in ("one", "two", "same", "same")]
    threads = [threading.Thread(target=run, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.count("made") >= 2
    assert all(unpacked(path).keys() >= {"log.sqlite", "certs/ca.key"} for path in paths[:2])
    for path in dict.fromkeys(paths):
        if path.exists():
            there = Place(tmp_path / f"restored-{path.name}")
            there.restore(path)
            assert there.head() == 2_030
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("ca.crt", True),
        ("previous-ca.key", True),
        ("clients/alice.crt", True),
        ("clients/a.b-c_d.key", True),
        ("devices/alice-2/clients/alice.key", True),
        ("clients", False),
        ("devices", False),
        ("ca.crt/more", False),
        ("audit.lock", False),
        ("audit.lock-journal", False),
        (".gitignore", False),
        (".staging/plan.json", False),
        ("backup-20260101T000000Z/ca.key", False),
        ("clients/.alice.crt.0123456789ab.part", False),
        ("clients/../ca.key", False),
        ("../clients/alice.crt", False),
        ("/clients/alice.crt", False),
        ("clients\\alice.crt", False),
        ("clients/c:alice.crt", False),
        ("clients/al\x1bice.crt", False),
        ("", False),
        (".", False),
    ],
)
def test_what_belongs_to_a_folder(name: str, wanted: object) -> None:
    """By its name alone, the same on the way in and on the way out."""
    assert belongs(PurePosixPath(name)) is wanted


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
@pytest.mark.slow
def test_killed_at_any_step_there_is_a_whole_backup_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No copy of the log is left in clear, and the next backup takes away what else is left."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    place = Place(tmp_path / "here").make()
    path = tmp_path / "file"
    step, seen, killed = 0, set(), True
    while killed:
        step += 1
        killed = killed_before_step(step, tmp_path, lambda: place.backup(path), writes=True)
        seen.add(path.exists())
        if path.exists():
            assert unpacked(path).keys() >= {"log.sqlite", "certs/ca.key", "certs/audit.jsonl"}
            path.unlink()
        in_clear = [item for item in place.data("").iterdir() if item.name.startswith(".")]
        assert all(item.stat().st_size == 0 for item in in_clear)
        for item in in_clear:
            item.unlink()
        place.vault.host_files()
        place.backup(path)
        assert sorted(item.name for item in tmp_path.iterdir()) == ["file", "here"]
        path.unlink()
    assert seen == {True, False}
    assert step > 15


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_left_in_clear(place: Place, tmp_path: Path) -> None:
    """A real kill of a real process, while the log is copied and while it is encrypted."""
    place.say(20_000)
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from tests.server.backups import Place\n"
        "print('begun', flush=True)\n"
        "Place(Path(sys.argv[1])).backup(Path(sys.argv[2]))\n"
    )
    path = tmp_path / "file"
    command = [sys.executable, "-c", program, str(place.folder), str(path)]
    for milliseconds in range(0, 1_000, 100):
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
            assert process.stdout is not None
            process.stdout.readline()
            try:
                process.wait(milliseconds / 1_000)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
        left = {item.name for item in place.data("").iterdir()}
        assert left <= {"log.sqlite", "log.sqlite-wal", "log.sqlite-shm", "lock.sqlite"}
        path.unlink(missing_ok=True)
    with closing(SqliteLog.open(place.log, FakeClock(NOW), Limits())) as log:
        assert log.head == 20_030
    place.backup(path)
    assert not [item for item in tmp_path.iterdir() if item.name.startswith(".")]
