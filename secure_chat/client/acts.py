"""What somebody wants done in the chat, one value for each thing: the same for every window.

Pure values, made by `speech` from what a person types and by `scripted` from what a script writes,
carried out by a shell. A message that an act is about is named by its number, or by None: the last
one that it can be about.
"""

from dataclasses import dataclass
from typing import TypeAlias

from secure_chat.wire.messages import Content, Measure

__all__ = [
    "Act",
    "Deed",
    "Delete",
    "Edit",
    "Enter",
    "Exit",
    "Get",
    "Help",
    "Last",
    "ListFiles",
    "ListPeople",
    "ListRooms",
    "Moderation",
    "Quit",
    "React",
    "Reply",
    "SendFile",
    "Speak",
    "Tell",
    "Wrong",
]


@dataclass(frozen=True, slots=True)
class Speak:
    """Say something; without a target in the room one is talking in.

    Args:
        text: what.
        room: where, or None.
        to: to whom, or None.
        id: the id a script has chosen, or None.
        content: what it is beside its text, None for plain text.
    """

    text: str
    room: str | None = None
    to: str | None = None
    id: str | None = None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a message, where that was said; None for the last of somebody else."""

    text: str
    of: int | None = None


@dataclass(frozen=True, slots=True)
class React:
    """React to a message; None for the last of somebody else."""

    text: str
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Put another text into a message of one's own; None for the last.

    Args:
        text: what it says from now on.
        of: which.
        content: how the text is to be shown, None for as it is.
    """

    text: str
    of: int | None = None
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a message of one's own; None for the last."""

    of: int | None = None


@dataclass(frozen=True, slots=True)
class SendFile:
    """Send a file or a folder; without a target in the room one is talking in.

    Args:
        path: where it is.
        text: what is said with it.
        room: where, or None.
        to: to whom, or None.
        name: what it is called for others; None for its own name.
    """

    path: str
    text: str = ""
    room: str | None = None
    to: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Get:
    """Fetch the file of a message."""

    of: int


@dataclass(frozen=True, slots=True)
class ListFiles:
    """Ask which files can be fetched, the newest of them."""


@dataclass(frozen=True, slots=True)
class Last:
    """Show the last messages of the room one is talking in, with their numbers."""


@dataclass(frozen=True, slots=True)
class Enter:
    """Go into a room and talk there."""

    room: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """Leave a room; None for the one that one is talking in."""

    room: str | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ListPeople:
    """Ask who is in a room; None for the one that one is talking in."""

    room: str | None = None


@dataclass(frozen=True, slots=True)
class ListRooms:
    """Ask which rooms there are."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Ask what the host knows of a person."""

    name: str


@dataclass(frozen=True, slots=True)
class Moderation:
    """Do what an operator may do, to a person or to a room.

    Args:
        act: what.
        name: the person, "" for a room.
        room: the room, "" for a person.
        seconds: how long a mute lasts, 0 until it is lifted.
        reason: why, "" when nobody said.
    """

    act: Measure
    name: str = ""
    room: str = ""
    seconds: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Help:
    """Show what can be done."""


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """It cannot be understood.

    Args:
        text: why, in our own words only.
    """

    text: str


Deed: TypeAlias = (
    Speak
    | Reply
    | React
    | Edit
    | Delete
    | SendFile
    | Get
    | ListFiles
    | Last
    | Enter
    | Exit
    | ListPeople
    | ListRooms
    | Tell
    | Moderation
    | Help
    | Wrong
)
Act: TypeAlias = Deed | Quit
