"""Just enough DER to look at a certificate before anything else parses it.

Pure; the certificate library warns about odd serial numbers and long names instead of refusing
them, and does not show the unique identifiers of X.509 v2 at all, so these are read here first.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["Outline", "common_names", "outline"]

_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_LONG: Final = 0x80
_LENGTH_OCTETS: Final = 4
_COMMON_NAME: Final = bytes.fromhex("0603550403")
_VERSION_3: Final = bytes.fromhex("020102")
# version, serial, algorithm, issuer, validity, subject, key, extensions: no unique identifiers.
_FIELDS: Final = (0xA0, 0x02, 0x30, 0x30, 0x30, 0x30, 0x30, 0xA3)


@dataclass(frozen=True, slots=True)
class Outline:
    """The first look at a certificate of version 3.

    Args:
        serial: the content octets of the serial number, as encoded.
        issuer: the issuer's name, content octets.
        subject: the subject's name, whole.
    """

    serial: bytes
    issuer: bytes
    subject: bytes


def outline(der: bytes) -> Outline:
    """Return the first look at a certificate (RFC 5280 section 4.1).

    Raises:
        ValueError: this is no certificate of version 3 in DER with exactly the eight fields that
            ours have, or something follows it.
    """
    certificate = _only(_SEQUENCE, der)
    tag, signed, _ = _element(certificate)
    if tag != _SEQUENCE:
        raise ValueError("no signed part")
    fields = _elements(signed)
    if tuple(tag for tag, _, _ in fields) != _FIELDS or fields[0][1] != _VERSION_3:
        raise ValueError("not version 3, or not the fields it must have")
    return Outline(serial=fields[1][1], issuer=fields[3][1], subject=fields[5][2])


def common_names(name: bytes) -> list[bytes]:
    """Return the raw values of all common names in a distinguished name.

    Args:
        name: its content octets.

    Raises:
        ValueError: it is not built like a name.
    """
    values: list[bytes] = []
    for tag, step, _ in _elements(name):
        if tag != _SET:
            raise ValueError("not a set of attributes")
        for _, attribute, _ in _elements(step):
            if attribute.startswith(_COMMON_NAME):
                values.append(_element(attribute[len(_COMMON_NAME) :])[1])
    return values


def _only(wanted: int, data: bytes) -> bytes:
    """Return the content of the one element that `data` is."""
    tag, content, whole = _element(data)
    if tag != wanted or len(whole) != len(data):
        raise ValueError("not one sequence")
    return content


def _elements(data: bytes) -> list[tuple[int, bytes, bytes]]:
    found: list[tuple[int, bytes, bytes]] = []
    while data:
        element = _element(data)
        found.append(element)
        data = data[len(element[2]) :]
    return found


def _element(data: bytes) -> tuple[int, bytes, bytes]:
    """Return the first element: its tag, its content, and the whole of it."""
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
    end = head + length
    if len(data) < end:
        raise ValueError("cut short")
    return data[0], data[head:end], data[:end]
