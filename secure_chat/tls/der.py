"""Reading DER that a stranger wrote: elements, identifiers, numbers and times (X.690).

Pure, used on the disk thread. It must never read beyond its end nor take longer than the bytes are
long: what is no DER raises `Cut`, which the readers of this folder turn into "not known".
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Final

from secure_chat.tls.octets import Cut, Octets

__all__ = [
    "INTEGER",
    "OBJECT_ID",
    "SEQUENCE",
    "content_of",
    "dotted",
    "element",
    "elements",
    "moment",
    "number",
]

INTEGER: Final = 0x02
OBJECT_ID: Final = 0x06
SEQUENCE: Final = 0x30
_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18

_LONG: Final = 0x80
_LENGTH_OCTETS: Final = 4

# The longest identifiers in use have a dozen octets; Python refuses to print endless numbers.
_IDENTIFIER_OCTETS: Final = 32
_MORE: Final = 0x80
_SEPTET: Final = 7
_SECOND_ARCS: Final = 40

_UTC_LENGTH: Final = 13
_GENERALIZED_LENGTH: Final = 15
# Where year, month, day, hour, minute and second begin, and the Z.
_PLACES: Final = (0, 4, 6, 8, 10, 12, 14)
# Two digits mean 1950 to 2049 (RFC 5280 section 4.1.2.5.1).
_FIRST_OF_1900S: Final = b"50"


def element(data: Octets) -> tuple[int, bytes]:
    """Return the tag and the content of the next element (X.690 section 8.1).

    Raises:
        Cut: there is none, or its length is none that DER allows.
    """
    tag, length = data.number(1), data.number(1)
    if length >= _LONG:
        if not 0 < length - _LONG <= _LENGTH_OCTETS:
            raise Cut
        length = data.number(length - _LONG)
    return tag, data.take(length)


def elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the tag and the content of each element.

    Raises:
        Cut: what follows is none.
    """
    data = Octets(content)
    while data:
        yield element(data)


def content_of(tag: int, data: Octets) -> bytes:
    """Return the content of the next element, which must have this tag.

    Raises:
        Cut: it is something else.
    """
    found, content = element(data)
    if found != tag:
        raise Cut
    return content


def number(content: bytes) -> int:
    """Return the content of an INTEGER; a certificate may hold a negative one where none belongs.

    Raises:
        Cut: there is nothing in it.
    """
    if not content:
        raise Cut
    return int.from_bytes(content, signed=True)


def dotted(content: bytes) -> str:
    """Return the content of an OBJECT IDENTIFIER as `1.2.840.10045.2.1`.

    Raises:
        Cut: it is empty, not whole, or longer than any in use.
    """
    if not content or len(content) > _IDENTIFIER_OCTETS or content[-1] & _MORE:
        raise Cut
    arcs, arc = [], 0
    for octet in content:
        arc = arc << _SEPTET | octet & ~_MORE
        if not octet & _MORE:
            arcs.append(arc)
            arc = 0
    # The first octets hold two arcs in one; only the root 2 has more than 40 below it.
    root = min(arcs[0] // _SECOND_ARCS, 2)
    return ".".join(map(str, [root, arcs[0] - root * _SECOND_ARCS, *arcs[1:]]))


def moment(tag: int, content: bytes) -> str:
    """Return a UTCTime or a GeneralizedTime as certificates have them, in RFC 3339.

    Raises:
        Cut: it is neither, not in the one form that RFC 5280 allows, or no day of the calendar.
    """
    digits = content
    if tag == _UTC_TIME and len(content) == _UTC_LENGTH:
        digits = (b"19" if content[:2] >= _FIRST_OF_1900S else b"20") + content
    elif tag != _GENERALIZED_TIME:
        raise Cut
    if len(digits) != _GENERALIZED_LENGTH or not digits[:-1].isdigit() or digits[-1:] != b"Z":
        raise Cut
    year, month, day, hour, minute, second = (int(digits[a:b]) for a, b in pairwise(_PLACES))
    try:
        found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 # the Z follows
    except ValueError:
        raise Cut from None
    return f"{found.isoformat(timespec='milliseconds')}Z"
