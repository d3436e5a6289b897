"""The tables of the log's file: how they are made, brought up to date, and what their columns mean.

Owned by the writer (`log.sqlite`), used once when it opens the file; the reader takes only the
names and packings from here. It must never change a file that is foreign or newer than this
program, and never leave one half-way between two versions.

Names of people and rooms stand once in `name`; everything else refers to their numbers. A target
is a room's number, or minus the number of the person a direct message is for.
"""

import sqlite3
from collections.abc import Callable
from typing import Final

from secure_chat.errors import StoreError

__all__ = [
    "APPLICATION",
    "MIGRATIONS",
    "VERSION",
    "create_words",
    "migrate",
    "pack_id",
    "unpack_id",
    "words_table",
]

# Four letters at offset 68 of the file ("sclg"), so that no other program's file is taken for ours.
APPLICATION: Final = 0x73636C67

_HEX_ID_CHARS: Final = 32

_LOG: Final = """
CREATE TABLE name (number INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);

CREATE TABLE entry (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,      -- milliseconds since 1970 UTC
    kind INTEGER NOT NULL,    -- log.base.Kind
    author INTEGER NOT NULL,
    id NOT NULL,              -- see pack_id
    target INTEGER NOT NULL,
    text TEXT NOT NULL
);
-- The id first: ids that begin with their moment then all land on the same few pages.
CREATE UNIQUE INDEX entry_id ON entry (id, author);
-- Every index ends in seq by itself, so each of these is "what X may read, in order". Only the
-- first one is kept for what is said in rooms, so a message there costs two index entries.
CREATE INDEX entry_target ON entry (target) WHERE kind = 0;
CREATE INDEX entry_sent ON entry (author) WHERE target < 0;
-- (-target is the addressee; as plain target the planner would take "< 0" for the range to walk.)
CREATE INDEX entry_pair ON entry (author, -target) WHERE target < 0;

CREATE TABLE place (
    person INTEGER NOT NULL,
    room INTEGER NOT NULL,
    joined INTEGER NOT NULL,
    left INTEGER,
    PRIMARY KEY (person, room, joined)
) WITHOUT ROWID;

-- Ids of entries that retention took away, because an id is used once, for ever.
CREATE TABLE retired (
    author INTEGER NOT NULL,
    id NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (id, author)
) WITHOUT ROWID;

-- Entries before which the wall clock went back. Between two of them time only grows, so a
-- moment is found by halving instead of by an index on every entry.
CREATE TABLE step (seq INTEGER PRIMARY KEY);

CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('floor', 1)
"""

_SEARCH: Final = """
-- The words by which the index finds who may read a row: its author, its room, or both ends of a
-- direct message and the pair they make. They have a column of their own, so no text can forge
-- them. Taking a row out of the index needs exactly the words that went in.
CREATE VIEW spoken AS
SELECT seq, text, 'a' || author || CASE
    WHEN target > 0 THEN ' r' || target
    ELSE ' d' || author || ' d' || -target
         || ' p' || min(author, -target) || 'x' || max(author, -target)
    END AS scope
FROM entry WHERE kind = 0;

-- No content because the text stands in entry already, no column sizes because nothing is ranked.
CREATE VIRTUAL TABLE words USING fts5(
    text, scope, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2'
);

-- How far the index is filled behind the commit.
INSERT INTO counter SELECT 'indexed', value - 1 FROM counter WHERE name = 'floor'
"""

_MERGING: Final = """
-- Merging pieces of the index is done in steps between commits (`SqliteLog.merge`), not by SQLite
-- in the middle of a search or a commit; only from this many pieces on it helps itself.
INSERT INTO words (words, rank) VALUES ('automerge', 0);
INSERT INTO words (words, rank) VALUES ('crisismerge', 256)
"""

