"""Finding records by what a person has at hand: the beginning of a `uid` or of a `hello`.

Reads journals from their newest end, on the caller's thread. A line is parsed only when the text
stands somewhere in it, so a million records are looked through in seconds.
"""

from collections.abc import Iterable
from typing import Final

from secure_chat.errors import UsageError
from secure_chat.handshakes.journal import lines_of
from secure_chat.handshakes.parts import OnRead, Part
from secure_chat.handshakes.record import HandshakeRecord, decode

__all__ = ["LEAST_LETTERS", "matching"]

LEAST_LETTERS: Final = 6
"""Fewer letters than this begin too many."""

_UID_LETTERS: Final = 18
_HELLO_LETTERS: Final = 64
_LETTERS: Final = frozenset("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def matching(
    stood: Iterable[tuple[Part, ...]], wanted: str, on_read: OnRead = lambda _size: None
) -> list[HandshakeRecord]:
    """Return the records whose uid or hello begins so, the newest first.

    Args:
        stood: the files to look into, from `journal.standing`.
        wanted: at least `LEAST_LETTERS` letters; those of a hello may be large ones.
        on_read: told of bytes read.

    Raises:
        UsageError: it is too short, or cannot be the beginning of either.
        OSError: a journal cannot be read.
    """
    if len(wanted) < LEAST_LETTERS or len(wanted) > _HELLO_LETTERS or not set(wanted) <= _LETTERS:
        raise UsageError(
            f"{wanted!r} names no handshake",
            why=f"it takes {LEAST_LETTERS} letters or digits of a uid or a hello, or more",
            hint="`securechat handshakes --json` shows both for every handshake.",
        )
    hello = wanted.lower()
    spellings = {wanted.encode(), hello.encode()}
    found: dict[str, HandshakeRecord] = {}
    for _, line in lines_of(stood, on_read=on_read):
        record = decode(line) if any(spelling in line for spelling in spellings) else None
        if record is None:
            continue
        if record.uid == wanted and len(wanted) == _UID_LETTERS:
            # There is one at most, so the rest need not be read.
            return [record]
        if record.uid.startswith(wanted) or (record.hello or "").startswith(hello):
            found[record.uid] = record
    return list(found.values())
