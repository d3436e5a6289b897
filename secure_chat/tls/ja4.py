"""JA4, the fingerprint of a TLS client: what it offers, brought down to three short parts.

Written from the authors' technical details (FoxIO, `technical_details/JA4.md`; JA4 itself is BSD
licensed, its relatives are not and are not here). A pure function, used on the disk thread.
"""

import struct
from functools import lru_cache
from hashlib import sha256
from typing import Final

from secure_chat.tls.hello import ClientHello

__all__ = ["ja4"]

_VERSIONS: Final = {
    0x0304: "13",
    0x0303: "12",
    0x0302: "11",
    0x0301: "10",
    0x0300: "s3",
    0x0002: "s2",
}
_GREASE: Final = frozenset(0x0A0A + 0x1010 * step for step in range(16))
_KINDS: Final = 64
_MOST_COUNTED: Final = 99
_HASH: Final = 12
_SERVER_NAME: Final = 0x0000
_ALPN: Final = 0x0010


def ja4(hello: ClientHello) -> str:
    """Return the JA4 fingerprint of a client over TCP, such as `t13d1516h2_8daaf6152771_...`.

    Args:
        hello: the first ClientHello of the connection.
    """
    return _remembered(hello) if hello.common else _made(hello)


def _made(hello: ClientHello) -> str:
    ciphers = _real(hello.ciphers)
    kinds = _real(hello.extensions)
    named = "d" if _SERVER_NAME in kinds else "i"
    head = (
        f"t{_version(hello)}{named}{min(len(ciphers), _MOST_COUNTED):02}"
        f"{min(len(kinds), _MOST_COUNTED):02}{_ends(hello.alpn)}"
    )
    listed = _listed(sorted(kind for kind in kinds if kind not in {_SERVER_NAME, _ALPN}))
    schemes = _listed(_real(hello.schemes))
    tail = f"{listed}_{schemes}" if schemes else listed
    return f"{head}_{_hashed(_listed(sorted(ciphers)))}_{_hashed(tail) if listed else '0' * _HASH}"


# Clients of one kind all have the same; there are few kinds.
_remembered: Final = lru_cache(maxsize=_KINDS)(_made)


def _real(numbers: tuple[int, ...]) -> list[int]:
    """Leave out GREASE (RFC 8701): numbers sprinkled in so that peers learn to ignore some."""
    return [number for number in numbers if number not in _GREASE]


def _version(hello: ClientHello) -> str:
    offered = _real(hello.versions) or [hello.legacy_version]
    return _VERSIONS.get(max(offered), "00")


def _ends(alpn: tuple[bytes, ...]) -> str:
    """Return the first and last letter of the first protocol, of its hex when it is no text."""
    if not alpn or not alpn[0]:
        return "00"
    first, last = alpn[0][:1], alpn[0][-1:]
    if first.isalnum() and last.isalnum():
        return (first + last).decode("ascii")
    return alpn[0].hex()[0] + alpn[0].hex()[-1]


def _listed(numbers: list[int]) -> str:
    return struct.pack(f">{len(numbers)}H", *numbers).hex(",", 2)


def _hashed(text: str) -> str:
    return sha256(text.encode("ascii")).hexdigest()[:_HASH] if text else "0" * _HASH
