"""What stands in a certificates folder."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.pki.inventory import holdings, load_certificate
from secure_chat.pki.rotation import begin
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.fakes import FakeClock
from tests.pki.conftest import Owner
from tests.pki.forge import host_draft, name


def pem(der: bytes) -> bytes:
    """Return a certificate as PEM."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    """Neither a missing folder nor one with other files holds a certificate."""
    (tmp_path / "ca.crt").write_bytes(b"garbage")
    assert holdings(Vault(tmp_path)) == []
    assert holdings(Vault(tmp_path / "missing")) == []
    assert load_certificate(tmp_path / "ca.crt") is None


def test_each_certificate_is_listed_with_its_facts(tmp_path: Path) -> None:
    """Authority, host and people, with fingerprints of the octets and the keys that are here."""
    clock = FakeClock()
    vault = Vault(tmp_path / "certs", clock)
    init_certs(vault, InitRequest(passphrase=b"secret", host_names=("b.example",)))
    vault.client_key("bob").unlink()
    (vault.folder / "clients" / "No Name.crt").write_bytes(vault.client_crt("bob").read_bytes())
    found = holdings(vault)
    assert [(item.kind, item.name) for item in found[1:]] == [
        ("host", "localhost"),
        ("client", "alice"),
        ("client", "bob"),
    ]
    ca, host, alice, bob = found
    assert (ca.kind, ca.name[:14], ca.key) == ("ca", "securechat CA ", vault.ca_key)
    assert host.names == ("localhost", "b.example", "127.0.0.1", "::1")
    assert (alice.encrypted, alice.key) == (True, vault.client_key("alice"))
    assert (bob.encrypted, bob.key) == (False, None)
    for item in found:
        certificate = x509.load_pem_x509_certificate(item.certificate.read_bytes())
        der = certificate.public_bytes(Encoding.DER)
        assert item.sha256 == hashlib.sha256(der).hexdigest()
        assert item.serial == f"{certificate.serial_number:x}"
        assert item.not_before == int(clock.wall) - 3_600
        assert item.not_after == certificate.not_valid_after_utc.timestamp()


def test_during_a_change_over_both_authorities_are_listed(owner: Owner) -> None:
    """The one that issues first, each with its own key; then all others as ever."""
    begin(owner.vault, owner.authority, timedelta(days=30), owner.now, "test")
    new, old, *others = holdings(owner.vault)
    assert [new.kind, old.kind] == ["ca", "ca"]
    assert (new.name, new.key) == (owner.authority.name, owner.vault.ca_key)
    assert (old.name, old.key) == (owner.authority.previous.name, owner.vault.previous_ca_key)  # type: ignore[union-attr]
    assert new.certificate == old.certificate == owner.vault.ca_crt
    assert [item.name for item in others] == ["localhost", "alice", "bob"]


def test_a_strange_host_certificate_is_listed_too(tmp_path: Path) -> None:
    """Listing judges nothing: no common name and no alternative name are simply empty."""
    draft = host_draft()
    few = {key: value for key, value in draft.extensions.items() if key != "san"}
    (tmp_path / "host.crt").write_bytes(pem(replace(draft, extensions=few, subject=name()).der()))
    [item] = holdings(Vault(tmp_path))
    assert (item.name, item.names, item.key) == ("", (), None)
