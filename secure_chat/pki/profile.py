"""The one shape a certificate of ours has; whatever differs is refused before a name is used.

Pure, on any thread: the worker asks it right after a handshake, the authority asks it about
everything it issues. It never judges who signed a certificate or what time it is (OpenSSL did
both), it never repairs, and its errors never repeat bytes of the certificate.

Sources: RFC 5280 sections 4.1 and 4.2, RFC 9525 (names stand in the alternative name only).
"""

import re
from collections.abc import Callable
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import (
    ExtendedKeyUsageOID,
    ExtensionOID,
    NameOID,
    SignatureAlgorithmOID,
)

from secure_chat.errors import CertificateRefused
from secure_chat.limits import Limits
from secure_chat.pki.der import Outline, common_names, outline
from secure_chat.pki.hostname import is_dns_name
from secure_chat.pki.identity import Identity, Role, is_name

__all__ = [
    "BACKDATE",
    "KEY_KINDS",
    "LONGEST_LIFE",
    "MAIL_DOMAIN",
    "Rule",
    "fingerprint_of",
    "is_usable_key",
    "mailbox",
    "read_host",
    "read_member",
    "serial_of",
    "subject_of",
]

LONGEST_LIFE: Final = timedelta(days=397)
BACKDATE: Final = timedelta(hours=1)
MAIL_DOMAIN: Final = "securechat.internal"
KEY_KINDS: Final = "P-256, P-384, Ed25519, or RSA of 3072 bits with e = 65537"

