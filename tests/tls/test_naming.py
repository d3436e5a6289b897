"""The names inside certificates as text, of good ones and of what nobody should accept."""

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type as Kind
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.limits import Limits
from secure_chat.tls.naming import alternative_names, distinguished_name, shortened
from secure_chat.tls.octets import Cut
from tests.pki.forge import name, only, tlv

PLAIN = Kind.UTF8String
MOST = Limits().text_chars


def written(*relative: list[tuple[x509.ObjectIdentifier, str, Kind]]) -> str:
    """Return the text of a name of these parts."""
    made = x509.Name(
        x509.RelativeDistinguishedName(
            x509.NameAttribute(oid, value, kind, _validate=False) for oid, value, kind in part
        )
        for part in relative
    )
    return of(made.public_bytes())


def of(der: bytes) -> str:
    """Return the text of a name in DER."""
    head = 2 if der[1] < 0x80 else 2 + der[1] - 0x80
    return distinguished_name(der[head:])


def test_the_most_specific_part_comes_first_and_sets_are_joined() -> None:
    """RFC 4514 section 2.1 turns the order round; parts of one set are joined by a plus."""
    text = written(
        [(NameOID.COUNTRY_NAME, "DE", Kind.PrintableString)],
        [
            (NameOID.ORGANIZATION_NAME, "Acme", PLAIN),
            (NameOID.ORGANIZATIONAL_UNIT_NAME, "x", PLAIN),
        ],
        [(NameOID.COMMON_NAME, "alice", PLAIN)],
    )

    assert text in {"CN=alice,O=Acme+OU=x,C=DE", "CN=alice,OU=x+O=Acme,C=DE"}


@pytest.mark.filterwarnings("ignore:Attribute's length:UserWarning")
@pytest.mark.parametrize(
    ("value", "text"),
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
def test_a_value_cannot_pretend_to_be_two(value: str, text: str) -> None:
    """What has a meaning between values is escaped inside one."""
    assert written([(NameOID.COMMON_NAME, value, PLAIN)]) == text


@pytest.mark.parametrize("kind", [PLAIN, Kind.T61String, Kind.BMPString, Kind.UniversalString])
def test_every_kind_of_string_is_read(kind: Kind) -> None:
    """Old certificates hold older kinds of text."""
    assert written([(NameOID.COMMON_NAME, "alice", kind)]) == "CN=alice"


def test_what_is_no_text_and_what_has_no_name_is_still_told_from_others() -> None:
    """An unknown attribute is its identifier, an unknown kind of value its octets."""
    strange = x509.ObjectIdentifier("1.2.3.4")

    assert written([(strange, "x", PLAIN)]) == "1.2.3.4=x"
    assert of(name(("2.5.4.3", b"zz"), tag=0x04)) == "CN=#7a7a"


def test_octets_that_are_no_text_are_replaced() -> None:
    """A string that lies about its encoding is shown as far as it goes."""
    assert of(name(("2.5.4.3", b"a\xff"))) == "CN=a\ufffd"


@pytest.mark.parametrize(
    "content",
    [
        tlv(0x31, tlv(0x30, tlv(0x04, b"\x55\x04\x03"), tlv(0x0C, b"x"))),
        tlv(0x31, tlv(0x31, tlv(0x06, b"\x55\x04\x03"), tlv(0x0C, b"x"))),
        tlv(0x31, tlv(0x30, tlv(0x06, b"\x55\x04\x83"), tlv(0x0C, b"x"))),
        tlv(0x31, tlv(0x30, tlv(0x06, b"\x55\x04\x03"))),
        b"\x31\x09",
    ],
)
def test_a_name_that_is_no_name_is_cut(content: bytes) -> None:
    """Attributes without a type or a value, and torn ones."""
    with pytest.raises(Cut):
        distinguished_name(content)


def test_nothing_is_a_name_too() -> None:
    """RFC 5280 allows an empty subject where there are alternative names."""
    assert distinguished_name(b"") == ""


def test_alternative_names_are_written_by_kind() -> None:
    """RFC 5280 section 4.2.1.6; what is no text is known by its kind."""
    entries = [
        (tlv(0x82, b"localhost"), "DNS:localhost"),
        (tlv(0x81, b"a@b.example"), "email:a@b.example"),
        (tlv(0x86, b"urn:x"), "URI:urn:x"),
        (tlv(0x87, bytes([127, 0, 0, 1])), "IP:127.0.0.1"),
        (tlv(0x87, bytes(15) + b"\x01"), "IP:::1"),
        (tlv(0x87, b"\x7f\x00"), "IP:#7f00"),
        (tlv(0xA0, b""), "other:otherName"),
        (tlv(0xA3, b""), "other:x400Address"),
        (tlv(0xA4, b""), "other:directoryName"),
        (tlv(0xA5, b""), "other:ediPartyName"),
        (tlv(0x88, b"\x2a"), "other:registeredID"),
        (tlv(0x0C, b"?"), "other:#0c"),
        (tlv(0x82, b"caf\xe9\x00\x1b"), "DNS:caf\\xe9\x00\x1b"),
    ]

    found = alternative_names(tlv(0x30, *(der for der, _ in entries)))

    assert found == tuple(text for _, text in entries)


def test_a_list_of_names_that_is_none_is_cut() -> None:
    """A value that is no sequence, and a torn one."""
    for value in (b"", tlv(0x31), tlv(0x30, b"\x82\x05a")):
        with pytest.raises(Cut):
            alternative_names(value)


def test_a_record_cannot_be_filled_by_one_name() -> None:
    """Long texts end with dots, and of many names the first ones are listed."""
    long = of(name(("2.5.4.3", b"x" * 90_000)))
    many = of(name(*(("2.5.4.3", b"x" * 100) for _ in range(1_000))))
    empty = of(tlv(0x30, tlv(0x31) * 20_000))
    pair = tlv(0x30, tlv(0x06, b"\x2a"), tlv(0x0C))
    wide = of(tlv(0x30, tlv(0x31, *[pair] * 9_000) * 3))

    for text in (long, many, empty, wide):
        assert len(text) == MOST
        assert text.endswith("...")
    assert many.startswith("CN=xxx")
    (dns,) = alternative_names(only(tlv(0x82, b"\xff" * 90_000)))
    assert len(dns) == MOST
    (address,) = alternative_names(only(tlv(0x87, b"\x01" * 90_000)))
    assert len(address) == MOST
    assert len(alternative_names(tlv(0x30, tlv(0x82) * 5_000))) == Limits().names_recorded


@given(st.text(max_size=MOST * 2))
def test_shortening_leaves_what_fits_as_it_is(text: str) -> None:
    """Only what is too long is cut, to exactly the bound."""
    found = shortened(text)

    assert found == text or (len(found) == MOST and found.startswith(text[: MOST - 3]))
