"""The profile lets in what init-certs issues, and nothing that differs in even one thing."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.errors import CertificateRefused
from secure_chat.pki.identity import Role, is_name
from secure_chat.pki.keys import KeyType
from secure_chat.pki.profile import Rule, mailbox, read_host, read_member
from tests.pki.forge import (
    BEGIN,
    SIGNS,
    Draft,
    authority_key,
    critical,
    extension,
    host_draft,
    kept_key,
    key_identifiers,
    key_info,
    member_draft,
    name,
    oid,
    only,
    tlv,
)

CN = "2.5.4.3"
CASES: list[tuple[str, Rule, Callable[[], Draft]]] = []


def case(what: str, rule: Rule) -> Callable[[Callable[[], Draft]], Callable[[], Draft]]:
    """Enter a forgery into the matrix."""

    def enter(make: Callable[[], Draft]) -> Callable[[], Draft]:
        CASES.append((what, rule, make))
        return make

    return enter


def swapped(**extensions: bytes) -> Draft:
    """Return the good certificate with some extensions replaced, added, or (empty) left out."""
    good = member_draft()
    changed = {**good.extensions, **extensions}
    return replace(good, extensions={key: value for key, value in changed.items() if value})


def keyed(key: object) -> Draft:
    """Return the good certificate for another key, its identifier corrected too."""
    assert hasattr(key, "public_bytes")
    good = member_draft()
    return replace(
        good,
        key=key_info(key),  # type: ignore[arg-type]
        extensions={**good.extensions, **key_identifiers(key)},  # type: ignore[arg-type]
    )


def usage(**flags: bool) -> bytes:
    """Return a key usage that differs from ours in some flags."""
    fields = {
        field: getattr(SIGNS, field)
        for field in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
        )
    }
    more = {"encipher_only": False, "decipher_only": False}
    value = x509.KeyUsage(**{**fields, **more, **flags})
    return critical(ExtensionOID.KEY_USAGE, value.public_bytes())


def purposes(*wanted: x509.ObjectIdentifier, mark: bool = False) -> bytes:
    """Return an extended key usage."""
    value = x509.ExtendedKeyUsage(wanted).public_bytes()
    return extension(ExtensionOID.EXTENDED_KEY_USAGE, value, mark=mark)


def mail(text: bytes) -> Draft:
    """Return the good certificate with another mailbox."""
    return swapped(san=san(only(tlv(0x81, text))))


def san(names: bytes, *, mark: bool = False) -> bytes:
    """Return an alternative name from its raw entries."""
    return extension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names, mark=mark)


def good(**fields: object) -> Callable[[], Draft]:
    """Return what makes the good certificate with some fields replaced."""
    return lambda: replace(member_draft(), **fields)  # type: ignore[arg-type]


ALICE = b"alice@member.securechat.internal"

# --- form, version, serial ----------------------------------------------------------------------
case("a trailing octet", Rule.FORM)(good(after=b"\x00"))
case("a second certificate behind", Rule.FORM)(good(after=member_draft().der()))
case("X.509 v1, no extensions", Rule.FORM)(good(version=b"", extensions={}))
case("v1 marked, with extensions", Rule.FORM)(good(version=bytes.fromhex("a003020100")))
case("v2 marked", Rule.FORM)(good(version=bytes.fromhex("a003020101")))
case("v4 marked", Rule.FORM)(good(version=bytes.fromhex("a003020103")))
case("no version field, with extensions", Rule.FORM)(good(version=b""))
case("no extensions at all", Rule.FORM)(good(extensions={}))
case("an issuer unique identifier", Rule.FORM)(good(unique=tlv(0x81, b"\x00\x01")))
case("a subject unique identifier", Rule.FORM)(good(unique=tlv(0x82, b"\x00\x01")))
case("the serial 0", Rule.SERIAL)(good(serial=b"\x00"))
case("the serial 1", Rule.SERIAL)(good(serial=b"\x01"))
case("the serial -5", Rule.SERIAL)(good(serial=b"\xfb"))
case("a negative serial of 20 octets", Rule.SERIAL)(good(serial=b"\x9a" + bytes(19)))
case("a serial of 15 octets", Rule.SERIAL)(good(serial=b"\x5a" + bytes(14)))
case("a serial of 21 octets", Rule.SERIAL)(good(serial=b"\x5a" + bytes(20)))
case("a serial of 22 octets", Rule.SERIAL)(good(serial=b"\x00\x9a" + bytes(20)))
case("no octet of serial", Rule.SERIAL)(good(serial=b""))
case("a serial padded with zeros", Rule.FORM)(good(serial=b"\x00\x00" + bytes(16) + b"\x01"))

# --- signature and key ---------------------------------------------------------------------------
case("signed with SHA-1", Rule.SIGNATURE)(good(algorithm=tlv(0x30, oid("1.2.840.10045.4.1"))))
case("signed with SHA-512", Rule.SIGNATURE)(good(algorithm=tlv(0x30, oid("1.2.840.10045.4.3.4"))))
case("signed with Ed25519", Rule.SIGNATURE)(good(algorithm=tlv(0x30, oid("1.3.101.112"))))
case("signed with RSA", Rule.SIGNATURE)(
    good(algorithm=tlv(0x30, oid("1.2.840.113549.1.1.11"), tlv(0x05)))
)
case("signed with MD5 and RSA", Rule.SIGNATURE)(
    good(algorithm=tlv(0x30, oid("1.2.840.113549.1.1.4"), tlv(0x05)))
)
case("RSA of 1024 bits", Rule.KEY)(
    lambda: keyed(rsa.RSAPublicNumbers(e=65_537, n=(1 << 1_024) - 1).public_key())
)
case("RSA of 2048 bits", Rule.KEY)(
    lambda: keyed(rsa.generate_private_key(public_exponent=65_537, key_size=2_048).public_key())
)
case("RSA with e = 3", Rule.KEY)(
    lambda: keyed(rsa.RSAPublicNumbers(e=3, n=(1 << 3_072) - 1).public_key())
)
case("secp256k1", Rule.KEY)(lambda: keyed(ec.generate_private_key(ec.SECP256K1()).public_key()))
case("P-521", Rule.KEY)(lambda: keyed(ec.generate_private_key(ec.SECP521R1()).public_key()))
case("Ed448", Rule.KEY)(lambda: keyed(ed448.Ed448PrivateKey.generate().public_key()))
case("DSA", Rule.KEY)(lambda: keyed(dsa.generate_private_key(2_048).public_key()))
case("a key of an unknown kind", Rule.FORM)(
    good(key=tlv(0x30, tlv(0x30, oid("1.2.3.4")), tlv(0x03, b"\x00\x01")))
)
case("a point that is not on the curve", Rule.FORM)(
    lambda: replace(member_draft(), key=key_info(kept_key())[:-32] + bytes(32))
)

# --- life ----------------------------------------------------------------------------------------
case("valid for 398 days", Rule.LIFE)(good(end=BEGIN + timedelta(days=398)))
case("valid for a second too long", Rule.LIFE)(
    good(end=BEGIN + timedelta(days=397, hours=1, seconds=1))
)
case("valid for ever", Rule.LIFE)(good(end=BEGIN.replace(year=9999)))
case("valid for no time", Rule.LIFE)(good(end=BEGIN))
case("ending before it begins", Rule.LIFE)(good(end=BEGIN - timedelta(days=1)))

# --- issuer and subject --------------------------------------------------------------------------
case("an issuer without a common name", Rule.ISSUER)(good(issuer=name(("2.5.4.10", b"x"))))
case("an issuer built of no sets", Rule.FORM)(good(issuer=tlv(0x30, tlv(0x30))))
case("an empty issuer", Rule.ISSUER)(good(issuer=name()))
case("an issuer of two common names", Rule.ISSUER)(good(issuer=name((CN, b"a"), (CN, b"b"))))
case("an escape in the issuer", Rule.ISSUER)(good(issuer=name((CN, b"a\x1b[31mb"))))
case("a newline in the issuer", Rule.ISSUER)(good(issuer=name((CN, b"a\nb"))))
case("bidi in the issuer", Rule.ISSUER)(good(issuer=name((CN, "a\u202eb".encode()))))
case("an issuer of 65 letters", Rule.ISSUER)(good(issuer=name((CN, b"a" * 65))))
case("an empty subject", Rule.SUBJECT)(good(subject=name()))
case("another common name", Rule.SUBJECT)(good(subject=name((CN, b"bob"))))
case("the common name in capitals", Rule.SUBJECT)(good(subject=name((CN, b"ALICE"))))
case("two common names", Rule.SUBJECT)(good(subject=name((CN, b"alice"), (CN, b"admin"))))
case("the same common name twice", Rule.SUBJECT)(good(subject=name((CN, b"alice"), (CN, b"alice"))))
case("an organization besides", Rule.SUBJECT)(
    good(subject=name((CN, b"alice"), ("2.5.4.10", b"x")))
)
case("two attributes in one step", Rule.SUBJECT)(
    good(
        subject=tlv(
            0x30,
            tlv(
                0x31,
                tlv(0x30, oid("2.5.4.10"), tlv(0x0C, b"x")),
                tlv(0x30, oid(CN), tlv(0x0C, b"alice")),
            ),
        )
    )
)
case("an organization instead", Rule.SUBJECT)(good(subject=name(("2.5.4.10", b"alice"))))
case("the name as another string type", Rule.SUBJECT)(good(subject=name((CN, b"alice"), tag=0x13)))
case("a nul in the common name", Rule.SUBJECT)(good(subject=name((CN, b"alice\x00"))))
case("an escape in the common name", Rule.SUBJECT)(good(subject=name((CN, b"alice\x1b[2J"))))
case("a newline in the common name", Rule.SUBJECT)(good(subject=name((CN, b"alice\n"))))
case("bidi in the common name", Rule.SUBJECT)(good(subject=name((CN, "alice\u202e".encode()))))
case("a homoglyph in the common name", Rule.SUBJECT)(
    good(subject=name((CN, "\u0430lice".encode())))
)
case("a common name of 4000 letters", Rule.SUBJECT)(good(subject=name((CN, b"a" * 4_000))))
case("a common name that is no UTF-8", Rule.SUBJECT)(good(subject=name((CN, b"\xff\xfe"))))

# --- extensions ----------------------------------------------------------------------------------
for key in ("bc", "ku", "eku", "san", "ski", "aki"):
    case(f"without {key}", Rule.EXTENSIONS)(lambda key=key: swapped(**{key: b""}))  # type: ignore[misc]
    case(f"{key} twice", Rule.FORM)(
        lambda key=key: swapped(again=member_draft().extensions[key])  # type: ignore[misc]
    )
case("an unknown extension", Rule.EXTENSIONS)(
    lambda: swapped(more=extension("1.2.3.4.5", tlv(0x05)))
)
case("an unknown critical extension", Rule.EXTENSIONS)(
    lambda: swapped(more=extension("1.2.3.4.5", tlv(0x05), mark=True))
)
case("name constraints in a leaf", Rule.EXTENSIONS)(
    lambda: swapped(
        more=critical(
            ExtensionOID.NAME_CONSTRAINTS,
            x509.NameConstraints([x509.DNSName("a.example")], None).public_bytes(),
        )
    )
)
case("a place to ask about revocation", Rule.EXTENSIONS)(
    lambda: swapped(
        more=extension(
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
            x509.AuthorityInformationAccess(
                [
                    x509.AccessDescription(
                        x509.oid.AuthorityInformationAccessOID.OCSP,
                        x509.UniformResourceIdentifier("http://a.example/"),
                    )
                ]
            ).public_bytes(),
        )
    )
)
case("uncritical basic constraints", Rule.EXTENSIONS)(
    lambda: swapped(
        bc=extension(
            ExtensionOID.BASIC_CONSTRAINTS,
            x509.BasicConstraints(ca=False, path_length=None).public_bytes(),
        )
    )
)
case("uncritical key usage", Rule.EXTENSIONS)(
    lambda: swapped(ku=extension(ExtensionOID.KEY_USAGE, SIGNS.public_bytes()))
)
case("a critical purpose", Rule.EXTENSIONS)(
    lambda: swapped(eku=purposes(ExtendedKeyUsageOID.CLIENT_AUTH, mark=True))
)
case("a critical alternative name", Rule.EXTENSIONS)(
    lambda: swapped(san=san(only(tlv(0x81, ALICE)), mark=True))
)
case("an extension that is garbage", Rule.FORM)(
    lambda: swapped(bc=critical(ExtensionOID.BASIC_CONSTRAINTS, b"\xff\xff"))
)
case("CA:TRUE", Rule.BASIC_CONSTRAINTS)(
    lambda: swapped(
        bc=critical(
            ExtensionOID.BASIC_CONSTRAINTS,
            x509.BasicConstraints(ca=True, path_length=None).public_bytes(),
        )
    )
)
case("CA:TRUE with a path length", Rule.BASIC_CONSTRAINTS)(
    lambda: swapped(
        bc=critical(
            ExtensionOID.BASIC_CONSTRAINTS,
            x509.BasicConstraints(ca=True, path_length=0).public_bytes(),
        )
    )
)
for flag in (
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
):
    case(f"may also {flag}", Rule.KEY_USAGE)(lambda flag=flag: swapped(ku=usage(**{flag: True})))  # type: ignore[misc]
case("may not sign", Rule.KEY_USAGE)(
    lambda: swapped(ku=usage(digital_signature=False, key_agreement=True))
)
case("may do nothing", Rule.KEY_USAGE)(
    lambda: swapped(ku=critical(ExtensionOID.KEY_USAGE, tlv(0x03, b"\x07\x00")))
)
case("a host's certificate", Rule.PURPOSE)(host_draft)
case("both purposes", Rule.PURPOSE)(
    lambda: swapped(eku=purposes(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH))
)
case("the right purpose twice", Rule.PURPOSE)(
    lambda: swapped(eku=purposes(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH))
)
case("any purpose", Rule.PURPOSE)(
    lambda: swapped(eku=purposes(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE))
)
case("for signing code", Rule.PURPOSE)(
    lambda: swapped(eku=purposes(ExtendedKeyUsageOID.CODE_SIGNING))
)
case("the key identifier of another key", Rule.KEY_IDENTIFIER)(
    lambda: swapped(ski=key_identifiers(kept_key(KeyType.P384))["ski"])
)
case("an empty key identifier", Rule.KEY_IDENTIFIER)(
    lambda: swapped(ski=extension(ExtensionOID.SUBJECT_KEY_IDENTIFIER, tlv(0x04)))
)
case("no identifier of the authority's key", Rule.KEY_IDENTIFIER)(
    lambda: swapped(aki=extension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, tlv(0x30)))
)
case("the authority by serial too", Rule.KEY_IDENTIFIER)(
    lambda: swapped(
        aki=extension(
            ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
            x509.AuthorityKeyIdentifier(
                b"\x01" * 20, [x509.DirectoryName(x509.Name([]))], 5
            ).public_bytes(),
        )
    )
)

# --- the name -------------------------------------------------------------------------------------
case("no alternative name inside", Rule.ALTERNATIVE_NAME)(lambda: swapped(san=san(tlv(0x30))))
case("two mailboxes", Rule.ALTERNATIVE_NAME)(
    lambda: swapped(
        san=san(tlv(0x30, tlv(0x81, ALICE), tlv(0x81, b"bob@member.securechat.internal")))
    )
)
case("a mailbox and a DNS name", Rule.ALTERNATIVE_NAME)(
    lambda: swapped(san=san(tlv(0x30, tlv(0x81, ALICE), tlv(0x82, b"localhost"))))
)
case("the mailbox as a DNS name", Rule.ALTERNATIVE_NAME)(
    lambda: swapped(san=san(only(tlv(0x82, ALICE))))
)
case("the mailbox as a URI", Rule.ALTERNATIVE_NAME)(
    lambda: swapped(san=san(only(tlv(0x86, b"mailto:" + ALICE))))
)
case("an alternative name of an odd kind", Rule.FORM)(
    lambda: swapped(san=san(only(tlv(0x83, b"x"))))
)
for what, text in {
    "another domain": b"alice@member.example",
    "the bare domain": b"alice@securechat.internal",
    "an unknown role": b"alice@admin.securechat.internal",
    "the role host": b"alice@host.securechat.internal",
    "the role in capitals": b"alice@MEMBER.securechat.internal",
    "a longer domain": b"alice@member.securechat.internal.example",
    "a dot behind the domain": b"alice@member.securechat.internal.",
    "a name in capitals": b"Alice@member.securechat.internal",
    "no name": b"@member.securechat.internal",
    "only a name": b"alice",
    "two at signs": b"alice@bob@member.securechat.internal",
    "a nul": b"alice\x00@member.securechat.internal",
    "a nul behind": ALICE + b"\x00",
    "an escape": b"alice\x1b[31m@member.securechat.internal",
    "a newline behind": ALICE + b"\n",
    "a space": b"al ice@member.securechat.internal",
    "a path": b"../alice@member.securechat.internal",
    "a quoted name": b'"alice"@member.securechat.internal',
    "a plus": b"alice+x@member.securechat.internal",
    "no ASCII": b"\xc3\xa4lice@member.securechat.internal",
    "a name of 33 letters": b"a" * 33 + b"@member.securechat.internal",
    "a name of 4000 letters": b"a" * 4_000 + b"@member.securechat.internal",
}.items():
    case(f"a mailbox with {what}", Rule.ALTERNATIVE_NAME)(lambda text=text: mail(text))  # type: ignore[misc]
for reserved in ("system", "host", "server", "admin", "all", "con", "nul.x", "lpt1", "com0.a"):
    case(f"the reserved name {reserved}", Rule.NAME)(
        lambda text=reserved: mail(f"{text}@member.securechat.internal".encode())  # type: ignore[misc]
    )
for broken in (".alice", "alice.", "a..b", "-a", "a_-b"):
    case(f"the name {broken}", Rule.NAME)(
        lambda text=broken: mail(f"{text}@member.securechat.internal".encode())  # type: ignore[misc]
    )
case("a mailbox that is no UTF-8", Rule.FORM)(lambda: mail(b"\xffx" + ALICE))
case("more than 8 kB", Rule.SIZE)(
    lambda: swapped(more=extension("1.2.3.4.5", tlv(0x04, bytes(9_000))))
)

# --- a host's names -------------------------------------------------------------------------------
HOST_CASES: dict[str, tuple[bytes, ...]] = {
    "a wildcard": (tlv(0x82, b"*.example"),),
    "capitals": (tlv(0x82, b"Localhost"),),
    "a dot behind": (tlv(0x82, b"localhost."),),
    "an underscore": (tlv(0x82, b"local_host"),),
    "a nul": (tlv(0x82, b"localhost\x00.example"),),
    "an empty name": (tlv(0x82, b""),),
    "an address as a name": (tlv(0x82, b"127.0.0.1"),),
    "a label of 64 letters": (tlv(0x82, b"a" * 64),),
    "a mailbox": (tlv(0x82, b"localhost"), tlv(0x81, ALICE)),
    "a URI": (tlv(0x86, b"https://localhost"),),
    "a network": (tlv(0x82, b"localhost"), tlv(0x87, bytes([127, 0, 0, 0, 255, 0, 0, 0]))),
    "the same name twice": (tlv(0x82, b"localhost"), tlv(0x82, b"localhost")),
}


@pytest.mark.parametrize(("what", "rule", "make"), CASES, ids=[what for what, _, _ in CASES])
def test_one_difference_is_refused_by_its_own_rule(
    what: str, rule: Rule, make: Callable[[], Draft]
) -> None:
    """Each forgery differs in one thing and is refused by the rule that names that thing."""
    with pytest.raises(CertificateRefused) as refusal:
        read_member(make().der())
    assert refusal.value.code == rule, what
    assert refusal.value.why
    assert refusal.value.hint
    assert str(refusal.value).isprintable()


def test_the_matrix_is_large_and_uses_every_rule() -> None:
    """At least 90 different certificates are refused, and no rule is there for nothing."""
    assert len({make().der() for _, _, make in CASES}) >= 90
    assert {rule for _, rule, _ in CASES} == set(Rule)


@pytest.mark.parametrize("kind", list(KeyType))
@pytest.mark.parametrize("role", [Role.MEMBER, Role.OPERATOR])
def test_the_certificate_without_a_difference_passes(kind: KeyType, role: Role) -> None:
    """The forger's own good certificate passes, so the refusals above are about the difference."""
    draft = keyed(kept_key(kind))
    extensions = {**draft.extensions, "san": san(only(tlv(0x81, mailbox("alice", role).encode())))}
    der = replace(draft, extensions=extensions).der()
    identity = read_member(der)
    assert (identity.name, identity.role) == ("alice", role)
    assert identity.serial == draft.serial.hex()
    assert identity.fingerprint == hashlib.sha256(der).hexdigest()
    assert identity.issuer == "securechat CA 0123abcd"
    assert identity.not_before == int(BEGIN.timestamp())
    assert identity.not_after == int((BEGIN + timedelta(days=90)).timestamp())


