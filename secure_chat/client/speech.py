"""What a person types, as acts: the same for every window.

Pure, owned by whoever reads the input. A text is only ever a text: a command begins with a slash in
the first column, and two slashes there make a text that begins with one. Nothing of this reaches
the host. Where a message may be named, a number at the beginning names it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from secure_chat.client.acts import (
    Act,
    Delete,
    Edit,
    Enter,
    Exit,
    Get,
    Help,
    Last,
    ListFiles,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    React,
    Reply,
    SendFile,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.errors import UsageError
from secure_chat.limits import Limits
from secure_chat.pki.duration import parse_duration
from secure_chat.wire.messages import Content, Format, Measure

__all__ = ["HELP", "Block", "Typing", "read_line"]

HELP: Final = (
    "/help               this list",
    "/rooms              which rooms there are",
    "/join ROOM          go into a room, made if it is not there, and talk there",
    "/leave [ROOM]       leave a room",
    "/msg NAME TEXT      say something to one person",
    "/who [ROOM]         who is in a room, and who is here now",
    "/whois NAME         what the host knows of a person",
    "/me TEXT            say what you are doing",
    "/last               the last messages here, with their numbers",
    "/reply [NUMBER] TEXT   answer a message; without a number somebody's last",
    "/react [NUMBER] WORD   react to a message; without a number somebody's last",
    "/edit [NUMBER] TEXT    put another text into a message of yours, the last one",
    "/delete [NUMBER]    delete a message of yours, the last one",
    "/code [LANG [TEXT]] send code; without TEXT all lines up to one that is a single dot",
    "/file PATH [TEXT]   send a file or a folder",
    "/files              which files can be fetched",
    "/get NUMBER         fetch one",
    "/quit               leave; your rooms stay yours",
    "operators also:",
    "/kick NAME [WHY]    send a person away; they may join again",
    "/mute NAME [SPAN] [WHY]  let a person say nothing, for 10m or 2h or until /unmute",
    "/unmute NAME        let a person speak again",
    "/ban NAME [WHY]     revoke a person's certificates for good; the name is used no more",
    "/close ROOM [WHY]   let nobody speak in a room or join it",
    "/open ROOM          open a closed room again",
)

_NUMBER: Final = re.compile(r"#?([0-9]{1,18})(?:\s+(.*))?", re.DOTALL)
# As terminals write the path of a file that is dropped on them: in quotes, or blanks escaped.
_PATH: Final = re.compile(r"""(?:"([^"]+)"|'([^']+)'|((?:\\\s|\S)+))\s*(.*)""", re.DOTALL)
_ESCAPED_BLANK: Final = re.compile(r"\\(\s)")
_END_OF_CODE: Final = "."
# How a line of code that is a single dot is typed.
_DOT: Final = ".."


@dataclass(frozen=True, slots=True)
class Block:
    """Code begins; its lines follow.

    Args:
        lang: its language, "" when nobody said.
    """

    lang: str


def read_line(line: str) -> Act | Block | None:
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


class Typing:
    """Line after line of a person; those of a block of code make one act.

    Args:
        limits: `message_bytes` is used: a longer block cannot be said.
    """

    def __init__(self, limits: Limits) -> None:
        self._most = limits.message_bytes
        self._block: Block | None = None
        self._lines: list[str] = []
        self._length = 0

    @property
    def in_block(self) -> bool:
        """Whether the next line is one of code."""
        return self._block is not None

    def read(self, line: str) -> Act | None:
        """Return what a line asks for, None when nothing or not yet."""
        if self._block is None:
            act = read_line(line)
            if not isinstance(act, Block):
                return act
            self._block = act
            return None
        if line != _END_OF_CODE:
            self._add(line)
            return None
        code, lang, length = "\n".join(self._lines), self._block.lang, self._length
        self.drop()
        if length > self._most:
            return Wrong(f"code has at most {self._most} bytes; send it as a file")
        return Speak(code, content=_code(lang)) if code.strip() else Wrong("there was no code")

    def end(self) -> Act | None:
        """Return what is to be done when the input ends here."""
        if self._block is None:
            return None
        self.drop()
        return Wrong("the code was not ended by a line that is a single dot; nothing was said")

    def drop(self) -> None:
        """Forget a block that has begun."""
        self._block, self._lines, self._length = None, [], 0

    def _add(self, line: str) -> None:
        self._length += len(line.encode("utf-8", "replace")) + 1
        if self._length <= self._most:
            self._lines.append(_END_OF_CODE if line == _DOT else line)


