"""What stands in a certificate, also in one that nobody should accept.

Pure, on the disk thread. The certificate library refuses some hostile certificates and warns on
stderr about others, but a record must show what a refused peer has shown; so the facts are read
here, by hand, and never judged. It must never raise: a part that cannot be read is None or empty,
and does not hide the others.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from secure_chat.limits import Limits
from secure_chat.tls.algorithms import CURVES, KEYS, SIGNATURES
from secure_chat.tls.der import (
    INTEGER,
    OBJECT_ID,
    SEQUENCE,
    content_of,
    dotted,
    element,
    elements,
    moment,
    number,
)
from secure_chat.tls.extensions import (
    Extension,
    authority_in,
    in_words,
    purposes_in,
    split,
    usages_in,
)
from secure_chat.tls.naming import alternative_names, distinguished_name, shortened
from secure_chat.tls.octets import Cut, Octets

__all__ = ["CertificateFacts", "certificate_extensions", "certificate_facts"]

_T = TypeVar("_T")
_M = TypeVar("_M")
_MOST: Final = Limits().names_recorded

_VERSION: Final = 0xA0
_EXTENSIONS: Final = 0xA3
_BIT_STRING: Final = 0x03

# RFC 5280 section 4.1, behind the version.
_FIELDS: Final = (
    ("serial", INTEGER),
    ("algorithm", SEQUENCE),
    ("issuer", SEQUENCE),
    ("validity", SEQUENCE),
    ("subject", SEQUENCE),
    ("key", SEQUENCE),
)

# No extensions, and constraints that say nothing: both are an empty list.
_NONE: Final = bytes([SEQUENCE, 0])

_RSA: Final = frozenset({"RSA", "RSA-PSS"})

# The content of the identifiers of RFC 5280 section 4.2.1.
_KEY_USAGE: Final = bytes.fromhex("551d0f")
_ALTERNATIVE_NAMES: Final = bytes.fromhex("551d11")
_BASIC_CONSTRAINTS: Final = bytes.fromhex("551d13")
_EXTENDED_KEY_USAGE: Final = bytes.fromhex("551d25")


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a certificate says of itself; a stranger's word, in a stranger's text.

    Args:
        subject: RFC 4514.
        issuer: RFC 4514.
        serial: lower-case hex without leading zeros.
        not_before: RFC 3339 in UTC.
        not_after: RFC 3339 in UTC.
        names: alternative names as `DNS:localhost`.
        key: the kind of its key and the size or curve.
        signature: the algorithm it is signed with.
        usages: what its key may be used for.
        purposes: what it may be used for.
        authority: whether it says that it may issue certificates.
    """

    subject: str | None = None
    issuer: str | None = None
    serial: str | None = None
    not_before: str | None = None
    not_after: str | None = None
    names: tuple[str, ...] = ()
    key: str | None = None
    signature: str | None = None
    usages: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    authority: bool | None = None


def certificate_facts(certificate: bytes) -> CertificateFacts:
    """Return what a certificate says.

    Args:
        certificate: DER.
    """
    parts = _parts(certificate)
    held = _known(_extensions, parts.get("extensions"), None)
    said, constraints = held or {}, None if held is None else held.get(_BASIC_CONSTRAINTS, _NONE)
    begin, end = _validity(parts.get("validity", b""))
    return CertificateFacts(
        subject=_known(distinguished_name, parts.get("subject"), None),
        issuer=_known(distinguished_name, parts.get("issuer"), None),
        serial=_known(_serial, parts.get("serial"), None),
        not_before=begin,
        not_after=end,
        names=_known(alternative_names, said.get(_ALTERNATIVE_NAMES), ()),
        key=_known(_key, parts.get("key"), None),
        signature=_known(_signature, parts.get("signature"), None),
        usages=_known(usages_in, said.get(_KEY_USAGE), ()),
        purposes=_known(purposes_in, said.get(_EXTENDED_KEY_USAGE), ()),
        authority=_known(authority_in, constraints, None),
    )


def certificate_extensions(certificate: bytes) -> tuple[Extension, ...]:
    """Return the first extensions of a certificate, as far as they can be told apart.

    Args:
        certificate: DER.
    """
    found: list[Extension] = []
    with suppress(Cut):
        raws = split(_parts(certificate).get("extensions", _NONE))
        found.extend(in_words(raw) for raw in islice(raws, _MOST))
    return tuple(found)


def _known(read: Callable[[bytes], _T], content: bytes | None, missing: _M) -> _T | _M:
    """Return what a reader makes of a part, or `missing` when it is not there or broken."""
    try:
        return missing if content is None else read(content)
    except Cut:
        return missing


def _parts(certificate: bytes) -> dict[str, bytes]:
    """Return the contents of a certificate's fields, as far as they can be told apart."""
    found: dict[str, bytes] = {}
    with suppress(Cut):
        whole = Octets(content_of(SEQUENCE, Octets(certificate)))
        signed = Octets(content_of(SEQUENCE, whole))
        with suppress(Cut):
            found["signature"] = content_of(SEQUENCE, whole)
        if signed.peek() == _VERSION:
            element(signed)
        for field, wanted in _FIELDS:
            tag, content = element(signed)
            if tag == wanted:
                found[field] = content
        while signed:
            tag, content = element(signed)
            if tag == _EXTENSIONS:
                found["extensions"] = content
        # Read to its end and without any, as versions 1 and 2 are.
        found.setdefault("extensions", _NONE)
    return found


def _extensions(content: bytes) -> dict[bytes, bytes]:
    """Return the values of the extensions by identifier; the first of two equal ones counts."""
    found: dict[bytes, bytes] = {}
    for extension in split(content):
        found.setdefault(extension.identifier, extension.value)
    return found


def _serial(content: bytes) -> str:
    return shortened(f"{number(content):x}")


def _validity(content: bytes) -> tuple[str | None, str | None]:
    moments: list[str | None] = []
    with suppress(Cut):
        moments.extend(_moment(tag, text) for tag, text in elements(content))
    begin, end, *_ = *moments, None, None
    return begin, end


def _moment(tag: int, text: bytes) -> str | None:
    try:
        return moment(tag, text)
    except Cut:
        return None


def _signature(algorithm: bytes) -> str:
    identifier = dotted(content_of(OBJECT_ID, Octets(algorithm)))
    return SIGNATURES.get(identifier, identifier)


def _key(info: bytes) -> str:
    """Return what a SubjectPublicKeyInfo holds, as `ECDSA P-256` or `RSA 3072`."""
    data = Octets(info)
    algorithm, bits = Octets(content_of(SEQUENCE, data)), content_of(_BIT_STRING, data)
    identifier = dotted(content_of(OBJECT_ID, algorithm))
    kind = KEYS.get(identifier, identifier)
    if kind in _RSA:
        # The first octet counts unused bits, of which there are none.
        return f"{kind} {_size(Octets(bits[1:]))}"
    if kind == "DSA":
        return f"{kind} {_size(algorithm)}"
    if kind == "ECDSA":
        tag, content = element(algorithm)
        curve = dotted(content) if tag == OBJECT_ID else "explicit"
        return f"{kind} {CURVES.get(curve, curve)}"
    return kind


def _size(data: Octets) -> int:
    """Return how many bits the first number of a SEQUENCE has: an RSA modulus, a DSA prime."""
    return number(content_of(INTEGER, Octets(content_of(SEQUENCE, data)))).bit_length()
