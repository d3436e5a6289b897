"""How a batch of drafts gets into the tables: at once when all of it is new, else one by one.

Owned by `log.sqlite`, used on the hub's thread within a transaction of its caller. It must never
store a draft under an id that was used before, nor one that is about an entry that it may not be
about.

A batch is first stored as if nothing in it were a repetition, which the unique index proves in
passing; only when it objects is everything undone and looked through one by one. Drafts that are
about earlier entries are looked at one by one in any case, because an earlier one of the same batch
may have deleted what they are about.
"""

import sqlite3
from collections.abc import Sequence
from operator import attrgetter, itemgetter
from typing import Final

from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Outcome
from secure_chat.log.contents import as_said, pack_content, unpack_content
from secure_chat.log.files import attach
from secure_chat.log.inserting import Insertion
from secure_chat.log.names import Numbers
from secure_chat.log.rewriting import Rewriting
from secure_chat.log.schema import pack_id
from secure_chat.wire.messages import Content

__all__ = ["Repeated", "Storing"]

_CONTENT: Final = attrgetter("content")
_PLAIN: Final = Insertion("entry (seq, at, kind, author, id, target, text)", columns=7)
_TYPED: Final = Insertion("entry", columns=8)
_JOIN: Final = (
    "INSERT INTO place SELECT ?, ?, ?, NULL WHERE NOT EXISTS"
    " (SELECT 1 FROM place WHERE person = ? AND room = ? AND left IS NULL)"
)
_LEAVE: Final = "UPDATE place SET left = ? WHERE person = ? AND room = ? AND left IS NULL"
_STORED: Final = (
    "SELECT seq, at, kind, target, text, content,"
    " EXISTS (SELECT 1 FROM rewritten WHERE rewritten.seq = entry.seq)"
    " FROM entry WHERE author = ? AND id = ? UNION ALL"
    " SELECT seq, at, NULL, NULL, NULL, NULL, NULL FROM retired WHERE author = ? AND id = ?"
)
_USED_BEFORE: Final = (
    "SELECT 1 FROM entry CROSS JOIN retired ON retired.author = entry.author"
    " AND retired.id = entry.id WHERE entry.seq >= ? LIMIT 1"
)

_Row = tuple[int, int, int, int, str | bytes, int, str]
# A text's is 0.
_KIND: Final = itemgetter(2)


class Repeated(Exception):
    """The batch holds an id that was used before."""


