"""What a window or a script gets from the client, one value per thing that happened.

Pure values, made on the client's worker thread and read on the consumer's. `as_json` is the
contract of `join --json` and `tail --json`; it never leaves out who said something.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from msgspec import to_builtins

from secure_chat.clock import rfc3339
from secure_chat.errors import SecureChatError
from secure_chat.wire.messages import (
    Content,
    Done,
    Error,
    Live,
    Membership,
    Notice,
    Page,
    People,
    Presence,
    Profile,
    RoomList,
    Said,
)

__all__ = [
    "Acked",
    "Answer",
    "Connected",
    "Disconnected",
    "Done",
    "Event",
    "Expiring",
    "Left",
    "Live",
    "Membership",
    "Message",
    "Moderated",
    "Notice",
    "Page",
    "People",
    "Presence",
    "Problem",
    "Profile",
    "Refused",
    "Renewed",
    "RoomList",
    "as_json",
    "when",
]


@dataclass(frozen=True, slots=True)
class Connected:
    """The host's welcome was read.

    Args:
        name: who the host says we are, by our certificate.
        role: `member` or `operator`.
        community: the community's id.
        rooms: the rooms we are a member of.
        head: the newest sequence number.
        dropped: why the host dropped this device's connection before, "" when it did not.
        agent: the host program and its version.
        uid: the host's name for this handshake in its journal.
        keylog: where the keys of this connection are written; None for nowhere.
    """

    name: str
    role: str
    community: str
    rooms: tuple[str, ...]
    head: int
    dropped: str
    agent: str
    uid: str
    keylog: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """Somebody said something; each is shown once, in the order of `seq`.

    Args:
        seq: its place in the order of everything; gaps are normal.
        at: when the host stored it, milliseconds since 1970 UTC.
        author: who said it, by certificate.
        id: the author's id for it.
        text: what was said, as it came: pass it through `printable` before a terminal sees it.
        room: the room, or None for a direct message.
        to: the addressee of a direct message, or None.
        content: what it is beside the text, as its author says, completed by the host; None for
            plain text. A kind or a format may be one that this program does not know.
    """

    seq: int
    at: int
    author: str
    id: str
    text: str
    room: str | None = None
    to: str | None = None
    content: Content | None = None

    @classmethod
    def of(cls, said: Said) -> "Message":
        """Return what a frame says as an event."""
        where = said.room, said.to, said.content
        return cls(said.seq, said.at, said.author, said.id, said.text, *where)


@dataclass(frozen=True, slots=True)
class Acked:
    """What was sent under this id is stored for good.

    Args:
        id: the id that `say`, `join` or `leave` returned.
        seq: its place in the order of everything.
        at: when the host stored it, milliseconds since 1970 UTC.
    """

    id: str
    seq: int
    at: int


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The line is gone; the client tries again by itself.

    Args:
        code: why, a word of `wire.messages.Code` or `unreachable`.
        text: the reason in words.
        attempt: how many attempts have failed since the last welcome, 0 for the loss itself.
        retry: seconds until the next attempt.
    """

    code: str
    text: str
    attempt: int
    retry: float


@dataclass(frozen=True, slots=True)
class Refused:
    """The last event of a client that will not come back by itself.

    Args:
        code: why, a word of `wire.messages.Code` or of the handshake's reasons.
        error: what happened, why and what to do; its `exit_code` is the command's.
    """

    code: str
    error: SecureChatError


@dataclass(frozen=True, slots=True)
class Problem:
    """A request was refused, or could not be made; the client goes on.

    Args:
        code: why, a word of `wire.messages.Code`.
        text: one sentence.
        id: what `say`, `join` or `leave` returned, if it was one of these; it is not sent again.
        re: the number of the request, if it had one.
    """

    code: str
    text: str
    id: str | None = None
    re: int | None = None

    @classmethod
    def of(cls, error: Error) -> "Problem":
        """Return what a frame says as an event."""
        return cls(error.code, error.text, error.id, error.re)


@dataclass(frozen=True, slots=True)
class Left:
    """The last event of a client that left because it was asked to.

    Args:
        unsent: how many messages wait on the disk for the next run.
    """

    unsent: int


