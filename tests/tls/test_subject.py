"""The names in a certificate, of good ones and of what nobody should accept."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type as Kind
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.tls.subject import subject_and_issuer
from tests.tls.paper import DAY, MEMBER, NOW, Authority

KEY = ec.generate_private_key(ec.SECP256R1())
PLAIN = Kind.UTF8String


def certificate(*relative: list[tuple[x509.ObjectIdentifier, str, Kind]]) -> bytes:
    """Return a certificate in DER with a subject of these parts."""
    subject = x509.Name(
        x509.RelativeDistinguishedName(
            x509.NameAttribute(oid, value, kind, _validate=False) for oid, value, kind in part
        )
        for part in relative
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")]))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(KEY, hashes.SHA256())
    )
    return made.public_bytes(Encoding.DER)


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a leaf of an authority, in DER."""
    return Authority(tmp_path_factory.mktemp("subject") / "ca").issue("alice", MEMBER).der


def test_a_leaf_names_its_holder_and_its_issuer(leaf: bytes) -> None:
    """Both in the form that Zeek writes too."""
    assert subject_and_issuer(leaf) == ("CN=alice", "CN=test CA")


def test_the_most_specific_part_comes_first_and_sets_are_joined() -> None:
    """RFC 4514 section 2.1 turns the order round; parts of one set are joined by a plus."""
    der = certificate(
        [(NameOID.COUNTRY_NAME, "DE", Kind.PrintableString)],
        [
            (NameOID.ORGANIZATION_NAME, "Acme", PLAIN),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "x", PLAIN),
        ],
        [(NameOID.COMMON_NAME, "alice", PLAIN)],
    )
    subject, _ = subject_and_issuer(der)

    assert subject in {"CN=alice,O=Acme+OU=x,C=DE", "CN=alice,OU=x+O=Acme,C=DE"}


@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a,CN=root", "CN=a\\,CN\\=root"),
        ('"\\<>;+', 'CN=\\"\\\\\\<\\>\\;\\+'),
        (" x ", "CN=\\ x\\ "),
        ("#x", "CN=\\#x"),
        (" ", "CN=\\ "),
        ("a\x00b", "CN=a\\00b"),
        ("", "CN="),
    ],
)
def test_a_value_cannot_pretend_to_be_two(value: str, written: str) -> None:
    """What has a meaning between values is escaped inside one."""
    assert subject_and_issuer(certificate([(NameOID.COMMON_NAME, value, PLAIN)]))[0] == written


@pytest.mark.parametrize("kind", [PLAIN, Kind.T61String, Kind.BMPString, Kind.UniversalString])
def test_every_kind_of_string_is_read(kind: Kind) -> None:
    """Old certificates hold older kinds of text."""
    der = certificate([(NameOID.COMMON_NAME, "alice", kind)])

    assert subject_and_issuer(der)[0] == "CN=alice"


def test_what_is_no_text_and_what_has_no_name_is_shown_in_hex() -> None:
    """An unknown attribute and an unknown kind of value are still told from others."""
    strange = x509.ObjectIdentifier("1.2.3.4")
    der = certificate([(strange, "x", PLAIN)])
    octets = bytearray(certificate([(NameOID.COMMON_NAME, "zz", PLAIN)]))
    at = bytes(octets).index(b"\x0c\x02zz")
    octets[at] = 0x04

    assert subject_and_issuer(der)[0] == "oid.2a0304=x"
    assert subject_and_issuer(bytes(octets))[0] == "CN=#7a7a"


def test_an_attribute_without_a_type_is_not_read(leaf: bytes) -> None:
    """A name that is no name is None, as a whole."""
    broken = bytearray(leaf)
    broken[leaf.index(b"\x06\x03\x55\x04\x03")] = 0x04

    assert subject_and_issuer(bytes(broken)) == (None, None)


def test_a_certificate_of_version_1_is_read_too(leaf: bytes) -> None:
    """Version 1 has no version field, and the profile is not asked here."""
    # Drop the five octets of the version and shorten the two lengths around them.
    assert leaf[0] == 0x30
    assert leaf[1] == 0x82
    body = leaf[4:]
    whole, signed = int.from_bytes(leaf[2:4], "big"), int.from_bytes(body[2:4], "big")
    old = (
        b"\x30\x82"
        + (whole - 5).to_bytes(2, "big")
        + b"\x30\x82"
        + (signed - 5).to_bytes(2, "big")
        + body[9:]
    )

    assert subject_and_issuer(old) == ("CN=alice", "CN=test CA")


@pytest.mark.parametrize(
    "der", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x85\x01\x00\x00\x00\x00", b"\x30\x02\x05\x00"]
)
def test_what_is_no_certificate_has_no_names(der: bytes) -> None:
    """Unknown lengths, endless lengths and nothing at all are None."""
    assert subject_and_issuer(der) == (None, None)


@given(data=st.data())
def test_no_damage_raises(data: st.DataObject, leaf: bytes) -> None:
    """Whatever bytes a stranger sends, the names are text or None."""
    damaged = bytearray(leaf)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(leaf) - 1))] = data.draw(st.integers(0, 255))

    for name in subject_and_issuer(bytes(damaged[: data.draw(st.integers(0, len(leaf)))])):
        assert name is None or isinstance(name, str)
