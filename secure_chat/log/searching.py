"""What a page of a search is made of: for each table of the full-text index, what is found in it.

Used by `log.reader` on its thread, beside the other ordered sources of a page. Who may read an
entry is said by words of its own in the index (see `log.schema`), and nothing that is asked here
may leave them out.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from secure_chat.log.schema import words_table
from secure_chat.log.sources import END, bounded

__all__ = ["Rights", "Stretch", "search"]

# An entry is theirs to read if it has one word of each.
Rights = tuple[frozenset[str], ...]

# Looking at the words of rights takes ever so long in a table, as everything has some. A few
# entries are looked at one by one instead: of rare words that is all, of frequent ones a page.
_FEW: Final = 16
_RIGHTFUL: Final = "SELECT rowid FROM {words} WHERE {words} MATCH ? AND rowid"
_ANYBODYS: Final = (
    "SELECT {words}.rowid, spoken.scope FROM {words} CROSS JOIN spoken"
    " WHERE spoken.seq = {words}.rowid AND {words} MATCH ? AND {words}.rowid"
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a search finds in one table of the index.

    Args:
        words: the name of the table.
        rights: who may read what is looked for.
        text: the words looked for, as FTS5 wants them; None for everything.
        above: the lower bound of what the table holds.
        below: the upper bound.
    """

    words: str
    rights: Rights
    text: str | None
    above: int
    below: int

    def read(
        self, db: sqlite3.Connection, above: int, below: int, count: int, *, newest: bool
    ) -> list[int]:
        """Return the first numbers between two bounds, from the asked end; see `Ordered`."""
        bounds = (above, below)
        if self.text is not None:
            question = bounded(_ANYBODYS.format(words=self.words), newest=newest)
            few = db.execute(question, (self.text, *bounds, _FEW)).fetchall()
            found = [seq for seq, scope in few if self._theirs(scope)]
            if len(few) < _FEW or len(found) >= count:
                return found[:count]
        question = bounded(_RIGHTFUL.format(words=self.words), newest=newest)
        return [seq for (seq,) in db.execute(question, (self._match(), *bounds, count))]

    def _theirs(self, scope: str) -> bool:
        words = scope.split()
        return not any(right.isdisjoint(words) for right in self.rights)

    def _match(self) -> str:
        scopes = (f"scope : ({' OR '.join(sorted(right))})" for right in self.rights)
        return " AND ".join([*scopes, *([] if self.text is None else [self.text])])


def search(firsts: Iterable[int], rights: Rights, looked_for: str | None) -> list[Stretch]:
    """Return what the full-text index finds, oldest first.

    Args:
        firsts: the numbers at which its tables begin, in ascending order.
        rights: who may read it.
        looked_for: what a person looks for, None for everything.
    """
    text = None
    if looked_for is not None:
        # Each word is quoted, so no word is an operator; a zero byte would end the question.
        # Only words side by side, without AND, leave those aside that are signs alone.
        words = looked_for.replace("\0", " ").replace('"', " ").split()
        if not words:
            return []
        text = "text : (" + " ".join(f'"{word}"' for word in words) + ")"
    return [
        Stretch(words_table(first), rights, text, first - 1, end)
        for first, end in pairwise([*firsts, END])
    ]
