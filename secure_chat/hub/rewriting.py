"""What edits and deletions make of the messages that they are about.

Owned by the hub's thread. The log does the same to what it stores; this is for the entries that the
hub holds in memory, once a batch. It judges nothing: the log has said that each of them is right.
"""

from typing import Final

from msgspec.structs import replace

from secure_chat.wire.messages import Content, ContentKind, Said

__all__ = ["Rewriting"]

_PLAIN: Final = Content()
# What goes with the message that it is about when that is deleted.
_BELONGING: Final = frozenset({ContentKind.EDIT, ContentKind.STREAM_END})


class Rewriting:
    """The edits and deletions of one batch."""

    __slots__ = ("_deletions", "_edits")

    def __init__(self) -> None:
        self._edits: dict[int, Said] = {}
        self._deletions: dict[int, int] = {}

    def __bool__(self) -> bool:
        """Tell whether there is anything to rewrite."""
        return bool(self._edits or self._deletions)

    def add(self, said: Said, content: Content) -> None:
        """Take note of a committed message when it is an edit or a deletion.

        Args:
            said: the message; the order of calls is the log's.
            content: its content.
        """
        if content.kind == ContentKind.EDIT:
            self._edits[content.of] = said
        elif content.kind == ContentKind.DELETION:
            self._deletions[content.of] = said.seq

    def clear(self) -> None:
        """Forget the batch."""
        self._edits.clear()
        self._deletions.clear()

    def apply(self, said: Said) -> Said:
        """Return a message as it is after the batch; the same object when nothing is about it."""
        content = said.content or _PLAIN
        deletion = self._deletions.get(said.seq)
        if deletion is None and content.kind in _BELONGING:
            deletion = self._deletions.get(content.of)
        if deletion is not None:
            gone = Content(kind=ContentKind.DELETED, of=deletion)
            return replace(said, text="", content=gone)
        edit = self._edits.get(said.seq)
        return said if edit is None else _edited(said, content, edit)


def _edited(said: Said, content: Content, edit: Said) -> Said:
    new = edit.content or _PLAIN
    content = replace(content, format=new.format, lang=new.lang, edited=edit.seq)
    return replace(said, text=edit.text, content=content)
