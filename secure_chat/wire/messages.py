"""Every message of the protocol as a typed struct; PROTOCOL.md says the same in prose.

Pure values, made and read on any thread. A frame's map carries the tag under `t`; unknown fields
are ignored, so fields may be added with a default, never renamed or given another type.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

__all__ = [
    "PROTOCOL_VERSION",
    "Ack",
    "Close",
    "Code",
    "Error",
    "FromClient",
    "FromHost",
    "Greeting",
    "Hello",
    "History",
    "Join",
    "Leave",
    "Live",
    "Membership",
    "Message",
    "Notice",
    "Page",
    "Part",
    "People",
    "Person",
    "Ping",
    "Pong",
    "Presence",
    "Profile",
    "RoomInfo",
    "RoomList",
    "Rooms",
    "Said",
    "Say",
    "Welcome",
    "Who",
    "Whois",
]

PROTOCOL_VERSION = 1

Seq: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53)]
Word: TypeAlias = Annotated[str, Meta(max_length=128)]
Line: TypeAlias = Annotated[str, Meta(max_length=1024)]


class Code(StrEnum):
    """Why a request or a connection ended; both ends know this closed vocabulary."""

    # a Close carries one of these
    BYE = "bye"
    SHUTDOWN = "shutdown"
    PROTOCOL = "protocol"
    TOO_BIG = "too-big"
    ALPN = "alpn"
    VERSION = "version"
    CERTIFICATE = "certificate"
    NOT_REGISTERED = "not-registered"
    REVOKED = "revoked"
    EXPIRED = "expired"
    TOO_MANY_CONNECTIONS = "too-many-connections"
    HOST_FULL = "host-full"
    SLOW = "slow"
    SILENT = "silent"
    INTERNAL = "internal"
    # an Error carries one of these
    TOO_LONG = "too-long"
    EMPTY = "empty"
    BAD_ID = "bad-id"
    ID_CONFLICT = "id-conflict"
    BAD_ROOM = "bad-room"
    NOT_A_MEMBER = "not-a-member"
    TOO_MANY_ROOMS = "too-many-rooms"
    NOBODY = "nobody"
    BAD_TARGET = "bad-target"
    BAD_QUERY = "bad-query"
    DISK_FULL = "disk-full"
    # a Notice carries one of these
    SLOWED = "slowed"
    PRUNED = "pruned"


class Part(Struct, frozen=True, tag_field="t", tag=str.lower):
    """What every message of the protocol is."""


# --- both ends -----------------------------------------------------------------------------


class Ping(Part, frozen=True):
    """Are you there? Answered with a `Pong`."""


class Pong(Part, frozen=True):
    """I am here."""


class Close(Part, frozen=True):
    """The last frame of a connection: the sender says nothing after it.

    Args:
        code: why, a word of `Code`; unknown words are shown as they are.
        text: one sentence for a person.
    """

    code: Word
    text: Line = ""


# --- from the client -----------------------------------------------------------------------


class Hello(Part, frozen=True):
    """The client's answer to the greeting; it carries no name, the certificate does.

    Args:
        version: the protocol version the client speaks.
        cursor: the last sequence number the client has shown; None on its first run.
        history: on a first run, how many earlier messages it wants.
        live: False for one-shot commands: not seen as present, no message is delivered.
        device: a client-made id that stays the same across reconnects and restarts.
        agent: the client program and its version.
    """

    version: Count
    cursor: Seq | None = None
    history: Count = 0
    live: bool = True
    device: Word = ""
    agent: Word = ""


class Say(Part, frozen=True):
    """A text for a room or for a person, exactly one of the two.

    Args:
        id: client-made, unique for the author for ever; repeating it is safe.
        text: what is said.
        room: the room's name, or None.
        to: the person's name, or None.
    """

    id: Word
    text: str
    room: Word | None = None
    to: Word | None = None


class Join(Part, frozen=True):
    """Make this person a member of a room, which comes into being if nobody made it before."""

    id: Word
    room: Word


class Leave(Part, frozen=True):
    """End this person's membership of a room."""

    id: Word
    room: Word


class Who(Part, frozen=True):
    """Ask who is a member of a room; answered with `People`.

    Args:
        re: a number of the client's choice that comes back in the answer.
        room: the room's name.
        after: the last name of the page before, "" for the first page.
    """

    re: Count
    room: Word
    after: Word = ""


class Rooms(Part, frozen=True):
    """Ask which rooms there are; answered with `RoomList`."""

    re: Count
    after: Word = ""


class Whois(Part, frozen=True):
    """Ask what is known of a person; answered with `Profile`."""

    re: Count
    name: Word


class History(Part, frozen=True):
    """Ask for a page of what was said and may be read by this person; answered with `Page`.

    Args:
        re: a number of the client's choice that comes back in the answer.
        room: only this room; None for all rooms of the person and all their direct messages.
        with_: only direct messages with this person.
        author: only what this person said.
        since: only messages at or after this moment, milliseconds since 1970 UTC.
        until: only messages before this moment.
        search: only messages with these words (SQLite FTS5 decides, words are taken literally).
        after: ascending: only messages above this sequence number.
        before: descending: only messages below this one; None with `newest` for the newest.
        newest: True: from the newest backwards (the page itself is always in ascending order).
        limit: how many messages, capped by the host.
    """

    re: Count
    room: Word | None = None
    with_: Word | None = None
    author: Word | None = None
    since: Count | None = None
    until: Count | None = None
    search: Line | None = None
    after: Seq = 0
    before: Seq | None = None
    newest: bool = False
    limit: Count = 200


