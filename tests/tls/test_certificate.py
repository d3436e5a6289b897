"""What stands in a certificate: as the certificate library reads it, and where that gives up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_chat.limits import Limits
from secure_chat.tls.certificate import CertificateFacts, certificate_facts
from tests.pki.forge import critical, extension, host_draft, member_draft, oid, tlv
from tests.tls.paper import DAY, HOST_WISH, MEMBER, NOW, Authority, named

UNREADABLE = CertificateFacts()
WHOLE = host_draft().der()


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return an authority."""
    return Authority(tmp_path_factory.mktemp("certificate") / "ca")


@cache
def key_of(kind: str) -> CertificateIssuerPrivateKeyTypes:
    """Return a key of each kind, made once."""
    makers: dict[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
        "ECDSA P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "ECDSA P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "ECDSA P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
        "ECDSA secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
        "ECDSA brainpoolP256r1": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
        "RSA 2048": lambda: rsa.generate_private_key(65_537, 2_048),
        "DSA 2048": lambda: dsa.generate_private_key(2_048),
        "Ed25519": ed25519.Ed25519PrivateKey.generate,
        "Ed448": ed448.Ed448PrivateKey.generate,
    }
    return makers[kind]()


def issued(
    kind: str = "ECDSA P-256",
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None = None,
    serial: int = 7,
    since: datetime = NOW,
    *,
    pss: bool = False,
) -> x509.Certificate:
    """Return a certificate that signs itself."""
    key = key_of(kind)
    builder = x509.CertificateBuilder(
        named("issuer"), named("subject"), key.public_key(), serial, since, since + DAY
    )
    for value, mark in extensions:
        builder = builder.add_extension(value, mark)
    if kind.startswith("Ed"):
        return builder.sign(key, None)
    if pss:
        salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return builder.sign(key, hashes.SHA256(), rsa_padding=salted)
    return builder.sign(key, digest or hashes.SHA256())


def facts_of(certificate: x509.Certificate) -> CertificateFacts:
    """Return what we read."""
    return certificate_facts(certificate.public_bytes(Encoding.DER))


def told(certificate: x509.Certificate) -> CertificateFacts:
    """Return what the certificate library reads, in the words of ours."""

    def value(kind: type[x509.ExtensionType]) -> object:
        try:
            return certificate.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None

    constraints = value(x509.BasicConstraints)
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        serial=f"{certificate.serial_number:x}",
        not_before=f"{certificate.not_valid_before_utc:%Y-%m-%dT%H:%M:%S}.000Z",
        not_after=f"{certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%S}.000Z",
        names=_told_names(value(x509.SubjectAlternativeName)),
        key=_told_key(certificate.public_key()),
        signature=_told_signature(certificate),
        usages=_told_usages(value(x509.KeyUsage)),
        purposes=_told_purposes(value(x509.ExtendedKeyUsage)),
        authority=isinstance(constraints, x509.BasicConstraints) and constraints.ca,
    )


def _told_names(value: object) -> tuple[str, ...]:
    if not isinstance(value, x509.SubjectAlternativeName):
        return ()
    kinds = {
        "DNSName": "DNS",
        "RFC822Name": "email",
        "IPAddress": "IP",
        "UniformResourceIdentifier": "URI",
    }
    others = {
        "DirectoryName": "other:directoryName",
        "RegisteredID": "other:registeredID",
        "OtherName": "other:otherName",
    }
    found = []
    for name in value:
        kind = type(name).__name__
        found.append(others[kind] if kind in others else f"{kinds[kind]}:{name.value}")
    return tuple(found)


def _told_key(key: object) -> str:
    match key:
        case ec.EllipticCurvePublicKey():
            fips = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
            return f"ECDSA {fips.get(key.curve.name, key.curve.name)}"
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case dsa.DSAPublicKey():
            return f"DSA {key.key_size}"
        case ed25519.Ed25519PublicKey():
            return "Ed25519"
        case _:
            return "Ed448"


