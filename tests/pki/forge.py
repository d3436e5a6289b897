"""A forger: certificates built octet by octet, so that exactly one thing about them is wrong."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from secure_chat.pki.keys import KeyType, PublicKey, new_key

__all__ = [
    "Draft",
    "authority_key",
    "critical",
    "extension",
    "host_draft",
    "kept_key",
    "member_draft",
    "name",
    "oid",
    "only",
    "tlv",
]

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)


def tlv(tag: int, *parts: bytes) -> bytes:
    """Return one DER element."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, 0x80 + len(length)]) + length + content


def oid(dotted: str) -> bytes:
    """Return an object identifier in DER."""
    first, second, *rest = (int(part) for part in dotted.split("."))
    content = bytearray([first * 40 + second])
    for number in rest:
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.insert(0, number & 0x7F | 0x80)
        content += bytes(septets)
    return tlv(0x06, bytes(content))


def extension(
    identifier: x509.ObjectIdentifier | str, value: bytes, *, mark: bool = False
) -> bytes:
    """Return one extension in DER; `mark` makes it critical."""
    dotted = identifier if isinstance(identifier, str) else identifier.dotted_string
    flag = tlv(0x01, b"\xff") if mark else b""
    return tlv(0x30, oid(dotted), flag, tlv(0x04, value))


def critical(identifier: x509.ObjectIdentifier, value: bytes) -> bytes:
    """Return one critical extension in DER."""
    return extension(identifier, value, mark=True)


def name(*pairs: tuple[str, bytes], tag: int = 0x0C) -> bytes:
    """Return a distinguished name; pairs of dotted attribute and raw value."""
    return tlv(0x30, *(tlv(0x31, tlv(0x30, oid(key), tlv(tag, text))) for key, text in pairs))


def only(entry: bytes) -> bytes:
    """Return an alternative name with one entry."""
    return tlv(0x30, entry)


@cache
def authority_key() -> ec.EllipticCurvePrivateKey:
    """Return the key that signs all forgeries."""
    key = new_key(KeyType.P256)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


@cache
def kept_key(kind: KeyType = KeyType.P256) -> PublicKey:
    """Return one public key of each kind, made once."""
    return new_key(kind).public_key()


@dataclass(frozen=True, slots=True)
class Draft:
    """A certificate before it is signed; every field is DER and can be replaced."""

    subject: bytes
    extensions: dict[str, bytes]
    version: bytes = bytes.fromhex("a003020102")
    serial: bytes = bytes.fromhex("5a") + bytes(range(19))
    algorithm: bytes = tlv(0x30, oid("1.2.840.10045.4.3.2"))
    issuer: bytes = name(("2.5.4.10", b"securechat"), ("2.5.4.3", b"securechat CA 0123abcd"))
    begin: datetime = BEGIN
    end: datetime = BEGIN + timedelta(days=90)
    key: bytes = b""
    unique: bytes = b""
    after: bytes = b""

    def der(self) -> bytes:
        """Return the signed certificate."""
        signed = tlv(
            0x30,
            self.version,
            tlv(0x02, self.serial),
            self.algorithm,
            self.issuer,
            tlv(0x30, _time(self.begin), _time(self.end)),
            self.subject,
            self.key or key_info(kept_key()),
            self.unique,
            tlv(0xA3, tlv(0x30, *self.extensions.values())) if self.extensions else b"",
        )
        signature = authority_key().sign(signed, ec.ECDSA(hashes.SHA256()))
        return tlv(0x30, signed, self.algorithm, tlv(0x03, b"\x00", signature)) + self.after


def key_info(key: PublicKey) -> bytes:
    """Return a public key as certificates hold it."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_identifiers(key: PublicKey) -> dict[str, bytes]:
    """Return the two key identifier extensions for a key."""
    own = x509.SubjectKeyIdentifier.from_public_key(key)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key().public_key())
    return {
        "ski": extension(ExtensionOID.SUBJECT_KEY_IDENTIFIER, own.public_bytes()),
        "aki": extension(ExtensionOID.AUTHORITY_KEY_IDENTIFIER, issuer.public_bytes()),
    }


def member_draft(mail: bytes = b"alice@member.securechat.internal") -> Draft:
    """Return a good member's certificate."""
    return Draft(
        subject=name(("2.5.4.3", b"alice")),
        extensions=_extensions(ExtendedKeyUsageOID.CLIENT_AUTH, only(tlv(0x81, mail))),
    )


def host_draft(*entries: bytes) -> Draft:
    """Return a good host certificate."""
    names = entries or (tlv(0x82, b"localhost"), tlv(0x87, bytes([127, 0, 0, 1])))
    return Draft(
        subject=name(("2.5.4.3", b"localhost")),
        extensions=_extensions(ExtendedKeyUsageOID.SERVER_AUTH, tlv(0x30, *names)),
    )


def _extensions(purpose: x509.ObjectIdentifier, names: bytes) -> dict[str, bytes]:
    constraints = x509.BasicConstraints(ca=False, path_length=None).public_bytes()
    usage = x509.ExtendedKeyUsage([purpose]).public_bytes()
    return {
        "bc": critical(ExtensionOID.BASIC_CONSTRAINTS, constraints),
        "ku": critical(ExtensionOID.KEY_USAGE, SIGNS.public_bytes()),
        "eku": extension(ExtensionOID.EXTENDED_KEY_USAGE, usage),
        "san": extension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, names),
        **key_identifiers(kept_key()),
    }


def _time(moment: datetime) -> bytes:
    if moment.year >= 2050:
        return tlv(0x18, moment.strftime("%Y%m%d%H%M%SZ").encode())
    return tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())
