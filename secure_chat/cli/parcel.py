"""What `send` is to send, judged from its options: words, files, or a stream.

Pure but for stdin, which holds the text where no argument does; used on the main thread before
anybody is called.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_chat.errors import UsageError

if TYPE_CHECKING:
    from secure_chat.wire.messages import Content

__all__ = ["STDIN", "Asked", "Files", "Parcel", "Stream", "Words", "parcel_of"]

STDIN: Final = "-"
"""What stands for stdin in place of a text or a path."""

_MOST_BYTES: Final = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The options of `send` that say what is to be sent; None or False where nothing was said.

    Args:
        text: the argument.
        files: `--file`, as often as it was given.
        value: `--value`.
        code: `--code`.
        markdown: `--markdown`.
        stream: `--stream`.
        name: `--name`.
        reply: `--reply`.
        id: `--id`.
        timeout: `--timeout`.
    """

    text: str | None = None
    files: tuple[str, ...] = ()
    value: str | None = None
    code: str | None = None
    markdown: bool = False
    stream: bool = False
    name: str | None = None
    reply: int | None = None
    id: str | None = None
    timeout: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A text, code or a value.

    Args:
        text: what is said.
        content: what it is beside that, None for plain text.
    """

    text: str
    content: "Content | None"


@dataclass(frozen=True, slots=True)
class Files:
    """Files and folders.

    Args:
        paths: where they are, None for what comes through stdin.
        name: what the only one is called for others, None for its own name.
        caption: what is said with the first one.
    """

    paths: tuple[Path | None, ...]
    name: str | None
    caption: str


@dataclass(frozen=True, slots=True)
class Stream:
    """What comes through stdin, passed on while it comes.

    Args:
        name: what it is called.
        caption: what is said with it.
    """

    name: str
    caption: str


Parcel: TypeAlias = Words | Files | Stream


def parcel_of(asked: Asked) -> Parcel:
    """Return what is to be sent; reads stdin when the text stands there.

    Raises:
        UsageError: the options do not go together, there is nothing to send, or a file is missing.
    """
    for wrong, what, hint in _faults(asked):
        if wrong:
            raise UsageError(what, hint=hint)
    if asked.stream:
        return Stream(asked.name or "", asked.text or "")
    if asked.files:
        paths = tuple(None if one == STDIN else _existing(one, asked.name) for one in asked.files)
        caption = read_text() if asked.text == STDIN else asked.text or ""
        return Files(paths, asked.name, caption)
    return _words(asked, asked.reply or 0)


def read_text() -> str:
    """Return what stands on stdin, without the line end that a shell puts there.

    Raises:
        UsageError: there is nothing, or too much.
    """
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError(
            "that is too much for one message", hint="Send it as a file: --file - --name NAME"
        )
    text = data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError("there is nothing to send", hint="Name a text, or pipe one into stdin.")
    return text


def _faults(asked: Asked) -> Iterator[tuple[bool, str, str]]:
    """Yield what may be wrong: whether it is, what it is, and what to do."""
    given = {
        "--file": bool(asked.files),
        "--value": asked.value is not None,
        "--code": asked.code is not None,
        "--markdown": asked.markdown,
        "--stream": asked.stream,
    }
    kinds = [name for name, is_given in given.items() if is_given]
    carried = bool(asked.files) or asked.stream
    piped = asked.stream or STDIN in asked.files
    one_after = "Send one after the other."
    yield len(kinds) > 1, f"{' and '.join(kinds[:2])} exclude each other", one_after
    yield (
        asked.value is not None and asked.text is not None,
        "a value is sent without a text",
        one_after,
    )
    yield (
        carried and asked.id is not None,
        "--id is for what is said, not for files",
        "Leave it out: a file that is sent again goes on where it was, and is said once.",
    )
    yield (
        carried and asked.timeout is not None,
        "--timeout is for what is said, not for files",
        "Leave it out: a file takes the time that it takes, and Ctrl-C stops it.",
    )
    yield (
        carried and asked.reply is not None,
        "--reply is for what is said, not for files",
        "Send the file, and answer with a text that speaks of it.",
    )
    yield (
        asked.name is not None and not carried,
        "--name is for files and streams",
        "Add --file PATH or --stream, or leave it out.",
    )
    yield (
        asked.name is not None and len(asked.files) > 1,
        "--name names one file, and there are several",
        one_after,
    )
    yield (
        piped and not (asked.name or "").strip(),
        "what comes through stdin has no name",
        "Give it one: --name NAME",
    )
    yield asked.files.count(STDIN) > 1, "stdin can be sent only once", "Name one --file - only."
    yield (
        piped and asked.text == STDIN,
        "stdin cannot be both the file and the text",
        "Name the text as an argument, or leave it out.",
    )
    yield (
        piped and sys.stdin.isatty(),
        "stdin is a terminal, and no pipe or file",
        "Pipe something into it: `tar c . | securechat send --to bob --stream --name x.tar`.",
    )


def _existing(path: str, name: str | None) -> Path:
    """Return a path that leads to something that can be called so.

    Raises:
        UsageError: it does not.
    """
    found = Path(path)
    # Nothing is not the folder one is in.
    if not path or not found.exists():
        raise UsageError(
            f"there is no file or folder {path!r}", hint="Look at the path, and at its rights."
        )
    if not (found.is_file() or found.is_dir()):
        raise UsageError(
            f"{path!r} is neither a file nor a folder",
            why="a device, a pipe or a socket has no end that could be known",
            hint="Pass on what comes from it: securechat send --stream --name NAME < PATH",
        )
    if name is not None and found.is_dir():
        raise UsageError("a folder keeps its own name", hint="Leave out --name, or rename it.")
    return found


def _words(asked: Asked, reply: int) -> Words:
    from secure_chat.wire.messages import Content, Format

    format_ = Format.MARKDOWN if asked.markdown else Format.PLAIN
    if asked.value is not None:
        text = _checked(read_text() if asked.value == STDIN else asked.value)
        return Words(text, Content(format=Format.JSON, reply=reply))
    text = read_text() if asked.text in {None, STDIN} else asked.text or ""
    if asked.code is not None:
        return Words(text, Content(format=Format.CODE, lang=asked.code, reply=reply))
    content = Content(format=format_, reply=reply)
    return Words(text, content if content != Content() else None)


def _checked(text: str) -> str:
    """Return a text that is one JSON value.

    Raises:
        UsageError: it is none.
    """
    import msgspec

    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UsageError(
            "that is not one JSON value",
            why=str(error),
            hint="A text is written with its quotes: --value '\"text\"'",
        ) from error
    return text
