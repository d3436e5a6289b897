"""`securechat certs backup` and `restore`: a host in one file while it runs, and back again."""

import getpass
import io
import queue
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pyrage
import pytest

from secure_chat.client.events import Acked, Message
from secure_chat.client.runtime import Client
from secure_chat.limits import Limits
from secure_chat.pki.vault import Vault
from tests.cli.shell import Shell
from tests.client.hosting import Hosting


@pytest.fixture
def word(shell: Shell) -> str:
    """Return a file with the passphrase of backups."""
    return shell.word("word", "mule")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the passphrase out: to make something hard of it takes a second each time."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda data, _: data)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda data, _: data)


def host_data(shell: Shell) -> Path:
    """Return the host's own data folder."""
    return shell.data / shell.vault.community() / "host"


def talked(shell: Shell, *texts: str) -> None:
    """Let alice say something on a host with the shell's folders."""
    host = Hosting(shell.certs, host_data(shell)).start()
    try:
        with Client("alice", at=host.at, certs=shell.certs, data=shell.folder / "alice") as client:
            for text in texts:
                client.deliver(text)
    finally:
        host.stop()


def elsewhere(shell: Shell) -> Shell:
    """Return the shell of another computer."""
    return Shell(shell.folder / "elsewhere", shell.monkeypatch, shell.capsys)


def heard(shell: Shell, who: str, number: int) -> list[str]:
    """Return what somebody is told who comes to a host with the shell's folders."""
    host = Hosting(shell.certs, host_data(shell)).start()
    try:
        data = shell.folder / who
        with Client(who, at=host.at, certs=shell.certs, data=data, history=number) as client:
            found: list[str] = []
            for event in client.events():
                if isinstance(event, Message):
                    found.append(event.text)
                if len(found) == number:
                    break
            return found
    finally:
        host.stop()


def test_a_host_is_again_what_it_was(shell: Shell, word: str) -> None:
    """Certificates, registry and everything said; under a passphrase that is really used."""
    talked(shell, "one", "two")
    path = shell.folder / "host.backup"
    done = shell("certs", "backup", str(path), "--with-log", "--backup-passphrase-file", word)
    assert done.out == ""
    for words in (
        f"{path}: ",
        "files of certificates and the log up to message ",
        "Without its passphrase nobody opens it again",
        f"securechat certs restore {path}",
    ):
        assert words in done.err
    there = elsewhere(shell)
    wrong = shell.word("wrong", "horse")
    refused = there("certs", "restore", str(path), "--backup-passphrase-file", wrong, code=1)
    assert "the passphrase is wrong" in refused.err
    assert not there.folder.exists()
    done = there("certs", "restore", str(path), "--backup-passphrase-file", word)
    made = shell.acts()[-1]
    for words in (
        str(there.certs),
        f"the log is {host_data(there) / 'log.sqlite'}",
        f"what was done after {made.at} is not known here",
        "who was revoked since then counts again",
        "Next: securechat certs list",
    ):
        assert words in done.err
    assert there.json("certs")[1:] != []
    assert [one["serial"] for one in there.json("certs")] == [
        one["serial"] for one in shell.json("certs")
    ]
    assert heard(there, "bob", 2) == ["one", "two"]


@pytest.mark.usefixtures("quick")
def test_json_has_the_facts(shell: Shell, word: str) -> None:
    """Of both commands, and nothing is said beside it."""
    talked(shell, "one")
    path = shell.folder / "host.backup"
    own = ("--backup-passphrase-file", word)
    done = shell("certs", "backup", str(path), "--with-log", "--json", *own)
    assert done.err == ""
    [told] = done.objects()
    assert told["file"] == str(path)
    assert told["size"] == path.stat().st_size
    assert (told["authority_key"], told["head"] > 0) == (True, True)
    there = elsewhere(shell)
    [back] = there.json("certs", "restore", str(path), *own)
    assert back == {
        "certs": str(there.certs),
        "files": told["files"],
        "community": shell.vault.community(),
        "made": shell.acts()[-1].at,
        "log": str(host_data(there) / "log.sqlite"),
    }


@pytest.mark.usefixtures("quick")
def test_without_the_log(shell: Shell, word: str) -> None:
    """Not put in, or left out when it comes back."""
    talked(shell, "one")
    own = ("--backup-passphrase-file", word)
    path, there = shell.folder / "host.backup", elsewhere(shell)
    [told] = shell.json("certs", "backup", str(path), *own)
    assert told["head"] is None
    done = there("certs", "restore", str(path), *own)
    assert "the log is" not in done.err
    assert "lost here" not in done.err
    assert not there.data.exists()
    shutil.rmtree(there.folder)
    shell("certs", "backup", str(shell.folder / "more"), "--with-log", *own)
    there("certs", "restore", str(shell.folder / "more"), "--without-log", *own)
    assert not there.data.exists()
    Vault(there.certs).host_files()


