"""`securechat handshakes`: who shook hands here, who was refused, and why.

Reads the journals of the host and of the clients below the data folder; changes nothing.
"""

from enum import StrEnum
from typing import Annotated, Final

import typer

from secure_chat.cli.commands import none_before
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.filters import (
    Address,
    End,
    Failed,
    Peer,
    Reasons,
    Result,
    Since,
    Until,
    query_of,
)
from secure_chat.cli.options import Color, Data, Quiet
from secure_chat.errors import UsageError

__all__ = ["EXAMPLES", "handshakes"]

EXAMPLES: Final = """Examples:

  securechat handshakes --failed --since 24h

  securechat handshakes --peer alice --follow --json
"""

_TABLE_ROWS: Final = 20


class _Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    ZEEK = "zeek"


def handshakes(
    ctx: typer.Context,
    failed: Failed = False,
    result: Result = None,
    reason: Reasons = None,
    peer: Peer = "",
    address: Address = "",
    end: End = None,
    since: Since = "",
    until: Until = "",
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with new ones.", show_default=False)
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            "-n",
            metavar="N",
            min=0,
            help="At most the newest N. [default: 20 in a table, else all]",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        _Form | None,
        typer.Option(
            "--format",
            help="zeek: the lines of Zeek's ssl.log. [default: table]",
            show_default=False,
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="The same as --format json.", show_default=False)
    ] = False,
    data: Data = None,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List handshakes, good and refused, and why.

    Those of the host and of the clients that keep their data on this computer, the newest first;
    the oldest first with --follow or as Zeek writes them. In a narrow table, > marks a client's.
    """
    if ctx.invoked_subcommand is not None:
        none_before(ctx)
        return
    if json and form not in {None, _Form.JSON}:
        raise UsageError(f"--json and --format {form} exclude each other")
    if follow and until:
        raise UsageError("--follow goes on and --until ends; give one of them")
    from secure_chat.cli.listing import show
    from secure_chat.folders import data_folder

    chosen = _Form.JSON if json else form or _Form.TABLE
    if limit is None and chosen is _Form.TABLE:
        limit = _TABLE_ROWS
    query = query_of(
        failed=failed,
        result=result,
        reasons=reason,
        peer=peer,
        address=address,
        end=end,
        since=since,
        until=until,
    )
    console = Console(colour=color, quiet=quiet)
    show(console, data_folder(data, ""), query, limit, follow=follow, form=chosen)
