"""The ordered sources that a page is merged from: a room, direct messages, files.

Used by `log.reader` on its thread. Each source is a question that is answered from an index, in
order, and never further than the page is long. It must never be one that reads all of a table.
"""

import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

__all__ = ["END", "Ordered", "Source", "bounded", "direct", "files", "pair", "room"]

# Above every number.
END: Final = 2**63 - 1

# INDEXED BY makes the plan part of the question: without its index it fails instead of scanning.
_TARGET: Final = "FROM entry INDEXED BY entry_target WHERE kind = 0 AND target = ? AND seq"
_SENT: Final = "FROM entry INDEXED BY entry_sent WHERE target < 0 AND author = ? AND seq"
_PAIR: Final = (
    "FROM entry INDEXED BY entry_pair WHERE target < 0 AND author = ? AND -target = ? AND seq"
)
# The table of entries with a file has the same columns and the same indexes.
_FILES: Final = {
    _TARGET: "FROM attached INDEXED BY attached_target WHERE target = ? AND seq",
    _SENT: _SENT.replace("entry", "attached"),
    _PAIR: _PAIR.replace("entry", "attached"),
}


@lru_cache
def bounded(question: str, *, newest: bool) -> str:
    """Return a question as one for a part of its answer, in order.

    Args:
        question: SQL that ends in the column by which it is ordered. What is returned takes two
            bounds and how many besides.
        newest: whether the largest come first.
    """
    column = question.rsplit(" ", 1)[1]
    order = f"{column} DESC" if newest else column
    return f"{question} > ? AND {column} < ? ORDER BY {order} LIMIT ?"


class Ordered(Protocol):
    """Numbers that belong to a page, in order."""

    @property
    def above(self) -> int:
        """The bound that all of them are above."""

    @property
    def below(self) -> int:
        """The bound that all of them are below."""

    def read(
        self, db: sqlite3.Connection, above: int, below: int, count: int, *, newest: bool
    ) -> list[int]:
        """Return the first numbers between two bounds, from the asked end.

        Args:
            db: the reader's connection.
            above: the lower bound.
            below: the upper bound.
            count: how many at most.
            newest: whether the largest come first.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """Numbers that an index of a table has in order.

    Args:
        select: which kind of source.
        keys: whose numbers they are.
        above: the lower bound.
        below: the upper bound.
    """

    select: str
    keys: tuple[int, ...]
    above: int = 0
    below: int = END

    def read(
        self, db: sqlite3.Connection, above: int, below: int, count: int, *, newest: bool
    ) -> list[int]:
        """Return the first numbers between two bounds, from the asked end; see `Ordered`."""
        question = bounded(f"SELECT seq {self.select}", newest=newest)
        return [seq for (seq,) in db.execute(question, (*self.keys, above, below, count))]


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
