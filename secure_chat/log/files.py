"""Which entries refer to a file: the writer's side of the table `attached`.

Used by `log.sqlite` on the hub's thread. The log never has the bytes of a file, only whose upload
it is; whoever keeps the bytes asks here which of them are still referred to.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Final

from secure_chat.log.base import Draft
from secure_chat.log.names import Numbers

__all__ = ["attach", "detach", "referred"]

_ATTACH: Final = "INSERT INTO attached VALUES (?, ?, ?, ?)"
_DETACH: Final = "DELETE FROM attached WHERE seq = ?"
_REFERRED: Final = "SELECT 1 FROM attached WHERE author = ? AND up = ? LIMIT 1"


def attach(
    db: sqlite3.Connection, rows: Sequence[Sequence[object]], drafts: Sequence[Draft]
) -> None:
    """Note the files that new entries refer to.

    Args:
        db: in a transaction.
        rows: the entries: their number first, their author fourth and their target sixth.
        drafts: what they were made from, in the same order.
    """
    found = [
        (row[0], row[3], row[5], draft.content.file.up)
        for row, draft in zip(rows, drafts, strict=True)
        if draft.content is not None and draft.content.file is not None
    ]
    if found:
        db.executemany(_ATTACH, found)


def detach(db: sqlite3.Connection, seqs: Iterable[int]) -> None:
    """Forget the files that entries referred to.

    Args:
        db: in a transaction.
        seqs: the entries.
    """
    db.executemany(_DETACH, [(seq,) for seq in seqs])


def referred(
    db: sqlite3.Connection, numbers: Numbers, ups: Iterable[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those uploads that some entry refers to.

    Args:
        db: the writer's connection.
        numbers: of the names in the log.
        ups: each with whose it is and its id.
    """
    return {
        (author, up)
        for author, up in ups
        if db.execute(_REFERRED, (numbers.get(author), up)).fetchone()
    }
