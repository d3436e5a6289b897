"""What a host says: its greeting and welcome, what is committed, who is here, and its answers.

Pure values, made by `hub` and read by `client.session`.
"""

from msgspec import Struct, field

from secure_chat.wire.content import Content
from secure_chat.wire.part import Count, Line, Part, Seq, Word

__all__ = [
    "Ack",
    "Done",
    "Error",
    "Greeting",
    "Live",
    "Membership",
    "Notice",
    "Page",
    "People",
    "Person",
    "Presence",
    "Profile",
    "Renewed",
    "RoomInfo",
    "RoomList",
    "Said",
    "Welcome",
]


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
        file_bytes: the largest file allowed, in bytes; 0 when this host keeps no files.
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
    file_bytes: Count = 0
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


class Said(Part, frozen=True, omit_defaults=True):
    """A committed message.

    Args:
        seq: its place in the order of everything; gaps are normal.
        at: when it was committed, milliseconds since 1970 UTC.
        author: who said it, by certificate.
        id: the author's id for it.
        text: what was said.
        room: the room, or None for a direct message.
        to: the addressee of a direct message, or None.
        content: what it is beside the text, None for plain text alone.
    """

    seq: Seq
    at: Count
    author: Word
    id: Word
    text: str
    room: Word | None = None
    to: Word | None = None
    content: Content | None = None


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
    joined: list[Word] = field(default_factory=list)
    left: list[Word] = field(default_factory=list)


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


class Renewed(Part, frozen=True):
    """The new certificate that was asked for; the old one counts until this one is first used.

    Args:
        re: the request's number.
        certificate: the certificate as PEM, for the key that signed the request.
        authorities: the certificates of all authorities to trust from now on, as PEM.
    """

    re: Count
    certificate: str
    authorities: str


class Done(Part, frozen=True):
    """An operator's act is written down and in force."""

    re: Count


class Error(Part, frozen=True):
    """A request was refused; the connection goes on.

    Args:
        code: why, a word of `Code`.
        text: one sentence for a person.
        id: the id of the `Say`, `Join` or `Leave`, if it was one.
        re: the number of the request, if it had one.
        up: the upload, if it was about one.
    """

    code: Word
    text: Line
    id: Word | None = None
    re: Count | None = None
    up: Word | None = None


class Notice(Part, frozen=True):
    """Something a person should know; nothing was refused."""

    code: Word
    text: Line
