"""What a person types and what a script writes, as acts: the same for every window.

Pure. A text is only ever a text: a command begins with a slash in the first column, and two
slashes there make a text that begins with one. Nothing of this reaches the host.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import msgspec

from secure_chat.errors import UsageError
from secure_chat.pki.duration import parse_duration
from secure_chat.wire.messages import Measure

__all__ = [
    "HELP",
    "Act",
    "Enter",
    "Exit",
    "Help",
    "ListPeople",
    "ListRooms",
    "Moderation",
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
    "operators also:",
    "/kick NAME [WHY]    send a person away; they may join again",
    "/mute NAME [SPAN] [WHY]  let a person say nothing, for 10m or 2h or until /unmute",
    "/unmute NAME        let a person speak again",
    "/ban NAME [WHY]     revoke a person's certificates for good; the name is used no more",
    "/close ROOM [WHY]   let nobody speak in a room or join it",
    "/open ROOM          open a closed room again",
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


Act: TypeAlias = (
    Speak | Enter | Exit | ListPeople | ListRooms | Tell | Moderation | Help | Quit | Wrong
)


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


def _moderate(value: dict[str, Any]) -> Act:
    for key in ("name", "room", "for", "reason"):
        if not isinstance(value.get(key, ""), str):
            return _wrong_type(key)
    try:
        act = Measure(value["moderate"])
        seconds = _seconds(value["for"]) if "for" in value else 0
    except ValueError:
        return Wrong("the value of 'moderate' must be one of: " + ", ".join(Measure))
    except UsageError:
        return _BAD_SPAN
    name, room, reason = (value.get(key, "") for key in ("name", "room", "reason"))
    return Moderation(act, name, room, seconds, reason)


def _seconds(span: str) -> int:
    return int(parse_duration(span).total_seconds())


_BAD_SPAN: Final = Wrong("a span of time is written like 10m, 2h or 3d")

_OBJECTS: Final[dict[str, tuple[Callable[[dict[str, Any]], Act], type]]] = {
    "say": (_speak, str),
    "join": (lambda value: Enter(value["join"], _text(value, "id")), str),
    "leave": (lambda value: Exit(value["leave"], _text(value, "id")), str),
    "who": (lambda value: ListPeople(value["who"]), str),
    "whois": (lambda value: Tell(value["whois"]), str),
    "rooms": (lambda _: ListRooms(), bool),
    "moderate": (_moderate, str),
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


def _on_person(act: Measure, usage: str) -> Callable[[str], Act]:
    """Return a reader of a command with a name and perhaps a reason."""

    def read(rest: str) -> Act:
        name, _, reason = rest.strip().partition(" ")
        return Moderation(act, name, reason=reason.strip()) if name else Wrong(usage)

    return read


def _mute(rest: str) -> Act:
    name, _, rest = rest.strip().partition(" ")
    if not name:
        return Wrong("say it so: /mute NAME [SPAN] [WHY]")
    span, _, reason = rest.strip().partition(" ")
    # Words begin with letters; what begins with a digit was meant to be a span, and one that is
    # not understood must not become a mute without an end.
    if not span[:1].isdigit():
        return Moderation(Measure.MUTE, name, reason=rest.strip())
    try:
        return Moderation(Measure.MUTE, name, "", _seconds(span), reason.strip())
    except UsageError:
        return _BAD_SPAN


def _close(rest: str) -> Act:
    room, _, reason = rest.strip().partition(" ")
    if not room:
        return Wrong("say it so: /close ROOM [WHY]")
    return Moderation(Measure.CLOSE_ROOM, room=room, reason=reason.strip())


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
    "kick": _on_person(Measure.KICK, "say it so: /kick NAME [WHY]"),
    "mute": _mute,
    "unmute": _named(lambda name: Moderation(Measure.UNMUTE, name), "/unmute NAME"),
    "ban": _on_person(Measure.BAN, "say it so: /ban NAME [WHY]"),
    "close": _close,
    "open": _named(lambda room: Moderation(Measure.OPEN_ROOM, room=room), "/open ROOM"),
    "quit": lambda _: Quit(),
}