@dataclass(frozen=True, slots=True)
class Renewed:
    """The certificate was renewed and the connection is one with the new certificate.

    Nobody saw us go, and nothing was lost or is told twice; what else `Connected` said of us
    still holds.

    Args:
        until: when the new certificate ends, milliseconds since 1970 UTC.
        role: `member` or `operator`.
        rooms: the rooms we are a member of.
        uid: the host's name for the new handshake in its journal.
    """

    until: int
    role: str
    rooms: tuple[str, ...]
    uid: str


@dataclass(frozen=True, slots=True)
class Expiring:
    """Our certificate ends soon and could not be renewed; after that the host keeps us out.

    Args:
        until: when it ends, milliseconds since 1970 UTC.
        left: seconds until then.
        why: why the last attempt came to nothing.
    """

    until: int
    left: int
    why: str


@dataclass(frozen=True, slots=True)
class Moderated:
    """What an operator asked for is written down and in force.

    Args:
        act: `kick`, `mute`, `unmute`, `ban`, `close-room` or `open-room`.
        name: whom it was done to, "" for a room.
        room: the room, "" for a person.
        seconds: how long a mute lasts, 0 for ever and for other acts.
        reason: why, "" when nobody said.
    """

    act: str
    name: str
    room: str
    seconds: int
    reason: str


Answer: TypeAlias = People | RoomList | Profile | Page | Done
Event: TypeAlias = (
    Connected
    | Message
    | Acked
    | Presence
    | Membership
    | Live
    | Notice
    | Problem
    | Disconnected
    | Refused
    | Left
    | Renewed
    | Expiring
    | Moderated
    | Answer
)

# The last second of the year 9999, in milliseconds.
_LAST_MOMENT: Final = 253_402_300_799_000

_MOMENTS: Final = frozenset({"at", "until"})

# The id of the upload says nothing to anybody but the host.
_OF_A_FILE: Final = ("name", "size", "type", "sha256")

_NAMES: Final[dict[type, str]] = {
    Connected: "connected",
    Message: "message",
    Acked: "acked",
    Presence: "presence",
    Membership: "membership",
    Live: "live",
    Notice: "notice",
    Problem: "error",
    Disconnected: "disconnected",
    Refused: "refused",
    Left: "left",
    People: "people",
    RoomList: "rooms",
    Profile: "profile",
    Page: "page",
    Done: "done",
    Renewed: "renewed",
    Expiring: "expiring",
    Moderated: "moderated",
}


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as the object that scripts read, `event` first.

    Times are RFC 3339 UTC, an author is called `from`, and what is None is left out but for the
    room and the addressee of a message.
    """
    named: dict[str, Any] = {"event": _NAMES[type(event)]}
    if isinstance(event, Message):
        return named | _message(event)
    if isinstance(event, Page):
        messages = [_message(Message.of(said)) for said in event.messages]
        return named | {"re": event.re, "messages": messages, "more": event.more}
    if isinstance(event, Refused):
        error = event.error
        told = {"text": error.what, "why": error.why, "hint": error.hint}
        return named | {"code": event.code, **told, "exit": int(error.exit_code)}
    fields: dict[str, Any] = to_builtins(event)
    fields.pop("t", None)
    for moment in _MOMENTS & fields.keys():
        fields[moment] = when(fields[moment])
    return named | {name: value for name, value in fields.items() if value is not None}


def when(milliseconds: int) -> str:
    """Return a moment as RFC 3339 UTC with milliseconds, one past the year 9999 as its last.

    A host's clock may say anything, and a date that cannot be written must not stop a client.
    """
    return rfc3339(min(milliseconds, _LAST_MOMENT) / 1_000)


def _message(message: Message) -> dict[str, Any]:
    """Return a message's fields under the names that scripts know."""
    fields: dict[str, Any] = {
        "seq": message.seq,
        "room": message.room,
        "to": message.to,
        "from": message.author,
        "text": message.text,
        "at": when(message.at),
        "id": message.id,
    }
    if message.content is not None:
        fields["content"] = _content(message.content)
    return fields


def _content(content: Content) -> dict[str, Any]:
    """Return what a message is beside its text; what says nothing is left out."""
    fields: dict[str, Any] = {"kind": content.kind} | to_builtins(content)
    if content.file is not None:
        fields["file"] = {name: getattr(content.file, name) for name in _OF_A_FILE}
    return fields
