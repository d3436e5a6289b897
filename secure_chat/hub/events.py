"""What the hub is told: events, each a past fact.

Plain values without behaviour, made by whoever a thing happened to and posted to the hub's inbox,
so a test writes a conversation as two lists. A connection is an int that `net` chose; what it
stands for is known there only. What the hub decides then is in `hub.commands`.
"""

from dataclasses import dataclass

from secure_chat.log.base import Keep, Missed
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import Done, Error, Fetch, FromClient, Page, Renewed

__all__ = [
    "Answered",
    "Drained",
    "Event",
    "FileRead",
    "Forgotten",
    "Lagging",
    "Looked",
    "Lost",
    "Opened",
    "PageRead",
    "Received",
    "Replied",
    "StorageFailed",
    "Uploaded",
]


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


@dataclass(frozen=True, slots=True)
class FileRead:
    """The reader's answer to `ReadFile`.

    Args:
        conn: who asked.
        fetch: what was asked.
        keep: the file of the message; None when there is none that they may read.
    """

    conn: int
    fetch: Fetch
    keep: Keep | None


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A person may refer to this upload from now on; told by the depot, of no connection.

    Args:
        person: whose upload it is.
        up: its id.
        size: how many bytes it has; 0 for a stream that is not finished.
        sha256: their hash, lower-case hex; "" for a stream that is not finished.
    """

    person: str
    up: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Nobody may refer to these uploads any more; told by the depot, of no connection.

    Args:
        ups: each with whose it is and its id.
    """

    ups: tuple[tuple[str, str], ...]


Event = (
    Opened | Looked | Received | Lagging | Drained | Lost | PageRead | Answered | Replied | FileRead
)


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """Why a batch of drafts could not be stored, for `Hub.unsettled`."""

    code: str
    text: str
