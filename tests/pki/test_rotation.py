"""The change-over from one authority to another."""

import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.authority import Authority
from secure_chat.pki.bundle import certificates_in, issued_by
from secure_chat.pki.crl import present_lists
from secure_chat.pki.hostname import HostNames
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import cancel, invite
from secure_chat.pki.issuing import IssueRequest, issue, renew
from secure_chat.pki.keys import KeyType, key_is_encrypted
from secure_chat.pki.opening import open_authority
from secure_chat.pki.registry import REPLACED, Entry, Overlap, Registry
from secure_chat.pki.revoking import revoke, supersede
from secure_chat.pki.rotation import ChangeOver, begin, finish, left_behind, may_finish
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import client_contexts, host_contexts
from tests.pki.conftest import Owner
from tests.pki.handshake import shake

MONTH = timedelta(days=30)


def start(owner: Owner, **more: object) -> ChangeOver:
    """Begin a change-over."""
    return begin(owner.vault, owner.authority, MONTH, owner.now, "test", **more)  # type: ignore[arg-type]


def server(owner: Owner) -> ssl.SSLContext:
    """Return what the host takes connections with, from its folder."""
    files = owner.vault.host_files()
    return host_contexts(files.ca, files.certificate, files.key, files.crl).talking


def client(vault: Vault, name: str, ca: Path | None = None) -> ssl.SSLContext:
    """Return what a member connects with, from a folder."""
    files = vault.client_files(name)
    return client_contexts(ca or files.ca, files.certificate, files.key).talking


def test_a_new_authority_stands_beside_the_old_one(owner: Owner) -> None:
    """It issues, both are trusted, the community's id and the host's certificate stay."""
    vault, old = owner.vault, owner.authority
    community, host = vault.community(), vault.host_crt.read_bytes()
    before, key = owner.names(), vault.ca_key.read_bytes()
    done = start(owner)
    new = owner.authority
    assert (done.old, done.new) == (old.name, new.name)
    assert (done.old_fingerprint, done.new_fingerprint) == (old.fingerprint, new.fingerprint)
    assert done.until == owner.now + MONTH.total_seconds()
    assert {entry.name for entry in done.behind} == {"alice", "bob"}
    assert owner.names() - before == {"previous-ca.key"}
    assert vault.ca_certificates() == [new.certificate, old.certificate]
    assert vault.ca_fingerprint() == new.fingerprint
    assert vault.host_authority() == old.certificate
    assert new.previous is not None
    assert new.previous.fingerprint == old.fingerprint
    assert vault.previous_ca_key.read_bytes() == key
    assert (vault.community(), vault.host_crt.read_bytes()) == (community, host)
    overlap = owner.registry.overlap
    assert overlap is not None
    assert overlap.authority == new.fingerprint
    assert overlap.until == pytest.approx(done.until, abs=0.001)
    assert {entry.state for entry in owner.registry.entries.values()} == {"valid"}


def test_old_and_new_members_both_get_in_until_the_end(owner: Owner, tmp_path: Path) -> None:
    """A real handshake each: who has not moved trusts the old authority only.

    After the end only the new ones, with the host's certificate of the new authority.
    """
    vault, old = owner.vault, owner.authority
    alone = tmp_path / "old.crt"
    alone.write_bytes(old.certificate_pem)
    start(owner)
    moved = renew(vault, "bob", now=owner.now, by="test")
    assert moved.identity.issuer == owner.authority.name
    shake(client(vault, "alice", alone), server(owner))
    shake(client(vault, "alice"), server(owner))
    shake(client(vault, "bob"), server(owner))
    stayed = client(vault, "alice", alone)
    done = finish(vault, owner.authority, owner.now, "test")
    assert [entry.name for entry in done.behind] == ["alice", "bob"]
    assert [entry.serial for entry in done.behind][1] == moved.replaces
    assert vault.ca_certificates() == [owner.authority.certificate]
    assert vault.host_authority() == owner.authority.certificate
    shake(client(vault, "bob"), server(owner))
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(stayed, server(owner))
    states = {entry.serial: entry.reason for entry in owner.registry.of("alice")}
    assert states == {}
    assert owner.newest("alice").reason == REPLACED
    assert owner.registry.names() == {"bob"}
    assert owner.registry.overlap is None


