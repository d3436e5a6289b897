"""What the hub decides: commands, each an imperative.

Plain values without behaviour, carried out by `server.hubthread`, so a test writes a conversation
as two lists. A connection is an int that `net` chose; what it stands for is known there only. What
the hub decides upon is in `hub.events`.
"""

from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

from secure_chat.log.base import Query
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import Attached, Fetch, FromHost, Moderate, Renew

__all__ = [
    "Admit",
    "Command",
    "Deliver",
    "Drop",
    "Fact",
    "Fault",
    "Feed",
    "LookUp",
    "Note",
    "OpenFile",
    "Pause",
    "Petition",
    "ReadFile",
    "ReadHistory",
    "ReadMissed",
    "Send",
    "Used",
]

# Why something is refused: a word of `wire.messages.Code`, and one sentence for a person.
Fault: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Admit:
    """Greet a peer."""

    conn: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Send `Close(code, text)` and end the connection; before `Admit` it is a refusal."""

    conn: int
    code: str
    text: str


class Send(Struct, frozen=True, gc=False):
    """Send one message to one peer, whatever its state of delivery.

    There is one for each acknowledgement, and a frozen dataclass takes four times as long to make.
    """

    conn: int
    message: FromHost


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send committed messages to every live peer of an audience, as one piece.

    Args:
        conns: the audience; the same tuple object as long as the audience stays the same.
        messages: in ascending order of sequence number.
    """

    conns: tuple[int, ...]
    messages: tuple[FromHost, ...]
    upto: int


@dataclass(frozen=True, slots=True)
class Feed:
    """Send a page from the log to a peer that lags.

    Args:
        conn: the connection.
        messages: in ascending order.
        upto: the peer now has everything up to here.
        live: True: from here on `Deliver` reaches it again.
    """

    conn: int
    messages: tuple[FromHost, ...]
    upto: int
    live: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """Do not read from a peer for some seconds: it said more than its share."""

    conn: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ReadMissed:
    """Ask the reader for the next page of a person's missed messages.

    Args:
        conn: whom the answer is for.
        person: whose messages.
        after: the cursor.
        newest: on a first run: the last so many at or below the head instead; -1 otherwise.
    """

    conn: int
    person: str
    after: int
    newest: int = -1


@dataclass(frozen=True, slots=True)
class ReadHistory:
    """Ask the reader for a page of history."""

    conn: int
    query: Query


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Ask the reader which file a message refers to; answered by `FileRead`.

    Args:
        conn: whom the answer is for.
        person: who asks; direct messages of theirs may be read.
        rooms: the rooms they may read.
        fetch: what was asked.
    """

    conn: int
    person: str
    rooms: tuple[str, ...]
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Have the depot send a file; the right to it is settled.

    Args:
        conn: whom it is sent to.
        author: whose upload it is.
        file: what the message says of it.
        fetch: what was asked: which file of a folder, from where, how far.
    """

    conn: int
    author: str
    file: Attached
    fetch: Fetch


@dataclass(frozen=True, slots=True)
class Petition:
    """Have the registrar issue a certificate or write an act down; answered by `Replied`, once.

    Args:
        conn: whom the answer is for.
        identity: who asks, by the certificate of the connection.
        asked: what for; role, target and form have been judged.
    """

    conn: int
    identity: Identity
    asked: Renew | Moderate


@dataclass(frozen=True, slots=True)
class LookUp:
    """Have the certificates folder looked at now, for a certificate that nobody knows yet.

    Answered by `Looked`, behind the registry that the look has found.
    """

    conn: int


@dataclass(frozen=True, slots=True)
class Used:
    """Tell the registrar that somebody was welcomed with this certificate."""

    identity: Identity


class Fact:
    """The words a `Note` may begin with."""

    CAME = "came"
    WENT = "went"
    REFUSED = "refused"
    SLOWED = "slowed"
    DROPPED = "dropped"
    ROOM = "room"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the host's own log.

    Args:
        fact: what happened, a word of `Fact`.
        person: whom it concerns, "" for nobody.
        text: one sentence.
    """

    fact: str
    person: str
    text: str


Command = (
    Admit
    | Drop
    | Send
    | Deliver
    | Feed
    | Pause
    | ReadMissed
    | ReadHistory
    | ReadFile
    | OpenFile
    | LookUp
    | Petition
    | Used
    | Note
)
