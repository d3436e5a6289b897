"""`securechat certs rotate-ca`: what is said before and after; nobody is cut off unasked."""

import getpass
import shutil
from datetime import datetime

import pytest

from secure_chat.client.events import Disconnected, Event, Renewed
from secure_chat.client.runtime import Client
from secure_chat.errors import HostNotTrusted
from secure_chat.pki.keys import key_is_encrypted
from secure_chat.pki.opening import open_authority
from secure_chat.pki.setup import InitRequest, init_certs
from tests.cli.shell import Shell
from tests.client.hosting import Hosting


def test_it_says_what_happens_and_who_is_to_move(shell: Shell) -> None:
    """Both are trusted then, and the new one issues."""
    before = shell.vault.ca_fingerprint()
    done = shell("certs", "rotate-ca", "--overlap", "10d", "--yes")
    assert done.out == ""
    for words in (
        "issues from now on",
        "is trusted too, until 20",
        "asks connected clients to renew",
        "Not moved over yet:",
        *("alice (", "bob (", "carol (", "dave ("),
        "run it with --finish",
    ):
        assert words in done.err
    assert shell.vault.ca_fingerprint() in done.err
    assert len(shell.vault.ca_certificates()) == 2
    assert shell.vault.ca_fingerprint() != before
    community = shell.vault.community()
    shell("certs", "renew", "alice")
    assert shell.vault.community() == community


def test_the_end_says_who_is_locked_out(shell: Shell) -> None:
    """Before it asks, and how each gets in again."""
    shell("certs", "rotate-ca", "--yes")
    shell("certs", "renew", "alice")
    with shell.terminal("certs", "rotate-ca", "--finish") as terminal:
        terminal.until("Not moved over yet:")
        terminal.until("Retire the old authority now and lock out bob, carol, dave? [y/N]:")
        terminal.type("n\r")
        assert terminal.end() == 1
    assert "nothing was done" in terminal.seen
    assert len(shell.vault.ca_certificates()) == 2
    done = shell("certs", "rotate-ca", "--finish", "--yes")
    assert "alone is trusted now" in done.err
    assert "bob is locked out: `securechat certs renew bob`" in done.err
    assert "alice is locked out" not in done.err
    assert "securechat invite bob --another-device" in done.err
    assert len(shell.vault.ca_certificates()) == 1
    shell.vault.client_files("alice")
    # What the warning says is what helps.
    assert (
        "securechat certs renew bob"
        in shell(
            "certs",
            "export",
            "bob",
            "--out",
            "x",
            "--export-passphrase-file",
            shell.word("word", "mule"),
            code=3,
        ).err
    )
    shell("certs", "renew", "bob")
    shell.vault.client_files("bob")


def test_json_has_both_authorities_and_who_is_behind(shell: Shell) -> None:
    """At the beginning and at the end."""
    old = shell.vault.ca_fingerprint()
    [begun] = shell.json("certs", "rotate-ca", "--overlap", "10d", "--yes")
    new = shell.vault.ca_fingerprint()
    assert (begun["old_sha256"], begun["new_sha256"]) == (old, new)
    assert begun["finished"] is False
    span = datetime.fromisoformat(begun["until"]).timestamp() - shell.vault.clock.now()
    assert 9.9 * 86_400 < span <= 10 * 86_400
    assert {one["name"] for one in begun["behind"]} == {"alice", "bob", "carol", "dave"}
    for name in ("alice", "bob", "carol", "dave"):
        [made] = shell.json("certs", "renew", name)
        shell("certs", "revoke", made["replaces"], "--reason", "superseded")
    # A renewal has the same key, so it was revoked with the old one.
    [ended] = shell.json("certs", "rotate-ca", "--finish", "--yes")
    assert (ended["old_sha256"], ended["new_sha256"]) == (old, new)
    assert (ended["finished"], ended["behind"]) == (True, [])


