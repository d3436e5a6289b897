"""`securechat certs revoke`, `promote` and `demote`: who is out, and who may do what."""

import getpass
import shutil
from pathlib import Path

import pytest
from cryptography import x509

from secure_chat.client.events import Disconnected, Event, Renewed
from secure_chat.client.runtime import Client
from secure_chat.errors import HostRefused
from secure_chat.pki.bundle import lists_in
from secure_chat.pki.identity import Role
from secure_chat.pki.lists import revocations_in
from secure_chat.pki.opening import open_authority
from secure_chat.pki.reason import Reason
from secure_chat.pki.setup import InitRequest, init_certs
from tests.cli.shell import Shell
from tests.client.hosting import Hosting


def listed(shell: Shell) -> dict[str, str]:
    """Return what the list of revoked certificates says."""
    return {
        one.serial: one.reason
        for crl in lists_in(shell.vault.crl.read_bytes())
        for one in revocations_in(crl)
    }


def test_a_person_is_revoked_with_everything(shell: Shell) -> None:
    """All devices, open invitations, and the name; the list is signed anew."""
    shell("certs", "issue", "bob", "--another-device")
    shell("invite", "bob", "--another-device")
    serials = shell.serials("bob")
    done = shell("certs", "revoke", "bob", "--reason", "affiliationChanged", "--yes")
    assert done.out == ""
    for words in (
        "revoked (affiliationChanged):",
        *(serial[:8] for serial in serials),
        "an open invitation for bob",
        "nobody gets the name bob any more",
        "closes their connections within a second",
    ):
        assert words in done.err
    assert shell.serials("bob") == []
    registry = shell.vault.registry()
    assert registry.retired == {"bob"}
    assert registry.open_invites(shell.vault.clock.now()) == []
    assert listed(shell) == dict.fromkeys(serials, "affiliationChanged")
    assert shell.serials("alice") != []


def test_a_serial_number_ends_one_device(shell: Shell) -> None:
    """With eight digits of it or all; the person and the name stay."""
    shell("certs", "issue", "bob", "--another-device")
    first, second = shell.serials("bob")
    shell("certs", "revoke", first[:8].upper(), "--reason", "keyCompromise")
    assert shell.serials("bob") == [second]
    shell("certs", "revoke", second)
    assert shell.serials("bob") == []
    assert shell.vault.registry().retired == frozenset()
    assert listed(shell) == {first: "keyCompromise", second: ""}
    shell("certs", "issue", "bob", "--another-device")


def test_nothing_is_asked_where_no_name_is_retired(shell: Shell) -> None:
    """A serial number ends a device, and that can be mended."""
    with shell.terminal("certs", "revoke", shell.serials("bob")[0][:8]) as terminal:
        assert terminal.end() == 0
    assert "[y/N]" not in terminal.seen


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("n", 1), ("", 1)])
def test_a_person_is_asked_before_a_name_is_retired(shell: Shell, answer: str, left: int) -> None:
    """There is no way back."""
    with shell.terminal("certs", "revoke", "bob") as terminal:
        terminal.until("Revoke bob (1 certificate) and retire the name for ever? [y/N]:")
        terminal.type(f"{answer}\r")
        assert terminal.end() == (1 if left else 0)
    assert len(shell.serials("bob")) == left
    assert ("nothing was done" in terminal.seen) is bool(left)


def test_nobody_there_to_ask_is_told(shell: Shell) -> None:
    """A script says --yes."""
    before = shell.vault.audit_file.read_bytes()
    for more in ((), ("--no-input",)):
        refused = shell("certs", "revoke", "bob", *more, code=2)
        assert "nobody can be asked" in refused.err
        assert "Add --yes" in refused.err
    assert shell.vault.audit_file.read_bytes() == before
    shell("certs", "revoke", "bob", "--yes", "--no-input")


def test_a_dry_run_only_tells(shell: Shell) -> None:
    """Exactly what the real one then does."""
    before = {path: path.read_bytes() for path in shell.certs.rglob("*") if path.is_file()}
    words = shell("certs", "revoke", "bob", "--dry-run")
    assert "this would be revoked" in words.err
    assert "nothing was done" in words.err
    [told] = shell.json("certs", "revoke", "bob", "--dry-run", "--reason", "keyCompromise")
    after = {path: path.read_bytes() for path in shell.certs.rglob("*") if path.is_file()}
    assert after == before
    [done] = shell.json("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    assert (told.pop("done"), done.pop("done")) == (False, True)
    assert told == done
    assert done["revoked"] != []
    assert done["retired"] is True
    assert done["reason"] == "keyCompromise"


def test_a_second_time_there_is_nothing_to_do(shell: Shell) -> None:
    """It is no error, and nothing is written."""
    shell("certs", "revoke", "bob", "--yes")
    before = shell.vault.audit_file.read_bytes()
    assert "nothing of bob counts any more" in shell("certs", "revoke", "bob").err
    [told] = shell.json("certs", "revoke", "bob")
    assert (told["revoked"], told["done"]) == ([], False)
    assert shell.vault.audit_file.read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("erin",), "nobody is called 'erin' here"),
        (("1234567",), "8 or more first digits"),
        (("00000000000",), "8 or more first digits"),
        (("abcdefab",), "no certificates have a serial number that begins with abcdefab"),
        (("bob", "--reason", "boredom"), "Invalid value for '--reason'"),
        ((), "Missing argument"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    shell: Shell, words: tuple[str, ...], told: str
) -> None:
    """With exit code 2, and nothing is written."""
    before = shell.vault.audit_file.read_bytes()
    assert told in shell("certs", "revoke", *words, code=2).err
    assert shell.vault.audit_file.read_bytes() == before


