"""What the hub asks of a log: append drafts, get back what is committed and under which number.

Values and one protocol. `log.sqlite` keeps the log of one host; the hub thread owns the writer,
the reader thread its own read-only reader. Drafts and outcomes are structs, because there is one
of each for every message: a frozen dataclass takes eight times as long to make.
"""

from dataclasses import dataclass
from enum import Enum

from msgspec import Struct

from secure_chat.wire.messages import History, Said

__all__ = [
    "Absent",
    "Committed",
    "Conflict",
    "Draft",
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

    Args:
        kind: said, joined or left.
        author: who, by certificate.
        id: the author's id; the pair (author, id) is unique in the log.
        room: the room, or None for a direct message.
        to: the addressee of a direct message, or None.
        text: what was said; "" for joined and left.
        again: True for a repetition at most: never stored anew, `Absent` when it is not there.
    """

    kind: Kind
    author: str
    id: str
    room: str | None
    to: str | None
    text: str
    again: bool = False


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
    """The draft was for a repetition at most, and nothing is stored under its id."""


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