def test_what_the_old_authority_leaves_is_kept_in_a_backup(owner: Owner) -> None:
    """Its key, both certificates, and the host's; in the folder nothing of it is left."""
    vault = owner.vault
    before = owner.names()
    start(owner)
    bundle, host = vault.ca_crt.read_bytes(), vault.host_crt.read_bytes()
    key, host_key = vault.previous_ca_key.read_bytes(), vault.host_key.read_bytes()
    old = vault.host_files().identity
    finish(vault, owner.authority, owner.now, "test")
    [backup] = vault.folder.glob("backup-*")
    assert {path.name: path.read_bytes() for path in backup.iterdir()} == {
        "ca.crt": bundle,
        "host.crt": host,
        "previous-ca.key": key,
    }
    assert {name for name in owner.names() if not name.startswith("backup-")} == before
    new = vault.host_files().identity
    assert vault.host_key.read_bytes() == host_key
    assert (new.name, new.not_after) == (old.name, old.not_after)
    assert new.serial != old.serial
    [listed] = present_lists(vault)
    assert listed.issuer == owner.authority.certificate.subject


def test_one_change_over_at_a_time(owner: Owner) -> None:
    """Neither a second one nor an end of none."""
    with pytest.raises(UsageError, match="no change-over of authorities is under way"):
        finish(owner.vault, owner.authority, owner.now, "test")
    start(owner)
    with pytest.raises(UsageError, match="is under way") as refusal:
        start(owner)
    assert "--finish" in refusal.value.hint
    finish(owner.vault, owner.authority, owner.now, "test")
    start(owner)
    finish(owner.vault, owner.authority, owner.now, "test")
    owner.vault.host_files()


def test_an_overlap_ends_with_the_old_authority_at_the_latest(owner: Owner) -> None:
    """What would be trusted longer is not valid any more."""
    owner.clock.wall = owner.authority.not_after - 86_400.0
    assert start(owner).until == owner.authority.previous.not_after  # type: ignore[union-attr]
    owner.clock.advance(2 * 86_400)
    assert may_finish(owner.registry, owner.now)
    finish(owner.vault, owner.authority, owner.now, "test")
    owner.vault.host_files()


def test_the_new_authority_is_as_asked_or_as_the_old_one(owner: Owner) -> None:
    """Its kind of key, its life; what cannot be is refused before anything is touched."""
    before = owner.names()
    for more in (
        {"life": timedelta(days=3_661)},
        {"life": MONTH},
        {"key_type": KeyType.ED25519},
        {"passphrase": b""},
    ):
        with pytest.raises(UsageError):
            start(owner, **more)
    with pytest.raises(UsageError):
        begin(owner.vault, owner.authority, timedelta(0), owner.now, "test")
    assert owner.names() == before
    start(owner, life=timedelta(days=365), key_type=KeyType.P384)
    authority = owner.authority
    assert authority.key.curve.name == "secp384r1"
    assert authority.not_after == int(owner.now) + 365 * 86_400
    finish(owner.vault, authority, owner.now, "test")
    start(owner)
    assert owner.authority.key.curve.name == "secp384r1"


def test_an_encrypted_authority_is_followed_by_an_encrypted_one(owner: Owner) -> None:
    """With one passphrase both are opened; with another the older one is left out."""
    vault = owner.vault
    vault.ca_key.write_bytes(owner.authority.key_pem(b"one"))
    authority = open_authority(vault, lambda: b"one")
    with pytest.raises(UsageError, match="needs a passphrase"):
        begin(vault, authority, MONTH, owner.now, "test")
    begin(vault, authority, MONTH, owner.now, "test", passphrase=b"one")
    assert key_is_encrypted(vault.ca_key)
    asked: list[bytes] = []

    def ask() -> bytes:
        asked.append(b"one")
        return b"one"

    assert open_authority(vault, ask).previous is not None
    assert len(asked) == 1
    vault.ca_key.write_bytes(open_authority(vault, ask).key_pem(b"two"))
    authority = open_authority(vault, lambda: b"two")
    assert authority.previous is None
    finish(vault, authority, owner.now, "test")
    vault.host_files()