def _message(rest: str) -> Act:
    name, _, text = rest.strip().partition(" ")
    return Speak(text.strip(), to=name) if text.strip() else Wrong("say it so: /msg NAME TEXT")


def _about(make: Callable[[str, int | None], Act], usage: str) -> Callable[[str], Act]:
    """Return a reader of a command with a text, and perhaps a number before it."""

    def read(rest: str) -> Act:
        found = _NUMBER.fullmatch(rest.strip())
        text = rest.strip() if found is None else (found[2] or "").strip()
        of = None if found is None else int(found[1])
        return make(text, of) if text and of != 0 else Wrong(f"say it so: {usage}")

    return read


def _delete(rest: str) -> Act:
    if not rest.strip():
        return Delete()
    found = _NUMBER.fullmatch(rest.strip())
    if found is None or found[2] or not int(found[1]):
        return Wrong("say it so: /delete [NUMBER]")
    return Delete(int(found[1]))


def _get(rest: str) -> Act:
    found = _NUMBER.fullmatch(rest.strip())
    if found is None or found[2] or not int(found[1]):
        return Wrong("say it so: /get NUMBER; /files lists what there is")
    return Get(int(found[1]))


def _file(rest: str) -> Act:
    found = _PATH.fullmatch(rest.strip())
    if found is None:
        return Wrong("say it so: /file PATH [TEXT]; quotes around a path with blanks")
    in_two, in_one, bare, text = found.groups()
    path = in_two or in_one or _ESCAPED_BLANK.sub(r"\1", bare)
    return SendFile(path, text.strip())


def _block(rest: str) -> Act | Block:
    lang, _, text = rest.strip().partition(" ")
    return Speak(text, content=_code(lang)) if text.strip() else Block(lang)


def _code(lang: str) -> Content:
    return Content(format=Format.CODE, lang=lang)


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
        seconds = int(parse_duration(span).total_seconds())
    except UsageError:
        return Wrong("a span of time is written like 10m, 2h or 3d")
    return Moderation(Measure.MUTE, name, "", seconds, reason.strip())


def _close(rest: str) -> Act:
    room, _, reason = rest.strip().partition(" ")
    if not room:
        return Wrong("say it so: /close ROOM [WHY]")
    return Moderation(Measure.CLOSE_ROOM, room=room, reason=reason.strip())


_COMMANDS: Final[dict[str, Callable[[str], Act | Block]]] = {
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
    "last": lambda _: Last(),
    "reply": _about(Reply, "/reply [NUMBER] TEXT"),
    "react": _about(React, "/react [NUMBER] WORD"),
    "edit": _about(Edit, "/edit [NUMBER] TEXT"),
    "delete": _delete,
    "code": _block,
    "file": _file,
    "files": lambda _: ListFiles(),
    "get": _get,
    "kick": _on_person(Measure.KICK, "say it so: /kick NAME [WHY]"),
    "mute": _mute,
    "unmute": _named(lambda name: Moderation(Measure.UNMUTE, name), "/unmute NAME"),
    "ban": _on_person(Measure.BAN, "say it so: /ban NAME [WHY]"),
    "close": _close,
    "open": _named(lambda room: Moderation(Measure.OPEN_ROOM, room=room), "/open ROOM"),
    "quit": lambda _: Quit(),
}
