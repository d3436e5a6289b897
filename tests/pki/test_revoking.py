"""Ending certificates before their time."""

import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority
from secure_chat.pki.crl import present_lists
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import invite
from secure_chat.pki.issuing import IssueRequest, issue, promote, renew
from secure_chat.pki.leaf import Revocation, digest
from secure_chat.pki.lists import number_of, revocations_in
from secure_chat.pki.profile import fingerprint_of, serial_of
from secure_chat.pki.reason import Reason
from secure_chat.pki.registry import Entry
from secure_chat.pki.revoking import Revoked, export_crl, revoke, supersede, write_crl
from secure_chat.pki.rotation import begin
from tests.pki.conftest import Owner
from tests.tools import need


def end(owner: Owner, target: str, reason: str = "unspecified", **more: object) -> Revoked:
    """Revoke with the authority's key."""
    return revoke(owner.vault, owner.authority, target, reason, owner.now, "test", **more)  # type: ignore[arg-type]


def listed(owner: Owner) -> list[Revocation]:
    """Return what the only list says."""
    [one] = present_lists(owner.vault)
    return revocations_in(one)


def test_a_revoked_person_is_out_with_all_devices_and_their_name_is_retired(owner: Owner) -> None:
    """In the registry and on the list, with date and reason; nobody else is touched."""
    issue(owner.vault, IssueRequest(names=("bob",), another_device=True), owner.now)
    serials = [entry.serial for entry in owner.registry.of("bob")]
    owner.clock.advance(5)
    done = end(owner, "bob", "affiliationChanged", remark="moved away")
    assert [entry.serial for entry in done.entries] == serials
    assert (done.name, done.retired, done.unsigned) == ("bob", True, ())
    assert owner.registry.names() == {"alice"}
    assert owner.registry.retired == {"bob"}
    assert listed(owner) == [
        Revocation(serial, int(owner.now), "affiliationChanged") for serial in serials
    ]
    assert b"moved away" in owner.vault.audit_file.read_bytes()
    owner.vault.host_files()


def test_a_lost_device_is_out_and_its_person_stays(owner: Owner) -> None:
    """By the first digits of its serial number, as any program writes them."""
    [made] = issue(owner.vault, IssueRequest(names=("bob",), another_device=True), owner.now)
    serial = made.identity.serial
    digits = ":".join(serial[i : i + 2] for i in range(0, 12, 2)).upper()
    done = end(owner, digits, "keyCompromise")
    assert [entry.serial for entry in done.entries] == [serial]
    assert (done.name, done.retired) == ("bob", False)
    assert owner.registry.names() == {"alice", "bob"}
    assert [one.serial for one in listed(owner)] == [serial]
    issue(owner.vault, IssueRequest(names=("bob",), another_device=True), owner.now)


