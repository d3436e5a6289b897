"""Another certificate for a key that has one: people's and the host's."""

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.bundle import certificates_in, issued_by, pem_of
from secure_chat.pki.hostname import HostNames
from secure_chat.pki.identity import Role
from secure_chat.pki.issuing import promote, renew, renew_host
from secure_chat.pki.keys import key_from_pem, key_to_pem
from secure_chat.pki.registry import SUPERSEDED
from secure_chat.pki.revoking import revoke, supersede
from secure_chat.pki.rotation import begin, finish
from secure_chat.pki.setup import InitRequest, init_certs
from tests.pki.conftest import Owner

DAY = 86_400.0


def test_a_person_whose_key_is_here_gets_another_certificate(owner: Owner) -> None:
    """Same key, same life, one file replaced and nothing left beside it; the old one counts."""
    old, key = owner.newest("alice"), owner.vault.client_key("alice").read_bytes()
    before = owner.names()
    owner.clock.advance(60 * DAY)
    made = renew(owner.vault, "alice", now=owner.now, by="test")
    assert owner.vault.client_files("alice").identity == made.identity
    assert made.identity.not_after == int(owner.now + 90 * DAY)
    assert made.replaces == old.serial
    assert (owner.newest("alice").replaces, owner.newest("alice").state) == (old.serial, "valid")
    assert owner.registry.entries[old.serial].state == "valid"
    assert owner.vault.client_key("alice").read_bytes() == key
    assert owner.names() == before


def test_a_life_can_be_given_and_an_expired_one_be_renewed(owner: Owner) -> None:
    """The owner may always; from then on the given life is the one that is kept."""
    owner.clock.advance(200 * DAY)
    made = renew(owner.vault, "alice", life=timedelta(days=7), now=owner.now, by="test")
    assert made.identity.not_after == int(owner.now + 7 * DAY)
    made = renew(owner.vault, "alice", now=owner.now, by="test")
    assert made.identity.not_after == int(owner.now + 7 * DAY)
    with pytest.raises(UsageError, match="397d"):
        renew(owner.vault, "alice", life=timedelta(days=398), now=owner.now, by="test")


def test_the_persons_passphrase_is_not_needed(owner: Owner) -> None:
    """The key stays closed; only the authority's is opened."""
    path = owner.vault.client_key("alice")
    key = key_from_pem(path.read_bytes(), None, where="alice.key")
    path.write_bytes(key_to_pem(key, b"alice's own"))
    owner.vault.ca_key.write_bytes(owner.authority.key_pem(b"the owner's"))
    with pytest.raises(IdentityError, match=r"ca\.key is encrypted"):
        renew(owner.vault, "alice", now=owner.now, by="test")
    renew(owner.vault, "alice", unlock=lambda: b"the owner's", now=owner.now, by="test")
    owner.vault.client_files("alice", lambda: b"alice's own")


@pytest.mark.parametrize("missing", ["crt", "key"])
def test_whose_key_is_elsewhere_is_renewed_there(owner: Owner, missing: str) -> None:
    """The error says how."""
    (owner.vault.folder / "clients" / f"alice.{missing}").unlink()
    with pytest.raises(IdentityError, match="the key of alice is not here") as refusal:
        renew(owner.vault, "alice", now=owner.now, by="test")
    assert "securechat invite alice --another-device" in refusal.value.hint


def test_what_does_not_count_is_not_renewed(owner: Owner) -> None:
    """A revoked one, a copy left behind, a retired name, garbage, and a stranger's."""
    vault, serial = owner.vault, owner.newest("alice").serial
    supersede(vault, None, [serial], owner.now, "test")
    with pytest.raises(IdentityError, match="its successor is in use elsewhere"):
        renew(vault, "alice", now=owner.now, by="test")
    revoke(vault, None, serial, "keyCompromise", owner.now, "test")
    with pytest.raises(IdentityError, match="keyCompromise"):
        renew(vault, "alice", now=owner.now, by="test")
    revoke(vault, None, "bob", "unspecified", owner.now, "test")
    with pytest.raises(UsageError, match="nobody gets the name bob"):
        renew(vault, "bob", now=owner.now, by="test")
    vault.client_crt("alice").write_bytes(vault.client_crt("bob").read_bytes())
    with pytest.raises(IdentityError, match="not in the registry as a certificate of alice"):
        renew(vault, "alice", now=owner.now, by="test")
    vault.client_crt("alice").write_bytes(b"garbage")
    with pytest.raises(IdentityError, match="is not a certificate"):
        renew(vault, "alice", now=owner.now, by="test")


def test_a_promoted_persons_renewal_is_an_operators(owner: Owner) -> None:
    """What the registry says of the role goes before what the old certificate says."""
    promote(owner.vault, None, "alice", now=owner.now, by="test")
    assert renew(owner.vault, "alice", now=owner.now, by="test").identity.role is Role.OPERATOR


def test_what_an_earlier_authority_issued_is_issued_again_by_the_present_one(owner: Owner) -> None:
    """For those whom a change-over has left behind and whose key stands here."""
    begin(owner.vault, owner.authority, timedelta(days=1), owner.now, "test")
    finish(owner.vault, owner.authority, owner.now, "test")
    with pytest.raises(IdentityError, match="not issued by the authority"):
        owner.vault.client_files("alice")
    renew(owner.vault, "alice", now=owner.now, by="test")
    owner.vault.client_files("alice")