@pytest.mark.usefixtures("quick")
def test_who_was_revoked_since_counts_again(shell: Shell, word: str) -> None:
    """So it is said; and what is said to be done helps."""
    own = ("--backup-passphrase-file", word)
    path, there = shell.folder / "host.backup", elsewhere(shell)
    shell("certs", "backup", str(path), *own)
    shell("certs", "revoke", "bob", "--yes")
    assert "counts again" in there("certs", "restore", str(path), *own).err
    assert there.serials("bob") != []
    there("certs", "revoke", "bob", "--yes")
    assert there.serials("bob") == []


@pytest.mark.usefixtures("quick")
def test_who_did_it_is_written_down(shell: Shell, word: str) -> None:
    """In the folder, in the backup, and in what came of it."""
    own = ("--backup-passphrase-file", word)
    shell("certs", "backup", str(shell.folder / "b"), *own)
    there = elsewhere(shell)
    there("certs", "restore", str(shell.folder / "b"), *own)
    user = getpass.getuser()
    assert [(one.act, one.by) for one in there.acts()[-2:]] == [
        ("backed-up", f"certs backup ({user})"),
        ("restored", f"certs restore ({user})"),
    ]
    assert shell.acts()[-1] == there.acts()[-2]


def test_a_person_types_the_passphrase(shell: Shell) -> None:
    """Twice to make one, once to open it; nothing is echoed."""
    path = shell.folder / "host.backup"
    with shell.terminal("certs", "backup", str(path)) as terminal:
        for prompt in ("New passphrase of the backup:", "The same again:"):
            terminal.until(prompt)
            # Nobody waits for the folder meanwhile.
            with shell.vault.audit.lock(seconds=5):
                pass
            terminal.type("mule\r")
        assert terminal.end() == 0
    assert "mule" not in terminal.seen
    there = elsewhere(shell)
    with there.terminal("certs", "restore", str(path)) as terminal:
        terminal.until("Passphrase of the backup:")
        terminal.type("mule\r")
        assert terminal.end() == 0
    assert there.vault.community() == shell.vault.community()


def test_nobody_there_to_type_is_told(shell: Shell) -> None:
    """Which option has it instead; nothing is made or written down."""
    before = shell.vault.audit_file.read_bytes()
    path = shell.folder / "host.backup"
    for words in (("backup", str(path)), ("restore", str(path), "--no-input")):
        assert "--backup-passphrase-file" in shell("certs", *words, code=2).err
    assert not path.exists()
    assert shell.vault.audit_file.read_bytes() == before