def test_a_lost_device_has_its_renewals_too(owner: Owner) -> None:
    """Whichever of them is named: they have the same key."""
    first = owner.newest("bob").serial
    renew(owner.vault, "bob", now=owner.now, by="test")
    second = owner.newest("bob").serial
    supersede(owner.vault, owner.authority, [first], owner.now, "test")
    promote(owner.vault, owner.authority, "bob", now=owner.now, by="test")
    third = owner.newest("bob").serial
    issue(owner.vault, IssueRequest(names=("bob",), another_device=True), owner.now)
    device = owner.newest("bob").serial
    done = end(owner, first, "keyCompromise")
    assert [entry.serial for entry in done.entries] == [first, second, third]
    assert [entry.serial for entry in owner.registry.of("bob")] == [device]
    assert {one.serial: one.reason for one in listed(owner)} == dict.fromkeys(
        (first, second, third), "keyCompromise"
    )


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_stands_on_the_list(owner: Owner, reason: Reason) -> None:
    """As other programs read it."""
    end(owner, "bob", reason)
    text = subprocess.run(
        [need("openssl"), "crl", "-in", owner.vault.crl, "-noout", "-text"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = {
        Reason.KEY_COMPROMISE: "Key Compromise",
        Reason.AFFILIATION_CHANGED: "Affiliation Changed",
        Reason.SUPERSEDED: "Superseded",
        Reason.CESSATION_OF_OPERATION: "Cessation Of Operation",
        Reason.PRIVILEGE_WITHDRAWN: "Privilege Withdrawn",
    }
    assert [word for word in words.values() if word in text] == [
        words[one] for one in [reason] if one in words
    ]


def test_a_dry_run_tells_and_does_nothing(owner: Owner) -> None:
    """Without a lock, so it works while another command is at it."""
    before = {name: (owner.vault.folder / name).read_bytes() for name in owner.names()}
    with owner.vault.audit.lock():
        done = revoke(owner.vault, None, "bob", "unspecified", owner.now, "test", dry_run=True)
    assert (len(done.entries), done.retired) == (1, True)
    assert {name: (owner.vault.folder / name).read_bytes() for name in owner.names()} == before


def test_revoking_again_changes_nothing(owner: Owner) -> None:
    """Not the first reason, nor the first date, nor a byte of the list."""
    serial = owner.newest("bob").serial
    end(owner, "bob", "keyCompromise")
    crl = owner.vault.crl.read_bytes()
    owner.clock.advance(60)
    for target in ("bob", serial):
        done = end(owner, target, "superseded")
        assert (done.entries, done.retired) == ((), False)
    assert owner.registry.entries[serial].reason == "keyCompromise"
    assert owner.vault.crl.read_bytes() == crl


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("zoe", "nobody is called 'zoe'"),
        ("abcdef1", "nobody is called 'abcdef1'"),
        ("abcdef12", "no certificates have a serial number that begins with abcdef12"),
        ("", "nobody is called ''"),
    ],
)
def test_who_is_not_there_is_not_revoked(owner: Owner, target: str, why: str) -> None:
    """A name mistyped, and too few digits, or those of nothing."""
    with pytest.raises(UsageError, match=why):
        end(owner, target)


def test_digits_that_fit_two_end_neither(owner: Owner) -> None:
    """Which one is for the person to say; and a name goes before digits."""
    entries = [
        Entry(name, Role.MEMBER, serial, "", 0, 2_000_000_000)
        for name, serial in (("carol", "abcdef1201"), ("dave", "abcdef1202"), ("abcdef12", "c3"))
    ]
    owner.vault.audit.append([Act.on("issued", one, at=owner.now, by="test") for one in entries])
    assert [entry.serial for entry in end(owner, "abcdef12").entries] == ["c3"]
    with pytest.raises(UsageError, match="2 certificates have a serial number"):
        end(owner, "abcdef120")
    assert end(owner, "abcdef1202").name == "dave"


def test_an_unknown_reason_is_refused_with_those_there_are(owner: Owner) -> None:
    """In a dry run too."""
    for dry in (True, False):
        with pytest.raises(UsageError, match="'lost' is no reason") as refusal:
            end(owner, "bob", "lost", dry_run=dry)
        assert "keyCompromise" in refusal.value.hint


def test_a_hosts_certificate_is_not_revoked(owner: Owner) -> None:
    """Clients could not know; what helps is said."""
    serial = owner.vault.host_files().identity.serial
    with pytest.raises(UsageError, match="cannot be revoked") as refusal:
        end(owner, serial)
    assert "rotate-ca" in refusal.value.hint


def test_open_invitations_of_a_revoked_person_are_cancelled(owner: Owner) -> None:
    """Otherwise they would come back with them; those of others stay open."""
    mine, _ = invite(owner.vault, name="bob", now=owner.now, by="test", another_device=True)
    other, _ = invite(owner.vault, name="carol", now=owner.now, by="test")
    assert [one.id for one in end(owner, "bob").cancelled] == [mine.id]
    assert [one.id for one in owner.registry.open_invites(owner.now)] == [other.id]


# --- the list ------------------------------------------------------------------


def test_without_the_authoritys_key_the_registry_alone_acts_until_it_is_back(owner: Owner) -> None:
    """Whose list is behind is said, and the list is brought up when the key can be used."""
    vault = owner.vault
    done = revoke(vault, None, "bob", "keyCompromise", owner.now, "test")
    assert done.unsigned == (owner.authority.name,)
    assert owner.registry.names() == {"alice"}
    assert listed(owner) == []
    assert write_crl(vault, None, now=owner.now).unsigned == done.unsigned
    at = int(owner.now)
    owner.clock.advance(3_600)
    assert write_crl(vault, owner.authority, now=owner.now).unsigned == ()
    assert [(one.at, one.reason) for one in listed(owner)] == [(at, "keyCompromise")]
    before = vault.crl.read_bytes()
    write_crl(vault, owner.authority, now=owner.now)
    assert vault.crl.read_bytes() == before


