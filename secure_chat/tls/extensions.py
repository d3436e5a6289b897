"""The extensions of a certificate, also of one that nobody should accept.

Pure, on any thread. They are read by hand and never judged: what stands in them is a stranger's
word in a stranger's text, bounded here and printable only behind whoever prints it.

Source: RFC 5280 section 4.2.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

from secure_chat.limits import Limits
from secure_chat.tls.algorithms import PURPOSES
from secure_chat.tls.der import (
    INTEGER,
    OBJECT_ID,
    SEQUENCE,
    content_of,
    dotted,
    element,
    elements,
    number,
)
from secure_chat.tls.naming import alternative_names, shortened
from secure_chat.tls.octets import Cut, Octets

__all__ = [
    "Extension",
    "authority_in",
    "in_words",
    "purposes_in",
    "split",
    "usages_in",
]

_MOST: Final = Limits().names_recorded
_BOOLEAN: Final = 0x01
_BIT_STRING: Final = 0x03
_OCTET_STRING: Final = 0x04
_KEY_IDENTIFIER: Final = 0x80
_NUMBER_OCTETS: Final = 8
_BITS: Final = 8
_FIRST_BIT: Final = 0x80

_KEY_USAGE: Final = "2.5.29.15"
_ALTERNATIVE_NAMES: Final = "2.5.29.17"
_BASIC_CONSTRAINTS: Final = "2.5.29.19"
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"
_SUBJECT_KEY: Final = "2.5.29.14"
_ISSUER_NAMES: Final = "2.5.29.18"
_AUTHORITY_KEY: Final = "2.5.29.35"

_NAMES: Final[dict[str, str]] = {
    "2.5.29.9": "subjectDirectoryAttributes",
    _SUBJECT_KEY: "subjectKeyIdentifier",
    _KEY_USAGE: "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod",
    _ALTERNATIVE_NAMES: "subjectAltName",
    _ISSUER_NAMES: "issuerAltName",
    _BASIC_CONSTRAINTS: "basicConstraints",
    "2.5.29.30": "nameConstraints",
    "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies",
    "2.5.29.33": "policyMappings",
    _AUTHORITY_KEY: "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints",
    _EXTENDED_KEY_USAGE: "extKeyUsage",
    "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy",
    "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess",
    "1.3.6.1.5.5.7.1.24": "tlsFeature",
    "1.3.6.1.5.5.7.48.1.5": "ocspNoCheck",
    "1.3.6.1.4.1.11129.2.4.2": "signedCertificateTimestamps",
    "2.16.840.1.113730.1.1": "netscapeCertType",
    "2.16.840.1.113730.1.13": "netscapeComment",
}
_USAGES: Final = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)


class _Raw(NamedTuple):
    """An extension as it stands in a certificate."""

    identifier: bytes
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension.

    Args:
        oid: its identifier, dotted.
        name: what RFC 5280 or whoever made it calls it; the identifier when it is not known.
        critical: whether who does not know it must refuse the certificate.
        value: what it says; in hex what cannot be read.
    """

    oid: str
    name: str
    critical: bool
    value: str


def split(content: bytes) -> Iterator[_Raw]:
    """Yield the extensions of a certificate as they stand there.

    Args:
        content: of the field that holds them.

    Raises:
        Cut: what follows cannot be told apart.
    """
    for _, extension in elements(content_of(SEQUENCE, Octets(content))):
        data = Octets(extension)
        identifier = content_of(OBJECT_ID, data)
        tag, value = element(data)
        critical = tag == _BOOLEAN and any(value)
        if tag == _BOOLEAN:
            tag, value = element(data)
        if tag == _OCTET_STRING:
            yield _Raw(identifier, critical, value)


def in_words(raw: _Raw) -> Extension:
    """Return what an extension says; it never raises."""
    try:
        oid = dotted(raw.identifier)
    except Cut:
        oid = f"#{raw.identifier[:_MOST].hex()}"
    try:
        value = _READERS[oid](raw.value)
    except (KeyError, Cut):
        value = shortened(f"#{raw.value.hex()}")
    return Extension(oid, _NAMES.get(oid, oid), raw.critical, value)


def usages_in(value: bytes) -> tuple[str, ...]:
    """Return what a keyUsage extension allows the key to be used for.

    Raises:
        Cut: it cannot be read.
    """
    bits = content_of(_BIT_STRING, Octets(value))[1:]
    return tuple(
        name
        for at, name in enumerate(_USAGES)
        if at // _BITS < len(bits) and bits[at // _BITS] << at % _BITS & _FIRST_BIT
    )


def purposes_in(value: bytes) -> tuple[str, ...]:
    """Return what an extKeyUsage extension allows the certificate to be used for.

    Raises:
        Cut: it cannot be read.
    """
    listed = islice(elements(content_of(SEQUENCE, Octets(value))), _MOST)
    purposes = (dotted(content) for _, content in listed)
    return tuple(PURPOSES.get(purpose, purpose) for purpose in purposes)


def authority_in(value: bytes) -> bool:
    """Return what basicConstraints say; cA is the first part, and left out when it is false.

    Raises:
        Cut: they cannot be read.
    """
    constraints = Octets(content_of(SEQUENCE, Octets(value)))
    tag, content = element(constraints) if constraints else (_BOOLEAN, b"")
    return tag == _BOOLEAN and any(content)


def _constraints(value: bytes) -> str:
    said = f"CA:{'TRUE' if authority_in(value) else 'FALSE'}"
    for tag, content in elements(content_of(SEQUENCE, Octets(value))):
        if tag == INTEGER:
            small = len(content) <= _NUMBER_OCTETS
            length = str(number(content)) if small else f"#{content.hex()}"
            return shortened(f"{said}, pathlen:{length}")
    return said


def _subject_key(value: bytes) -> str:
    return shortened(content_of(_OCTET_STRING, Octets(value)).hex())


def _authority_key(value: bytes) -> str:
    parts = list(islice(elements(content_of(SEQUENCE, Octets(value))), _MOST))
    keys = [f"keyid:{content.hex()}" for tag, content in parts if tag == _KEY_IDENTIFIER]
    others = len(parts) - len(keys)
    return shortened(", ".join([*keys, *(["and its issuer and serial number"] if others else [])]))


def _joined(read: Callable[[bytes], tuple[str, ...]]) -> Callable[[bytes], str]:
    return lambda value: shortened(", ".join(read(value)))


_READERS: Final[dict[str, Callable[[bytes], str]]] = {
    _KEY_USAGE: _joined(usages_in),
    _EXTENDED_KEY_USAGE: _joined(purposes_in),
    _ALTERNATIVE_NAMES: _joined(alternative_names),
    _ISSUER_NAMES: _joined(alternative_names),
    _BASIC_CONSTRAINTS: _constraints,
    _SUBJECT_KEY: _subject_key,
    _AUTHORITY_KEY: _authority_key,
}
