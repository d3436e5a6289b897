"""What a certificate is worth at a moment, in one word: for people, never for a decision.

Pure. The host decides by the handshake and the registry; these words are what lists show.
"""

from enum import StrEnum

from secure_chat.pki.life import is_due
from secure_chat.pki.registry import REPLACED, SUPERSEDED, Entry

__all__ = ["State", "is_passing", "state_at", "state_of"]


class State(StrEnum):
    """The words; JSON and tables show them."""

    VALID = "valid"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    FUTURE = "not-yet-valid"
    REVOKED = "revoked"


def state_at(not_before: float, not_after: float, now: float) -> State:
    """Return what a certificate is by its dates alone; the last third of its life is expiring.

    Args:
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
        now: seconds since 1970 UTC.
    """
    if now > not_after:
        return State.EXPIRED
    if now < not_before:
        return State.FUTURE
    return State.EXPIRING if is_due(not_before, not_after, now) else State.VALID


def state_of(entry: Entry, now: float) -> State:
    """Return what a certificate of the registry is.

    Args:
        entry: the certificate.
        now: seconds since 1970 UTC.
    """
    if entry.state == "revoked":
        return State.REVOKED
    return state_at(entry.not_before, entry.not_after, now)


def is_passing(entry: Entry) -> bool:
    """Tell whether it was revoked in the course of things, because another took its place."""
    return entry.state == "revoked" and entry.reason in {REPLACED, SUPERSEDED}
