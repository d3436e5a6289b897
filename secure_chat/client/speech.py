"""What a person types and what a script writes, as acts: the same for every window.

Pure. A text is only ever a text: a command begins with a slash in the first column, and two
slashes there make a text that begins with one. Nothing of this reaches the host.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

__all__ = [
    "HELP",
    "Act",
    "Enter",
    "Exit",
    "Help",
    "ListPeople",
    "ListRooms",
    "Quit",
    "Speak",
    "Tell",
    "Wrong",
    "read_json",
    "read_line",
]

HELP: Final = (
    "/help               this list",
    "/rooms              which rooms there are",
    "/join ROOM          go into a room, made if it is not there, and talk there",
    "/leave [ROOM]       leave a room",
    "/msg NAME TEXT      say something to one person",
    "/who [ROOM]         who is in a room, and who is here now",
    "/whois NAME         what the host knows of a person",
    "/me TEXT            say what you are doing",
    "/quit               leave; your rooms stay yours",
)


@dataclass(frozen=True, slots=True)
class Speak:
    """Say something; without a target in the room one is talking in.

    Args:
        text: what.
        room: where, or None.
        to: to whom, or None.
        id: the id a script has chosen, or None.
    """

    text: str
    room: str | None = None
    to: str | None = None
    id: str | None = None


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


Act: TypeAlias = Speak | Enter | Exit | ListPeople | ListRooms | Tell | Help | Quit | Wrong


def read_line(line: str) -> Act | None:
    """Return what a line that a person typed asks for, None for an empty one."""
    if not line.strip():
        return None
    if line.startswith("//"):
        return Speak(line[1:])
    if not line.startswith("/"):
        return Speak(line)
    word, _, rest = line[1:].partition(" ")
    read = _COMMANDS.get(word)
    return Wrong("there is no such command; /help lists them") if read is None else read(rest)


def read_json(line: bytes) -> Act:
    """Return what a line of a script asks for: an object, or a string as a text."""
    try:
        value = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Wrong("this line is no JSON")
    if isinstance(value, str):
        return Speak(value)
    if not isinstance(value, dict):
        return Wrong("a line must be an object or a string")
    for key, (read, wanted) in _OBJECTS.items():
        if key in value:
            return read(value) if isinstance(value[key], wanted) else _wrong_type(key)
    return Wrong("an object must have one of: " + ", ".join(_OBJECTS))


def _wrong_type(key: str) -> Wrong:
    return Wrong(f"the value of {key!r} is of the wrong type")


def _text(value: dict[str, Any], key: str) -> str | None:
    found = value.get(key)
    return found if isinstance(found, str) else None


def _speak(value: dict[str, Any]) -> Act:
    for key in ("room", "to", "id"):
        if not isinstance(value.get(key), str | None):
            return _wrong_type(key)
    return Speak(value["say"], _text(value, "room"), _text(value, "to"), _text(value, "id"))


_OBJECTS: Final[dict[str, tuple[Callable[[dict[str, Any]], Act], type]]] = {
    "say": (_speak, str),
    "join": (lambda value: Enter(value["join"], _text(value, "id")), str),
    "leave": (lambda value: Exit(value["leave"], _text(value, "id")), str),
    "who": (lambda value: ListPeople(value["who"]), str),
    "whois": (lambda value: Tell(value["whois"]), str),
    "rooms": (lambda _: ListRooms(), bool),
}


def _message(rest: str) -> Act:
    name, _, text = rest.strip().partition(" ")
    return Speak(text.strip(), to=name) if text.strip() else Wrong("say it so: /msg NAME TEXT")


def _named(make: Callable[[str], Act], usage: str) -> Callable[[str], Act]:
    """Return a reader of a command with exactly one word."""

    def read(rest: str) -> Act:
        words = rest.split()
        return make(words[0]) if len(words) == 1 else Wrong(f"say it so: {usage}")

    return read


_COMMANDS: Final[dict[str, Callable[[str], Act]]] = {
    "help": lambda _: Help(),
    "rooms": lambda _: ListRooms(),
    "join": _named(Enter, "/join ROOM"),
    "leave": lambda rest: Exit(rest.strip() or None),
    "msg": _message,
    "who": lambda rest: ListPeople(rest.strip() or None),
    "whois": _named(Tell, "/whois NAME"),
    "me": lambda rest: (
        Speak(f"/me {rest.strip()}") if rest.strip() else Wrong("say what: /me TEXT")
    ),
    "quit": lambda _: Quit(),
}
