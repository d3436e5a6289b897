"""`securechat join`: take part, at a terminal line by line, or as objects in and out."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from secure_chat.cli.aftermath import explained
from secure_chat.cli.clients import EventWriter, Who, connected, go_into_room, make_client
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import (
    KEYLOG_WARNING,
    As,
    At,
    Certs,
    Color,
    Data,
    Into,
    Json,
    KeyLog,
    NoInput,
    PassphraseFile,
    Profile,
    Quiet,
)

__all__ = ["EXAMPLES", "join"]

EXAMPLES = """Examples:

  securechat join --as alice

  echo '{"say":"hello","room":"lobby"}' | securechat join chat.example:65432 --as bob --json
"""


def join(
    target: Annotated[
        str | None,
        typer.Argument(metavar="HOST[:PORT]", help="The host, as with --at.", show_default=False),
    ] = None,
    room: Annotated[
        str, typer.Option("--room", help="The room to talk in; joined when you are not in it.")
    ] = "lobby",
    history: Annotated[
        int, typer.Option("--history", min=0, help="Earlier messages to show on the first run.")
    ] = 20,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines instead of a full screen.", show_default=False)
    ] = False,
    profile: Profile = None,
    as_: As = None,
    at: At = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    into: Into = None,
    keylog: KeyLog = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Take part in the conversation; /help lists what you can do."""
    # There are only lines so far; scripts may already say that they want them.
    del plain
    console = Console(color, quiet)
    who = Who(
        profile=profile,
        name=as_,
        at=target or at,
        certs=certs,
        data=data,
        passphrase_file=passphrase_file,
        no_input=no_input,
    )
    if keylog is not None:
        console.warn(KEYLOG_WARNING.format(keylog))
    client = make_client(who, history=history, live=True, remember=True, keylog=keylog)
    person = sys.stdin.isatty() and sys.stdout.isatty() and not (as_json or no_input)
    writer = EventWriter(console, as_json=as_json)
    writer.view.room = room
    with (
        explained(console, data, as_json=as_json),
        connected(client, console, as_json=as_json),
    ):
        go_into_room(client, room)
        if person:
            from secure_chat.cli.prompting import converse

            converse(client, writer, into)
        else:
            from secure_chat.cli.piping import converse as converse_in_lines

            converse_in_lines(client, writer, as_json=as_json, into=into)
