"""Single entries read by their number: as a message, with what was done to it since, or its file.

Owned by `log.reader`, used on its thread within its snapshot. It must never show what an edit or a
deletion took away.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from secure_chat.log.base import Keep
from secure_chat.log.contents import CONTENT_BYTES, edited, pack_content, tombstone, unpack_content
from secure_chat.log.schema import unpack_id
from secure_chat.wire.messages import Attached, Content, ContentKind, Said

__all__ = ["Entries", "cost"]

# What an entry costs in a frame at most beside its texts: field names, numbers and lengths.
_ENTRY_BYTES: Final = 80

# What an entry says, and whether something was done to it since.
_ENTRY: Final = (
    "SELECT at, author, id, target, text, content, by, gone FROM entry"
    " LEFT JOIN rewritten ON rewritten.seq = entry.seq WHERE entry.seq = ?"
)
_EDIT: Final = "SELECT text, content FROM entry WHERE seq = ?"
_KEPT: Final = (
    "SELECT entry.author, entry.target, content"
    " FROM attached CROSS JOIN entry USING (seq) WHERE seq = ?"
)
# The first end of a stream; of a deleted one the file is not kept.
_STREAM_END: Final = (
    "SELECT content FROM about INDEXED BY about_of CROSS JOIN attached USING (seq)"  # noqa: S608 - the word is ours
    f" CROSS JOIN entry USING (seq) WHERE of = ? AND about.kind = '{ContentKind.STREAM_END}'"
    " ORDER BY about.seq LIMIT 1"
)


class Entries:
    """Reads entries and the names in them.

    Args:
        db: a connection for reading.
    """

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        # Names are never changed or taken away, so what was read once stays true.
        self._names: dict[int, str] = {}
        self._numbers: dict[str, int] = {}

    def said(self, seq: int) -> Said:
        """Return an entry as a message, as it reads now.

        Args:
            seq: its number; the entry is there and was said.
        """
        row = self._db.execute(_ENTRY, (seq,)).fetchone()
        at, author, id_, target, text, packed, by, gone = row
        if by is None:
            content = unpack_content(packed)
        elif gone:
            text, content = "", tombstone(by)
        else:
            # What an edited message says is the text of its edit, with a file of its own.
            text, edit = self._db.execute(_EDIT, (by,)).fetchone()
            content = edited(unpack_content(packed), unpack_content(edit), by)
        other = self.name(abs(target))
        room, to = (other, None) if target > 0 else (None, other)
        return Said(seq, at, self.name(author), unpack_id(id_), text, room, to, content)

    def file(self, person: str, rooms: Sequence[str], seq: int) -> Keep | None:
        """Return the file that a message refers to; None without one that the person may read.

        Args:
            person: who asks.
            rooms: the rooms they may read.
            seq: the number of the message.
        """
        row = self._db.execute(_KEPT, (seq,)).fetchone()
        if row is None:
            return None
        author, target, packed = row
        if target > 0:
            readable = self.name(target) in rooms
        else:
            readable = self.number(person) in {author, -target}
        file = self._file(seq, unpack_content(packed)) if readable else None
        return None if file is None else Keep(self.name(author), file)

    def _file(self, seq: int, content: Content) -> Attached | None:
        if content.kind == ContentKind.STREAM:
            row = self._db.execute(_STREAM_END, (seq,)).fetchone()
            content = content if row is None else unpack_content(row[0])
        return content.file

    def name(self, number: int) -> str:
        """Return the name that a number stands for."""
        name = self._names.get(number)
        if name is None:
            row = self._db.execute("SELECT text FROM name WHERE number = ?", (number,)).fetchone()
            name = self._names[number] = row[0]
        return name

    def number(self, name: str) -> int:
        """Return a name's number; 0, which nothing has, when the log never met it."""
        number = self._numbers.get(name, 0)
        if not number:
            row = self._db.execute("SELECT number FROM name WHERE text = ?", (name,)).fetchone()
            if row is not None:
                number = self._numbers[name] = row[0]
        return number


def cost(message: Said) -> int:
    """Return at most how many bytes of a frame a message takes.

    Args:
        message: as it is sent.
    """
    other = message.room or message.to or ""
    texts = len(message.text.encode()) + len(message.author + message.id + other)
    packed = pack_content(message.content)
    return _ENTRY_BYTES + texts + (0 if packed is None else CONTENT_BYTES + len(packed))
