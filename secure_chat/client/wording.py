"""What each kind of message says in words, for one line of a terminal or a few.

Pure. Everything a peer wrote passes `printable` here, and stands behind what the program itself
says of it: no name of a file can pretend to be a size or a number. A kind that this version does
not know is named politely, and what its sender wrote as text stands below it.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from secure_chat.client.events import Message
from secure_chat.client.text import printable
from secure_chat.wire.messages import Content, ContentKind, Format

__all__ = ["in_words", "of_size"]

# Lines of a peer's text begin here, well to the right of where the program's own lines begin.
_INDENT: Final = " " * 8
# Code and values are set off, so that their own blanks at the beginning of a line can be seen.
_MARGIN: Final = f"{_INDENT}| "
# How a text says what its author does, as XEP-0245 has it: an agreement between windows, which
# the host knows nothing of.
_ACTION: Final = "/me "
# A value that is no longer than this stands on the line itself.
_SHORT_VALUE: Final = 60
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")
_STEP: Final = 1_000


def in_words(message: Message) -> str:
    """Return what a message says, its author first; further lines are indented.

    Args:
        message: what was said.
    """
    content = message.content
    author = printable(message.author)
    if message.to is not None:
        author = f"{author} to {printable(message.to)}"
    if content is None:
        return _text(author, message)
    say = _KINDS.get(content.kind, _unknown)
    return _marks(content) + say(author, message, content)


def of_size(size: int) -> str:
    """Return a number of bytes as people say it: `12.3 MB`."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{size} {_UNITS[0]}" if not unit else f"{value:.1f} {_UNITS[unit]}"


def _marks(content: Content) -> str:
    """Return what stands before an author, where no text can pretend to stand."""
    marks = [f"re {content.reply}"] if content.reply else []
    marks += ["edited"] if content.edited else []
    return f"({', '.join(marks)}) " if marks else ""


def _text(author: str, message: Message) -> str:
    if message.text.startswith(_ACTION):
        return f"* {author} " + printable(message.text.removeprefix(_ACTION), indent=_INDENT)
    return f"{author}: " + printable(message.text, indent=_INDENT)


def _formatted(author: str, message: Message, content: Content) -> str:
    if content.format == Format.CODE:
        return f"{author}: {_code(message.text, content.lang)}"
    if content.format == Format.JSON:
        return f"{author}: {_value(message.text)}"
    return _text(author, message)


def _code(text: str, lang: str) -> str:
    named = f"code ({printable(lang)})" if lang else "code"
    return f"{named}\n{_MARGIN}" + printable(text.removesuffix("\n"), indent=_MARGIN)


def _value(text: str) -> str:
    """Return a JSON value on the line when it is short, below it otherwise; no value as text."""
    try:
        value: Any = json.loads(text)
        short = json.dumps(value, ensure_ascii=False)
        long = json.dumps(value, ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return "no value: " + printable(text, indent=_INDENT)
    if len(short) <= _SHORT_VALUE:
        return "value " + printable(short)
    return f"value\n{_MARGIN}" + printable(long, indent=_MARGIN)


def _reaction(author: str, message: Message, content: Content) -> str:
    return f"{author} reacts to {content.of} with {printable(message.text)}"


def _edit(author: str, message: Message, content: Content) -> str:
    return _formatted(f"{author} edits {content.of}", message, content)


def _deletion(author: str, _: Message, content: Content) -> str:
    return f"{author} deletes {content.of}"


def _deleted(author: str, _message: Message, _content: Content) -> str:
    return f"{author}: (deleted)"


def _file(author: str, message: Message, content: Content) -> str:
    kind = f", {printable(content.file.type)}" if content.file and content.file.type else ""
    size = of_size(content.file.size) if content.file else "size unknown"
    return f"{author} sends file {message.seq} ({size}{kind}): {_named(message, content)}"


def _folder(author: str, message: Message, content: Content) -> str:
    files = "1 file" if content.entries == 1 else f"{content.entries} files"
    size = f"{files}, {of_size(content.total)}"
    return f"{author} sends folder {message.seq} ({size}): {_named(message, content)}"


def _stream(author: str, message: Message, content: Content) -> str:
    return f"{author} streams {message.seq}: {_named(message, content)}"


def _stream_end(author: str, message: Message, content: Content) -> str:
    size = of_size(content.file.size) if content.file else "size unknown"
    return f"{author} has ended stream {content.of} ({size}): {_named(message, content)}"


def _unknown(author: str, message: Message, content: Content) -> str:
    kind = printable(content.kind)
    return f"{author} says something that this version cannot show ({kind})" + _caption(message)


def _named(message: Message, content: Content) -> str:
    """Return the name of a file, and what was said with it, which begins a line of its own."""
    name = printable(content.file.name) if content.file else "without a name"
    return name + _caption(message)


def _caption(message: Message) -> str:
    return f"\n{_INDENT}" + printable(message.text, indent=_INDENT) if message.text else ""


_KINDS: Final[dict[str, Callable[[str, Message, Content], str]]] = {
    ContentKind.TEXT: _formatted,
    ContentKind.REACTION: _reaction,
    ContentKind.EDIT: _edit,
    ContentKind.DELETION: _deletion,
    ContentKind.DELETED: _deleted,
    ContentKind.FILE: _file,
    ContentKind.FOLDER: _folder,
    ContentKind.STREAM: _stream,
    ContentKind.STREAM_END: _stream_end,
}
