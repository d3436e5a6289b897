"""`securechat certs issue` and `certs renew`, as a person and a script meet them."""

import getpass
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from secure_chat.cli.owner import done_by
from secure_chat.pki.inventory import holdings
from secure_chat.pki.keys import key_is_encrypted
from secure_chat.pki.keytype import KeyType
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.cli.shell import Shell
from tests.client.hosting import Hosting
from tests.server.guest import Guest


def test_it_says_what_to_hand_over_and_warns(shell: Shell) -> None:
    """Nothing of it is data; the better way is named."""
    done = shell("certs", "issue", "erin")
    assert done.out == ""
    entry = shell.vault.registry().newest("erin")
    assert entry is not None
    for words in (
        "erin (member) has a certificate until 20",
        entry.serial,
        entry.fingerprint,
        f"hand over  {shell.vault.ca_crt}",
        str(shell.vault.community_file),
        str(shell.vault.client_crt("erin")),
        str(shell.vault.client_key("erin")),
        "securechat join --as erin",
        "warning: the keys were made on this computer",
        "`securechat invite NAME`",
    ):
        assert words in done.err
    shell.vault.client_files("erin")


def test_what_is_handed_over_lets_somebody_in(shell: Shell, tmp_path: Path) -> None:
    """These files and no others."""
    shell("certs", "issue", "erin", "--quiet")
    theirs = tmp_path / "theirs"
    (theirs / "clients").mkdir(parents=True, mode=0o700)
    for name in ("ca.crt", "community", "clients/erin.crt", "clients/erin.key"):
        (theirs / name).write_bytes((shell.certs / name).read_bytes())
    hosting = Hosting(shell.certs, shell.data).start()
    try:
        with Guest(("127.0.0.1", hosting.port), theirs, "erin") as guest:
            assert guest.join().name == "erin"
    finally:
        hosting.stop()


def test_json_is_one_object_for_each(shell: Shell) -> None:
    """All of them or none; nothing is said beside it."""
    told = shell.json("certs", "issue", "erin", "frank", "--role", "operator", "--life", "3h")
    assert [(one["name"], one["role"]) for one in told] == [
        ("erin", "operator"),
        ("frank", "operator"),
    ]
    for one in told:
        held = shell.vault.registry().get(one["serial"])
        assert held is not None
        assert held.fingerprint == one["sha256"]
        life = datetime.fromisoformat(one["not_after"]) - datetime.fromisoformat(one["not_before"])
        assert life == timedelta(hours=3.3)
        assert Path(one["certificate"]).exists()
        assert Path(one["key"]).exists()
        assert one["replaces"] is None
    assert shell("certs", "issue", "gina", "--json").err == ""


