"""The two names in a certificate as a line of text, also of certificates nobody should accept.

Pure, on the disk thread. The certificate library refuses some hostile certificates and warns on
stderr about others, but a record must name whoever was refused; so just the names are read here,
by hand. Nothing is decided by them: a name counts only when `pki.profile` has read it.
"""

from functools import lru_cache
from typing import Final

from secure_chat.limits import Limits
from secure_chat.tls.octets import Cut, Octets

__all__ = ["subject_and_issuer"]

_VERSION: Final = 0xA0
_OBJECT_ID: Final = 0x06
_LONG: Final = 0x80
_LENGTH_OCTETS: Final = 4

# UTF8String, PrintableString, T61String, IA5String, UniversalString, BMPString.
_CODECS: Final = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}

# RFC 4514 section 3, with emailAddress, which everybody writes out.
_ATTRIBUTES: Final = {
    "550403": "CN",
    "550405": "serialNumber",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "550409": "STREET",
    "55040a": "O",
    "55040b": "OU",
    "0992268993f22c640119": "DC",
    "0992268993f22c640101": "UID",
    "2a864886f70d010901": "emailAddress",
}


# The same few certificates come again and again, one's own with every handshake.
@lru_cache(maxsize=Limits().certificates_remembered)
def subject_and_issuer(certificate: bytes) -> tuple[str | None, str | None]:
    """Return subject and issuer in the form of RFC 4514, most specific part first.

    It is a stranger's text: whoever prints it must make it printable.

    Args:
        certificate: DER; what cannot be read of it is None.
    """
    try:
        signed = _inner(_inner(Octets(certificate)))
        if signed.peek() == _VERSION:
            _element(signed)
        _element(signed)  # the serial number
        _element(signed)  # the signature algorithm
        issuer = _name(_inner(signed))
        _element(signed)  # the validity
        return _name(_inner(signed)), issuer
    except Cut:
        return None, None


def _element(data: Octets) -> tuple[int, bytes]:
    """Return the tag and the content of the next element (X.690 section 8.1)."""
    tag, length = data.number(1), data.number(1)
    if length >= _LONG:
        if not 0 < length - _LONG <= _LENGTH_OCTETS:
            raise Cut
        length = data.number(length - _LONG)
    return tag, data.take(length)


def _inner(data: Octets) -> Octets:
    return Octets(_element(data)[1])


def _name(relative_names: Octets) -> str:
    parts = []
    while relative_names:
        values, pairs = _inner(relative_names), []
        while values:
            pairs.append(_pair(_inner(values)))
        parts.append("+".join(pairs))
    return ",".join(reversed(parts))


def _pair(attribute: Octets) -> str:
    """Return one attribute as `CN=alice`."""
    tag, identifier = _element(attribute)
    if tag != _OBJECT_ID:
        raise Cut
    tag, content = _element(attribute)
    key = _ATTRIBUTES.get(identifier.hex(), f"oid.{identifier.hex()}")
    codec = _CODECS.get(tag)
    value = f"#{content.hex()}" if codec is None else _escaped(content.decode(codec, "replace"))
    return f"{key}={value}"


def _escaped(text: str) -> str:
    """Return a value with what has a meaning between values written out (RFC 4514 section 2.4)."""
    escaped = "".join(f"\\{letter}" if letter in ',+"\\<>;=' else letter for letter in text)
    escaped = escaped.replace("\x00", "\\00")
    if escaped[:1] in {" ", "#"}:
        escaped = f"\\{escaped}"
    # A blank that already stands behind a backslash is the one escaped above.
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(text) > 1 else escaped