def test_the_old_key_opens_nothing_under_another_authority(owner: Owner) -> None:
    """Who opened the authority before has to open it again."""
    old = owner.authority
    start(owner)
    for act in (
        lambda: begin(owner.vault, old, MONTH, owner.now, "test"),
        lambda: finish(owner.vault, old, owner.now, "test"),
        lambda: revoke(owner.vault, old, "bob", "unspecified", owner.now, "test"),
    ):
        with pytest.raises(IdentityError, match="another authority issues here now"):
            act()
    assert owner.registry.names() == {"alice", "bob"}


# --- when it ends by itself ----------------------------------------------------


def test_it_may_end_when_everybody_has_moved_or_its_time_is_over(owner: Owner) -> None:
    """Moved is who has used their new certificate; an open invitation waits for its guest."""
    vault = owner.vault
    assert not may_finish(owner.registry, owner.now)
    start(owner)
    for name in ("alice", "bob"):
        assert not may_finish(owner.registry, owner.now)
        made = renew(vault, name, now=owner.now, by="test")
        assert not may_finish(owner.registry, owner.now)
        supersede(vault, owner.authority, [made.replaces], owner.now, "test")
    assert may_finish(owner.registry, owner.now)
    made_out, _ = invite(vault, name="carol", now=owner.now, by="test")
    assert not may_finish(owner.registry, owner.now)
    cancel(vault, made_out.id, owner.now, "test")
    assert may_finish(owner.registry, owner.now)


def test_who_has_expired_or_was_revoked_does_not_hold_it_up(owner: Owner) -> None:
    """Nor does the host, which changes at the end; after its time nobody does."""
    late = Entry("carol", Role.MEMBER, "c", "", 0, int(owner.now) - 1, authority="old")
    host = Entry("localhost", Role.HOST, "h", "", 0, int(owner.now) + 9, authority="old")
    gone = Entry("bob", Role.MEMBER, "b", "", 0, int(owner.now) + 9, "revoked", authority="old")
    overlap = Overlap("new", owner.now, owner.now + 60)
    known = Registry({one.serial: one for one in (late, host, gone)}, overlap=overlap)
    assert left_behind(known, "new", owner.now) == ()
    assert may_finish(known, owner.now)
    there = replace(gone, state="valid")
    known = replace(known, entries={"b": there})
    assert left_behind(known, "new", owner.now) == (there,)
    assert not may_finish(known, owner.now + 5)
    assert may_finish(replace(known, entries={"b": replace(there, authority="new")}), owner.now)
    known = replace(known, entries={"b": replace(there, not_after=2_000_000_000)})
    assert not may_finish(known, owner.now + 59)
    assert may_finish(known, owner.now + 60)


# --- the folder during it ------------------------------------------------------


def test_init_certs_goes_on_working_during_a_change_over(owner: Owner) -> None:
    """It adds who is missing from the new authority and a lost host from the old, and adopts."""
    vault = owner.vault
    start(owner)
    new = owner.authority
    assert new.previous is not None
    renew(vault, "bob", now=owner.now, by="test")
    before = owner.names()
    assert init_certs(vault, InitRequest()).made == ()
    assert owner.names() == before
    init_certs(vault, InitRequest(clients=("carol",)))
    assert vault.client_files("carol").identity.issuer == new.name
    for name in ("host.crt", "crl.pem"):
        (vault.folder / name).unlink()
    assert init_certs(vault, InitRequest()).made == ("crl.pem", "host.crt")
    assert issued_by(certificates_in(vault.host_crt.read_bytes())[0], new.previous.certificate)
    vault.host_files()
    entries = owner.registry.entries
    vault.audit_file.unlink()
    init_certs(vault, InitRequest())
    now = owner.registry.entries
    assert set(now) <= set(entries)
    assert {s: e.authority for s, e in now.items()} == {s: entries[s].authority for s in now}
    assert {e.authority for e in now.values()} == {new.fingerprint, new.previous.fingerprint}


def test_a_lost_list_of_an_authority_without_its_key_is_explained(owner: Owner) -> None:
    """The way out is the end of the change-over."""
    start(owner)
    owner.vault.previous_ca_key.unlink()
    owner.vault.crl.unlink()
    with pytest.raises(IdentityError, match="cannot be signed anew") as refusal:
        init_certs(owner.vault, InitRequest())
    assert "--finish" in refusal.value.hint
    finish(owner.vault, owner.authority, owner.now, "test")
    owner.vault.host_files()


