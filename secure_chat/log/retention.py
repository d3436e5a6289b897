"""Taking away the oldest entries, with all that refers to them by number.

Used by `log.sqlite` on the hub's thread, within a transaction of its caller. It must never take an
entry away without keeping its id, because an id is used once, for ever.
"""

import sqlite3
from typing import Final

from secure_chat.log.words import Words, set_counter

__all__ = ["old_until", "take_away"]

_OLDEST: Final = "SELECT seq, at FROM entry ORDER BY seq LIMIT ?"
# Each takes the last number that goes. An entry's text and its content go with its row.
_GONE: Final = (
    "INSERT INTO retired SELECT author, id, seq, at FROM entry WHERE seq <= ?",
    "DELETE FROM entry WHERE seq <= ?",
    "DELETE FROM about WHERE seq <= ?",
    "DELETE FROM rewritten WHERE seq <= ?",
    "DELETE FROM attached WHERE seq <= ?",
    "DELETE FROM step WHERE seq <= ? + 1",
    # The last stay of a person in a room is kept: it tells that they are no newcomer.
    (
        "DELETE FROM place WHERE left <= ? AND EXISTS (SELECT 1 FROM place AS later WHERE"
        " later.person = place.person AND later.room = place.room"
        " AND later.joined > place.joined)"
    ),
)


def old_until(db: sqlite3.Connection, before_ms: int, most: int) -> int:
    """Return the last of the oldest entries that are all older than a moment; 0 without one.

    Args:
        db: the writer's connection.
        before_ms: the moment, milliseconds since 1970 UTC.
        most: how many entries to look at.
    """
    last = 0
    for seq, at in db.execute(_OLDEST, (most,)).fetchall():
        if at >= before_ms:
            break
        last = seq
    return last


def take_away(db: sqlite3.Connection, words: Words, last: int) -> None:
    """Delete the oldest entries.

    Args:
        db: in a transaction.
        words: the full-text index; `taken_out` is left to the caller.
        last: the last of them.
    """
    # First the index: what a message says may stand in an edit that goes along.
    words.take_out_until(last)
    for statement in _GONE:
        db.execute(statement, (last,))
    set_counter(db, "floor", last + 1)
