"""What a client's first bytes must look like before OpenSSL is let near them.

A pure function, called on the worker's thread. OpenSSL answers whatever it does not understand,
and a host must not answer at all to what is no TLS.
"""

from typing import Final

from secure_chat.tls.vocabulary import Reason

__all__ = ["HEAD_BYTES", "no_tls"]

HEAD_BYTES: Final = 6
"""Enough of the first bytes to know a record with the beginning of a ClientHello."""

_HANDSHAKE: Final = 0x16
_MAJOR: Final = b"\x03"
_CLIENT_HELLO: Final = b"\x01"
_HELLO_LEAST: Final = 4
_RECORD_MOST: Final = 16_384
_TEXT: Final = frozenset(b"\t\r\n") | frozenset(range(0x20, 0x7F))


def no_tls(head: bytes) -> Reason | None:
    """Return why these first bytes cannot begin a TLS client's handshake, None when they can.

    Args:
        head: from one to six bytes. A ClientHello's record is 0x16, major version 3, any minor
            version, its length, and then handshake type 1 (RFC 8446 sections 4 and 5.1).
    """
    length = int.from_bytes(head[3:5], "big")
    if (
        head[0] == _HANDSHAKE
        and head[1:2] in {b"", _MAJOR}
        and (len(head) < HEAD_BYTES - 1 or _HELLO_LEAST <= length <= _RECORD_MOST)
        and head[5:] in {b"", _CLIENT_HELLO}
    ):
        return None
    # Text is what a person or a script types; everything else is told by its bytes alone.
    text = all(byte in _TEXT for byte in head)
    return Reason.PLAINTEXT if text else Reason.GARBAGE
