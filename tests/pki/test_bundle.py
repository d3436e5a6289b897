"""Several authorities in one file."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import SystemClock
from secure_chat.pki.authority import Authority
from secure_chat.pki.bundle import (
    certificates_in,
    common_name,
    is_authority,
    issued_by,
    issuer_of,
    list_of,
    lists_in,
    pem_of,
    signed_by,
)
from secure_chat.pki.hostname import HostNames
from secure_chat.pki.keys import KeyType
from secure_chat.pki.leaf import Leaf, Revocation
from secure_chat.pki.profile import read_member
from secure_chat.tls.context import client_contexts, host_contexts
from tests.pki.handshake import shake

NOW = SystemClock().now()
LIFE = timedelta(days=1)
NEW, OLD = Authority.create(now=NOW, key_type=KeyType.P384), Authority.create(now=NOW)
STRANGER = Authority.create(now=NOW)


def test_a_bundle_is_read_in_its_order() -> None:
    """Certificates and lists come out as they went in, with text between them left aside."""
    certificates = [NEW.certificate, OLD.certificate]
    assert certificates_in(pem_of(certificates)) == certificates
    lists = [x509.load_pem_x509_crl(one.crl([], now=NOW)) for one in (NEW, OLD)]
    between = b"# the older one\n".join(one.public_bytes(Encoding.PEM) for one in lists)
    assert lists_in(between) == lists


@pytest.mark.parametrize(
    "damage",
    [b"", b"garbage", b"-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", b"-----BEGIN X"],
)
def test_what_is_no_bundle_is_an_error(damage: bytes) -> None:
    """Nothing and garbage are a ValueError, and so is one bad part behind good ones."""
    good = NEW.certificate_pem
    with pytest.raises(ValueError):  # noqa: PT011 # its words are the library's
        certificates_in(damage)
    with pytest.raises(ValueError):  # noqa: PT011 # its words are the library's
        lists_in(damage)
    bad = good.replace(good.splitlines()[3], b"A" * len(good.splitlines()[3]))
    with pytest.raises(ValueError):  # noqa: PT011 # its words are the library's
        certificates_in(good + bad)


def test_who_issued_something_is_found_among_several() -> None:
    """By name and signature; a stranger's belongs to none."""
    authorities = [NEW.certificate, OLD.certificate]
    for authority in (NEW, OLD):
        leaf = authority.issue_member("alice", now=NOW, life=LIFE)
        assert issuer_of(leaf.certificate, authorities) == authority.certificate
        assert not is_authority(leaf.certificate)
        assert not issued_by(leaf.certificate, leaf.certificate)
        assert common_name(leaf.certificate) == "alice"
        listed = x509.load_pem_x509_crl(authority.crl([], now=NOW))
        assert signed_by(listed, authority.certificate)
        assert not signed_by(listed, STRANGER.certificate)
        both = lists_in(OLD.crl([], now=NOW) + NEW.crl([], now=NOW))
        found = list_of(both, authority.certificate)
        assert found is not None
        assert found.issuer == authority.certificate.subject
        assert list_of(both, STRANGER.certificate) is None
    other = STRANGER.issue_member("alice", now=NOW, life=LIFE)
    assert issuer_of(other.certificate, authorities) is None
    assert is_authority(OLD.certificate)


def write(folder: Path, name: str, leaf: Leaf) -> tuple[Path, Path]:
    """Write certificate and key of a leaf."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    crt.write_bytes(leaf.certificate_pem)
    key.write_bytes(leaf.key_pem())
    return crt, key


@pytest.mark.parametrize("order", [(NEW, OLD), (OLD, NEW)], ids=["new first", "old first"])
@pytest.mark.parametrize("host_of", [OLD, NEW], ids=["old host", "new host"])
def test_a_host_takes_members_of_both_authorities_and_refuses_those_on_either_list(
    tmp_path: Path, order: tuple[Authority, Authority], host_of: Authority
) -> None:
    """With two certificates in one file and two lists in another, in whatever order.

    A member who trusts only one authority takes the host only if that one issued its certificate.
    """
    names = HostNames(("localhost",))
    host = write(tmp_path, "host", host_of.issue_host(names, now=NOW, life=LIFE))
    good = {id(one): one.issue_member("alice", now=NOW, life=LIFE) for one in order}
    bad = {id(one): one.issue_member("bob", now=NOW, life=LIFE) for one in order}
    ca, crl = tmp_path / "ca.crt", tmp_path / "crl.pem"
    ca.write_bytes(pem_of(one.certificate for one in order))
    crl.write_bytes(
        b"".join(
            one.crl([Revocation(bad[id(one)].identity.serial, NOW)], now=NOW)
            for one in reversed(order)
        )
    )
    server = host_contexts(ca, *host, crl).talking
    for one in order:
        client = client_contexts(ca, *write(tmp_path, "good", good[id(one)])).talking
        assert read_member(shake(client, server)).name == "alice"
        client = client_contexts(ca, *write(tmp_path, "bad", bad[id(one)])).talking
        with pytest.raises(ssl.SSLCertVerificationError, match="revoked"):
            shake(client, server)
        alone = tmp_path / "alone.crt"
        alone.write_bytes(one.certificate_pem)
        client = client_contexts(alone, *write(tmp_path, "good", good[id(one)])).talking
        if one is host_of:
            shake(client, server)
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
                shake(client, server)


def test_a_missing_list_refuses_the_members_of_that_authority(tmp_path: Path) -> None:
    """Which is why the folder is checked for one list of each authority before."""
    host = write(tmp_path, "host", OLD.issue_host(HostNames(("localhost",)), now=NOW, life=LIFE))
    ca, crl = tmp_path / "ca.crt", tmp_path / "crl.pem"
    ca.write_bytes(pem_of([NEW.certificate, OLD.certificate]))
    crl.write_bytes(OLD.crl([], now=NOW))
    server = host_contexts(ca, *host, crl).talking
    for authority, name in ((OLD, "old"), (NEW, "new")):
        leaf = authority.issue_member("alice", now=NOW, life=LIFE)
        client = client_contexts(ca, *write(tmp_path, name, leaf)).talking
        if authority is OLD:
            shake(client, server)
        else:
            with pytest.raises(ssl.SSLCertVerificationError, match="unable to get certificate CRL"):
                shake(client, server)


def test_a_key_that_can_sign_nothing_has_signed_no_list() -> None:
    """A certificate for such a key is somebody's, but no authority's."""
    key = x25519.X25519PrivateKey.generate().public_key()
    begin, end = OLD.certificate.not_valid_before_utc, OLD.certificate.not_valid_after_utc
    subject = OLD.certificate.subject
    certificate = x509.CertificateBuilder(subject, subject, key, 1, begin, end).sign(
        OLD.key, hashes.SHA256()
    )
    assert not signed_by(x509.load_pem_x509_crl(OLD.crl([], now=NOW)), certificate)
    assert not issued_by(OLD.certificate, certificate)
