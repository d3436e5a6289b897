"""`securechat tail`: follow what is said, as lines or as JSON; moves no cursor."""

from pathlib import Path
from typing import Annotated

import typer

from secure_chat.cli.clients import EventWriter, Who, connected, make_client
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import (
    As,
    At,
    Certs,
    Color,
    Data,
    Json,
    NoInput,
    PassphraseFile,
    Profile,
    Quiet,
)
from secure_chat.errors import SecureChatError

__all__ = ["EXAMPLES", "tail"]

EXAMPLES = """Examples:

  securechat tail --as bob --history 20

  securechat tail --as bob --room lobby --json | jq -r .text
"""


def tail(
    room: Annotated[
        str | None,
        typer.Option("--room", help="Only this room; you must be in it.", show_default=False),
    ] = None,
    history: Annotated[
        int, typer.Option("--history", min=0, help="Begin with so many earlier messages.")
    ] = 0,
    profile: Profile = None,
    as_: As = None,
    at: At = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Follow what is said until Ctrl-C.

    Nothing counts as shown by it: other clients' cursors stay where they are.
    """
    from secure_chat.client.events import Connected, Refused

    console = Console(color, quiet)
    who = Who(
        profile=profile,
        name=as_,
        at=at,
        certs=certs,
        data=data,
        passphrase_file=passphrase_file,
        no_input=no_input,
    )
    writer = EventWriter(console, as_json=as_json)
    client = make_client(who, history=history, live=True)
    with connected(client, console, as_json=as_json):
        for event in client.events():
            if room is None or getattr(event, "room", room) == room:
                writer.show(event)
            if isinstance(event, Refused):
                raise event.error
            if isinstance(event, Connected) and room is not None and room not in event.rooms:
                raise SecureChatError(
                    f"you are not in the room {room!r}", hint=f"Join it first: /join {room}"
                )
