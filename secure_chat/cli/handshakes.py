"""`securechat handshakes`: who shook hands here, who was refused, and why.

Reads the journals of the host and of the clients below the data folder; changes nothing.
"""

from typing import Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Color, Data, Json, Quiet

__all__ = ["EXAMPLES", "handshakes"]

EXAMPLES: Final = """Examples:

  securechat handshakes --failed --since 24h

  securechat handshakes --peer alice --follow --json
"""

_TABLE_ROWS: Final = 20


def handshakes(
    failed: Annotated[
        bool, typer.Option("--failed", help="Only those that were refused.", show_default=False)
    ] = False,
    peer: Annotated[
        str,
        typer.Option(
            "--peer",
            metavar="WHO",
            help="Only this name, address, certificate fingerprint or uid.",
            show_default=False,
        ),
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="WHEN",
            help="Only from then on: a span such as 24h, or a time such as 2026-11-22T12:00Z.",
            show_default=False,
        ),
    ] = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new ones.", show_default=False)
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            min=0,
            help="At most so many, the newest. [default: 20, with --json all]",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List handshakes, good and refused, and why.

    Those of the host and of the clients that keep their data on this computer.
    """
    from secure_chat.cli.listing import Query, show, since_of
    from secure_chat.folders import data_folder

    since = since_of(since)
    if limit is None and not json:
        limit = _TABLE_ROWS
    show(
        Console(colour=color, quiet=quiet),
        data_folder(data, ""),
        Query(failed=failed, peer=peer, since=since),
        limit,
        follow=follow,
        as_json=json,
    )
