"""What all messages of the protocol have in common, and those that both ends may send.

Pure values. A frame's map carries the tag under `t`; unknown fields are ignored, so fields may be
added with a default, never renamed or given another type.
"""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

__all__ = [
    "PROTOCOL_VERSION",
    "Close",
    "Code",
    "Count",
    "Line",
    "Measure",
    "Part",
    "Ping",
    "Pong",
    "Seq",
    "Word",
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
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    KICKED = "kicked"
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
    MUTED = "muted"  # a Notice too
    ROOM_CLOSED = "room-closed"
    NOT_ALLOWED = "not-allowed"
    NO_AUTHORITY = "no-authority"
    BAD_CONTENT = "bad-content"
    NO_MESSAGE = "no-message"
    NO_FILE = "no-file"
    NO_UPLOAD = "no-upload"
    WRONG_OFFSET = "wrong-offset"
    HASH_DIFFERS = "hash-differs"
    TOO_LARGE = "too-large"
    QUOTA = "quota"
    BUSY = "busy"
    TAKEN_OVER = "taken-over"
    STALLED = "stalled"
    STOPPED = "stopped"
    # a Notice carries one of these
    SLOWED = "slowed"
    PRUNED = "pruned"
    UNMUTED = "unmuted"
    RENEW = "renew"


class Measure(StrEnum):
    """What an operator may do: to a person, or to a room."""

    KICK = "kick"
    MUTE = "mute"
    UNMUTE = "unmute"
    BAN = "ban"
    CLOSE_ROOM = "close-room"
    OPEN_ROOM = "open-room"


class Part(Struct, frozen=True, tag_field="t", tag=str.lower, gc=False):
    """What every message of the protocol is.

    The garbage collector does not look at messages: they hold values and lists of values, which
    no cycle can run through, and a host makes many.
    """


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
