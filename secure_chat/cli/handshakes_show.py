"""`securechat handshakes show`: one handshake from its first message to its end, from both sides.

Parses, finds the records, and leaves the rest to `handshakes.telling`.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.filters import End
from secure_chat.cli.options import Color, Data, Json, Quiet
from secure_chat.errors import SecureChatError, UsageError

if TYPE_CHECKING:
    from secure_chat.cli.recalling import Recalled
    from secure_chat.handshakes.telling.diagram import Signs
    from secure_chat.handshakes.telling.story import Story

__all__ = ["EXAMPLES", "Wanted", "show", "signs_for", "write_lines"]

EXAMPLES: Final = """Examples:

  securechat handshakes show CHAtjQngeO6OkkrCR4

  securechat handshakes show CHAtjQ --html handshake.html
"""

Wanted = Annotated[
    str,
    typer.Argument(
        metavar="UID",
        help="The uid or the hello of a handshake, or the first 6 letters of it or more.",
        show_default=False,
    ),
]


def show(
    wanted: Wanted,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html",
            metavar="FILE",
            help="Write it as a page for a browser; - for stdout.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE if it is there.", show_default=False)
    ] = False,
    end: End = None,
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Show one handshake, message by message.

    With the certificates, what was offered and chosen, and where it stopped. When both ends keep
    their records here, what they saw is shown together.
    """
    if html is not None and json:
        raise UsageError("--html and --json exclude each other")
    from secure_chat.cli.recalling import command, recall, rows
    from secure_chat.folders import data_folder

    console = Console(color, quiet)
    found = recall(console, data_folder(data, ""), wanted, end.value if end else None)
    if json:
        for one in found:
            console.data_json(_as_json(one))
    elif len(found) > 1:
        if html is not None:
            raise UsageError(
                f"{len(found)} handshakes begin with {wanted}",
                why="a page shows one",
                hint="Give more letters; without --html they are listed.",
            )
        for line in rows(found):
            console.data(line)
        console.talk(f"{len(found)} handshakes begin with {wanted}; give more letters")
    elif html is not None:
        _write_page(console, html, found[0], force=force)
    else:
        from secure_chat.handshakes.telling.plain import story_lines

        story = _tell(found[0])
        write_lines(console, story_lines(story, signs_for(console), console.paint))
        if not story.good:
            console.talk(f"what to do: {command('handshakes explain', story.asked.uid, data)}")


def signs_for(console: Console) -> "Signs":
    """Return what diagrams are drawn with: lines and arrows where the stream's encoding has any."""
    from secure_chat.handshakes.telling.diagram import ASCII, BOXES

    try:
        "".join(BOXES).encode(_encoding(console))
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return BOXES


def write_lines(console: Console, lines: Any) -> None:
    """Write lines of data; a letter that the stream does not have is written out."""
    encoding = _encoding(console)
    for line in lines:
        console.data(line.encode(encoding, "backslashreplace").decode(encoding))


def _encoding(console: Console) -> str:
    return getattr(console.out, "encoding", None) or "ascii"


def _tell(found: "Recalled") -> "Story":
    from secure_chat.client.text import printable
    from secure_chat.handshakes.telling.story import tell

    return tell(found.pair, found.viewer, printable)


def _as_json(found: "Recalled") -> dict[str, Any]:
    """Return a handshake for scripts: the records whole, and what was made of them."""
    from secure_chat.handshakes.telling.sequence import sequence

    pair = found.pair
    ending = sequence(pair).ending
    return {
        "uid": (pair.of(found.viewer or "host") or pair.main).uid,
        "hello": pair.main.hello,
        "joined": pair.joined,
        "apart": pair.apart or None,
        "ended": ending.how,
        "host": pair.host,
        "client": pair.client,
        "differences": pair.differences(),
    }


def _write_page(console: Console, path: Path, found: "Recalled", *, force: bool) -> None:
    """Write the page, readable by its owner alone.

    Raises:
        SecureChatError: the file is there already, or cannot be written.
    """
    from secure_chat.client.text import printable
    from secure_chat.handshakes.telling.page import page
    from secure_chat.handshakes.telling.story import tell

    # A page is read elsewhere, by somebody at neither end.
    text = page(tell(found.pair, None, printable))
    if str(path) == "-":
        console.data(text.rstrip("\n").encode("ascii", "xmlcharrefreplace").decode())
        return
    try:
        _create(path, text.encode(), force=force)
    except FileExistsError as error:
        raise SecureChatError(
            f"{path} is there already", hint="Name another file, or replace it with --force."
        ) from error
    except OSError as error:
        raise SecureChatError(f"cannot write {path}", why=error.strerror or str(error)) from error
    console.talk(f"written to {path}: names, addresses and fingerprints, no keys and no messages")


def _create(path: Path, data: bytes, *, force: bool) -> None:
    from secure_chat.pki.files import create_file

    if not force:
        create_file(path, data, 0o600)
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    create_file(beside, data, 0o600)
    try:
        beside.replace(path)
    except OSError:
        beside.unlink()
        raise
