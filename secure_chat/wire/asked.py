"""What a client says: hello, its requests, its questions, and what it petitions the host for.

Pure values, made by `client.session` and read by `hub`.
"""

from secure_chat.wire.content import Content
from secure_chat.wire.part import Count, Line, Part, Seq, Word

__all__ = [
    "Hello",
    "History",
    "Join",
    "Leave",
    "Moderate",
    "Renew",
    "Rooms",
    "Say",
    "Who",
    "Whois",
]


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


class Say(Part, frozen=True, omit_defaults=True):
    """A text or something else for a room or for a person, exactly one of the two.

    Args:
        id: client-made, unique for the author for ever; repeating it is safe.
        text: what is said.
        room: the room's name, or None.
        to: the person's name, or None.
        content: what it is beside the text, None for plain text alone.
    """

    id: Word
    text: str
    room: Word | None = None
    to: Word | None = None
    content: Content | None = None


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
        files: only messages that refer to a file; not together with `search` or `author`.
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
    files: bool = False


class Renew(Part, frozen=True):
    """Ask for a new certificate for the one in use; answered with `Renewed`.

    Args:
        re: a number of the client's choice that comes back in the answer.
        request: a certificate request (PKCS #10) as PEM, signed with the key it is for.
    """

    re: Count
    request: str


class Moderate(Part, frozen=True):
    """An act of an operator on a person or a room, exactly one of the two; answered with `Done`.

    Args:
        re: a number of the client's choice that comes back in the answer.
        act: a word of `Measure`.
        name: the person, "" for acts on rooms.
        room: the room, "" for acts on people.
        seconds: how long a mute lasts, 0 for until it is lifted; 0 for all other acts.
        reason: why, for the host's audit trail.
    """

    re: Count
    act: Word
    name: Word = ""
    room: Word = ""
    seconds: Count = 0
    reason: Line = ""
