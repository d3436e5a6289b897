"""`securechat certs show`: what is in a certificate, also in one that nobody should accept."""

import base64
import json
import random
import shutil
import subprocess
import textwrap
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.pki.csr import make_request
from secure_chat.pki.invites import invite, redeem
from secure_chat.pki.keys import KeyType, new_key
from secure_chat.pki.opening import open_authority
from secure_chat.pki.profile import fingerprint_of
from secure_chat.pki.revoking import supersede
from secure_chat.pki.rotation import begin
from secure_chat.pki.signing import sign_request
from tests.cli.shell import Shell
from tests.pki.forge import Draft, extension, host_draft, member_draft, name, only, tlv
from tests.tools import need


def pem(der: bytes) -> str:
    """Return PEM, of anything."""
    lines = textwrap.wrap(base64.b64encode(der).decode(), 64)
    return "\n".join(("-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----", ""))


def write(shell: Shell, *drafts: Draft) -> str:
    """Write certificates into a file and return its path."""
    path = shell.folder / "odd.pem"
    path.write_text("".join(pem(draft.der()) for draft in drafts))
    return str(path)


def shown(shell: Shell, what: str) -> dict[str, Any]:
    """Return the one certificate that is shown."""
    [found] = shell.json("certs", "show", what)
    return found


def enrolled(shell: Shell, who: str) -> str:
    """Let somebody enrol from elsewhere; return the serial number."""
    now = shell.vault.clock.now()
    _, secret = invite(shell.vault, name=who, now=now, by="test")
    found = redeem(shell.vault.registry(), secret, now)
    leaf = sign_request(
        shell.vault,
        open_authority(shell.vault),
        name=who,
        role=None,
        request=make_request(new_key(KeyType.P256), who),
        life=None,
        now=now,
        by="test",
        invite=found.id,
    )
    return leaf.identity.serial


def test_a_person_s_certificate_is_told_in_words(shell: Shell) -> None:
    """What it says, each extension with what it means, and what it is worth here."""
    done = shell("certs", "show", "alice")
    files = shell.vault.client_files("alice")
    assert done.err == ""
    for words in (
        str(files.certificate),
        "subject     CN=alice",
        "issuer      CN=securechat CA ",
        files.identity.serial,
        files.identity.fingerprint,
        "key         ECDSA P-256",
        "signed with ecdsa-with-SHA256",
        "0 % of its life is over, 89 days left",
        "basicConstraints (critical)\n    CA:FALSE\n    no authority: it can issue nothing",
        "keyUsage (critical)\n    digitalSignature\n    its key may sign handshakes",
        "extKeyUsage\n    clientAuth\n    made to be a client",
        "subjectAltName\n    email:alice@member.securechat.internal\n    who it is for",
        "subjectKeyIdentifier\n",
        "authorityKeyIdentifier\n",
        "state       valid",
        "shape       as it is issued here: alice, a member",
        "issued by   CN=securechat CA ",
        "registry    alice, a member; it counts",
        f"private key {files.key}",
    ):
        assert words in done.out
    assert max(map(len, done.out.splitlines())) <= 200


def test_json_has_all_of_it(shell: Shell) -> None:
    """One object a certificate."""
    told = shown(shell, "alice")
    identity = shell.vault.client_files("alice").identity
    assert told["serial"] == identity.serial
    assert told["sha256"] == identity.fingerprint
    assert told["profile"] == {
        "ok": True,
        "name": "alice",
        "role": "member",
        "rule": None,
        "why": None,
    }
    assert told["registry"]["state"] == "valid"
    assert told["state"] == "valid"
    assert 0 <= told["life_used"] < 0.01
    assert told["issued_here"] is True
    assert told["private_key"] == str(shell.vault.client_key("alice"))
    assert told["encrypted"] is False
    assert len(told["extensions"]) == 6
    assert all(one["meaning"] for one in told["extensions"])