_FEWER_PIECES: Final = """
-- What is indexed in one step becomes one piece: it is gathered in up to so many bytes of memory,
-- and with SQLite's own 1 MiB a full step made two. Sixteen pieces and not four become one: a merge
-- copies the whole list of a frequent word in one step, half a second in a log of five
-- million, and so it comes to that much less often.
INSERT INTO words (words, rank) VALUES ('hashsize', 4194304);
INSERT INTO words (words, rank) VALUES ('usermerge', 16)
"""

_CONTENTS: Final = """
-- What a message is beside its text: wire.content.Content as msgpack, NULL for plain text. Adding a
-- column costs nothing however large the table is. An index on one would read all of it, so what
-- is looked for has tables of its own; plain text has no row in any of them.
ALTER TABLE entry ADD COLUMN content BLOB;

-- Entries that are about another one: reactions, edits, deletions, ends of streams.
CREATE TABLE about (seq INTEGER PRIMARY KEY, of INTEGER NOT NULL, kind TEXT NOT NULL);
CREATE INDEX about_of ON about (of, kind);

-- Entries that were edited or deleted since, and the entry that last did so. The text of an edited
-- one is that of its edit. Its own is overwritten in its place by as many blanks: a row that
-- changes its length moves its neighbours, and SQLite forgets to overwrite where they stood.
CREATE TABLE rewritten (seq INTEGER PRIMARY KEY, by INTEGER NOT NULL, gone INTEGER NOT NULL);

-- Entries that refer to a file, with the same indexes by which entries are read.
CREATE TABLE attached (
    seq INTEGER PRIMARY KEY,
    author INTEGER NOT NULL,
    target INTEGER NOT NULL,
    up TEXT NOT NULL
);
CREATE INDEX attached_up ON attached (author, up);
CREATE INDEX attached_target ON attached (target);
CREATE INDEX attached_sent ON attached (author) WHERE target < 0;
CREATE INDEX attached_pair ON attached (author, -target) WHERE target < 0;

-- What is about another entry is not found by its words, what was edited is by those it has now.
DROP VIEW spoken;
CREATE VIEW spoken AS
SELECT seq, CASE
    WHEN content IS NOT NULL AND EXISTS (SELECT 1 FROM about WHERE about.seq = entry.seq) THEN ''
    ELSE coalesce(
        (SELECT CASE gone WHEN 0 THEN later.text ELSE '' END
         FROM rewritten CROSS JOIN entry AS later ON later.seq = by
         WHERE rewritten.seq = entry.seq),
        text)
    END AS text, 'a' || author || CASE
    WHEN target > 0 THEN ' r' || target
    ELSE ' d' || author || ' d' || -target
         || ' p' || min(author, -target) || 'x' || max(author, -target)
    END AS scope
FROM entry WHERE kind = 0;

-- What is left to overwrite of what was edited away or deleted: see log.scrubbing.
INSERT INTO counter VALUES ('scrub', 0)
"""

_PARTS: Final = """
-- A merge copies the whole list of a frequent word in one step, so its longest step grows with the
-- table. Therefore each table of the index holds a stretch of the log, from this number up to the
-- next one's, and is named after its beginning.
CREATE TABLE part (
    first INTEGER PRIMARY KEY,
    due INTEGER NOT NULL      -- whether it is to be merged into one piece: it is full, or words
                              -- were taken out of it
);
INSERT INTO part SELECT 1, value = 2 FROM counter WHERE name = 'scrub';
ALTER TABLE words RENAME TO words_1
"""

# What versions 2 to 4 did to the one table that there was then; see there why.
_WORDS: Final = """
CREATE VIRTUAL TABLE {words} USING fts5(
    text, scope, content='', columnsize=0, tokenize='unicode61 remove_diacritics 2'
);
INSERT INTO {words} ({words}, rank) VALUES ('automerge', 0);
INSERT INTO {words} ({words}, rank) VALUES ('crisismerge', 256);
INSERT INTO {words} ({words}, rank) VALUES ('hashsize', 4194304);
INSERT INTO {words} ({words}, rank) VALUES ('usermerge', 16)
"""


