"""What a log does about edits and deletions, told in another way than the hub does it.

The hub and a real log change what they hold when an edit or a deletion comes; this one keeps what
was said for ever and works out what is left of it when somebody reads.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Content

__all__ = ["Rewritten", "comparable", "may_be_about"]

_EDITABLE = {"", "file", "folder", "stream"}


def comparable(draft: Draft, *, again: bool) -> Draft:
    """Return a draft without what is not compared when an id comes again.

    Args:
        draft: one of the two.
        again: whether the later one is for a repetition at most.
    """
    content = draft.content
    if again and content is not None and content.file is not None:
        content = replace(content, file=replace(content.file, size=0, sha256=""))
    return replace(draft, again=False, content=content)


def may_be_about(draft: Draft, entries: Sequence[tuple[int, Draft]]) -> bool:
    """Tell whether a draft is about no earlier entry, or about one that it may be about."""
    content = draft.content
    if content is None or not content.of:
        return True
    target = dict(entries).get(content.of)
    if target is None or target.kind is not Kind.SAID or _place(target) != _place(draft):
        return False
    of = target.content or Content()
    left = Rewritten(entries).of(content.of, target)[1]
    deleted = left is not None and left.kind == "deleted"
    own = target.author == draft.author
    if content.kind == "reaction":
        return not deleted
    fits = {
        "edit": of.kind in _EDITABLE,
        "deletion": of.kind not in {"edit", "deletion"},
        "stream-end": of.kind == "stream" and _up(of) == _up(content),
    }
    return own and not deleted and fits[content.kind]


def _place(draft: Draft) -> str | frozenset[str | None]:
    return frozenset({draft.author, draft.to}) if draft.room is None else draft.room


def _up(content: Content) -> str | None:
    return content.file.up if content.file is not None else None


class Rewritten:
    """What is left of entries.

    Args:
        entries: all of them.
    """

    def __init__(self, entries: Sequence[tuple[int, Draft]]) -> None:
        self._edits: dict[int, tuple[int, Draft]] = {}
        self._deletions: dict[int, int] = {}
        for seq, draft in entries:
            content = draft.content or Content()
            if content.kind == "edit":
                self._edits[content.of] = (seq, draft)
            elif content.kind == "deletion":
                self._deletions[content.of] = seq

    def of(self, seq: int, draft: Draft) -> tuple[str, Content | None]:
        """Return text and content of an entry as they are now."""
        content = draft.content or Content()
        deletion = self._deletions.get(seq, 0)
        if content.kind in {"edit", "stream-end"}:
            deletion = deletion or self._deletions.get(content.of, 0)
        if deletion:
            return "", Content("deleted", of=deletion)
        if seq not in self._edits:
            return draft.text, draft.content
        number, edit = self._edits[seq]
        new = edit.content or Content()
        return edit.text, replace(content, format=new.format, lang=new.lang, edited=number)
