"""Just enough DER to look at a certificate before anything else parses it.

Pure; the certificate library warns about odd serial numbers instead of refusing them and does
not show the unique identifiers of X.509 v2 at all, so these two are read here first.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["Outline", "outline"]

_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_LONG: Final = 0x80
_LENGTH_OCTETS: Final = 4


@dataclass(frozen=True, slots=True)
class Outline:
    """The first look at a certificate.

    Args:
        serial: the content octets of the serial number, as encoded.
        tags: the tag octet of each field of the part that is signed, in order (RFC 5280 4.1).
    """

    serial: bytes
    tags: tuple[int, ...]


def outline(der: bytes) -> Outline:
    """Return the first look at a certificate.

    Raises:
        ValueError: this is no certificate in DER, or something follows it.
    """
    tag, certificate, rest = _element(der)
    if tag != _SEQUENCE or rest:
        raise ValueError("not one sequence")
    tag, signed, _ = _element(certificate)
    if tag != _SEQUENCE:
        raise ValueError("no signed part")
    fields: list[tuple[int, bytes]] = []
    while signed:
        tag, content, signed = _element(signed)
        fields.append((tag, content))
    serials = [content for tag, content in fields if tag == _INTEGER]
    if len(serials) != 1:
        raise ValueError("no serial number")
    return Outline(serials[0], tuple(tag for tag, _ in fields))


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Split off the first element: its tag, its content, what follows it."""
    head = 2
    if len(data) < head:
        raise ValueError("cut short")
    length = data[1]
    if length >= _LONG:
        octets = length - _LONG
        if not 1 <= octets <= _LENGTH_OCTETS:
            raise ValueError("a length DER does not allow")
        head += octets
        length = int.from_bytes(data[2:head])
    if len(data) < head + length:
        raise ValueError("cut short")
    return data[0], data[head : head + length], data[head + length :]
