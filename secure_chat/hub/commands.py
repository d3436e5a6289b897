"""What the hub is told (events, past facts) and what it decides (commands, imperatives).

Plain values without behaviour, so a test writes a conversation as two lists. A connection is an
int that `net` chose; what it stands for is known there only.
"""

from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

from secure_chat.log.base import Missed, Query
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import (
    Done,
    Error,
    FromClient,
    FromHost,
    Moderate,
    Page,
    Renew,
    Renewed,
)

__all__ = [
    "Admit",
    "Answered",
    "Command",
    "Deliver",
    "Drained",
    "Drop",
    "Event",
    "Fact",
    "Fault",
    "Feed",
    "Lagging",
    "LookUp",
    "Looked",
    "Lost",
    "Note",
    "Opened",
    "PageRead",
    "Pause",
    "Petition",
    "ReadHistory",
    "ReadMissed",
    "Received",
    "Replied",
    "Send",
    "StorageFailed",
    "Used",
]

# Why something is refused: a word of `wire.messages.Code`, and one sentence for a person.
Fault: TypeAlias = tuple[str, str]


# --- events --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Opened:
    """A peer finished its handshake and its certificate fits the profile.

    Args:
        conn: the connection.
        identity: who the certificate says it is.
        address: the peer's address, for notes only.
    """

    conn: int
    identity: Identity
    address: str


@dataclass(frozen=True, slots=True)
class Received:
    """Legal messages arrived from an admitted peer, in this order."""

    conn: int
    messages: tuple[FromClient, ...]


@dataclass(frozen=True, slots=True)
class Lagging:
    """A peer's outbox is full: live delivery stopped behind `seq`."""

    conn: int
    seq: int


@dataclass(frozen=True, slots=True)
class Drained:
    """The outbox of a peer that is served from the log has room again."""

    conn: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A connection is gone.

    Args:
        conn: the connection.
        code: a word of `wire.messages.Code`, `bye` for an ordered end.
        text: the reason in words, told to the same device in its next welcome unless it is empty.
    """

    conn: int
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PageRead:
    """The reader's answer to `ReadMissed`."""

    conn: int
    missed: Missed


@dataclass(frozen=True, slots=True)
class Answered:
    """The reader's answer to `ReadHistory`."""

    conn: int
    page: Page


@dataclass(frozen=True, slots=True)
class Looked:
    """The answer to `LookUp`: the registry is as new as the folder."""

    conn: int


@dataclass(frozen=True, slots=True)
class Replied:
    """The registrar's answer to a `Petition`; `re` of the message is that of what was asked.

    Args:
        conn: whose petition it was.
        message: posted after the registry that knows of the act.
    """

    conn: int
    message: Renewed | Done | Error


Event = Opened | Looked | Received | Lagging | Drained | Lost | PageRead | Answered | Replied


# --- commands ------------------------------------------------------------------------------


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
    | LookUp
    | Petition
    | Used
    | Note
)


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """Why a batch of drafts could not be stored, for `Hub.unsettled`."""

    code: str
    text: str