def test_the_host_and_the_authority_have_words(shell: Shell) -> None:
    """A host's certificate is judged as one; an authority's by no profile."""
    host, ca = shown(shell, "host"), shown(shell, "ca")
    assert host["profile"]["role"] == "host"
    assert "DNS:localhost" in host["names"]
    assert host["registry"]["role"] == "host"
    assert (ca["profile"], ca["registry"], ca["authority"]) == (None, None, True)
    assert ca["issued_here"] is True
    words = shell("certs", "show", "ca").out
    assert "an authority: it may issue certificates, but no further authorities" in words
    assert "its key may sign certificates, sign lists of revoked certificates" in words
    assert "issuer      itself" in words
    assert "an authority's; nobody gets in with it" in words


def test_during_a_change_over_there_are_two_authorities(shell: Shell) -> None:
    """Each with its own key."""
    now = shell.vault.clock.now()
    begin(shell.vault, open_authority(shell.vault), timedelta(days=1), now, "test")
    told = shell.json("certs", "show", "ca")
    assert [one["sha256"] for one in told] == [
        fingerprint_of(one) for one in shell.vault.ca_certificates()
    ]
    assert [Path(one["private_key"]).name for one in told] == ["ca.key", "previous-ca.key"]
    assert shown(shell, "alice")["issued_here"] is True


@pytest.mark.parametrize("form", ["der", "pem", "bundle"])
def test_a_file_may_have_any_form(shell: Shell, form: str) -> None:
    """DER, PEM with words around it, and several with keys between them."""
    path = shell.folder / "file"
    ders = {
        name_: x509.load_pem_x509_certificate(
            shell.vault.client_crt(name_).read_bytes()
        ).public_bytes(Encoding.DER)
        for name_ in ("alice", "bob")
    }
    if form == "der":
        path.write_bytes(ders["alice"])
    elif form == "pem":
        path.write_text(f"this is alice:\r\n{pem(ders['alice'])}and no more")
    else:
        key = shell.vault.client_key("alice").read_text()
        path.write_text(pem(ders["alice"]) + key + pem(ders["bob"]))
    told = shell.json("certs", "show", str(path))
    wanted = ["alice", "bob"] if form == "bundle" else ["alice"]
    assert [one["profile"]["name"] for one in told] == wanted
    assert all(one["private_key"] is None for one in told)
    assert "PRIVATE" not in shell("certs", "show", str(path)).out