def test_an_end_goes_without_a_certificate_of_the_host(owner: Owner) -> None:
    """A lost one is made by init-certs, before or afterwards by the new authority."""
    start(owner)
    owner.vault.host_crt.unlink()
    finish(owner.vault, owner.authority, owner.now, "test")
    init_certs(owner.vault, InitRequest())
    assert owner.vault.host_authority() == owner.authority.certificate
    owner.vault.host_files()


def test_a_host_that_has_moved_keeps_its_certificate_at_the_end(owner: Owner) -> None:
    """Say when its owner made it anew by hand."""
    start(owner)
    key = certificates_in(owner.vault.host_crt.read_bytes())[0].public_key()
    leaf = owner.authority.issue_host(HostNames(("localhost",)), now=owner.now, life=MONTH, key=key)  # type: ignore[arg-type]
    owner.vault.host_crt.write_bytes(leaf.certificate_pem)
    finish(owner.vault, owner.authority, owner.now, "test")
    assert owner.vault.host_files().identity == leaf.identity


def test_a_forced_set_ends_a_change_over(owner: Owner) -> None:
    """Both old keys stand in the backup, and nothing of either authority is left."""
    start(owner)
    report = init_certs(owner.vault, InitRequest(force=True))
    assert report.backup is not None
    assert {path.name for path in report.backup.glob("*.key")} == {
        "ca.key",
        "host.key",
        "previous-ca.key",
    }
    assert len(owner.vault.ca_certificates()) == 1
    assert owner.registry.overlap is None
    owner.vault.host_files()
    owner.vault.client_files("alice")


def test_a_folder_with_a_list_missing_is_refused_before_any_handshake(owner: Owner) -> None:
    """OpenSSL would refuse the members of that authority."""
    crl = owner.vault.crl.read_bytes()
    start(owner)
    owner.vault.crl.write_bytes(crl)
    with pytest.raises(IdentityError, match=r"crl\.pem was not signed by ca\.crt"):
        owner.vault.host_files()


def test_a_bundle_with_something_else_in_it_is_refused(owner: Owner) -> None:
    """A leaf behind the authority, and an authority that another one issued."""
    vault, good = owner.vault, owner.vault.ca_crt.read_bytes()
    vault.ca_crt.write_bytes(good + vault.host_crt.read_bytes())
    with pytest.raises(IdentityError, match=r"ca\.crt was not issued by the authority"):
        vault.host_files()
    stranger = Authority.create(now=owner.now)
    vault.ca_crt.write_bytes(stranger.certificate_pem + good)
    vault.crl.write_bytes(stranger.crl([], now=owner.now) + vault.crl.read_bytes())
    vault.host_files()
    vault.client_files("alice")


def test_an_old_authority_that_expired_does_not_lock_the_new_ones_members_out(
    owner: Owner,
) -> None:
    """Only who has a certificate of the old one is out, and is told."""
    vault = owner.vault
    short = Authority.create(now=owner.now, life=timedelta(days=10))
    assert short.not_after < owner.authority.not_after
    vault.ca_crt.write_bytes(owner.authority.certificate_pem + short.certificate_pem)
    leaf = short.issue_member("bob", now=owner.now, life=timedelta(days=10))
    vault.client_crt("bob").write_bytes(leaf.certificate_pem)
    vault.client_key("bob").write_bytes(leaf.key_pem())
    vault.client_files("bob")
    owner.clock.advance(11 * 86_400)
    vault.client_files("alice")
    with pytest.raises(IdentityError, match="has expired"):
        vault.client_files("bob")


def test_a_device_is_handed_both_authorities_during_a_change_over(owner: Owner) -> None:
    """So it gets in before and after the end."""
    start(owner)
    [made] = issue(owner.vault, IssueRequest(names=("alice",), another_device=True), owner.now)
    theirs = Vault(made.folder, owner.clock)
    shake(client(theirs, "alice"), server(owner))
    finish(owner.vault, owner.authority, owner.now, "test")
    shake(client(theirs, "alice"), server(owner))
