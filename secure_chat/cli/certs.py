"""`securechat certs`: the certificates of a host, from the first to the last of their days.

Alone it lists them; what can be done with them stands in modules of their own, `certs_*`.
"""

from pathlib import Path
from typing import Final

import typer

from secure_chat.cli.certs_list import All
from secure_chat.cli.certs_list import list as list_them
from secure_chat.cli.commands import none_before
from secure_chat.cli.console import Colour
from secure_chat.cli.options import Certs, Color, Data, Json, Quiet

__all__ = ["EXAMPLES", "certs"]

EXAMPLES: Final = """Examples:

  securechat certs

  securechat certs issue carol

  securechat certs revoke bob --reason keyCompromise
"""


def certs(
    ctx: typer.Context,
    all_: All = False,
    folder: Certs = Path("certs"),
    data: Data = None,
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List certificates, and issue, renew, revoke or back them up.

    Alone it is `certs list`. Whatever is done to a certificate is a line in the folder's audit
    trail, and a running host acts on it within a second.
    """
    if ctx.invoked_subcommand is not None:
        none_before(ctx)
        return
    list_them(all_, folder, data, as_json, quiet, color)
