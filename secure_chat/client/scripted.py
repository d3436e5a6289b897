"""What a script writes into `join --json`, one value a line, as acts.

Pure. A line is a string, which is a text, or an object that is known by one of its keys. With

    {"say": TEXT}       `room` or `to`, `id`, `reply`, and `code` (a language, or "") or `markdown`
    {"value": VALUE}    any JSON value; `room` or `to`, `id`, `reply`
    {"react": TEXT}     and {"edit": TEXT}, which also takes `code` or `markdown`; `of` says which
    {"delete": NUMBER}
    {"file": PATH}      `text`, `name`, `room` or `to`; a folder too
    {"get": NUMBER}     fetches the file of a message
    {"join": ROOM}      and {"leave": ROOM}, with `id`
    {"who": ROOM}, {"whois": NAME}, {"rooms": true}, {"files": true}
    {"moderate": ACT}   `name` or `room`, `for`, `reason`

messages are named by their numbers, and a text without a place goes into the room one talks in.
"""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from secure_chat.client.acts import (
    Act,
    Delete,
    Edit,
    Enter,
    Exit,
    Get,
    ListFiles,
    ListPeople,
    ListRooms,
    Moderation,
    React,
    SendFile,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.errors import UsageError
from secure_chat.pki.duration import parse_duration
from secure_chat.wire.messages import Content, Format, Measure

__all__ = ["read_json"]

_LARGEST: Final = 2**63 - 1
_PLACE: Final = ("room", "to")


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
            try:
                return read(value) if isinstance(value[key], wanted) else _wrong_type(key)
            except _WrongTypeError as error:
                return _wrong_type(error.key)
    return Wrong("an object must have one of: " + ", ".join(_OBJECTS))


class _WrongTypeError(Exception):
    """A value of an object is not of the type that its key wants."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def _wrong_type(key: str) -> Wrong:
    return Wrong(f"the value of {key!r} is of the wrong type")


def _texts(value: dict[str, Any], *keys: str) -> list[str | None]:
    """Return the texts under these keys, None for one that is not there."""
    for key in keys:
        if not isinstance(value.get(key), str | None):
            raise _WrongTypeError(key)
    return [value.get(key) for key in keys]


def _number(value: dict[str, Any], key: str) -> int:
    """Return the number of a message, 0 when there is none."""
    found = value.get(key, 0)
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _LARGEST:
        raise _WrongTypeError(key)
    return found


def _shown(value: dict[str, Any]) -> Content:
    """Return how a text is to be shown, and what it answers."""
    (lang,) = _texts(value, "code")
    markdown = value.get("markdown", False)
    if not isinstance(markdown, bool) or (markdown and lang is not None):
        raise _WrongTypeError("markdown")
    reply = _number(value, "reply")
    if lang is not None:
        return Content(format=Format.CODE, lang=lang, reply=reply)
    return Content(format=Format.MARKDOWN if markdown else Format.PLAIN, reply=reply)


def _speak(value: dict[str, Any]) -> Act:
    room, to, id_ = _texts(value, *_PLACE, "id")
    content = _shown(value)
    return Speak(value["say"], room, to, id_, content if content != Content() else None)


def _value(value: dict[str, Any]) -> Act:
    room, to, id_ = _texts(value, *_PLACE, "id")
    content = Content(format=Format.JSON, reply=_number(value, "reply"))
    text = msgspec.json.encode(value["value"]).decode()
    return Speak(text, room, to, id_, content)


def _react(value: dict[str, Any]) -> Act:
    of = _number(value, "of")
    return React(value["react"], of) if of else _NO_NUMBER


def _edit(value: dict[str, Any]) -> Act:
    of = _number(value, "of")
    content = _shown(value)
    if content.reply:
        return Wrong("an edit keeps what its message answers")
    return Edit(value["edit"], of, content if content != Content() else None) if of else _NO_NUMBER


def _delete(value: dict[str, Any]) -> Act:
    of = _number(value, "delete")
    return Delete(of) if of else _NO_NUMBER


def _offer(value: dict[str, Any]) -> Act:
    room, to, text, name = _texts(value, *_PLACE, "text", "name")
    return SendFile(value["file"], text or "", room, to, name)


def _get(value: dict[str, Any]) -> Act:
    of = _number(value, "get")
    return Get(of) if of else _NO_NUMBER


def _moderate(value: dict[str, Any]) -> Act:
    for key in ("name", "room", "for", "reason"):
        if not isinstance(value.get(key, ""), str):
            return _wrong_type(key)
    try:
        act = Measure(value["moderate"])
        seconds = int(parse_duration(value["for"]).total_seconds()) if "for" in value else 0
    except ValueError:
        return Wrong("the value of 'moderate' must be one of: " + ", ".join(Measure))
    except UsageError:
        return Wrong("a span of time is written like 10m, 2h or 3d")
    name, room, reason = (value.get(key, "") for key in ("name", "room", "reason"))
    return Moderation(act, name, room, seconds, reason)


_NO_NUMBER: Final = Wrong("the number of the message is missing")

_OBJECTS: Final[dict[str, tuple[Callable[[dict[str, Any]], Act], type]]] = {
    "say": (_speak, str),
    "value": (_value, object),
    "react": (_react, str),
    "edit": (_edit, str),
    "delete": (_delete, int),
    "file": (_offer, str),
    "get": (_get, int),
    "join": (lambda value: Enter(value["join"], *_texts(value, "id")), str),
    "leave": (lambda value: Exit(value["leave"], *_texts(value, "id")), str),
    "who": (lambda value: ListPeople(value["who"]), str),
    "whois": (lambda value: Tell(value["whois"]), str),
    "rooms": (lambda _: ListRooms(), bool),
    "files": (lambda _: ListFiles(), bool),
    "moderate": (_moderate, str),
}
