"""How long a certificate was made to live, when it is due for renewal, and how long the next lives.

Pure. A certificate's begin is set back a little so that clocks may differ; what is left without
that is the life that somebody asked for, and its renewal gets the same.
"""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from secure_chat.pki.profile import BACKDATE

if TYPE_CHECKING:
    # A client asks for lives too, and has no registry.
    from secure_chat.pki.registry import Entry

__all__ = ["DEFAULT_LIFE", "due_at", "is_due", "life_of", "next_life"]

DEFAULT_LIFE: Final = timedelta(days=90)
_SET_BACK_SHARE: Final = 10


def life_of(not_before: float, not_after: float) -> timedelta:
    """Return the life that a certificate was made to have, in whole seconds.

    Args:
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
    """
    whole, most = int(not_after - not_before), int(BACKDATE.total_seconds())
    if whole > most * (_SET_BACK_SHARE + 1):
        return timedelta(seconds=whole - most)
    return timedelta(seconds=whole * _SET_BACK_SHARE // (_SET_BACK_SHARE + 1))


def due_at(not_before: float, not_after: float) -> float:
    """Return when two thirds of a certificate's life are over, seconds since 1970 UTC.

    Args:
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
    """
    return not_after - life_of(not_before, not_after).total_seconds() / 3


def is_due(not_before: float, not_after: float, now: float) -> bool:
    """Tell whether a certificate has lived two thirds of its life.

    Args:
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
        now: seconds since 1970 UTC.
    """
    return now >= due_at(not_before, not_after)


def next_life(entry: "Entry", entries: "Mapping[str, Entry]", ends: Collection[int]) -> timedelta:
    """Return the life of the certificate that takes another's place: the same.

    A certificate that ends together with its authority was cut there; its predecessors tell what
    was asked for. Otherwise a life that was cut once would stay short under the next authority.

    Args:
        entry: the one whose place is taken.
        entries: all certificates of the registry.
        ends: the ends of the authorities of the folder, seconds since 1970 UTC.
    """
    longest, seen = life_of(entry.not_before, entry.not_after), {entry.serial}
    while entry.not_after in ends and entry.replaces in entries and entry.replaces not in seen:
        entry = entries[entry.replaces]
        seen.add(entry.serial)
        longest = max(longest, life_of(entry.not_before, entry.not_after))
    return longest
