"""`securechat profiles forget LABEL`: delete a profile with its certificate and key."""

import sys
from typing import Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Color, NoInput, Quiet
from secure_chat.errors import UsageError

__all__ = ["EXAMPLES", "forget"]

EXAMPLES: Final = """Examples:

  securechat profiles forget work

  securechat profiles forget work --yes
"""


def forget(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="Which.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)] = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Delete a profile with its certificate and key.

    What was said and heard with it stays in the data folder. The host is told nothing; whoever runs
    it revokes a certificate with `securechat certs revoke`.
    """
    from secure_chat.client.profiles import Profiles

    console = Console(color, quiet)
    known = Profiles()
    if label not in known.labels():
        known.get(label)
    if not yes:
        if no_input or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                f"nobody can be asked whether to delete the profile {label}",
                hint=f"Run `securechat profiles forget {label} --yes` if you mean it.",
            )
        question = f"Delete the profile {label} with its private key? It cannot be made again"
        if not typer.confirm(question, err=True):
            console.talk("nothing was deleted")
            raise typer.Exit(1)
    known.forget(label)
    console.talk(f"the profile {label} is deleted")