# --- the host ------------------------------------------------------------------


def test_the_hosts_certificate_is_renewed_when_it_is_due(owner: Owner) -> None:
    """Same names, same key, same life, one file replaced; before that nothing happens."""
    vault, before = owner.vault, owner.names()
    old, key = vault.host_files().identity, vault.host_key.read_bytes()
    names = certificates_in(vault.host_crt.read_bytes())[0].extensions
    owner.clock.advance(60 * DAY - 1)
    assert renew_host(vault, owner.authority, owner.now, "test") is None
    owner.clock.advance(1)
    leaf = renew_host(vault, owner.authority, owner.now, "test")
    assert leaf is not None
    assert vault.host_files().identity == leaf.identity
    assert (leaf.identity.name, leaf.identity.role) == (old.name, Role.HOST)
    assert leaf.identity.not_after == int(owner.now + 90 * DAY)
    new = certificates_in(vault.host_crt.read_bytes())[0].extensions
    assert [one.value for one in new] == [one.value for one in names]
    assert vault.host_key.read_bytes() == key
    assert owner.names() == before
    assert renew_host(vault, owner.authority, owner.now, "test") is None
    entry = owner.registry.entries[old.serial]
    assert (entry.state, entry.reason) == ("revoked", SUPERSEDED)
    assert owner.registry.entries[leaf.identity.serial].replaces == old.serial


def test_the_hosts_certificate_is_renewed_on_demand(owner: Owner) -> None:
    """Of every shape of names: only an address, many names."""
    vault = owner.vault
    for name in ("host.crt", "host.key"):
        (vault.folder / name).unlink()
    init_certs(vault, InitRequest(host_names=("chat.example.org", "192.0.2.7", "2001:db8::7")))
    before = vault.host_files().identity
    leaf = renew_host(vault, owner.authority, owner.now, "test", force=True)
    assert leaf is not None
    assert leaf.identity.serial != before.serial
    assert leaf.identity.not_after == before.not_after


def test_a_host_certificate_that_the_trail_does_not_know_is_renewed_too(owner: Owner) -> None:
    """One made by hand, or before the trail was lost."""
    vault, authority = owner.vault, owner.authority
    key = certificates_in(vault.host_crt.read_bytes())[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    leaf = authority.issue_host(
        HostNames(("localhost",)), now=owner.now, life=timedelta(hours=3), key=key
    )
    vault.host_crt.write_bytes(leaf.certificate_pem)
    made = renew_host(vault, authority, owner.now, "test", force=True)
    assert made is not None
    assert made.identity.not_after == int(owner.now) + 3 * 3_600
    assert owner.registry.entries[made.identity.serial].replaces == ""


def test_during_a_change_over_the_older_authority_renews_the_host(owner: Owner) -> None:
    """Members who have not moved trust that one only; without its key the way out is named."""
    vault = owner.vault
    begin(vault, owner.authority, timedelta(days=300), owner.now, "test")
    owner.clock.advance(61 * DAY)
    authority = owner.authority
    assert authority.previous is not None
    leaf = renew_host(vault, authority, owner.now, "test")
    assert leaf is not None
    assert issued_by(leaf.certificate, authority.previous.certificate)
    vault.host_files()
    owner.clock.advance(61 * DAY)
    with pytest.raises(IdentityError, match="its key is not here") as refusal:
        renew_host(vault, replace(authority, previous=None), owner.now, "test")
    assert "--finish" in refusal.value.hint


def test_a_host_certificate_that_ends_with_its_authority_is_not_due(owner: Owner) -> None:
    """Another one would end at the same moment, and be due again sooner and sooner."""
    vault = owner.vault
    owner.clock.wall = owner.authority.not_after - 10 * DAY
    leaf = renew_host(vault, owner.authority, owner.now, "test", force=True)
    assert leaf is not None
    assert leaf.identity.not_after == owner.authority.not_after
    owner.clock.advance(9 * DAY)
    assert renew_host(vault, owner.authority, owner.now, "test") is None


def test_a_host_certificate_that_cannot_be_read_is_explained(owner: Owner) -> None:
    """Missing or garbage."""
    owner.vault.host_crt.write_bytes(b"garbage")
    with pytest.raises(IdentityError, match=r"host\.crt is not a certificate"):
        renew_host(owner.vault, owner.authority, owner.now, "test")
    owner.vault.host_crt.unlink()
    with pytest.raises(IdentityError, match=r"host\.crt is missing"):
        renew_host(owner.vault, owner.authority, owner.now, "test")


@pytest.mark.parametrize("what", ["key", "names"])
def test_a_host_certificate_of_an_odd_shape_is_explained(owner: Owner, what: str) -> None:
    """With a key that cannot sign, or with no name at all."""
    authority, old = owner.authority, certificates_in(owner.vault.host_crt.read_bytes())[0]
    key = x25519.X25519PrivateKey.generate().public_key() if what == "key" else old.public_key()
    builder = x509.CertificateBuilder(
        old.issuer,
        old.subject,
        key,
        old.serial_number,
        old.not_valid_before_utc,
        old.not_valid_after_utc,
    )
    odd = builder.sign(authority.key, hashes.SHA256())
    owner.vault.host_crt.write_bytes(pem_of([odd]))
    with pytest.raises((IdentityError, UsageError), match=r"has a key|needs a first name"):
        renew_host(owner.vault, authority, owner.now, "test", force=True)