def test_a_name_goes_before_a_file(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """`./alice` is the file."""
    monkeypatch.chdir(shell.folder)
    shutil.copy(shell.vault.client_crt("bob"), "alice")
    assert shown(shell, "alice")["profile"]["name"] == "alice"
    assert shown(shell, "./alice")["profile"]["name"] == "bob"


def test_pem_is_what_others_read(shell: Shell) -> None:
    """Nothing else is printed."""
    done = shell("certs", "show", "alice", "--pem")
    assert done.out == shell.vault.client_crt("alice").read_text()
    command = [need("openssl"), "x509", "-noout", "-subject"]
    read = subprocess.run(command, input=done.out, capture_output=True, text=True, check=True)
    assert "alice" in read.stdout
    assert shell("certs", "show", "alice", "--pem", "--json", code=2).out == ""


def test_who_enrolled_is_known_by_the_registry_alone(shell: Shell) -> None:
    """The certificate is on their computer."""
    serial = enrolled(shell, "erin")
    words = shell("certs", "show", "erin").out
    assert "not here: only the registry knows it" in words
    assert serial in words
    assert "Extensions" not in words
    told = shown(shell, "erin")
    assert (told["file"], told["serial"], told["profile"]) == (None, serial, None)
    assert told["registry"]["name"] == "erin"
    refused = shell("certs", "show", "erin", "--pem", code=1)
    assert "the certificate of erin is not here" in refused.err


def test_all_that_count_are_shown(shell: Shell) -> None:
    """Of each device; of somebody who has none, the last."""
    shell("certs", "issue", "alice", "--another-device")
    assert len(shell.json("certs", "show", "alice")) == 2
    old = enrolled(shell, "erin")
    shell("certs", "revoke", "erin", "--yes", "--reason", "keyCompromise")
    told = shown(shell, "erin")
    assert (told["serial"], told["state"]) == (old, "revoked")
    assert told["registry"]["reason"] == "keyCompromise"


def test_what_the_registry_says_is_told(shell: Shell) -> None:
    """Revoked with the reason, superseded, or not known at all."""
    now = shell.vault.clock.now()
    shell("certs", "revoke", "bob", "--yes", "--reason", "keyCompromise")
    assert "keyCompromise" in shell("certs", "show", "bob").out
    assert shown(shell, "bob")["state"] == "revoked"
    shell("certs", "renew", "alice")
    supersede(shell.vault, None, shell.serials("alice")[:1], now, "test")
    assert shown(shell, "alice")["state"] == "valid"
    crt = shell.vault.client_crt("carol")
    shutil.copy(crt, shell.folder / "carol.crt")
    lines = shell.vault.audit_file.read_text().splitlines(keepends=True)
    shell.vault.audit_file.write_text("".join(one for one in lines if '"carol"' not in one))
    assert shown(shell, str(shell.folder / "carol.crt"))["registry"] is None
    assert "registry    unknown" in shell("certs", "show", str(shell.folder / "carol.crt")).out


def test_one_of_the_same_number_is_not_taken_for_another(shell: Shell) -> None:
    """A serial number can be copied, a fingerprint cannot."""
    serial = bytes.fromhex(shell.serials("alice")[0])
    told = shown(shell, write(shell, replace(member_draft(), serial=serial)))
    assert told["serial"] == shell.serials("alice")[0]
    assert told["registry"] is None
    assert told["issued_here"] is False


def test_a_stranger_s_is_told_from_ours(shell: Shell, foreign_certs: Path) -> None:
    """It has our shape, and nobody here issued it."""
    told = shown(shell, str(foreign_certs / "clients/alice.crt"))
    assert told["profile"]["ok"] is True
    assert (told["issued_here"], told["registry"]) == (False, None)
    words = shell("certs", "show", str(foreign_certs / "clients/alice.crt")).out
    assert "none of this folder's authorities" in words


def test_without_a_folder_a_file_can_be_looked_at(shell: Shell) -> None:
    """By anybody."""
    shutil.copy(shell.vault.client_crt("alice"), shell.folder / "alice.crt")
    shutil.rmtree(shell.certs)
    told = shown(shell, str(shell.folder / "alice.crt"))
    assert (told["profile"]["ok"], told["issued_here"], told["registry"]) == (True, False, None)
    assert not shell.certs.exists()


def test_an_encrypted_key_is_told(shell: Shell) -> None:
    """Nobody is asked for the passphrase."""
    shell("certs", "issue", "erin", "--key-passphrase-file", shell.word("word", "mule"))
    assert shown(shell, "erin")["encrypted"] is True
    assert "(encrypted)" in shell("certs", "show", "erin").out


EVIL = b"\x1b[2J\x1b]0;pwned\x07\xe2\x80\xaeecila\r\nalice"
HOSTILE: dict[str, Draft] = {
    "escapes in the subject": replace(member_draft(), subject=name(("2.5.4.3", EVIL))),
    "escapes in the issuer": replace(member_draft(), issuer=name(("2.5.4.3", EVIL))),
    "escapes in the mailbox": member_draft(EVIL + b"@member.securechat.internal"),
    "escapes in a host name": host_draft(tlv(0x82, EVIL)),
    "a long subject": replace(member_draft(), subject=name(*[("2.5.4.3", b"x" * 9_000)] * 9)),
    "an empty subject": replace(member_draft(), subject=name()),
    "no extensions": replace(member_draft(), extensions={}),
    "version 1": replace(member_draft(), version=b"", extensions={}),
    "a negative serial": replace(member_draft(), serial=b"\xfb"),
    "an empty serial": replace(member_draft(), serial=b""),
    "a huge serial": replace(member_draft(), serial=b"\x7f" * 4_000),
    "no key": replace(member_draft(), key=tlv(0x30)),
    "something behind": replace(member_draft(), after=b"\x1b[2J"),
    "an unknown critical extension": replace(
        member_draft(), extensions={"x": extension("1.2.3.4", EVIL, mark=True)}
    ),
    "an extension with a strange name": replace(
        member_draft(), extensions={"x": tlv(0x30, tlv(0x06, EVIL), tlv(0x04, EVIL))}
    ),
    "a broken name": replace(member_draft(), extensions={"x": extension("2.5.29.17", EVIL)}),
    "a directory name": replace(
        member_draft(), extensions={"x": extension("2.5.29.17", only(tlv(0xA4, EVIL)))}
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_certificate_is_shown_and_harmless(shell: Shell, kind: str) -> None:
    """Its bytes reach no terminal as they are, and it is said that it is not one of ours."""
    path = write(shell, HOSTILE[kind])
    done = shell("certs", "show", path)
    assert done.err == ""
    assert done.out.replace("\n", "").isprintable()
    # No line of a stranger stands where ours begin, and none breaks out of its own.
    assert all(
        line.startswith("  ") or line in {"", path, "Extensions", "Here"}
        for line in done.out.splitlines()
    )
    [told] = [json.loads(line) for line in shell("certs", "show", path, "--json").out.splitlines()]
    assert told["profile"] is None or told["profile"]["ok"] is False
    assert told["registry"] is None
    if told["profile"] is not None:
        assert f"not as it is issued here ({told['profile']['rule']})" in done.out


def test_no_bytes_make_it_fail(shell: Shell) -> None:
    """A good certificate with some octets changed, shown a thousand times."""
    from secure_chat.cli.paper import Judge
    from secure_chat.cli.showing import paper_json, paper_lines

    judge, place = Judge(shell.vault), Path("file")
    der, chance = member_draft().der(), random.Random(11)  # noqa: S311 - no secret
    for _ in range(1_000):
        octets = bytearray(der)
        for _ in range(chance.randrange(1, 5)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        paper = judge.of(
            bytes(octets[: chance.choice((len(octets), chance.randrange(900)))]), place
        )
        lines = list(paper_lines(paper, lambda text, _style: text))
        assert all(line.isprintable() for line in lines)
        json.dumps(paper_json(paper))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (None, "neither a person nor a file called"),
        (b"", "there is no certificate in"),
        (b"no certificate", "there is no certificate in"),
        (b"-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----\n", "no certificate in"),
        (b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n", "no certificate in"),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "no certificate"),
        (b"\x30" + bytes(5_000_000), "it is too long"),
    ],
)
def test_what_is_no_certificate_is_told(shell: Shell, data: bytes | None, told: str) -> None:
    """And nothing is shown."""
    path = shell.folder / "odd"
    if data is not None:
        path.write_bytes(data)
    refused = shell("certs", "show", str(path), code=3)
    assert told in refused.err
    assert refused.out == ""


def test_a_folder_is_no_file(shell: Shell) -> None:
    """Told in the system's words."""
    assert "Is a directory" in shell("certs", "show", str(shell.folder), code=3).err


def test_states_are_painted_and_said(shell: Shell) -> None:
    """The word is there in any case."""
    painted = shell("certs", "show", "alice", "--color", "always").out
    assert "\x1b[32mvalid\x1b[0m" in painted
    shell("certs", "revoke", "bob", "--yes")
    assert "\x1b[31mrevoked\x1b[0m" in shell("certs", "show", "bob", "--color", "always").out
    assert "\x1b[" not in shell("certs", "show", "bob").out


def test_an_ended_life_is_told(shell: Shell) -> None:
    """How long ago."""
    draft = member_draft()
    old = replace(draft, begin=draft.begin - timedelta(days=900), end=draft.begin)
    words = shell("certs", "show", write(shell, old)).out
    assert "life        it ended " in words
    assert "state       expired" in words
    backwards = replace(draft, begin=draft.end, end=draft.begin)
    assert "state       expired" in shell("certs", "show", write(shell, backwards)).out
