"""The ordered sources that a page is merged from: a room, direct messages, files, the words.

Used by `log.reader` on its thread. Each source is a question that is answered from an index, in
order, and never further than the page is long. It must never be one that reads all of a table.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from secure_chat.log.schema import words_table

__all__ = ["END", "Source", "direct", "files", "found", "pair", "room"]

# Above every number.
END: Final = 2**63 - 1

# INDEXED BY makes the plan part of the question: without its index it fails instead of scanning.
_TARGET: Final = "FROM entry INDEXED BY entry_target WHERE kind = 0 AND target = ? AND seq"
_SENT: Final = "FROM entry INDEXED BY entry_sent WHERE target < 0 AND author = ? AND seq"
_PAIR: Final = (
    "FROM entry INDEXED BY entry_pair WHERE target < 0 AND author = ? AND -target = ? AND seq"
)
_WORDS: Final = "FROM {words} WHERE {words} MATCH ? AND rowid"
# The table of entries with a file has the same columns and the same indexes.
_FILES: Final = {
    _TARGET: "FROM attached INDEXED BY attached_target WHERE target = ? AND seq",
    _SENT: _SENT.replace("entry", "attached"),
    _PAIR: _PAIR.replace("entry", "attached"),
}


@lru_cache
def _question(source: str, *, newest: bool) -> str:
    """Return the question for a source's numbers between two bounds, in order."""
    column = source.rsplit(" ", 1)[1]
    order = f"{column} DESC" if newest else column
    return f"SELECT {column} {source} > ? AND {column} < ? ORDER BY {order} LIMIT ?"


@dataclass(frozen=True, slots=True)
class Source:
    """Numbers that belong to a page, in order, strictly between two bounds.

    Args:
        select: which kind of source.
        keys: whose numbers they are.
        above: the lower bound.
        below: the upper bound.
    """

    select: str
    keys: tuple[int | str, ...]
    above: int = 0
    below: int = END

    def question(self, *, newest: bool) -> str:
        """Return the SQL that asks for them; it takes the keys, both bounds and how many.

        Args:
            newest: whether the largest come first.
        """
        return _question(self.select, newest=newest)


def room(number: int, above: int = 0, below: int = END) -> Source:
    """Return what was said in a room.

    Args:
        number: the room's.
        above: only what has larger numbers.
        below: only what has smaller ones.
    """
    return Source(_TARGET, (number,), above, below)


def direct(person: int) -> list[Source]:
    """Return the direct messages to a person and those from them.

    Args:
        person: their number.
    """
    return [Source(_TARGET, (-person,)), Source(_SENT, (person,))]


def pair(one: int, other: int) -> list[Source]:
    """Return the direct messages between two people, both ways.

    Args:
        one: the number of one of them.
        other: the number of the other.
    """
    return [Source(_PAIR, (one, other)), Source(_PAIR, (other, one))]


def files(sources: list[Source]) -> list[Source]:
    """Return of each source only what refers to a file.

    Args:
        sources: of rooms and direct messages.
    """
    return [
        Source(_FILES[source.select], source.keys, source.above, source.below) for source in sources
    ]


def found(firsts: Iterable[int], scopes: list[str], search: str | None) -> list[Source]:
    """Return what the full-text index finds, a source for each of its tables, oldest first.

    Args:
        firsts: the numbers at which its tables begin, in ascending order.
        scopes: the words that say who may read it (see `log.schema`), joined as they are to hold.
        search: what a person looks for, None for everything.
    """
    match = " AND ".join(f"scope : {scope}" for scope in scopes)
    if search is not None:
        # Each word is quoted, so no word is an operator; a zero byte would end the question.
        # Only words side by side, without AND, leave those aside that are signs alone.
        words = search.replace("\0", " ").replace('"', " ").split()
        if not words:
            return []
        match += " AND text : (" + " ".join(f'"{word}"' for word in words) + ")"
    return [
        Source(_WORDS.format(words=words_table(first)), (match,), first - 1, end)
        for first, end in pairwise([*firsts, END])
    ]
