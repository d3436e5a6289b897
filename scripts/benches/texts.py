"""Texts that a log and its search index take for those of people: few words make up most of them.

Always the same ones from the same seed.
"""

import random
from collections.abc import Iterator
from itertools import accumulate, cycle
from typing import Final

__all__ = ["FREQUENT", "MIDDLING", "Texts"]

_WORDS: Final = 50_000
_SYLLABLES: Final = [a + b for a in "bdfghklmnprstvwz" for b in "aeiou"]
# Enough at once that the index meets most of the vocabulary again and again.
_DRAWN: Final = 200_000


class Texts:
    """An endless supply of texts.

    The frequency of a word falls with its rank (Zipf's law), as it does in every language.

    Args:
        size: of each, bytes.
        seed: the same one gives the same texts.
    """

    def __init__(self, size: int, seed: int = 1) -> None:
        chance = random.Random(seed)
        weights = list(accumulate(1 / rank for rank in range(1, _WORDS + 1)))
        drawn = chance.choices(range(_WORDS), cum_weights=weights, k=_DRAWN)
        self._words = cycle([_word(rank) for rank in drawn])
        self._size = size

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        words: list[str] = []
        missing = self._size
        while missing > 0:
            words.append(next(self._words))
            missing -= len(words[-1]) + 1
        return " ".join(words)[: self._size].ljust(self._size, ".")


def _word(rank: int) -> str:
    """Return the word of a rank: of two syllables at least, no two ranks the same."""
    count, syllables = len(_SYLLABLES), [_SYLLABLES[rank % len(_SYLLABLES)]]
    while rank >= count or len(syllables) < 2:
        rank //= count
        syllables.append(_SYLLABLES[rank % count])
    return "".join(syllables)


FREQUENT: Final = _word(0)
MIDDLING: Final = (_word(1_000), _word(1_001))