@pytest.mark.parametrize("harm", ["crl.pem", "ca.crt"])
def test_a_broken_folder_does_not_keep_a_revocation_from_acting(owner: Owner, harm: str) -> None:
    """Out is out, whatever else is missing."""
    (owner.vault.folder / harm).write_bytes(b"garbage")
    assert revoke(owner.vault, None, "bob", "unspecified", owner.now, "test").unsigned
    assert owner.registry.names() == {"alice"}


def test_with_its_key_at_hand_a_broken_authority_is_said(owner: Owner) -> None:
    """Whoever can sign is to know that they did not."""
    authority = owner.authority
    owner.vault.ca_crt.write_bytes(b"garbage")
    with pytest.raises(IdentityError, match=r"ca\.crt is not a certificate"):
        revoke(owner.vault, authority, "bob", "unspecified", owner.now, "test")


def test_a_list_that_is_garbage_is_made_again(owner: Owner) -> None:
    """From the registry."""
    owner.vault.crl.write_bytes(b"garbage")
    end(owner, "bob")
    assert [one.serial for one in listed(owner)] == [owner.newest("bob").serial]


def test_a_list_never_forgets_whom_the_registry_does_not_know(owner: Owner) -> None:
    """After a loss of the trail it is the only witness."""
    witness = Revocation("5a01", int(owner.now) - 86_400, "keyCompromise")
    owner.vault.crl.write_bytes(owner.authority.crl([witness], now=owner.now))
    end(owner, "bob")
    assert listed(owner)[0] == witness
    assert len(listed(owner)) == 2


def test_the_number_of_a_new_list_is_higher_whatever_the_clock_says(owner: Owner) -> None:
    """A clock that was set back must not make the list look old."""
    [before] = present_lists(owner.vault)
    owner.clock.advance(-1_800)
    end(owner, "bob")
    [after] = present_lists(owner.vault)
    assert number_of(after) > number_of(before)


def test_expired_certificates_leave_the_list_after_one_that_outlived_them(owner: Owner) -> None:
    """So those of a few minutes do not make a list without end."""
    vault = owner.vault
    issue(vault, IssueRequest(names=("carol",), life=timedelta(minutes=3)), owner.now)
    short, long = owner.newest("carol").serial, owner.newest("bob").serial
    supersede(vault, owner.authority, [short], owner.now, "test")
    owner.clock.advance(600)
    end(owner, "bob")
    assert {one.serial for one in listed(owner)} == {short, long}
    owner.clock.advance(3 * 3_600)
    # A list is set back by an hour as certificates are, so this is the first made after the end.
    for name in ("dave", "erin"):
        issue(vault, IssueRequest(names=(name,)), owner.now)
        end(owner, name)
        owner.clock.advance(3 * 3_600)
    assert {one.serial for one in listed(owner)} == {
        long,
        owner.newest("dave").serial,
        owner.newest("erin").serial,
    }


def test_superseding_retires_what_counts_and_passes_over_the_rest(owner: Owner) -> None:
    """Unknown ones, and those that ended for a better reason, stay as they are."""
    vault = owner.vault
    alice, bob = owner.newest("alice").serial, owner.newest("bob").serial
    end(owner, bob, "keyCompromise")
    done = supersede(vault, owner.authority, [alice, bob, "5a01", alice], owner.now, "test")
    assert [entry.serial for entry in done] == [alice]
    assert {one.serial: one.reason for one in listed(owner)} == {
        alice: "superseded",
        bob: "keyCompromise",
    }
    before = vault.audit_file.read_bytes()
    assert supersede(vault, owner.authority, [alice], owner.now, "test") == ()
    assert vault.audit_file.read_bytes() == before


