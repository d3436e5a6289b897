"""The search index as it stands in the log's file, table by table."""

import sqlite3

__all__ = ["check_index", "found_in", "pieces", "tables"]

_FOUND = "SELECT rowid FROM {0} WHERE {0} MATCH ? ORDER BY rowid"
_PIECES = "SELECT count(DISTINCT segid) FROM {0}_idx"
_CHECK = "INSERT INTO {0} ({0}) VALUES ('integrity-check')"


def tables(db: sqlite3.Connection) -> list[str]:
    """Return the names of the tables of the index, oldest first."""
    rows = db.execute("SELECT first FROM part ORDER BY first")
    return [f"words_{first}" for (first,) in rows]


def found_in(db: sqlite3.Connection, word: str) -> list[int]:
    """Return the numbers of the entries that have a word, as the index alone knows them."""
    found = (db.execute(_FOUND.format(table), (word,)) for table in tables(db))
    return [seq for rows in found for (seq,) in rows]


def pieces(db: sqlite3.Connection) -> list[int]:
    """Return how many pieces each table consists of."""
    return [db.execute(_PIECES.format(table)).fetchone()[0] for table in tables(db)]


def check_index(db: sqlite3.Connection) -> None:
    """Fail unless every table of the index is sound, and none is there besides."""
    for table in tables(db):
        db.execute(_CHECK.format(table))
    made = db.execute("SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE%'")
    assert {name for (name,) in made} == set(tables(db))
