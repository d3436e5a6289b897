"""What the hub asks of a log: append drafts, get back what is committed and under which number.

Values and one protocol. `log.sqlite` keeps the log of one host; the hub thread owns the writer,
the reader thread its own read-only reader. Drafts and outcomes are structs, because there is one
of each for every message: a frozen dataclass takes eight times as long to make.
"""

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

from secure_chat.wire.messages import Attached, Content, History, Said

__all__ = [
    "Absent",
    "Committed",
    "Conflict",
    "Draft",
    "Keep",
    "Kind",
    "Missed",
    "Outcome",
    "Place",
    "Query",
]


class Kind(Enum):
    """What an entry of the log is; the numbers are the file's."""

    SAID = 0
    JOINED = 1
    LEFT = 2


class Draft(Struct, frozen=True, gc=False):
    """An entry before it has a sequence number.

    With `content.of` it is about an earlier entry, which must be said, to the same room or between
    the same two people, and not deleted. For an edit it must be the author's own and of a kind
    that has a text to edit: "", file, folder or stream. For a deletion it must be the author's own
    and neither an edit nor a deletion. For a stream's end it must be the author's own stream with
    the same `file.up`. Else the outcome is `Absent`.

    A stored edit gives its text, format and lang to that entry, with `edited` its own number. A
    stored deletion leaves of that entry, of every edit of it and of its stream's end no text and
    the content of kind deleted, with `of` its own number.

    When a draft with `again` is compared with what is stored, `size` and `sha256` of its file are
    left out: the hub may have forgotten them.

    Args:
        kind: said, joined or left.
        author: who, by certificate.
        id: the author's id; the pair (author, id) is unique in the log.
        room: the room, or None for a direct message.
        to: the addressee of a direct message, or None.
        text: what was said; "" for joined and left.
        again: True for a repetition at most: never stored anew, `Absent` when it is not there.
        content: what it is beside the text, as the hub has completed it; None for plain text.
    """

    kind: Kind
    author: str
    id: str
    room: str | None
    to: str | None
    text: str
    again: bool = False
    content: Content | None = None


class Committed(Struct, frozen=True, gc=False):
    """The draft is stored and synced to the disk.

    Args:
        seq: its place in the order of everything.
        at: when it was committed, milliseconds since 1970 UTC.
        repeated: True when the same draft had been committed before; `seq` and `at` are of then.
    """

    seq: int
    at: int
    repeated: bool = False


class Conflict(Struct, frozen=True, gc=False):
    """The author used this id before for something else; nothing was stored."""

    seq: int


class Absent(Struct, frozen=True, gc=False):
    """Nothing is stored under its id: it was for a repetition at most, or about no such entry."""


Outcome = Committed | Conflict | Absent


@dataclass(frozen=True, slots=True)
class Place:
    """A membership as the log tells it.

    Args:
        person: who.
        room: where.
        joined: sequence number of joining; messages above it are theirs to receive.
        left: sequence number of leaving, None while a member.
    """

    person: str
    room: str
    joined: int
    left: int | None


@dataclass(frozen=True, slots=True)
class Missed:
    """A page of what a person has to be given after a cursor.

    Args:
        messages: in ascending order.
        upto: everything for the person up to this number is in `messages` or was given before.
    """

    messages: tuple[Said, ...]
    upto: int


@dataclass(frozen=True, slots=True)
class Query:
    """A question for history with the right to the answer settled by the hub.

    Args:
        person: who asks; direct messages of theirs may be read.
        rooms: the rooms they may read.
        history: the question as it came.
    """

    person: str
    rooms: tuple[str, ...]
    history: History


@dataclass(frozen=True, slots=True)
class Keep:
    """A file as the log knows it: whose upload a message refers to.

    Args:
        author: who uploaded it.
        file: what the message says of it.
    """

    author: str
    file: Attached