# --- from the host -------------------------------------------------------------------------


class Greeting(Part, frozen=True):
    """The first frame of a connection: the host accepts the certificate.

    Args:
        version: the protocol version the host speaks.
        uid: the host's name for this handshake in its journal.
        agent: the host program and its version.
    """

    version: Count
    uid: Word
    agent: Word = ""


class Welcome(Part, frozen=True):
    """The host's answer to `Hello`: the person is in.

    Args:
        name: who the certificate says the client is.
        role: `member` or `operator`.
        community: the community's id.
        head: the newest sequence number.
        floor: the oldest sequence number kept; a cursor below `floor - 1` missed what is gone.
        rooms: the rooms the person is a member of.
        dropped: why this device's connection before was dropped, "" when it was not.
        message_bytes: the longest text allowed, in bytes of UTF-8.
        agent: the host program and its version.
    """

    name: Word
    role: Word
    community: Word
    head: Seq
    floor: Seq
    rooms: list[Word]
    dropped: Line = ""
    message_bytes: Count = 16_384
    agent: Word = ""


class Ack(Part, frozen=True):
    """What the id names is committed under this sequence number.

    Args:
        id: the id of `Say`, `Join` or `Leave`.
        seq: its place in the order of everything.
        at: when it was committed, milliseconds since 1970 UTC.
    """

    id: Word
    seq: Seq
    at: Count


class Said(Part, frozen=True):
    """A committed message.

    Args:
        seq: its place in the order of everything; gaps are normal.
        at: when it was committed, milliseconds since 1970 UTC.
        author: who said it, by certificate.
        id: the author's id for it.
        text: what was said.
        room: the room, or None for a direct message.
        to: the addressee of a direct message, or None.
    """

    seq: Seq
    at: Count
    author: Word
    id: Word
    text: str
    room: Word | None = None
    to: Word | None = None


class Membership(Part, frozen=True):
    """This person, on whichever of their clients, joined or left a room.

    Args:
        seq: its place in the order of everything.
        at: when, milliseconds since 1970 UTC.
        room: the room's name.
        member: True for joined, False for left.
    """

    seq: Seq
    at: Count
    room: Word
    member: bool


class Live(Part, frozen=True):
    """Everything for this client up to `seq` has been sent; what follows is happening now."""

    seq: Seq


class Presence(Part, frozen=True):
    """Who came to and went from a room since the last such frame.

    Args:
        room: the room's name.
        here: how many members are connected now.
        joined: who came; empty when the room is large.
        left: who went; empty when the room is large.
    """

    room: Word
    here: Count
    joined: list[Word] = []
    left: list[Word] = []


class Person(Struct, frozen=True):
    """A member of a room and on how many clients they are connected now."""

    name: Word
    here: Count


class People(Part, frozen=True):
    """A page of the members of a room.

    Args:
        re: the request's number.
        room: the room's name.
        people: the members, in the order of their names.
        more: ask again with the last name as `after`.
    """

    re: Count
    room: Word
    people: list[Person]
    more: bool = False


class RoomInfo(Struct, frozen=True):
    """A room, how many members it has, how many are here, and whether the asker is one."""

    name: Word
    members: Count
    here: Count
    member: bool


class RoomList(Part, frozen=True):
    """A page of the rooms there are."""

    re: Count
    rooms: list[RoomInfo]
    more: bool = False


class Profile(Part, frozen=True):
    """What the host knows of a person.

    Args:
        re: the request's number.
        name: the person.
        role: `member` or `operator`; "" when unknown.
        here: on how many clients they are connected now.
        rooms: the rooms they share with the asker.
        fingerprint: SHA-256 of the certificate in use or last issued, lower-case hex.
        serial: its serial number, lower-case hex.
        not_before: since when it is valid, seconds since 1970 UTC.
        not_after: until when it is valid, seconds since 1970 UTC.
    """

    re: Count
    name: Word
    role: Word
    here: Count
    rooms: list[Word]
    fingerprint: Word = ""
    serial: Word = ""
    not_before: Count = 0
    not_after: Count = 0


class Page(Part, frozen=True):
    """A page of history, in ascending order.

    Args:
        re: the request's number.
        messages: what was said.
        more: ask again, with `after` or `before` set from the last or first message.
    """

    re: Count
    messages: list[Said]
    more: bool = False


class Error(Part, frozen=True):
    """A request was refused; the connection goes on.

    Args:
        code: why, a word of `Code`.
        text: one sentence for a person.
        id: the id of the `Say`, `Join` or `Leave`, if it was one.
        re: the number of the request, if it had one.
    """

    code: Word
    text: Line
    id: Word | None = None
    re: Count | None = None


class Notice(Part, frozen=True):
    """Something a person should know; nothing was refused."""

    code: Word
    text: Line


Both: TypeAlias = Ping | Pong | Close
FromClient: TypeAlias = Both | Hello | Say | Join | Leave | Who | Rooms | Whois | History
FromHost: TypeAlias = (
    Both
    | Greeting
    | Welcome
    | Ack
    | Said
    | Membership
    | Live
    | Presence
    | People
    | RoomList
    | Profile
    | Page
    | Error
    | Notice
)
Message: TypeAlias = FromClient | FromHost