@pytest.mark.usefixtures("quick")
def test_nothing_is_overwritten(shell: Shell, word: str) -> None:
    """Neither by a backup nor by a restore, and nobody is asked for a passphrase before."""
    own = ("--backup-passphrase-file", word)
    path = shell.folder / "host.backup"
    path.write_text("mine")
    assert "is there already" in shell("certs", "backup", str(path), *own, code=1).err
    with shell.terminal("certs", "backup", str(path)) as terminal:
        assert terminal.end() == 1
    assert path.read_text() == "mine"
    path.unlink()
    shell("certs", "backup", str(path), *own)
    before = {one: one.read_bytes() for one in shell.certs.rglob("*") if one.is_file()}
    assert "is not empty" in shell("certs", "restore", str(path), *own, code=1).err
    assert {one: one.read_bytes() for one in shell.certs.rglob("*") if one.is_file()} == before


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("backup", "b", "--with-log"), 1, "there is no log at"),
        (("backup", "none/b"), 1, "cannot be written: No such file or directory"),
        (("restore", "none"), 1, "cannot be restored from: No such file or directory"),
        (("restore", "word"), 1, "cannot be restored from"),
        (("backup",), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_is_told(
    shell: Shell, word: str, words: tuple[str, ...], code: int, told: str
) -> None:
    """In words, with what to do."""
    shell.monkeypatch.chdir(shell.folder)
    assert told in shell("certs", *words, "--backup-passphrase-file", word, code=code).err
    assert not (shell.folder / "b").exists()


@pytest.mark.usefixtures("quick")
def test_a_folder_without_the_authority_s_key_is_told(shell: Shell, word: str) -> None:
    """From its backup nothing could be issued."""
    shell.vault.ca_key.unlink()
    done = shell("certs", "backup", str(shell.folder / "b"), "--backup-passphrase-file", word)
    assert "ca.key is not here" in done.err


@pytest.mark.usefixtures("quick")
def test_a_member_s_folder_is_refused(shell: Shell, word: str) -> None:
    """It is not a host's."""
    shell.vault.audit_file.unlink()
    words = ("certs", "backup", str(shell.folder / "b"), "--backup-passphrase-file", word)
    assert "only the folder of whoever runs the host has it" in shell(*words, code=3).err
    assert not shell.vault.audit_file.exists()


def test_the_steps_in_the_help_are_those_that_work(shell: Shell) -> None:
    """Tried in the tests of archives; here they are the same words."""
    from secure_chat.server import archive

    steps = "&& age -d -i key.age content.tar.age | tar x"
    assert steps in " ".join(shell("certs", "backup", "--help").out.split())
    assert steps in (archive.__doc__ or "")


# --- while a host runs ----------------------------------------------------------------------


class Talker:
    """Somebody who says as much as the host takes, and remembers what was acknowledged.

    Args:
        shell: whose host it is.
        at: where it is.
    """

    def __init__(self, shell: Shell, at: str) -> None:
        self._client = Client("alice", at=at, certs=shell.certs, data=shell.folder / "alice")
        self._stop = threading.Event()
        self._told: queue.SimpleQueue[Acked] = queue.SimpleQueue()
        self.acked: dict[str, int] = {}

    def hear(self, number: int) -> None:
        """Wait for so many more acknowledgements."""
        for _ in range(number):
            ack = self._told.get(timeout=30)
            self.acked[ack.id] = ack.seq

    @contextmanager
    def talking(self) -> Iterator[None]:
        """Talk meanwhile."""
        with self._client:
            threads = [threading.Thread(target=run) for run in (self._say, self._listen)]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._stop.set()
                threads[0].join()
                self._client.finish()
                threads[1].join()

    def _say(self) -> None:
        for number in count():
            if self._stop.is_set():
                return
            self._client.say(f"text {number}", id=f"id-{number}", patience=10)

    def _listen(self) -> None:
        for event in self._client.events():
            if isinstance(event, Acked):
                self._told.put(event)


def entries(path: Path) -> dict[str, tuple[int, str]]:
    """Return what was said, from a sound log without gaps."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT id, seq, text FROM entry").fetchall()
    assert sorted(seq for _, seq, _ in rows) == list(range(1, len(rows) + 1))
    return {id_: (seq, text) for id_, seq, text in rows if isinstance(id_, str)}


@pytest.mark.slow
@pytest.mark.usefixtures("quick")
def test_a_host_that_writes_all_the_time_is_backed_up_whole(shell: Shell, word: str) -> None:
    """What was acknowledged before is in it, nothing is half in it, and a host goes on with it."""
    host = Hosting(shell.certs, host_data(shell), Limits(messages_per_second=0)).start()
    talker = Talker(shell, host.at)
    own = ("--backup-passphrase-file", word)
    heads = []
    computers = [
        Shell(shell.folder / f"there{number}", shell.monkeypatch, shell.capsys)
        for number in range(6)
    ]
    try:
        with talker.talking():
            for there in computers:
                path = shell.folder / f"backup-{there.folder.name}"
                talker.hear(100)
                [told] = shell.json("certs", "backup", str(path), "--with-log", *own)
                there("certs", "restore", str(path), *own, "--quiet")
                found = entries(host_data(there) / "log.sqlite")
                known = {id_: seq for id_, (seq, _) in found.items()}
                assert talker.acked.items() <= known.items()
                assert all(
                    text == f"text {id_[3:]}"
                    for id_, (_, text) in found.items()
                    if id_.startswith("id-")
                )
                heads.append(told["head"])
    finally:
        host.stop()
    assert heads == sorted(heads)
    assert heads[-1] >= 600
    there = computers[-1]
    again = Hosting(there.certs, host_data(there)).start()
    try:
        with Client("bob", at=again.at, certs=there.certs, data=there.folder / "bob") as bob:
            bob.deliver("after all")
    finally:
        again.stop()


def test_what_is_in_the_file_is_a_plain_tar_of_two(shell: Shell, word: str) -> None:
    """Which other programs know; nothing of it is in clear."""
    path = shell.folder / "b"
    shell("certs", "backup", str(path), "--backup-passphrase-file", word)
    with tarfile.open(path) as outer:
        assert outer.getnames() == ["key.age", "content.tar.age"]
        key = outer.extractfile("key.age")
        assert isinstance(key, io.BufferedReader)
        assert key.read(21) == b"age-encryption.org/v1"
    assert b"PRIVATE KEY" not in path.read_bytes()
