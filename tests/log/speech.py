"""Drafts of every kind of content, in as few words as a test can say them."""

from msgspec.structs import replace

from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Attached, Content, ContentKind

__all__ = ["attached", "delete", "edit", "give", "offer", "over", "privately", "react", "say"]


def say(author: str, id_: str, text: str = "hi", room: str = "lobby") -> Draft:
    """Return a draft of plain text."""
    return Draft(Kind.SAID, author, id_, room, None, text)


def privately(draft: Draft, to: str) -> Draft:
    """Return the same draft for a person."""
    return replace(draft, room=None, to=to)


def attached(up: str = "up", size: int = 5) -> Attached:
    """Return what a message says of a file."""
    return Attached(up, f"{up}.txt", "text/plain", size, f"{size:064x}")


def _typed(draft: Draft, content: Content) -> Draft:
    return replace(draft, content=content)


def give(author: str, id_: str, up: str = "up", room: str = "lobby", text: str = "a file") -> Draft:
    """Return a draft of a message with a file."""
    content = Content(ContentKind.FILE, reply=7, file=attached(up))
    return _typed(say(author, id_, text, room), content)


def offer(author: str, id_: str, up: str = "up", room: str = "lobby") -> Draft:
    """Return a draft that offers a stream."""
    content = Content(ContentKind.STREAM, file=Attached(up, f"{up}.txt"))
    return _typed(say(author, id_, "a stream", room), content)


def over(author: str, id_: str, of: int, up: str | None = "up", room: str = "lobby") -> Draft:
    """Return a draft of a stream's end."""
    file = None if up is None else attached(up)
    return _typed(say(author, id_, "over", room), Content(ContentKind.STREAM_END, of=of, file=file))


def edit(author: str, id_: str, of: int, text: str = "better", room: str = "lobby") -> Draft:
    """Return a draft of an edit."""
    content = Content(ContentKind.EDIT, format="code", lang="sql", of=of)
    return _typed(say(author, id_, text, room), content)


def delete(author: str, id_: str, of: int, room: str = "lobby") -> Draft:
    """Return a draft of a deletion."""
    return _typed(say(author, id_, "", room), Content(ContentKind.DELETION, of=of))


def react(author: str, id_: str, of: int, text: str = "+1", room: str = "lobby") -> Draft:
    """Return a draft of a reaction."""
    return _typed(say(author, id_, text, room), Content(ContentKind.REACTION, of=of))