def test_a_host_is_not_revoked(shell: Shell) -> None:
    """Clients have no list to look into; what to do instead is told."""
    [host] = [one for one in shell.json("certs") if one["role"] == "host"]
    refused = shell("certs", "revoke", host["serial"], code=2)
    assert "securechat certs rotate-ca" in refused.err


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_carried_on(shell: Shell, reason: str) -> None:
    """Into the trail and the list; none is better than `unspecified`."""
    [serial] = shell.serials("bob")
    shell("certs", "revoke", "bob", "--yes", "--reason", reason)
    assert shell.acts()[-2].reason == reason
    assert listed(shell)[serial] == ("" if reason == "unspecified" else reason)


def test_without_the_authority_s_key_the_registry_does_it(shell: Shell) -> None:
    """It is told that the list is behind, and how it is brought up."""
    key = shell.vault.ca_key.read_bytes()
    shell.vault.ca_key.unlink()
    done = shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    assert "nothing can be signed here" in done.err
    assert "by its registry" in done.err
    assert "`securechat certs crl`" in done.err
    assert shell.serials("bob") == []
    assert listed(shell) == {}
    [told] = shell.json("certs", "revoke", "alice", "--yes", "--quiet")
    assert told["unsigned"] != []
    assert "behind" in shell("certs", "crl").err
    shell.vault.ca_key.touch(0o600)
    shell.vault.ca_key.write_bytes(key)
    assert shell("certs", "crl").err == ""
    assert len(listed(shell)) == 2


def test_a_passphrase_that_nobody_knows_keeps_nobody_in(shell: Shell) -> None:
    """To revoke is urgent; the list follows later."""
    shutil.rmtree(shell.certs)
    init_certs(shell.vault, InitRequest(passphrase=b"horse"))
    wrong = shell.word("wrong", "mule")
    done = shell("certs", "revoke", "bob", "--yes", "--passphrase-file", wrong)
    assert "the passphrase is wrong" in done.err
    assert shell.serials("bob") == []
    assert listed(shell) == {}
    word = shell.word("word", "horse")
    shell("certs", "revoke", "alice", "--yes", "--passphrase-file", word)
    assert len(listed(shell)) == 2


def test_who_did_it_is_written_down(shell: Shell) -> None:
    """On every line of it."""
    shell("certs", "revoke", "bob", "--yes")
    user = getpass.getuser()
    assert [(one.act, one.by) for one in shell.acts()[-2:]] == [
        ("revoked", f"certs revoke ({user})"),
        ("retired-name", f"certs revoke ({user})"),
    ]


@pytest.fixture
def host(shell: Shell) -> Hosting:
    """Return a running host with the shell's folder; its fixture stops it."""
    return Hosting(shell.certs, shell.data / "host").start()


def test_a_connected_person_is_out_at_once(shell: Shell, host: Hosting) -> None:
    """And told why; so is who tries again."""
    try:
        client = Client("bob", at=host.at, certs=shell.certs, data=shell.folder / "bob")
        with client:
            shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
            assert list(client.events()) != []
            assert isinstance(client.error, HostRefused)
            assert client.error.code == "revoked"
        with (
            pytest.raises(HostRefused, match="revoked"),
            Client("bob", at=host.at, certs=shell.certs, data=shell.folder / "bob"),
        ):
            pass
        with Client("alice", at=host.at, certs=shell.certs, data=shell.folder / "alice"):
            pass
    finally:
        host.stop()


# --- roles ---------------------------------------------------------------------------------


def role_here(shell: Shell, name: str) -> Role:
    """Return the role of the certificate that stands here."""
    return shell.vault.client_files(name).identity.role


def test_a_promotion_makes_the_operator_s_certificate_in_place(shell: Shell) -> None:
    """The key stays, the old one goes into the backup folder and counts for a while."""
    key, crt = shell.vault.client_key("alice"), shell.vault.client_crt("alice")
    before, old = key.read_bytes(), crt.read_bytes()
    done = shell("certs", "promote", "alice")
    assert "alice is an operator now" in done.err
    assert str(crt) in done.err
    assert role_here(shell, "alice") is Role.OPERATOR
    assert key.read_bytes() == before
    assert [path.read_bytes() for path in shell.certs.glob("backup-*/clients/alice.crt")] == [old]
    assert len(shell.serials("alice")) == 2
    again = shell("certs", "promote", "alice")
    assert "was an operator already" in again.err
    assert len(shell.serials("alice")) == 2