@pytest.mark.parametrize(
    "fields",
    [
        {"serial": b"\x01" + bytes(15)},
        {"serial": b"\x00\x80" + bytes(18)},
        {"serial": b"\x7f" + b"\xff" * 19},
        {"end": BEGIN + timedelta(days=397, hours=1)},
        {"end": BEGIN + timedelta(seconds=1)},
        {"algorithm": tlv(0x30, oid("1.2.840.10045.4.3.3"))},
        {"issuer": name((CN, b"x" * 64))},
    ],
    ids=["16-octets", "leading-zero", "largest", "longest", "shortest", "sha384", "issuer"],
)
def test_what_stands_just_inside_a_bound_passes(fields: dict[str, object]) -> None:
    """Serials of 16 to 20 octets and lives of up to 397 days and one hour are good."""
    draft = replace(member_draft(), **fields)  # type: ignore[arg-type]
    identity = read_member(draft.der())
    assert identity.serial == draft.serial.hex().lstrip("0")


def test_a_host_certificate_passes_as_a_host_only() -> None:
    """A host's certificate names its first name, and a person's is no host's."""
    identity = read_host(host_draft().der())
    assert (identity.name, identity.role) == ("localhost", Role.HOST)
    with pytest.raises(CertificateRefused) as refusal:
        read_host(member_draft().der())
    assert refusal.value.code == Rule.PURPOSE


