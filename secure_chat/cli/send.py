"""`securechat send`: say one thing, or send files or a stream, and wait until it is stored."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
from secure_chat.cli.parcel import Asked, Words, parcel_of
from secure_chat.errors import SecureChatError, UsageError

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["EXAMPLES", "send"]

EXAMPLES = """Examples:

  securechat send "the build is green" --as bob

  securechat send --file report.pdf "have a look" --to alice --as bob
"""

_PATIENCE_SECONDS = 30.0


def send(
    text: Annotated[
        str | None,
        typer.Argument(metavar="TEXT", help="What to say; - or nothing reads it from stdin."),
    ] = None,
    room: Annotated[
        str | None,
        typer.Option("--room", help="The room. [default: lobby]", show_default=False),
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="NAME", help="The person.", show_default=False)
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file", metavar="PATH", help="A file or folder, - is stdin; TEXT goes with it."
        ),
    ] = None,
    stream: Annotated[
        bool, typer.Option("--stream", help="Pass stdin on while it comes.", show_default=False)
    ] = False,
    name: Annotated[
        str | None,
        typer.Option("--name", help="What the file or stream is called.", show_default=False),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option("--code", metavar="LANG", help="TEXT is code.", show_default=False),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="TEXT is Markdown.", show_default=False)
    ] = False,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="JSON", help="A JSON value.", show_default=False),
    ] = None,
    reply: Annotated[
        int | None,
        typer.Option(
            "--reply", metavar="NUMBER", min=1, help="It answers this one.", show_default=False
        ),
    ] = None,
    id_: Annotated[
        str | None,
        typer.Option("--id", help="Repeat an earlier send; it is stored once.", show_default=False),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            min=0.1,
            help="Seconds to wait for the host's ack. [default: 30]",
            show_default=False,
        ),
    ] = None,
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
    """Say something or send files, and wait until it is stored."""
    console = Console(color, quiet)
    if room is not None and to is not None:
        raise UsageError("--room and --to exclude each other", hint="Name one of them.")
    parcel = parcel_of(
        Asked(
            text=text,
            files=tuple(file or ()),
            value=value,
            code=code,
            markdown=markdown,
            stream=stream,
            name=name,
            reply=reply,
            id=id_,
            timeout=timeout,
        )
    )
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
        if isinstance(parcel, Words):
            seconds = _PATIENCE_SECONDS if timeout is None else timeout
            _say(client, console, parcel, (room, to), id_, seconds, as_json=as_json)
        else:
            from secure_chat.cli.carrying import carry

            carry(client, console, parcel, (room, to), as_json=as_json)


def _say(
    client: "Client",
    console: Console,
    words: Words,
    place: tuple[str | None, str | None],
    id_: str | None,
    seconds: float,
    *,
    as_json: bool,
) -> None:
    from secure_chat.client.events import as_json as event_json
    from secure_chat.client.outgoing import new_id

    id_ = id_ or new_id()
    room, to = place
    try:
        acked = client.deliver(
            words.text, room=room, to=to, id=id_, timeout=seconds, content=words.content
        )
    except SecureChatError as error:
        if as_json:
            console.data_json(error_json(error) | {"id": id_})
        raise
    if as_json:
        console.data_json(event_json(acked))
    else:
        console.talk(f"stored as {acked.seq}")