def test_other_devices_are_waited_for(shell: Shell) -> None:
    """Their clients are asked by the host."""
    shell("certs", "issue", "alice", "--another-device")
    elsewhere = shell.serials("alice")[1]
    [told] = shell.json("certs", "promote", "alice")
    assert told["waiting"] == [elsewhere]
    assert (told["role"], told["changed"]) == ("operator", True)
    assert told["serial"] == shell.serials("alice")[-1]
    assert told["certificate"] == str(shell.vault.client_crt("alice"))


def test_a_demotion_ends_the_operator_s_certificates(shell: Shell) -> None:
    """At once; a member's is made in place, and the name is not retired."""
    shell("certs", "promote", "alice")
    operator = shell.serials("alice")[-1]
    done = shell("certs", "demote", "alice")
    assert "alice is a member now" in done.err
    assert f"revoked  {operator[:8]}" in done.err
    assert role_here(shell, "alice") is Role.MEMBER
    assert operator not in shell.serials("alice")
    assert listed(shell)[operator] == "privilegeWithdrawn"
    assert shell.vault.registry().retired == frozenset()
    [told] = shell.json("certs", "demote", "alice")
    assert (told["changed"], told["revoked"]) == (False, [])


def test_a_demoted_person_with_nothing_left_is_to_be_invited(shell: Shell) -> None:
    """Where the key is elsewhere."""
    shell("certs", "issue", "erin", "--role", "operator")
    for path in (shell.vault.client_crt("erin"), shell.vault.client_key("erin")):
        path.unlink()
    done = shell("certs", "demote", "erin")
    assert "Next: securechat invite erin --another-device" in done.err
    assert shell.serials("erin") == []
    shell("invite", "erin", "--another-device")


def test_roles_can_be_changed_without_the_authority_s_key(shell: Shell) -> None:
    """Certificates then follow when somebody can issue."""
    shell.vault.ca_key.unlink()
    done = shell("certs", "promote", "alice")
    assert "nothing can be signed here" in done.err
    assert "waiting" in done.err
    assert role_here(shell, "alice") is Role.MEMBER
    assert shell.vault.registry().roles == {"alice": Role.OPERATOR}


@pytest.mark.parametrize("command", ["promote", "demote"])
def test_whoever_does_not_count_has_no_role(shell: Shell, command: str) -> None:
    """Somebody unknown, and somebody revoked."""
    shell("certs", "revoke", "bob", "--yes")
    before = shell.vault.audit_file.read_bytes()
    assert "nobody called 'erin'" in shell("certs", command, "erin", code=2).err
    assert "nobody gets the name bob any more" in shell("certs", command, "bob", code=2).err
    assert shell.vault.audit_file.read_bytes() == before


def test_a_connected_member_becomes_an_operator(shell: Shell, host: Hosting) -> None:
    """The host asks the client for another certificate, and the person may moderate then."""
    try:
        with Client("carol", at=host.at, certs=shell.certs, data=shell.folder / "carol") as client:
            shell("certs", "promote", "carol", "--quiet")
            heard: list[Event] = []
            for event in client.events():
                heard.append(event)
                if isinstance(event, Renewed):
                    break
            assert [one.role for one in heard if isinstance(one, Renewed)] == ["operator"]
            assert not any(isinstance(one, Disconnected) for one in heard)
    finally:
        host.stop()


def test_the_list_is_one_for_others(shell: Shell) -> None:
    """Signed by the authority, with the true date of the revocation."""
    shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    [crl] = lists_in(shell("certs", "crl").out.encode())
    ca = open_authority(shell.vault).certificate
    assert crl.is_signature_valid(ca.public_key())  # type: ignore[arg-type] # it is EC
    [entry] = list(crl)
    assert isinstance(entry, x509.RevokedCertificate)
    assert abs(entry.revocation_date_utc.timestamp() - shell.vault.clock.now()) < 60


def test_help_knows_the_reasons(shell: Shell) -> None:
    """So that nobody has to look them up."""
    told = " ".join(shell("certs", "revoke", "--help").out.split())
    assert all(reason in told for reason in Reason)


def test_the_folder_is_an_option(shell: Shell, tmp_path: Path) -> None:
    """Of all three."""
    shell.certs.rename(tmp_path / "elsewhere")
    for words in (("promote", "alice"), ("demote", "alice"), ("revoke", "bob", "--yes")):
        shell("certs", *words, "--certs", str(tmp_path / "elsewhere"))
        assert not shell.certs.exists()