def test_a_host_may_be_known_by_addresses_alone() -> None:
    """IPv4 and IPv6 addresses are names of a host too."""
    draft = host_draft(tlv(0x87, bytes(15) + b"\x01"), tlv(0x87, bytes([10, 0, 0, 1])))
    assert read_host(replace(draft, subject=name((CN, b"::1"))).der()).name == "::1"


@pytest.mark.parametrize("entries", HOST_CASES.values(), ids=list(HOST_CASES))
def test_a_host_name_that_is_none_is_refused(entries: tuple[bytes, ...]) -> None:
    """Only plain DNS names and single addresses, each once, name a host."""
    with pytest.raises(CertificateRefused) as refusal:
        read_host(host_draft(*entries).der())
    assert refusal.value.code == Rule.ALTERNATIVE_NAME


def test_a_host_with_no_names_or_another_subject_is_refused() -> None:
    """An empty alternative name and a subject that is not the first name are refused."""
    extensions = {**host_draft().extensions, "san": san(tlv(0x30))}
    with pytest.raises(CertificateRefused) as refusal:
        read_host(replace(host_draft(), extensions=extensions).der())
    assert refusal.value.code == Rule.ALTERNATIVE_NAME
    with pytest.raises(CertificateRefused) as refusal:
        read_host(replace(host_draft(), subject=name((CN, b"example"))).der())
    assert refusal.value.code == Rule.SUBJECT


