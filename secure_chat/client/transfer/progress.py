"""How far a transfer is, as whoever started it is told.

Pure values, made on the thread that waits for the transfer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

__all__ = ["Phase", "Progress", "Told"]


class Phase(StrEnum):
    """What a transfer is busy with."""

    HASHING = "hashing"
    WAITING = "waiting"
    SENDING = "sending"
    RECEIVING = "receiving"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a transfer is.

    Args:
        done: how many bytes have made their way; for a folder those of all its files together.
        size: how many there are in all; None for a stream, which ends when it ends.
        phase: a word of `Phase`.
    """

    done: int
    size: int | None
    phase: str


Told: TypeAlias = Callable[[Progress], None]
"""Hears of progress a few times a second on the thread that waits; raising ends the transfer."""
