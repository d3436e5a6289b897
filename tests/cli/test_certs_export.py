"""`securechat certs export`: one file for other programs, under a passphrase of its own."""

import getpass
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12

from tests.cli.shell import Shell
from tests.tools import need


@pytest.fixture
def word(shell: Shell) -> str:
    """Return a file with the passphrase of the export."""
    return shell.word("word", "mule")


def test_a_browser_s_file(shell: Shell, word: str) -> None:
    """PKCS#12 unless one says otherwise; it is told what is in it."""
    path = shell.folder / "alice.p12"
    done = shell("certs", "export", "alice", "--out", str(path), "--export-passphrase-file", word)
    assert done.out == ""
    assert f"{path} holds key and certificate of alice" in done.err
    assert pkcs12.load_pkcs12(path.read_bytes(), b"mule").key is not None
    command = [need("openssl"), "pkcs12", "-in", str(path), "-noout", "-passin", f"file:{word}"]
    subprocess.run(command, check=True, capture_output=True)
    assert shell.acts()[-1].act == "exported"
    assert shell.acts()[-1].by == f"certs export ({getpass.getuser()})"


def test_pem_and_json(shell: Shell, word: str) -> None:
    """For programs that take blocks, and scripts that take objects."""
    path = shell.folder / "alice.pem"
    words = ("certs", "export", "alice", "--format", "pem", "--out", str(path))
    [told] = shell.json(*words, "--export-passphrase-file", word)
    assert told == {
        "name": "alice",
        "file": str(path),
        "format": "pem",
        "serial": shell.serials("alice")[0],
        "sha256": shell.vault.client_files("alice").identity.fingerprint,
    }
    load_pem_private_key(path.read_bytes(), b"mule")


def test_a_person_types_it_twice(shell: Shell) -> None:
    """Two that differ are none; nothing is echoed."""
    path = shell.folder / "alice.p12"
    with shell.terminal("certs", "export", "alice", "--out", str(path)) as terminal:
        terminal.until("New passphrase of the exported key:")
        terminal.type("mule\r")
        terminal.until("The same again:")
        terminal.type("horse\r")
        assert terminal.end() == 2
    assert "differ" in terminal.seen
    assert not path.exists()
    with shell.terminal("certs", "export", "alice", "--out", str(path)) as terminal:
        for prompt in ("New passphrase", "The same again:"):
            terminal.until(prompt)
            terminal.type("mule\r")
        assert terminal.end() == 0
    assert "mule" not in terminal.seen
    assert pkcs12.load_pkcs12(path.read_bytes(), b"mule").key is not None


def test_an_empty_one_is_none(shell: Shell) -> None:
    """A key without a passphrase would be one in clear."""
    path = shell.folder / "alice.p12"
    with shell.terminal("certs", "export", "alice", "--out", str(path)) as terminal:
        for prompt in ("New passphrase", "The same again:"):
            terminal.until(prompt)
            terminal.type("\r")
        assert terminal.end() == 2
    assert not path.exists()
    (shell.folder / "empty").write_text("\n")
    refused = shell(
        *("certs", "export", "alice", "--out", str(path)),
        *("--export-passphrase-file", str(shell.folder / "empty")),
        code=3,
    )
    assert "is empty" in refused.err


def test_nobody_there_to_type_is_told(shell: Shell) -> None:
    """Which option has it instead."""
    path = shell.folder / "alice.p12"
    for more in ((), ("--no-input",)):
        refused = shell("certs", "export", "alice", "--out", str(path), *more, code=2)
        assert "--export-passphrase-file" in refused.err
    assert not path.exists()


def test_what_is_there_stays_and_nobody_is_asked(shell: Shell) -> None:
    """Told before a passphrase is typed."""
    path = shell.folder / "mine"
    path.write_text("mine")
    with shell.terminal("certs", "export", "alice", "--out", str(path)) as terminal:
        assert terminal.end() == 1
    assert "is there already" in terminal.seen
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("erin", "--out", "x"), 3, "erin.crt is missing"),
        (("alice",), 2, "Missing option '--out'"),
        (("alice", "--out", "x", "--format", "jks"), 2, "Invalid value for '--format'"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, word: str, words: tuple[str, ...], code: int, told: str
) -> None:
    """And nothing is made."""
    shell.monkeypatch.chdir(shell.folder)
    refused = shell("certs", "export", *words, "--export-passphrase-file", word, code=code)
    assert told in refused.err
    assert not Path("x").exists()


def test_an_encrypted_key_is_unlocked(shell: Shell, word: str) -> None:
    """With its own passphrase."""
    own = shell.word("own", "horse")
    shell("certs", "issue", "erin", "--key-passphrase-file", own)
    path = shell.folder / "erin.p12"
    words = ("certs", "export", "erin", "--out", str(path), "--export-passphrase-file", word)
    assert "is encrypted" in shell(*words, code=3).err
    shell(*words, "--passphrase-file", own)
    assert pkcs12.load_pkcs12(path.read_bytes(), b"mule").key is not None
