"""`securechat certs list`: every certificate, whose it is, until when, and when it was seen."""

import shutil
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Data, Json, Quiet

__all__ = ["EXAMPLES", "All", "list"]

EXAMPLES: Final = """Examples:

  securechat certs list

  securechat certs list --all --json
"""

All: TypeAlias = Annotated[
    bool,
    typer.Option("--all", help="Those too whose place another one has taken.", show_default=False),
]

_COLUMNS: Final = 80


def list(  # noqa: A001 - the word that people type
    all_: All = False,
    certs: Certs = Path("certs"),
    data: Data = None,
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List certificates, their holders and their states.

    With serial number, dates, when it was last seen, and fingerprint. One is expiring in the last
    third of its life, in which clients and host renew it by themselves. Serial numbers and
    fingerprints are whole with --json; the first digits of a serial number are enough to revoke it
    by.
    """
    from secure_chat.cli import roll
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    rows = [row for row in roll.rows(vault, data) if all_ or not row.old]
    if as_json:
        for row in rows:
            console.data_json(roll.as_json(row))
        return
    columns = max(shutil.get_terminal_size((_COLUMNS, 24)).columns, _COLUMNS)
    for line in roll.table(rows, columns, vault.clock.now(), console):
        console.data(line)
