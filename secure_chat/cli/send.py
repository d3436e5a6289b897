"""`securechat send`: say one thing to a room or a person and wait until it is stored."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from secure_chat.cli.clients import Who, connected, error_json, make_client
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
from secure_chat.errors import SecureChatError, UsageError

__all__ = ["EXAMPLES", "send"]

EXAMPLES = """Examples:

  securechat send "the build is green" --as bob

  uptime | securechat send - --to alice --as bob --json
"""

_MOST_BYTES = 1_048_576


def send(
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin.")
    ] = "-",
    room: Annotated[
        str | None,
        typer.Option("--room", help="The room. [default: lobby]", show_default=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="The person.", show_default=False)
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option(
            "--id",
            help="Repeat an earlier send whose outcome is unknown; it is stored once.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.1, help="Seconds to wait for the host's ack.")
    ] = 30.0,
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
    """Say one thing and wait until the host has stored it."""
    from secure_chat.client.events import as_json as event_json
    from secure_chat.client.outgoing import new_id

    console = Console(color, quiet)
    if room is not None and to is not None:
        raise UsageError("--room and --to exclude each other", hint="Name one of them.")
    said = _read_text() if text == "-" else text
    id_ = id_ or new_id()
    who = Who(
        profile=profile,
        name=as_,
        at=at,
        certs=certs,
        data=data,
        passphrase_file=passphrase_file,
        no_input=no_input,
    )
    with connected(make_client(who), console, as_json=as_json) as client:
        try:
            acked = client.deliver(said, room=room, to=to, id=id_, timeout=timeout)
        except SecureChatError as error:
            if as_json:
                console.data_json(error_json(error) | {"id": id_})
            raise
    if as_json:
        console.data_json(event_json(acked))
    else:
        console.talk(f"stored as {acked.seq}")


def _read_text() -> str:
    """Return what stands on stdin, without the line end that a shell puts there."""
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError("that is too much for one message", hint="Send it in parts.")
    text = data.decode("utf-8", "replace").removesuffix("\n").removesuffix("\r")
    if not text:
        raise UsageError("there is nothing to send", hint="Name a text, or pipe one into stdin.")
    return text