def test_during_a_change_over_each_authority_lists_its_own(owner: Owner) -> None:
    """Both lists are whole, and the older one's stays as it is when its key is not here."""
    vault = owner.vault
    begin(vault, owner.authority, timedelta(days=30), owner.now, "test")
    renew(vault, "alice", now=owner.now, by="test")
    old, new = (entry.serial for entry in owner.registry.of("alice"))
    end(owner, "alice", "keyCompromise")
    first, second = present_lists(vault)
    assert [one.serial for one in revocations_in(first)] == [new]
    assert [one.serial for one in revocations_in(second)] == [old]
    names = [first.issuer, second.issuer]
    assert names == [one.subject for one in vault.ca_certificates()]
    vault.previous_ca_key.unlink()
    done = end(owner, "bob")
    assert len(done.unsigned) == 1
    assert done.unsigned[0] in names[1].rfc4514_string()
    assert [one.serial for one in revocations_in(present_lists(vault)[1])] == [old]
    vault.host_files()


def test_the_list_is_exported_for_others(owner: Owner) -> None:
    """As PEM, or as DER when there is one only."""
    end(owner, "bob")
    serial = owner.newest("bob").serial
    assert export_crl(owner.vault) == owner.vault.crl.read_bytes()
    one = x509.load_der_x509_crl(export_crl(owner.vault, der=True))
    assert [f"{entry.serial_number:x}" for entry in one] == [serial]
    begin(owner.vault, owner.authority, timedelta(days=30), owner.now, "test")
    assert export_crl(owner.vault).count(b"BEGIN X509 CRL") == 2
    with pytest.raises(UsageError, match="DER holds one list"):
        export_crl(owner.vault, der=True)
    owner.vault.crl.write_bytes(b"garbage")
    with pytest.raises(IdentityError, match=r"crl\.pem cannot be read"):
        export_crl(owner.vault)


def long_lived(authority: Authority, name: str, now: float) -> x509.Certificate:
    """Return a certificate for ten years, which no authority of ours would issue."""
    leaf = authority.issue_member(name, now=now, life=timedelta(days=90))
    builder = x509.CertificateBuilder(
        leaf.certificate.issuer,
        leaf.certificate.subject,
        leaf.certificate.public_key(),
        leaf.certificate.serial_number,
        leaf.certificate.not_valid_before_utc,
        authority.certificate.not_valid_after_utc,
    )
    for extension in leaf.certificate.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(authority.key, digest(authority.key))


def test_five_years_ahead_the_list_is_not_stale(owner: Owner) -> None:
    """Who was revoked and would live that long is refused as revoked, a newcomer is let in.

    The list is the one that was signed five years before.
    """
    vault, authority = owner.vault, owner.authority
    certificate = long_lived(authority, "carol", owner.now)
    act = Act(
        at=datetime.fromtimestamp(owner.now, UTC).isoformat(),
        act=Deed.ISSUED,
        name="carol",
        role="member",
        serial=serial_of(certificate),
        fingerprint=fingerprint_of(certificate),
        not_before=certificate.not_valid_before_utc.isoformat(),
        not_after=certificate.not_valid_after_utc.isoformat(),
        authority=authority.fingerprint,
        by="test",
    )
    vault.audit.append([act])
    end(owner, serial_of(certificate), "keyCompromise")
    crl = vault.crl.read_bytes()
    owner.clock.advance(5 * 365 * 86_400)
    [made] = issue(vault, IssueRequest(names=("dave",)), owner.now)
    renew(vault, "alice", now=owner.now, by="test")
    vault.client_files("alice")
    bad = vault.folder / "carol.crt"
    bad.write_bytes(certificate.public_bytes(Encoding.PEM))
    bundle = vault.folder / "bundle.pem"
    bundle.write_bytes(vault.ca_crt.read_bytes() + vault.crl.read_bytes())
    command = [need("openssl"), "verify", "-x509_strict", "-crl_check", "-purpose", "sslclient"]
    command += ["-attime", str(int(owner.now)), "-CAfile", str(bundle)]
    good = subprocess.run([*command, made.certificate], capture_output=True, check=False)
    assert good.returncode == 0, good.stderr
    revoked = subprocess.run([*command, bad], capture_output=True, text=True, check=False)
    assert "certificate revoked" in revoked.stderr
    assert vault.crl.read_bytes() == crl
    end(owner, "alice")
    assert {one.serial for one in listed(owner)} >= {serial_of(certificate)}
