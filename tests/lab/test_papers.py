"""Each bad certificate of the lab has the one fault it is named for, and no other."""

import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.errors import CertificateRefused
from secure_chat.lab.papers import Paper, Papers
from secure_chat.pki.profile import read_host, read_member
from secure_chat.pki.vault import Vault


def der(paper: Paper) -> bytes:
    """Return the leaf."""
    return leaf(paper).public_bytes(Encoding.DER)


def leaf(paper: Paper) -> x509.Certificate:
    """Return the leaf as a value."""
    return x509.load_pem_x509_certificates(paper.certificate.read_bytes())[0]


def is_ours(papers: Papers, certificate: x509.Certificate) -> bool:
    """Tell whether the authority of the community has signed it."""
    try:
        certificate.verify_directly_issued_by(papers.authority.certificate)
    except (ValueError, InvalidSignature):
        return False
    return True


def valid_now(certificate: x509.Certificate) -> bool:
    """Tell whether the clock is within its dates."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin.timestamp() <= time.time() <= end.timestamp()


def test_the_good_ones_are_good(papers: Papers) -> None:
    """Host and members can be used as they are."""
    vault = Vault(papers.ours.folder)
    assert vault.host_files().identity.fingerprint == papers.host().fingerprint
    for name in ("alice", "bob", "eve"):
        assert vault.client_files(name).identity.fingerprint == papers.member(name).fingerprint


@pytest.mark.parametrize(("file", "days", "side"), [("old", -120, 1), ("early", 30, -1)])
def test_a_dated_one_is_ours_and_out_of_its_time(
    papers: Papers, file: str, days: int, side: int
) -> None:
    """Whole but for its dates."""
    certificate = leaf(papers.dated(file, days))
    assert is_ours(papers, certificate)
    assert not valid_now(certificate)
    assert (time.time() - certificate.not_valid_before_utc.timestamp()) * side > 0
    assert read_member(certificate.public_bytes(Encoding.DER)).name == "alice"


def test_an_expired_host_is_ours_and_over(papers: Papers) -> None:
    """It would have been good three months ago."""
    paper = papers.expired_host()
    assert read_host(der(paper)).not_after < time.time()
    assert is_ours(papers, leaf(paper))


def test_a_namesake_differs_in_its_key_alone(papers: Papers) -> None:
    """The names of the authority are equal and its key identifiers are not."""
    certificate, ours = leaf(papers.same_name()), papers.authority.certificate
    assert certificate.issuer == ours.subject
    assert not is_ours(papers, certificate)
    assert key_of_issuer(certificate) != own_key(ours)
    assert read_member(certificate.public_bytes(Encoding.DER)).name == "alice"


def test_a_forgery_differs_in_its_signature_alone(papers: Papers) -> None:
    """Issuer and key identifier are those of our authority."""
    certificate, ours = leaf(papers.forged()), papers.authority.certificate
    assert certificate.issuer == ours.subject
    assert key_of_issuer(certificate) == own_key(ours)
    assert not is_ours(papers, certificate)
    assert read_member(certificate.public_bytes(Encoding.DER)).name == "alice"


def test_exactly_one_bit_is_changed_in_a_tampered_one(papers: Papers) -> None:
    """Changed back it is ours again."""
    changed = der(papers.tampered())
    assert not is_ours(papers, x509.load_der_x509_certificate(changed))
    assert read_member_name(changed) == "den"
    back = bytearray(changed)
    back[back.index(b"den@") + 1] ^= 1 << 2
    assert is_ours(papers, x509.load_der_x509_certificate(bytes(back)))
    assert read_member(bytes(back)).name == "dan"


def test_a_broken_chain_lacks_the_middle_alone(papers: Papers) -> None:
    """One certificate is sent, whose issuer is nobody the host knows."""
    paper = papers.below_unknown()
    assert paper.certificate.read_text().count("BEGIN") == 1
    assert leaf(paper).issuer != papers.authority.certificate.subject


def test_a_member_has_really_signed(papers: Papers) -> None:
    """Both signatures are good: the member's on it, and the authority's on the member's."""
    certificate, member = x509.load_pem_x509_certificates(
        papers.issued_by_member().certificate.read_bytes()
    )
    certificate.verify_directly_issued_by(member)
    assert is_ours(papers, member)


def test_a_home_made_one_has_a_signature_and_dates_and_nothing_else(papers: Papers) -> None:
    """No extension says what it is for."""
    certificate = leaf(papers.home_made())
    assert is_ours(papers, certificate)
    assert valid_now(certificate)
    assert list(certificate.extensions) == []


def test_two_purposes_are_all_that_is_wrong_with_one(papers: Papers) -> None:
    """The profile refuses it for its purposes."""
    paper = papers.both_purposes()
    assert is_ours(papers, leaf(paper))
    with pytest.raises(CertificateRefused) as caught:
        read_member(der(paper))
    assert caught.value.code == "purpose"


@pytest.mark.parametrize("listed", [True, False])
def test_a_revoked_one_stands_where_it_is_said(papers: Papers, *, listed: bool) -> None:
    """In the register always, on the signed list when it is to be."""
    vault = papers.revoked("eve", listed=listed)
    vault.host_files()
    eve = read_member(der(papers.member("eve")))
    entry = vault.registry().get(eve.serial)
    assert entry is not None
    assert entry.state == "revoked"
    crl = x509.load_pem_x509_crl(vault.crl.read_bytes())
    assert (crl.get_revoked_certificate_by_serial_number(int(eve.serial, 16)) is not None) is listed


def test_an_unregistered_one_is_faultless(papers: Papers) -> None:
    """Only the register does not know it."""
    identity = read_member(der(papers.unregistered()))
    assert identity.name == "carol"
    assert papers.ours.client_files("carol").identity == identity
    assert papers.ours.registry().get(identity.serial) is None


def test_a_host_with_other_names_is_whole(papers: Papers) -> None:
    """It starts; it is only not what is dialled here."""
    files = papers.other_names("other").host_files()
    assert files.identity.name == "chat.example.org"


def test_keys_are_private_and_authorities_stay_at_home(papers: Papers) -> None:
    """Modes as everywhere, and a host's folder has no key that could issue."""
    folder: Path = papers.ours.folder.parent
    papers.foreign("elsewhere")
    keys = list(folder.rglob("*.key"))
    assert len(keys) > 5
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)
    assert {key.parent.name for key in folder.rglob("ca.key")} == {"community", "elsewhere"}


def own_key(certificate: x509.Certificate) -> bytes:
    """Return the identifier of a certificate's own key."""
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def key_of_issuer(certificate: x509.Certificate) -> bytes | None:
    """Return the identifier of the key that is said to have signed."""
    found = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    return found.value.key_identifier


def read_member_name(changed: bytes) -> str:
    """Return the name in the mailbox of a certificate."""
    certificate = x509.load_der_x509_certificate(changed)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (mailbox,) = names.get_values_for_type(x509.RFC822Name)
    return mailbox.partition("@")[0]