def _told_signature(certificate: x509.Certificate) -> str:
    return certificate.signature_algorithm_oid._name


def _told_usages(value: object) -> tuple[str, ...]:
    if not isinstance(value, x509.KeyUsage):
        return ()
    words = {
        "digitalSignature": value.digital_signature,
        "nonRepudiation": value.content_commitment,
        "keyEncipherment": value.key_encipherment,
        "dataEncipherment": value.data_encipherment,
        "keyAgreement": value.key_agreement,
        "keyCertSign": value.key_cert_sign,
        "cRLSign": value.crl_sign,
        "encipherOnly": value.key_agreement and value.encipher_only,
        "decipherOnly": value.key_agreement and value.decipher_only,
    }
    return tuple(word for word, said in words.items() if said)


def _told_purposes(value: object) -> tuple[str, ...]:
    if not isinstance(value, x509.ExtendedKeyUsage):
        return ()
    # The library has no word for the one that means all of them.
    unknown = {"2.5.29.37.0": "anyExtendedKeyUsage"}
    return tuple(
        unknown.get(found.dotted_string, found.dotted_string)
        if found._name == "Unknown OID"
        else found._name
        for found in value
    )


# --- good ones -----------------------------------------------------------------------------------


def test_a_member_a_host_and_an_authority_are_read_whole(ca: Authority) -> None:
    """All that `handshakes show` says about a certificate."""
    host = certificate_facts(ca.issue("host", HOST_WISH).der)
    alice = certificate_facts(ca.issue("alice", MEMBER).der)
    own = facts_of(ca.certificate)

    assert (host.subject, host.issuer) == ("CN=localhost", "CN=test CA")
    assert host.names == ("DNS:localhost", "IP:127.0.0.1")
    assert (host.usages, host.purposes) == (("digitalSignature",), ("serverAuth",))
    assert (host.key, host.signature) == ("ECDSA P-256", "ecdsa-with-SHA256")
    assert alice.names == ("email:alice@member.securechat.internal",)
    assert alice.purposes == ("clientAuth",)
    assert (host.authority, alice.authority, own.authority) == (False, False, True)
    assert own.usages == ("keyCertSign", "cRLSign")
    assert alice.not_before == f"{NOW - DAY:%Y-%m-%dT%H:%M:%S}.000Z"
    assert own == told(ca.certificate)


@pytest.mark.parametrize(
    ("kind", "signature"),
    [
        ("ECDSA P-256", "ecdsa-with-SHA256"),
        ("ECDSA P-384", "ecdsa-with-SHA256"),
        ("ECDSA P-521", "ecdsa-with-SHA256"),
        ("ECDSA secp256k1", "ecdsa-with-SHA256"),
        ("ECDSA brainpoolP256r1", "ecdsa-with-SHA256"),
        ("RSA 2048", "sha256WithRSAEncryption"),
        ("DSA 2048", "dsa-with-SHA256"),
        ("Ed25519", "Ed25519"),
        ("Ed448", "Ed448"),
    ],
)
def test_every_kind_of_key_is_named(kind: str, signature: str) -> None:
    """With its size or its curve, as the library has them."""
    made = issued(kind)
    facts = facts_of(made)

    assert (facts.key, facts.signature) == (kind, signature)
    assert facts.key == _told_key(made.public_key())


@pytest.mark.parametrize(
    ("kind", "digest", "name"),
    [
        ("ECDSA P-256", hashes.SHA384(), "ecdsa-with-SHA384"),
        ("ECDSA P-256", hashes.SHA512(), "ecdsa-with-SHA512"),
        ("RSA 2048", hashes.SHA384(), "sha384WithRSAEncryption"),
        ("RSA 2048", hashes.SHA512(), "sha512WithRSAEncryption"),
    ],
)
def test_every_signature_algorithm_is_named(
    kind: str, digest: hashes.SHA384 | hashes.SHA512, name: str
) -> None:
    """By the names of the standards."""
    made = issued(kind, digest=digest)

    assert facts_of(made).signature == name == _told_signature(made)