def test_a_refusal_never_repeats_what_the_certificate_says() -> None:
    """Text chosen by a peer does not get into the error, however it is shaped."""
    with pytest.raises(CertificateRefused) as refusal:
        read_member(mail(b"<script>@member.securechat.internal").der())
    assert "script" not in f"{refusal.value} {refusal.value.hint}"


@given(data=st.binary(max_size=300))
def test_arbitrary_octets_are_refused(data: bytes) -> None:
    """Nothing but a refusal comes out of octets that are no certificate."""
    with pytest.raises(CertificateRefused):
        read_member(data)


@settings(max_examples=400)
@given(at=st.integers(0, 400), bit=st.integers(0, 7), cut=st.booleans())
def test_a_flipped_bit_or_a_cut_never_makes_a_bad_name(at: int, bit: int, cut: bool) -> None:  # noqa: FBT001
    """A damaged certificate is refused or still says a good name; nothing else can happen."""
    der = bytearray(member_draft().der())
    if cut:
        del der[at:]
    else:
        der[at % len(der)] ^= 1 << bit
    try:
        identity = read_member(bytes(der))
    except CertificateRefused:
        return
    assert is_name(identity.name)


def test_the_forger_signs_what_it_forges() -> None:
    """OpenSSL would follow the signature of a forgery, so the profile is what refuses it."""
    certificate = x509.load_der_x509_certificate(member_draft().der())
    authority_key().public_key().verify(
        certificate.signature,
        certificate.tbs_certificate_bytes,
        ec.ECDSA(certificate.signature_hash_algorithm),  # type: ignore[arg-type]
    )