@pytest.mark.parametrize("kind", KeyType)
def test_every_kind_of_key_can_be_asked_for(shell: Shell, kind: str) -> None:
    """And is made."""
    shell("certs", "issue", "erin", "--key-type", kind)
    files = shell.vault.client_files("erin")
    key = x509.load_pem_x509_certificate(files.certificate.read_bytes()).public_key()
    wanted = {"p256": "secp256r1", "p384": "secp384r1", "ed25519": None, "rsa3072": None}[kind]
    assert getattr(getattr(key, "curve", None), "name", None) == wanted


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("alice",), "add --another-device"),
        (("erin", "alice"), "add --another-device"),
        (("erin", "--another-device"), "leave --another-device out"),
        (("alice", "erin", "--another-device"), "leave --another-device out"),
        (("Erin",), "choose another name"),
        (("host",), "choose another name"),
        (("erin", "--life", "400d"), "longest life is 397d"),
        (("erin", "--life", "soon"), "is not a span of time"),
        (("alice", "--another-device", "--role", "operator"), "securechat certs promote alice"),
        ((), "Missing argument"),
        (("erin", "--role", "king"), "Invalid value"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    """With exit code 2; nobody gets anything, also not the others of the same command."""
    before = shell.vault.audit_file.read_bytes()
    assert told in shell("certs", "issue", *words, code=2).err
    assert shell.vault.audit_file.read_bytes() == before
    assert not shell.vault.client_crt("erin").exists()


def test_a_revoked_name_is_not_given_again(shell: Shell) -> None:
    """Whoever got it would get the messages too."""
    shell("certs", "revoke", "bob", "--yes")
    for more in ((), ("--another-device",)):
        refused = shell("certs", "issue", "bob", *more, code=2)
        assert "nobody gets the name bob any more" in refused.err


def test_a_device_gets_a_folder_to_hand_over(shell: Shell) -> None:
    """The files of the first device stay as they are."""
    before = shell.vault.client_key("alice").read_bytes()
    done = shell("certs", "issue", "alice", "--another-device")
    folder = shell.certs / "devices/alice-2"
    assert f"hand over  {folder / 'ca.crt'}" in done.err
    Vault(folder).client_files("alice")
    assert shell.vault.client_key("alice").read_bytes() == before
    assert len(shell.serials("alice")) == 2


@pytest.mark.parametrize(("answer", "made"), [("y", 2), ("n", 1)])
def test_a_person_is_asked_whether_it_is_another_device(
    shell: Shell, answer: str, made: int
) -> None:
    """At a terminal; who says no gets the reason."""
    with shell.terminal("certs", "issue", "alice") as terminal:
        terminal.until("Another device of alice? [y/N]:")
        terminal.type(f"{answer}\r")
        assert terminal.end() == (0 if made == 2 else 2)
    assert len(shell.serials("alice")) == made
    assert ("add --another-device" in terminal.seen) is (made == 1)


def test_nobody_is_asked_who_does_not_want_to_be(shell: Shell) -> None:
    """Nor about somebody new, nor about a mixture that cannot be."""
    with shell.terminal("certs", "issue", "alice", "--no-input") as terminal:
        assert terminal.end() == 2
    with shell.terminal("certs", "issue", "alice", "erin") as terminal:
        assert terminal.end() == 2
    assert "Another device" not in terminal.seen
    with shell.terminal("certs", "issue", "erin") as terminal:
        assert terminal.end() == 0
    assert "[y/N]" not in terminal.seen


def locked(shell: Shell) -> str:
    """Make a set whose keys are encrypted; return the file of the passphrase."""
    shutil.rmtree(shell.certs)
    init_certs(shell.vault, InitRequest(passphrase=b"horse"))
    return shell.word("horse", "horse")


def test_an_encrypted_authority_is_unlocked(shell: Shell) -> None:
    """By a file; without one, and with a wrong one, it is told which."""
    word = locked(shell)
    shell("certs", "issue", "erin", "--passphrase-file", word)
    shell("certs", "renew", "alice", "--passphrase-file", word)
    shell("certs", "renew", "host", "--passphrase-file", word)
    before = shell.vault.audit_file.read_bytes()
    for command in (("issue", "frank"), ("renew", "alice"), ("renew", "host")):
        refused = shell("certs", *command, code=3)
        assert "ca.key is encrypted: no passphrase was given" in refused.err
        assert "--passphrase-file" in refused.err
        wrong = shell.word("wrong", "mule")
        refused = shell("certs", *command, "--passphrase-file", wrong, code=3)
        assert "the passphrase is wrong" in refused.err
        assert "mule" not in refused.err
    assert shell.vault.audit_file.read_bytes() == before
    assert "horse" not in before.decode()


def test_a_person_is_asked_for_the_passphrase_before_the_folder_is_locked(shell: Shell) -> None:
    """So nobody waits for somebody who has gone for a coffee."""
    locked(shell)
    with shell.terminal("certs", "issue", "erin") as terminal:
        terminal.until("Passphrase of ca.key:")
        with shell.vault.audit.lock(seconds=5):
            pass
        terminal.type("horse\r")
        assert terminal.end() == 0
    assert shell.vault.registry().newest("erin") is not None
    assert "horse" not in terminal.seen


def test_the_new_key_can_have_a_passphrase(shell: Shell) -> None:
    """Which is to be handed over by another way."""
    word = shell.word("word", "mule")
    done = shell("certs", "issue", "erin", "--key-passphrase-file", word)
    assert key_is_encrypted(shell.vault.client_key("erin"))
    assert "by another way, the passphrase" in done.err
    shell.vault.client_files("erin", lambda: b"mule")
    assert not key_is_encrypted(shell.vault.ca_key)


def test_who_did_it_is_written_down(shell: Shell) -> None:
    """The command and the user."""
    shell("certs", "issue", "erin")
    shell("certs", "renew", "erin")
    assert [act.by for act in shell.acts()[-2:]] == [
        f"certs issue ({getpass.getuser()})",
        f"certs renew ({getpass.getuser()})",
    ]


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no user"), ImportError("pwd")])
def test_a_user_without_a_name_is_nobody_by_name(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """As in some containers."""

    def fail() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", fail)
    assert done_by("certs issue") == "certs issue"
    monkeypatch.setattr(getpass, "getuser", lambda: "u" * 100)
    assert done_by("certs issue") == f"certs issue ({'u' * 64})"


# --- renew ---------------------------------------------------------------------------------


def test_a_renewal_keeps_the_key(shell: Shell) -> None:
    """The old certificate counts until the new one is used."""
    key, crt = shell.vault.client_key("alice"), shell.vault.client_crt("alice")
    before, old = (key.read_bytes(), crt.read_bytes()), shell.serials("alice")
    done = shell("certs", "renew", "alice")
    assert key.read_bytes() == before[0]
    assert crt.read_bytes() != before[1]
    assert shell.serials("alice") == [*old, shell.vault.client_files("alice").identity.serial]
    assert f"The old one, {old[0]}, counts until this one is first used" in done.err
    [told] = shell.json("certs", "renew", "alice", "--life", "1h")
    assert told["replaces"] == shell.serials("alice")[1]
    assert told["key"] == str(key)


def test_a_renewal_lives_as_long_as_the_old_one(shell: Shell) -> None:
    """Unless one says otherwise."""
    shell("certs", "issue", "erin", "--life", "10h")
    [told] = shell.json("certs", "renew", "erin")
    assert life(told) == timedelta(hours=11)
    [told] = shell.json("certs", "renew", "erin", "--life", "20h")
    assert life(told) == timedelta(hours=21)


def life(told: dict[str, str]) -> timedelta:
    """Return from when to when a certificate is valid."""
    return datetime.fromisoformat(told["not_after"]) - datetime.fromisoformat(told["not_before"])


def test_the_host_is_renewed_by_its_word(shell: Shell) -> None:
    """The same names and the same key, due or not."""
    before = [item for item in holdings(shell.vault) if item.kind == "host"]
    key = shell.vault.host_key.read_bytes()
    done = shell("certs", "renew", "host")
    after = [item for item in holdings(shell.vault) if item.kind == "host"]
    assert before[0].serial != after[0].serial
    assert before[0].names == after[0].names
    assert shell.vault.host_key.read_bytes() == key
    assert "shows it to new connections" in done.err
    shell.vault.host_files()
    refused = shell("certs", "renew", "host", "--life", "30d", code=2)
    assert "lives as long as its old one" in refused.err


@pytest.mark.parametrize(
    ("name", "told"),
    [("erin", "the key of erin is not here"), ("Erin", "cannot be anybody's name")],
)
def test_whose_key_is_not_here_is_told(shell: Shell, name: str, told: str) -> None:
    """And how they get a new one."""
    assert told in shell("certs", "renew", name, code=3).err


def test_a_revoked_certificate_is_not_renewed(shell: Shell) -> None:
    """One of a lost device; the way to another one is named."""
    shell("certs", "revoke", shell.serials("bob")[0][:8], "--reason", "keyCompromise")
    refused = shell("certs", "renew", "bob", code=3)
    assert "has been revoked: the reason given is keyCompromise" in refused.err
    assert "securechat certs issue bob --another-device" in refused.err
    shell("certs", "issue", "bob", "--another-device")