_SIGNATURES: Final = (
    SignatureAlgorithmOID.ECDSA_WITH_SHA256,
    SignatureAlgorithmOID.ECDSA_WITH_SHA384,
)
_CURVES: Final = ("secp256r1", "secp384r1")
_RSA_BITS: Final = 3_072
_RSA_EXPONENT: Final = 65_537
_SERIAL_OCTETS: Final = range(16, 21)
_SIGN_BIT: Final = 0x80
_MOST_BYTES: Final = Limits().certificate_bytes
_PERSON: Final = re.compile(
    r"([a-z0-9._-]{1,32})@(member|operator)\.securechat\.internal", re.ASCII
)
_PLAIN: Final = re.compile(rb"[ -~]{1,64}")
_CRITICAL: Final = {
    ExtensionOID.BASIC_CONSTRAINTS: True,
    ExtensionOID.KEY_USAGE: True,
    ExtensionOID.EXTENDED_KEY_USAGE: False,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME: False,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER: False,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER: False,
}
_ONLY_SIGNS: Final = x509.KeyUsage(
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
_HINT: Final = "use a certificate that `securechat init-certs` made"


class Rule(StrEnum):
    """Which rule a refused certificate breaks; the value is `CertificateRefused.code`."""

    SIZE = "size"
    FORM = "form"
    SERIAL = "serial"
    SIGNATURE = "signature"
    KEY = "key"
    LIFE = "life"
    ISSUER = "issuer"
    SUBJECT = "subject"
    EXTENSIONS = "extensions"
    BASIC_CONSTRAINTS = "basic-constraints"
    KEY_USAGE = "key-usage"
    PURPOSE = "purpose"
    KEY_IDENTIFIER = "key-identifier"
    ALTERNATIVE_NAME = "alternative-name"
    NAME = "name"


# The same bytes always get the same verdict, and people come back; a refusal is not remembered.
@lru_cache(maxsize=Limits().certificates_remembered)
def read_member(der: bytes) -> Identity:
    """Return who a member's or operator's certificate belongs to.

    Args:
        der: the leaf as the peer sent it, already verified by OpenSSL.

    Raises:
        CertificateRefused: it is not exactly what this program issues to a person.
    """
    return _read(der, ExtendedKeyUsageOID.CLIENT_AUTH, _person)


def read_host(der: bytes) -> Identity:
    """Return the identity of a host certificate; its name is the first one it is valid for.

    Args:
        der: the leaf as the peer sent it, already verified by OpenSSL.

    Raises:
        CertificateRefused: it is not exactly what this program issues to a host.
    """
    return _read(der, ExtendedKeyUsageOID.SERVER_AUTH, _host)


def mailbox(name: str, role: Role) -> str:
    """Return the alternative name that carries a person's name and role."""
    return f"{name}@{role}.{MAIL_DOMAIN}"


def subject_of(name: str) -> x509.Name:
    """Return the subject of a certificate: its name and nothing else, at most 64 characters."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def fingerprint_of(certificate: x509.Certificate) -> str:
    """Return SHA-256 of the DER certificate in lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial_of(certificate: x509.Certificate) -> str:
    """Return the serial number in lower-case hex without leading zeros."""
    return f"{certificate.serial_number:x}"


def is_usable_key(key: object) -> bool:
    """Tell whether a public key has a kind and a strength that a certificate may speak for."""
    match key:
        case ec.EllipticCurvePublicKey():
            return key.curve.name in _CURVES
        case ed25519.Ed25519PublicKey():
            return True
        case rsa.RSAPublicKey():
            return key.key_size >= _RSA_BITS and key.public_numbers().e == _RSA_EXPONENT
        case _:
            return False


def _read(
    der: bytes,
    purpose: x509.ObjectIdentifier,
    subject: Callable[[x509.SubjectAlternativeName], tuple[str, Role]],
) -> Identity:
    if len(der) > _MOST_BYTES:
        raise _refused(Rule.SIZE, f"it is larger than {_MOST_BYTES} bytes")
    try:
        # The first look comes before the library's: it only warns where we refuse.
        seen = outline(der)
        issuer = _issuer(common_names(seen.issuer))
        _check_serial(seen.serial)
        return _identity(x509.load_der_x509_certificate(der), seen, issuer, purpose, subject)
    except (
        ValueError,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
        UnsupportedAlgorithm,
    ) as error:
        raise _refused(Rule.FORM, "it cannot be read as X.509 version 3 in DER") from error


def _identity(
    certificate: x509.Certificate,
    seen: Outline,
    issuer: str,
    purpose: x509.ObjectIdentifier,
    subject: Callable[[x509.SubjectAlternativeName], tuple[str, Role]],
) -> Identity:
    _check_signature(certificate)
    _check_key(certificate)
    _check_life(certificate)
    extensions = certificate.extensions
    _check_extensions(extensions)
    _check_use(extensions, purpose)
    _check_identifiers(certificate, extensions)
    name, role = subject(extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    # Compared as encoded, so that neither a second attribute nor another string type gets by.
    if seen.subject != subject_of(name).public_bytes():
        raise _refused(Rule.SUBJECT, "its subject is not its name and nothing else")
    return Identity(
        name=name,
        role=role,
        serial=serial_of(certificate),
        fingerprint=fingerprint_of(certificate),
        issuer=issuer,
        not_before=int(certificate.not_valid_before_utc.timestamp()),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
    )


def _issuer(names: list[bytes]) -> str:
    """Return the issuer's common name, which goes into records and must be plain text."""
    if len(names) != 1 or _PLAIN.fullmatch(names[0]) is None:
        raise _refused(Rule.ISSUER, "its issuer has no plain common name")
    return names[0].decode("ascii")


def _check_serial(serial: bytes) -> None:
    if len(serial) not in _SERIAL_OCTETS or serial[0] & _SIGN_BIT:
        raise _refused(Rule.SERIAL, "its serial number is not positive and of 16 to 20 octets")


def _check_signature(certificate: x509.Certificate) -> None:
    if certificate.signature_algorithm_oid not in _SIGNATURES:
        raise _refused(Rule.SIGNATURE, "it is not signed with ECDSA and SHA-256 or SHA-384")


def _check_key(certificate: x509.Certificate) -> None:
    if not is_usable_key(certificate.public_key()):
        raise _refused(Rule.KEY, f"its key is not {KEY_KINDS}")


def _check_life(certificate: x509.Certificate) -> None:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    if not timedelta(0) < life <= LONGEST_LIFE + BACKDATE:
        raise _refused(Rule.LIFE, f"it is not valid for between 0 and {LONGEST_LIFE.days} days")


def _check_extensions(extensions: x509.Extensions) -> None:
    """Check that exactly the six known extensions are there, critical where they must be."""
    seen = {extension.oid: extension.critical for extension in extensions}
    if seen.keys() - _CRITICAL.keys():
        raise _refused(Rule.EXTENSIONS, "it has an extension that is not ours")
    if _CRITICAL.keys() - seen.keys():
        raise _refused(Rule.EXTENSIONS, "an extension is missing")
    if seen != _CRITICAL:
        raise _refused(
            Rule.EXTENSIONS, "an extension is critical that must not be, or not critical"
        )


def _check_use(extensions: x509.Extensions, purpose: x509.ObjectIdentifier) -> None:
    """Check that it is no authority and good for one purpose only."""
    constraints = extensions.get_extension_for_class(x509.BasicConstraints).value
    if constraints.ca or constraints.path_length is not None:
        raise _refused(Rule.BASIC_CONSTRAINTS, "it claims to be an authority")
    if extensions.get_extension_for_class(x509.KeyUsage).value != _ONLY_SIGNS:
        raise _refused(Rule.KEY_USAGE, "its key may do other things than sign")
    if list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) != [purpose]:
        kind = "a host" if purpose == ExtendedKeyUsageOID.SERVER_AUTH else "a person"
        raise _refused(Rule.PURPOSE, f"it is not made for {kind} only")


def _check_identifiers(certificate: x509.Certificate, extensions: x509.Extensions) -> None:
    """Check that the key identifiers name its own key and, by digest only, its authority's."""
    own = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    key = certificate.public_key()
    if own.digest != x509.SubjectKeyIdentifier.from_public_key(key).digest:
        raise _refused(Rule.KEY_IDENTIFIER, "its subject key identifier is not that of its key")
    other = extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    if (
        other.key_identifier is None
        or other.authority_cert_issuer is not None
        or other.authority_cert_serial_number is not None
    ):
        raise _refused(Rule.KEY_IDENTIFIER, "it does not name its authority by a digest alone")


def _person(names: x509.SubjectAlternativeName) -> tuple[str, Role]:
    """Return name and role from the one mailbox a person's certificate carries."""
    entries = list(names)
    if len(entries) != 1 or not isinstance(entries[0], x509.RFC822Name):
        raise _refused(Rule.ALTERNATIVE_NAME, "its alternative name is not one mailbox")
    match = _PERSON.fullmatch(entries[0].value)
    if match is None:
        raise _refused(
            Rule.ALTERNATIVE_NAME, f"its mailbox is not NAME@member.{MAIL_DOMAIN} or @operator."
        )
    name, role = match.groups()
    if not is_name(name):
        raise _refused(Rule.NAME, "its name is not one that a person can have")
    return name, Role(role)


def _host(names: x509.SubjectAlternativeName) -> tuple[str, Role]:
    """Return the first name of a host certificate, after looking at all of them."""
    entries = list(names)
    texts = [_host_name(entry) for entry in entries]
    if not texts or len(set(texts)) != len(texts):
        raise _refused(Rule.ALTERNATIVE_NAME, "it names no host, or one twice")
    return texts[0], Role.HOST


def _host_name(entry: x509.GeneralName) -> str:
    if isinstance(entry, x509.DNSName) and is_dns_name(entry.value):
        return entry.value
    if isinstance(entry, x509.IPAddress):
        # A network (address and mask) is 8 or 32 octets long and no address.
        text = str(entry.value)
        if "/" not in text:
            return text
    raise _refused(Rule.ALTERNATIVE_NAME, "it names something that is no host")


def _refused(rule: Rule, why: str) -> CertificateRefused:
    return CertificateRefused(
        rule, "the certificate is not one that this program issues", why=why, hint=_HINT
    )