class Storing:
    """Stores drafts and tells what became of them.

    Args:
        db: the writer's connection.
        numbers: of the names in the log; fresh ones are left to the caller.
        rewriting: judges and carries out what is about earlier entries.

    Attributes:
        retired: whether there are ids of entries that retention took away.
    """

    def __init__(
        self, db: sqlite3.Connection, numbers: Numbers, rewriting: Rewriting, *, retired: bool
    ) -> None:
        self._db = db
        self._numbers = numbers
        self._rewriting = rewriting
        self.retired = retired

    def store(self, drafts: Sequence[Draft], first: int, at: int) -> tuple[list[Outcome], int]:
        """Store a batch in which no id was used before.

        Args:
            drafts: none of them for a repetition at most.
            first: the number of the first that is stored.
            at: when, milliseconds since 1970 UTC.

        Returns:
            One outcome a draft, in their order, and how many of them are newly stored.

        Raises:
            Repeated: an id was used before; undo everything and sort it out.
        """
        if not any(map(_CONTENT, drafts)):
            self._put(drafts, first, at)
            end = first + len(drafts)
            return [Committed(seq, at) for seq in range(first, end)], len(drafts)
        outcomes: list[Outcome] = []
        seq = first
        # What waits to be put is stored before anything looks at it.
        waiting: list[Draft] = []
        for draft in drafts:
            if draft.content is not None and draft.content.of:
                self._put(waiting, seq - len(waiting), at)
                waiting.clear()
                outcome = self._one(draft, seq, at)
            else:
                waiting.append(draft)
                outcome = Committed(seq, at)
            outcomes.append(outcome)
            seq += _is_new(outcome)
        self._put(waiting, seq - len(waiting), at)
        return outcomes, seq - first

    def sort_out(self, drafts: Sequence[Draft], first: int, at: int) -> tuple[list[Outcome], int]:
        """Store what is new in a batch, draft by draft.

        Args:
            drafts: in their order.
            first: the number of the first that is stored.
            at: when, milliseconds since 1970 UTC.

        Returns:
            One outcome a draft, in their order, and how many of them are newly stored.
        """
        outcomes: list[Outcome] = []
        seq = first
        for draft in drafts:
            outcome = self._one(draft, seq, at)
            outcomes.append(outcome)
            seq += _is_new(outcome)
        return outcomes, seq - first

    def _one(self, draft: Draft, seq: int, at: int) -> Outcome:
        earlier = self._earlier(draft)
        if earlier is not None:
            return earlier
        content = draft.content
        if draft.again:
            return Absent()
        if content is not None and content.of and not self._rewriting.allowed(draft, content):
            return Absent()
        self._put([draft], seq, at)
        return Committed(seq, at)

    def _earlier(self, draft: Draft) -> Outcome | None:
        """Return what became of this id earlier, or None when it is new."""
        numbers = self._numbers
        key = (numbers.get(draft.author), pack_id(draft.id))
        stored = self._db.execute(_STORED, key + key).fetchone()
        if stored is None:
            return None
        seq, at, kind, target, text, content, rewritten = stored
        room = draft.room
        wanted = -numbers.get(draft.to or "", 0) if room is None else numbers.get(room, 0)
        # Of a retired entry only the id is kept, so what it said cannot be compared any more; of
        # one that was edited or deleted since, only its kind and its place.
        same = kind is None or (
            (kind, target) == (draft.kind.value, wanted)
            and (rewritten or (text == draft.text and _as_said(content) == as_said(draft.content)))
        )
        return Committed(seq, at, repeated=True) if same else Conflict(seq)

    def _put(self, drafts: Sequence[Draft], first: int, at: int) -> None:
        rows = self._rows(drafts, first, at)
        typed = any(map(_CONTENT, drafts))
        try:
            if typed:
                _TYPED.run(self._db, _with_contents(rows, drafts))
            else:
                _PLAIN.run(self._db, rows)
        except sqlite3.IntegrityError as error:
            # Any other constraint would mean that somebody else wrote to the file.
            if error.sqlite_errorcode != sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise
            raise Repeated from error
        if self.retired and self._db.execute(_USED_BEFORE, (first,)).fetchone():
            raise Repeated
        if typed:
            attach(self._db, rows, drafts)
            self._rewriting.follow(drafts, first)
        for seq, _, kind, person, _, room, _ in filter(_KIND, rows):
            if kind == Kind.JOINED.value:
                self._db.execute(_JOIN, (person, room, seq, person, room))
            else:
                self._db.execute(_LEAVE, (seq, person, room))

    def _rows(self, drafts: Sequence[Draft], first: int, at: int) -> list[_Row]:
        numbers, said, pack = self._numbers, Kind.SAID, pack_id
        # One expression for each column, because this runs once for every message.
        return [
            (
                seq,
                at,
                0 if draft.kind is said else draft.kind.value,
                numbers[draft.author],
                pack(draft.id),
                -numbers[draft.to or ""] if draft.room is None else numbers[draft.room],
                draft.text,
            )
            for seq, draft in enumerate(drafts, first)
        ]


def _with_contents(rows: list[_Row], drafts: Sequence[Draft]) -> list[tuple[object, ...]]:
    return [(*row, pack_content(draft.content)) for row, draft in zip(rows, drafts, strict=True)]


def _as_said(packed: bytes | None) -> Content | None:
    return as_said(unpack_content(packed))


def _is_new(outcome: Outcome) -> bool:
    return isinstance(outcome, Committed) and not outcome.repeated
