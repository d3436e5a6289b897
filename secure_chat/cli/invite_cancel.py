"""`securechat invite cancel ID`: make an invitation worthless."""

from pathlib import Path
from typing import Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet
from secure_chat.cli.owner import done_by

__all__ = ["EXAMPLES", "cancel"]

EXAMPLES: Final = """Examples:

  securechat invite cancel 3f9a1c20

  securechat invite cancel 3f9a --json
"""


def cancel(
    id_: Annotated[
        str,
        typer.Argument(metavar="ID", help="Its id, or the beginning of it.", show_default=False),
    ],
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Cancel an invitation that has not been used.

    A running host knows within a second and closes its enrolment port when none is left.
    """
    from secure_chat.pki.invites import cancel as make_worthless
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    gone = make_worthless(vault, id_, vault.clock.now(), done_by("invite cancel"))
    if as_json:
        console.data_json({"id": gone.id, "name": gone.name, "state": "cancelled"})
    console.talk(f"the invitation {gone.id} for {gone.name} is cancelled")
