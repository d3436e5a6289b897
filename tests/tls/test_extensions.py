"""Extensions are told one by one, whatever they hold, and agree with another reader of them."""

import random
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from secure_chat.limits import Limits
from secure_chat.tls.certificate import certificate_extensions
from secure_chat.tls.extensions import Extension
from tests.pki.forge import Draft, extension, host_draft, kept_key, member_draft, oid, tlv

SKI = x509.SubjectKeyIdentifier.from_public_key(kept_key()).digest.hex()


def told(draft: Draft) -> dict[str, Extension]:
    """Return the extensions of a certificate by name."""
    return {one.name: one for one in certificate_extensions(draft.der())}


def only(value: bytes, identifier: str, *, mark: bool = False) -> Extension:
    """Return what is told of a single extension."""
    draft = Draft(member_draft().subject, {"x": extension(identifier, value, mark=mark)})
    [found] = certificate_extensions(draft.der())
    return found


def test_a_member_s_certificate_is_told_whole() -> None:
    """In its order, with what is critical."""
    found = certificate_extensions(member_draft().der())
    assert [(one.name, one.critical, one.value) for one in found][:5] == [
        ("basicConstraints", True, "CA:FALSE"),
        ("keyUsage", True, "digitalSignature"),
        ("extKeyUsage", False, "clientAuth"),
        ("subjectAltName", False, "email:alice@member.securechat.internal"),
        ("subjectKeyIdentifier", False, SKI),
    ]
    assert found[5].name == "authorityKeyIdentifier"
    assert found[5].value.startswith("keyid:")
    assert found[0].oid == "2.5.29.19"


def test_a_host_s_names_are_told() -> None:
    """Each with its kind."""
    found = told(host_draft())
    assert found["subjectAltName"].value == "DNS:localhost, IP:127.0.0.1"
    assert found["extKeyUsage"].value == "serverAuth"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (x509.BasicConstraints(ca=True, path_length=None), "CA:TRUE"),
        (x509.BasicConstraints(ca=True, path_length=0), "CA:TRUE, pathlen:0"),
        (x509.BasicConstraints(ca=True, path_length=12), "CA:TRUE, pathlen:12"),
        (x509.BasicConstraints(ca=False, path_length=None), "CA:FALSE"),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
            "anyExtendedKeyUsage",
        ),
        (
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.2.3.4.5")]),
            "clientAuth, 1.2.3.4.5",
        ),
        (
            x509.SubjectAlternativeName(
                [x509.DNSName("a.example"), x509.IPAddress(ip_address("::1"))]
            ),
            "DNS:a.example, IP:::1",
        ),
        (x509.IssuerAlternativeName([x509.RFC822Name("a@b.c")]), "email:a@b.c"),
        (
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=True,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=True,
            ),
            "digitalSignature, nonRepudiation, keyAgreement, keyCertSign, cRLSign, decipherOnly",
        ),
        (x509.AuthorityKeyIdentifier(b"\x01\x02", None, None), "keyid:0102"),
        (
            x509.AuthorityKeyIdentifier(b"\x01", [x509.DirectoryName(x509.Name([]))], 7),
            "keyid:01, and its issuer and serial number",
        ),
    ],
)
def test_what_another_library_writes_is_read(value: x509.ExtensionType, wanted: str) -> None:
    """Value for value."""
    assert only(value.public_bytes(), value.oid.dotted_string).value == wanted


def test_what_is_not_known_is_told_by_number_and_in_hex() -> None:
    """And whether it is critical."""
    found = only(b"\x05\x00", "1.2.3.4", mark=True)
    assert found == Extension("1.2.3.4", "1.2.3.4", critical=True, value="#0500")
    assert only(b"\x04\x00", "2.5.29.31").name == "cRLDistributionPoints"


@pytest.mark.parametrize("identifier", ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.35"])
@pytest.mark.parametrize("value", [b"", b"\x30", b"\x30\x05\x01", b"\xff" * 40, bytes(40)])
def test_what_cannot_be_read_is_told_in_hex(identifier: str, value: bytes) -> None:
    """Whatever it claims to be; or read as far as it goes, and never an error."""
    found = only(value, identifier)
    assert found.value == f"#{value.hex()}" or not found.value.startswith("#")


def test_a_false_that_is_written_out_is_not_critical() -> None:
    """DER leaves it out; others do not."""
    entry = tlv(0x30, oid("2.5.29.19"), tlv(0x01, b"\x00"), tlv(0x04, tlv(0x30)))
    [found] = certificate_extensions(Draft(member_draft().subject, {"x": entry}).der())
    assert not found.critical


def test_a_length_that_no_number_fits_is_bounded() -> None:
    """Python refuses to print numbers of thousands of digits."""
    value = tlv(0x30, tlv(0x01, b"\xff"), tlv(0x02, b"\x7f" * 5_000))
    assert only(value, "2.5.29.19").value.startswith("CA:TRUE, pathlen:#7f7f")
    assert len(only(value, "2.5.29.19").value) <= Limits().text_chars


def test_what_is_long_is_cut() -> None:
    """A value, an identifier, and how many there are."""
    assert len(only(bytes(100_000), "1.2.3").value) <= Limits().text_chars
    many = {str(n): extension(f"1.2.{n}", b"") for n in range(5_000)}
    found = certificate_extensions(Draft(member_draft().subject, many).der())
    assert len(found) == Limits().names_recorded
    long = tlv(0x30, tlv(0x06, b"\x81" * 4_000 + b"\x01"), tlv(0x04, b""))
    [odd] = certificate_extensions(Draft(member_draft().subject, {"x": long}).der())
    assert len(odd.oid) <= Limits().text_chars


def test_a_repeated_extension_is_told_twice() -> None:
    """Whoever looks sees what the certificate does."""
    value = x509.BasicConstraints(ca=True, path_length=None).public_bytes()
    entries = {"a": extension("2.5.29.19", value), "b": extension("2.5.29.19", tlv(0x30))}
    found = certificate_extensions(Draft(member_draft().subject, entries).der())
    assert [one.value for one in found] == ["CA:TRUE", "CA:FALSE"]


def test_a_certificate_without_any_has_none() -> None:
    """As one of version 1."""
    assert certificate_extensions(Draft(member_draft().subject, {}).der()) == ()


def test_no_bytes_raise() -> None:
    """Cut anywhere, and with any octet changed."""
    der = host_draft().der()
    chance = random.Random(3)  # noqa: S311 - no secret
    for end in range(len(der)):
        certificate_extensions(der[:end])
    for _ in range(3_000):
        octets = bytearray(der)
        for _ in range(chance.randrange(1, 4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        for one in certificate_extensions(bytes(octets)):
            assert len(one.value) <= Limits().text_chars


def test_ours_are_read_as_the_library_reads_them() -> None:
    """Number, mark and order."""
    for draft in (member_draft(), host_draft()):
        der = draft.der()
        theirs = x509.load_der_x509_certificate(der).extensions
        ours = certificate_extensions(der)
        assert [(one.oid, one.critical) for one in ours] == [
            (one.oid.dotted_string, one.critical) for one in theirs
        ]
        assert x509.load_der_x509_certificate(der).public_bytes(Encoding.DER) == der
