"""Logs as earlier versions of the program left them."""

import sqlite3
from contextlib import closing
from pathlib import Path

from secure_chat.log import schema

__all__ = ["made_by"]

_INDEX = (
    "INSERT INTO words (rowid, text, scope)"
    " SELECT seq, text, scope FROM spoken WHERE seq > ? AND seq <= ?"
)
_PIECE = 10


def made_by(version: int, path: Path, entries: int, scrub: int = 0) -> None:
    """Write a file as version 4 or 5 did, with so many messages by alice, indexed in pieces."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for step in schema.MIGRATIONS[:version]:
            step(db)
        db.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        db.execute(f"PRAGMA user_version = {version}")
        db.executemany("INSERT INTO name VALUES (?, ?)", [(1, "lobby"), (2, "alice")])
        db.execute("BEGIN")
        db.executemany(
            "INSERT INTO entry (seq, at, kind, author, id, target, text)"
            " VALUES (?, 1000, 0, 2, ?, 1, ?)",
            ((n, f"id{n}", f"old word{n}") for n in range(1, entries + 1)),
        )
        db.executemany(_INDEX, ((low, low + _PIECE) for low in range(0, entries, _PIECE)))
        db.execute("UPDATE counter SET value = ? WHERE name = 'indexed'", (entries,))
        db.execute("UPDATE counter SET value = ? WHERE name = 'scrub'", (scrub,))
        db.execute("COMMIT")
