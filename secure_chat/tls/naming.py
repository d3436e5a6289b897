"""The names inside certificates as text: distinguished names and alternative names.

Pure, on the disk thread. It is a stranger's text, bounded here and printable only behind whoever
prints it; nothing is decided by it: a name counts only when `pki.profile` has read it.
"""

from ipaddress import ip_address
from itertools import islice
from typing import Final

from secure_chat.limits import Limits
from secure_chat.tls.der import OBJECT_ID, SEQUENCE, content_of, dotted, element, elements
from secure_chat.tls.octets import Cut, Octets

__all__ = ["alternative_names", "distinguished_name", "shortened"]

_MOST: Final = Limits().text_chars
_NAMES: Final = Limits().names_recorded
# A letter has at most four octets; what is beyond is cut off again.
_OCTETS: Final = 4 * _MOST
_CUT_HERE: Final = "..."

_SET: Final = 0x31

# UTF8String, PrintableString, T61String, IA5String, UniversalString, BMPString.
_CODECS: Final = {
    0x0C: "utf-8",
    0x13: "ascii",
    0x14: "latin-1",
    0x16: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}

# RFC 4514 section 3, with some that everybody writes out.
_ATTRIBUTES: Final = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "serialNumber",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "title",
    "2.5.4.42": "GN",
    "2.5.4.97": "organizationIdentifier",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
    "1.2.840.113549.1.9.1": "emailAddress",
}

# RFC 5280 section 4.2.1.6; what is no text is known by its kind only.
_TEXTS: Final = {0x81: "email", 0x82: "DNS", 0x86: "URI"}
_ADDRESS: Final = 0x87
_ADDRESS_OCTETS: Final = frozenset({4, 16})
_OTHERS: Final = {
    0xA0: "otherName",
    0xA3: "x400Address",
    0xA4: "directoryName",
    0xA5: "ediPartyName",
    0x88: "registeredID",
}


def shortened(text: str) -> str:
    """Return a peer's text no longer than a record may hold; a longer one ends with `...`."""
    return text if len(text) <= _MOST else text[: _MOST - len(_CUT_HERE)] + _CUT_HERE


def distinguished_name(content: bytes) -> str:
    """Return a name in the form of RFC 4514, most specific part first.

    Args:
        content: of its SEQUENCE.

    Raises:
        Cut: it is not built like a name.
    """
    steps = [step for _, step in elements(content)]
    written: list[str] = []
    length = -1
    for step in reversed(steps):
        pairs = islice(elements(step), _NAMES)
        written.append("+".join([_attribute(tag, pair) for tag, pair in pairs]))
        length += 1 + len(written[-1])
        if length > _MOST:
            # The rest would be cut off anyway, and a stranger may send tens of thousands.
            break
    return shortened(",".join(written))


def _attribute(tag: int, pair: bytes) -> str:
    """Return one attribute as `CN=alice`; what is no text in hex."""
    if tag != SEQUENCE:
        raise Cut
    data = Octets(pair)
    identifier = dotted(content_of(OBJECT_ID, data))
    tag, content = element(data)
    codec, content = _CODECS.get(tag), content[:_OCTETS]
    value = f"#{content.hex()}" if codec is None else _escaped(content.decode(codec, "replace"))
    return f"{_ATTRIBUTES.get(identifier, identifier)}={value}"


def _escaped(text: str) -> str:
    """Return a value with what has a meaning between values written out (RFC 4514 section 2.4)."""
    escaped = "".join(f"\\{letter}" if letter in ',+"\\<>;=' else letter for letter in text)
    escaped = escaped.replace("\x00", "\\00")
    if escaped[:1] in {" ", "#"}:
        escaped = f"\\{escaped}"
    # A blank that already stands behind a backslash is the one escaped above.
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(text) > 1 else escaped


def alternative_names(value: bytes) -> tuple[str, ...]:
    """Return what a subjectAltName extension holds, as `DNS:localhost` or `IP:127.0.0.1`.

    Args:
        value: the extension's value.

    Raises:
        Cut: it is not built like a list of names.
    """
    found: list[str] = []
    for tag, content in elements(content_of(SEQUENCE, Octets(value))):
        if len(found) == _NAMES:
            break
        found.append(_alternative(tag, content))
    return tuple(found)


def _alternative(tag: int, content: bytes) -> str:
    if tag in _TEXTS:
        text = content[:_OCTETS].decode("ascii", "backslashreplace")
        return shortened(f"{_TEXTS[tag]}:{text}")
    if tag == _ADDRESS:
        whole = len(content) in _ADDRESS_OCTETS
        return f"IP:{ip_address(content)}" if whole else shortened(f"IP:#{content[:_OCTETS].hex()}")
    return f"other:{_OTHERS.get(tag, f'#{tag:02x}')}"