def create_log(db: sqlite3.Connection) -> None:
    """Version 1: entries, the names in them, memberships, and what outlives an entry."""
    _run(db, _LOG)


def create_search(db: sqlite3.Connection) -> None:
    """Version 2: the full-text index; entries that are there already are indexed later."""
    _run(db, _SEARCH)


def merge_in_steps(db: sqlite3.Connection) -> None:
    """Version 3: the full-text index is merged when there is time."""
    _run(db, _MERGING)


def merge_less(db: sqlite3.Connection) -> None:
    """Version 4: the full-text index is made of fewer pieces and merged less often."""
    _run(db, _FEWER_PIECES)


def keep_contents(db: sqlite3.Connection) -> None:
    """Version 5: entries that are more than plain text, and those that change earlier ones."""
    _run(db, _CONTENTS)


def divide_search(db: sqlite3.Connection) -> None:
    """Version 6: the full-text index has several tables, and the one there is becomes the first."""
    _run(db, _PARTS)


def words_table(first: int) -> str:
    """Return the name of a table of the full-text index.

    Args:
        first: the number from which it holds entries, as in the table `part`.
    """
    return f"words_{first:d}"


def create_words(db: sqlite3.Connection, first: int) -> None:
    """Begin another table of the full-text index; the one before is full.

    Args:
        db: in a transaction.
        first: the number from which it holds entries.
    """
    db.execute("UPDATE part SET due = 1 WHERE first = (SELECT max(first) FROM part)")
    db.execute("INSERT INTO part VALUES (?, 0)", (first,))
    _run(db, _WORDS.format(words=words_table(first)))


def _run(db: sqlite3.Connection, script: str) -> None:
    # Not executescript(): it commits first, and a migration is one transaction.
    for statement in script.split(";\n"):
        db.execute(statement)


MIGRATIONS: Final[tuple[Callable[[sqlite3.Connection], None], ...]] = (
    create_log,
    create_search,
    merge_in_steps,
    merge_less,
    keep_contents,
    divide_search,
)
VERSION: Final = len(MIGRATIONS)


def migrate(db: sqlite3.Connection, before: Callable[[], None] | None = None) -> int:
    """Bring the file to this program's version, one transaction a step.

    Args:
        db: a connection in autocommit mode that may write.
        before: called once the file is known to be ours, before anything in it changes.

    Returns:
        The version found; 0 for a new file.

    Raises:
        StoreError: the file is another program's, or a newer version's; it is untouched.
    """
    found = _version(db)
    if before is not None:
        before()
    for number, step in enumerate(MIGRATIONS[found:], found + 1):
        # The version changes with the tables or not at all, so a kill in between is harmless.
        db.execute("BEGIN IMMEDIATE")
        try:
            step(db)
            db.execute(f"PRAGMA application_id = {APPLICATION}")
            db.execute(f"PRAGMA user_version = {number}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
    return found


def _version(db: sqlite3.Connection) -> int:
    application: int = db.execute("PRAGMA application_id").fetchone()[0]
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    tables: int = db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != APPLICATION and (application or version or tables):
        raise StoreError(
            "the log's file belongs to another program",
            why=f"its application id is {application:#x}, not {APPLICATION:#x}",
            hint="choose another folder with --data",
        )
    if version > VERSION:
        raise StoreError(
            "the log was written by a newer securechat",
            why=f"its format is {version}, this program knows up to {VERSION}",
            hint="update securechat, or choose another folder with --data",
        )
    return version


def pack_id(id_: str) -> str | bytes:
    """Return an id as the file holds it: 32 lower-case hex digits become their 16 bytes."""
    if len(id_) != _HEX_ID_CHARS:
        return id_
    try:
        packed = bytes.fromhex(id_)
    except ValueError:
        return id_
    # Upper case and blanks would not come back the same.
    return packed if packed.hex() == id_ else id_


def unpack_id(stored: str | bytes) -> str:
    """Return the id that `pack_id` packed."""
    return stored if isinstance(stored, str) else stored.hex()
