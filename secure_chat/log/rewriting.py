"""Entries about earlier ones: whether they may be, and what edits and deletions do to these.

Owned by `log.storing`, used on the hub's thread within the transaction that stores the entry, so an
edit is there together with its effect or not at all. It must never change the length of a row of
`entry`: what goes is overwritten in its place, see the table `rewritten`.
"""

import sqlite3
from collections.abc import Sequence
from typing import Final

from secure_chat.log.base import Draft
from secure_chat.log.contents import unpack_content
from secure_chat.log.files import detach
from secure_chat.log.names import Numbers
from secure_chat.log.scrubbing import Scrubbing
from secure_chat.log.words import Words
from secure_chat.wire.messages import Content, ContentKind

__all__ = ["Rewriting"]

_REWRITES: Final = (ContentKind.EDIT, ContentKind.DELETION)
_TARGET: Final = (
    "SELECT kind, author, target, content, coalesce(gone, 0) FROM entry"
    " LEFT JOIN rewritten ON rewritten.seq = entry.seq WHERE entry.seq = ?"
)
# A deleted message takes its edits along, a stream its ends and their edits.
_ALONG: Final = (
    "WITH RECURSIVE goes (seq) AS (VALUES (?) UNION"  # noqa: S608 - the words are ours
    " SELECT about.seq FROM goes CROSS JOIN about INDEXED BY about_of"
    f" ON of = goes.seq AND kind IN ('{ContentKind.EDIT}', '{ContentKind.STREAM_END}'))"
    " SELECT seq FROM goes"
)
_ABOUT: Final = "INSERT INTO about VALUES (?, ?, ?)"
_REWRITTEN: Final = "INSERT OR REPLACE INTO rewritten VALUES (?, ?, ?)"


class Rewriting:
    """Judges and carries out drafts whose content has an `of`.

    Args:
        db: the writer's connection.
        numbers: of the names in the log.
        words: the full-text index.
        scrubbing: told what is to be overwritten everywhere.
    """

    def __init__(
        self, db: sqlite3.Connection, numbers: Numbers, words: Words, scrubbing: Scrubbing
    ) -> None:
        self._db = db
        self._numbers = numbers
        self._words = words
        self._scrubbing = scrubbing

    def allowed(self, draft: Draft, content: Content) -> bool:
        """Tell whether a draft may be about the entry that it names.

        Args:
            draft: not stored yet.
            content: its content.
        """
        row = self._db.execute(_TARGET, (content.of,)).fetchone()
        if row is None:
            return False
        kind, author, target, packed, gone = row
        if kind or gone or not self._same_place(draft, author, target):
            return False
        own = unpack_content(packed) or Content()
        mine = author == self._numbers.get(draft.author)
        if content.kind in _REWRITES:
            return mine and own.kind not in _REWRITES
        if content.kind == ContentKind.STREAM_END:
            return mine and own.kind == ContentKind.STREAM and _upload(own) == _upload(content)
        return True

    def _same_place(self, draft: Draft, author: int, target: int) -> bool:
        number = self._numbers.get
        if draft.room is not None:
            return target == number(draft.room)
        # Between the same two people, whoever of them said it.
        me, other = number(draft.author), number(draft.to or "")
        return target < 0 and (author, -target) in {(me, other), (other, me)}

    def follow(self, drafts: Sequence[Draft], first: int) -> None:
        """Note what new entries are about, and do what those of them do that change earlier ones.

        Args:
            drafts: what was stored just now; what they are about is `allowed`.
            first: the number of the first.
        """
        for seq, draft in enumerate(drafts, first):
            content = draft.content
            if content is not None and content.of:
                self._db.execute(_ABOUT, (seq, content.of, content.kind))
                if content.kind in _REWRITES:
                    self._rewrite(content.of, seq, gone=content.kind == ContentKind.DELETION)

    def _rewrite(self, target: int, by: int, *, gone: bool) -> None:
        indexed = self._words.take_out(target)
        if gone:
            self._delete(target, by)
        else:
            self._db.execute(_REWRITTEN, (target, by, 0))
            self._blank(target, content_too=False)
        if indexed:
            self._words.put_in(target)
        self._scrubbing.note(words=indexed)

    def _delete(self, target: int, by: int) -> None:
        along = [seq for (seq,) in self._db.execute(_ALONG, (target,)).fetchall()]
        for seq in along:
            self._db.execute(_REWRITTEN, (seq, by, 1))
            self._blank(seq, content_too=True)
        detach(self._db, along)

    def _blank(self, seq: int, *, content_too: bool) -> None:
        text, content = self._db.execute(
            "SELECT text, content FROM entry WHERE seq = ?", (seq,)
        ).fetchone()
        if content_too and content is not None:
            content = bytes(len(content))
        self._db.execute(
            "UPDATE entry SET text = ?, content = ? WHERE seq = ?",
            (" " * len(text.encode()), content, seq),
        )


def _upload(content: Content) -> str | None:
    return None if content.file is None else content.file.up
