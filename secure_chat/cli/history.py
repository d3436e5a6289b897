"""`securechat history`: search what was said, print it or export it."""

from pathlib import Path
from typing import Annotated

import typer

from secure_chat.cli.clients import Who, connected, make_client
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
from secure_chat.clock import SystemClock

__all__ = ["EXAMPLES", "history"]

EXAMPLES = """Examples:

  securechat history "green build" --room lobby --since 7d --as bob

  securechat history --json --as bob > everything.jsonl
"""


def history(
    search: Annotated[
        list[str] | None,
        typer.Argument(metavar="WORDS", help="Only messages with all of these words."),
    ] = None,
    room: Annotated[
        str | None, typer.Option("--room", help="Only this room.", show_default=False)
    ] = None,
    with_: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="NAME",
            help="Only direct messages with this person.",
            show_default=False,
        ),
    ] = None,
    author: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="NAME", help="Only what this person said.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Only from then on: 24h, 7d, or 2026-11-22T12:00:00Z.",
            show_default=False,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="WHEN", help="Only before then.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", "-n", min=1, help="Only the newest so many.", show_default=False),
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
    """Search, print or export what was said.

    Everything said in your rooms and to you, oldest first, unless narrowed.
    """
    from secure_chat.client.events import as_json as event_json
    from secure_chat.client.view import line_of
    from secure_chat.wire.messages import History

    console = Console(color, quiet)
    now = SystemClock().now()
    query = History(
        re=0,
        room=room,
        with_=with_,
        author=author,
        since=_milliseconds(since, now),
        until=_milliseconds(until, now),
        search=" ".join(search) if search else None,
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
        for message in client.ask.history(query, limit):
            if as_json:
                console.data_json(event_json(message))
            else:
                console.data(line_of(message, date=True))


def _milliseconds(text: str | None, now: float) -> int | None:
    from secure_chat.cli.moments import moment_of

    return None if text is None else round(moment_of(text, now) * 1_000)