def test_nobody_is_asked_without_a_terminal(shell: Shell) -> None:
    """A script says --yes."""
    before = shell.vault.audit_file.read_bytes()
    assert "Add --yes" in shell("certs", "rotate-ca", code=2).err
    assert shell.vault.audit_file.read_bytes() == before
    with shell.terminal("certs", "rotate-ca") as terminal:
        terminal.until("retire the old one in 30d at the latest? [y/N]:")
        terminal.type("y\r")
        assert terminal.end() == 0
    assert len(shell.vault.ca_certificates()) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--overlap", "soon"), "is not a span of time"),
        (("--overlap", "4000d"), "cannot be replaced in that time"),
        (("--finish",), "no change-over of authorities is under way"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    """With exit code 2, and nothing is changed."""
    before = {path: path.read_bytes() for path in shell.certs.rglob("*") if path.is_file()}
    assert told in shell("certs", "rotate-ca", *words, "--yes", code=2).err
    after = {path: path.read_bytes() for path in shell.certs.rglob("*") if path.is_file()}
    assert after == before


def test_nobody_is_asked_to_end_what_has_not_begun(shell: Shell) -> None:
    """There is nothing to retire."""
    with shell.terminal("certs", "rotate-ca", "--finish") as terminal:
        assert terminal.end() == 2
    assert "[y/N]" not in terminal.seen


def test_one_at_a_time(shell: Shell) -> None:
    """A second one is refused with what ends the first."""
    shell("certs", "rotate-ca", "--yes")
    refused = shell("certs", "rotate-ca", "--yes", code=2)
    assert "securechat certs rotate-ca --finish" in refused.err


def test_the_new_key_has_the_passphrase_of_the_old_one(shell: Shell) -> None:
    """And without it nothing begins."""
    shutil.rmtree(shell.certs)
    init_certs(shell.vault, InitRequest(passphrase=b"horse"))
    word = shell.word("word", "horse")
    refused = shell("certs", "rotate-ca", "--yes", code=3)
    assert "is encrypted" in refused.err
    shell("certs", "rotate-ca", "--yes", "--passphrase-file", word)
    assert key_is_encrypted(shell.vault.ca_key)
    assert key_is_encrypted(shell.vault.previous_ca_key)
    assert open_authority(shell.vault, lambda: b"horse").previous is not None
    shell("certs", "rotate-ca", "--finish", "--yes", "--passphrase-file", word)


def test_who_did_it_is_written_down(shell: Shell) -> None:
    """Both times."""
    shell("certs", "rotate-ca", "--yes")
    shell("certs", "rotate-ca", "--finish", "--yes")
    user = getpass.getuser()
    assert {one.act: one.by for one in shell.acts() if one.act in {"added-ca", "retired-ca"}} == {
        "added-ca": f"certs rotate-ca ({user})",
        "retired-ca": f"certs rotate-ca --finish ({user})",
    }


def test_a_connected_member_moves_over_and_nobody_notices(shell: Shell) -> None:
    """With a host that runs; then the old one can be retired."""
    host = Hosting(shell.certs, shell.data / "host").start()
    try:
        with Client("alice", at=host.at, certs=shell.certs, data=shell.folder / "alice") as client:
            shell("certs", "rotate-ca", "--yes", "--quiet")
            heard: list[Event] = []
            for event in client.events():
                heard.append(event)
                if isinstance(event, Renewed):
                    break
            assert not any(isinstance(one, Disconnected) for one in heard)
            client.say("still here")
            shell("certs", "rotate-ca", "--finish", "--yes", "--quiet")
            client.say("and still")
        while not trusted(shell, host):
            # The host looks at its folder four times a second, this client just now.
            continue
    finally:
        host.stop()


def trusted(shell: Shell, host: Hosting) -> bool:
    """Tell whether a new connection finds a host that the new authority vouches for."""
    try:
        with Client("alice", at=host.at, certs=shell.certs, data=shell.folder / "alice"):
            return True
    except HostNotTrusted:
        return False