def test_a_salted_rsa_signature_is_named_too() -> None:
    """RFC 4055."""
    assert facts_of(issued("RSA 2048", pss=True)).signature == "rsassaPss"


addresses = st.ip_addresses().map(x509.IPAddress)
labels = st.text("abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=30)
general_names = st.lists(
    addresses
    | labels.map(x509.DNSName)
    | labels.map(lambda text: x509.RFC822Name(f"{text}@example.org"))
    | labels.map(lambda text: x509.UniformResourceIdentifier(f"urn:{text}"))
    | labels.map(lambda text: x509.DirectoryName(named(text)))
    | st.just(x509.RegisteredID(x509.ObjectIdentifier("1.2.3")))
    | st.just(x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x05\x00")),
    min_size=1,
    max_size=6,
).map(x509.SubjectAlternativeName)


def usage_of(flags: list[bool]) -> x509.KeyUsage:
    """Return a key usage; the last two of its nine only go with an agreement."""
    agreed = flags[4]
    return x509.KeyUsage(
        digital_signature=flags[0],
        content_commitment=flags[1],
        key_encipherment=flags[2],
        data_encipherment=flags[3],
        key_agreement=agreed,
        key_cert_sign=flags[5],
        crl_sign=flags[6],
        encipher_only=agreed and flags[7],
        decipher_only=agreed and flags[8],
    )


usages = st.lists(st.booleans(), min_size=9, max_size=9).map(usage_of)
purposes = st.lists(
    st.sampled_from(
        [
            ExtendedKeyUsageOID.SERVER_AUTH,
            ExtendedKeyUsageOID.CLIENT_AUTH,
            ExtendedKeyUsageOID.CODE_SIGNING,
            ExtendedKeyUsageOID.EMAIL_PROTECTION,
            ExtendedKeyUsageOID.TIME_STAMPING,
            ExtendedKeyUsageOID.OCSP_SIGNING,
            ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
            x509.ObjectIdentifier("1.2.3.4.5"),
        ]
    ),
    min_size=1,
    unique=True,
).map(x509.ExtendedKeyUsage)
constraints = st.sampled_from(
    [
        x509.BasicConstraints(ca=False, path_length=None),
        x509.BasicConstraints(ca=True, path_length=None),
        x509.BasicConstraints(ca=True, path_length=0),
    ]
)
moments = st.datetimes(datetime(1960, 1, 1), datetime(2140, 1, 1))  # noqa: DTZ001


@settings(deadline=None)
@given(
    st.tuples(general_names, usages, purposes, constraints),
    st.sets(st.integers(0, 3)),
    st.integers(1, 2**159 - 1),
    moments,
)
def test_a_good_certificate_is_read_as_the_library_reads_it(
    values: tuple[x509.ExtensionType, ...], kept: set[int], serial: int, since: datetime
) -> None:
    """Whatever it holds of what is known, in any combination."""
    held = tuple((values[at], at % 2 == 0) for at in sorted(kept))
    since = since.replace(microsecond=0, tzinfo=UTC)
    made = issued(extensions=held, serial=serial, since=since)

    assert facts_of(made) == told(made)


# --- hostile ones --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "written"),
    [(b"\x00", "0"), (b"\xff", "-1"), (b"\x00\x80", "80"), (b"\x80\x00", "-8000"), (b"", None)],
)
def test_odd_serial_numbers_are_shown_as_they_are(content: bytes, written: str | None) -> None:
    """The library warns about some and refuses others."""
    assert certificate_facts(replace(member_draft(), serial=content).der()).serial == written


def test_an_endless_serial_number_is_cut_off() -> None:
    """A record cannot be filled by it."""
    serial = certificate_facts(replace(member_draft(), serial=b"\x11" * 90_000).der()).serial

    assert serial is not None
    assert len(serial) == Limits().text_chars


@pytest.mark.parametrize(
    ("field", "content", "lost"),
    [
        ("serial", b"", {"serial"}),
        ("issuer", tlv(0x30, tlv(0x31, tlv(0x04))), {"issuer"}),
        ("subject", tlv(0x31), {"subject"}),
        ("key", tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1")), tlv(0x03, b"\x00")), {"key"}),
        ("key", tlv(0x30, tlv(0x30, oid("1.2.840.113549.1.1.1")), tlv(0x03, b"")), {"key"}),
        ("key", tlv(0x30, tlv(0x30)), {"key"}),
    ],
)
def test_one_broken_part_does_not_hide_the_others(
    field: str, content: bytes, lost: set[str]
) -> None:
    """What can be read is shown; what cannot is null."""
    whole = certificate_facts(member_draft().der())

    found = certificate_facts(replace(member_draft(), **{field: content}).der())  # type: ignore[arg-type]

    differing = {name for name in whole.__slots__ if getattr(found, name) != getattr(whole, name)}
    assert differing == lost
    assert all(getattr(found, name) is None for name in lost)


@pytest.mark.parametrize(
    ("part", "value", "field"),
    [
        ("san", extension(x509.SubjectAlternativeName.oid, b"\x04\x00"), "names"),
        ("ku", critical(x509.KeyUsage.oid, b"\x02\x01\x80"), "usages"),
        ("eku", extension(x509.ExtendedKeyUsage.oid, tlv(0x30, b"\x06\x09")), "purposes"),
        ("eku", extension(x509.ExtendedKeyUsage.oid, tlv(0x30, tlv(0x06))), "purposes"),
        ("bc", critical(x509.BasicConstraints.oid, b"\x01\x01\xff"), "authority"),
    ],
)
def test_one_broken_extension_does_not_hide_the_others(part: str, value: bytes, field: str) -> None:
    """It counts as empty, or as unknown where that would say something."""
    draft = member_draft()
    whole = certificate_facts(draft.der())

    found = certificate_facts(replace(draft, extensions=draft.extensions | {part: value}).der())

    assert replace(found, **{field: getattr(whole, field)}) == whole
    assert getattr(found, field) in {(), None}


def test_broken_extensions_leave_authority_unknown() -> None:
    """It may be there, unread, so nothing is said about it."""
    draft = member_draft()

    null = tlv(0x30, oid("2.5.29.17"), tlv(0x05))
    held = draft.extensions | {"san": null}
    assert certificate_facts(replace(draft, extensions=held).der()).names == ()
    found = certificate_facts(replace(draft, extensions={"x": b"\x30\x09"}).der())
    assert (found.authority, found.names, found.subject) == (None, (), "CN=alice")
    assert certificate_facts(replace(draft, extensions={}).der()).authority is False


def test_of_two_equal_extensions_the_first_counts() -> None:
    """As OpenSSL has it."""
    draft = host_draft()
    second = extension(x509.SubjectAlternativeName.oid, tlv(0x30, tlv(0x82, b"evil.example")))

    found = certificate_facts(replace(draft, extensions=draft.extensions | {"again": second}).der())

    assert found.names == ("DNS:localhost", "IP:127.0.0.1")


def test_a_false_that_is_written_out_is_no_authority() -> None:
    """DER leaves the default out, a stranger may not."""
    for value, says in (
        (b"\x01\x01\x00", False),
        (b"\x01\x01\x01", True),
        (b"\x02\x01\x05", False),
    ):
        held = {"bc": critical(x509.BasicConstraints.oid, tlv(0x30, value))}
        assert certificate_facts(replace(member_draft(), extensions=held).der()).authority is says


def test_unknown_algorithms_are_shown_by_identifier() -> None:
    """What is new is told from what is known."""
    key = tlv(0x30, tlv(0x30, oid("1.2.3.4")), tlv(0x03, b"\x00"))
    curve = tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1"), oid("1.2.3")), tlv(0x03, b"\x00"))
    explicit = tlv(0x30, tlv(0x30, oid("1.2.840.10045.2.1"), tlv(0x30)), tlv(0x03, b"\x00"))
    algorithm = tlv(0x30, oid("1.2.3.5"))

    found = certificate_facts(replace(member_draft(), key=key, algorithm=algorithm).der())

    assert (found.key, found.signature) == ("1.2.3.4", "1.2.3.5")
    assert certificate_facts(replace(member_draft(), key=curve).der()).key == "ECDSA 1.2.3"
    assert certificate_facts(replace(member_draft(), key=explicit).der()).key == "ECDSA explicit"


def test_times_that_are_none_are_unknown_each_for_itself() -> None:
    """The end may be readable where the beginning is not."""
    good = member_draft().der()
    begin = good.index(b"260101000000Z")
    broken = good[:begin] + b"260230" + good[begin + 6 :]
    torn = good.replace(b"\x17\x0d260101000000Z", b"\x17\x7f260101000000Z")

    found = certificate_facts(broken)
    assert (found.not_before, found.not_after) == (None, "2026-04-01T00:00:00.000Z")
    found = certificate_facts(torn)
    assert (found.not_before, found.not_after, found.subject) == (None, None, "CN=alice")


def test_old_versions_are_read_too() -> None:
    """Version 1 has neither a version field nor extensions, version 2 may have identifiers."""
    old = replace(member_draft(), version=b"", extensions={})
    unique = tlv(0x81, b"\x00\x01")

    for draft in (old, replace(old, unique=unique)):
        found = certificate_facts(draft.der())
        assert (found.subject, found.authority, found.usages) == ("CN=alice", False, ())


def test_many_names_and_purposes_are_bounded() -> None:
    """A record cannot be filled by a certificate, however large."""
    names = tlv(0x30, tlv(0x82, b"a.example") * 4_000)
    many = tlv(0x30, oid("1.2.3") * 4_000)
    held = {
        "san": extension(x509.SubjectAlternativeName.oid, names),
        "eku": extension(x509.ExtendedKeyUsage.oid, many),
    }

    found = certificate_facts(replace(member_draft(), extensions=held).der())

    assert len(found.names) == len(found.purposes) == Limits().names_recorded


@pytest.mark.parametrize("der", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x02\x05\x00", b"text"])
def test_what_is_no_certificate_says_nothing(der: bytes) -> None:
    """Everything is unknown, nothing is raised."""
    assert certificate_facts(der) == UNREADABLE


@pytest.mark.parametrize("size", range(0, 620, 7))
def test_a_cut_certificate_is_read_as_far_as_it_goes(size: int) -> None:
    """Inside a length that lies, and without one."""
    whole = certificate_facts(WHOLE)
    body = WHOLE[8:]

    found = certificate_facts(tlv(0x30, tlv(0x30, body[:size])))

    for field in ("subject", "issuer", "serial", "key", "not_after"):
        assert getattr(found, field) in {None, getattr(whole, field)}


@settings(deadline=None)
@given(st.data())
def test_no_damage_raises(data: st.DataObject) -> None:
    """Whatever bytes a stranger sends, the facts are texts, or unknown."""
    damaged = bytearray(WHOLE)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    found = certificate_facts(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))

    for field in ("subject", "issuer", "serial", "key", "signature", "not_before", "not_after"):
        assert isinstance(getattr(found, field), str | None)
    assert all(isinstance(word, str) for word in found.names + found.usages + found.purposes)
    assert found.authority in {True, False, None}


@given(st.binary(max_size=200))
def test_no_garbage_raises(garbage: bytes) -> None:
    """Bytes that only begin like a certificate."""
    certificate_facts(garbage)
    certificate_facts(tlv(0x30, tlv(0x30, garbage)))
    certificate_facts(tlv(0x30, tlv(0x30, tlv(0x02, b"\x01"), garbage), garbage))
