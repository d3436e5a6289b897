"""What the commands of whoever owns a certificates folder share.

Who they are in the audit trail, the authority's key, and asking whether they mean it. Whatever a
person is asked, they are asked before the folder's lock is taken.
"""

import getpass
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from secure_chat.cli.console import Console
from secure_chat.errors import IdentityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_chat.pki.authority import Authority
    from secure_chat.pki.vault import Vault

__all__ = [
    "CaPassphraseFile",
    "Yes",
    "authority_if_usable",
    "confirm",
    "done_by",
    "may_ask",
    "warn_unsigned",
]

_USER_CHARS: Final = 64

CaPassphraseFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="A file whose first line is the passphrase of ca.key.",
        show_default=False,
    ),
]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)]


def done_by(command: str) -> str:
    """Return who does something, as the audit trail has it: the command and the user's name."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        return command
    return f"{command} ({user[:_USER_CHARS]})"


def may_ask(*, no_input: bool) -> bool:
    """Tell whether there is a person at the terminal who may be asked."""
    return not no_input and sys.stdin.isatty() and sys.stderr.isatty()


def confirm(console: Console, question: str, *, yes: bool, no_input: bool) -> None:
    """Go on only when the person means it.

    Args:
        console: tells them that nothing was done.
        question: what is asked, without its mark.
        yes: they have said so already.
        no_input: never ask.

    Raises:
        UsageError: nobody can be asked.
        typer.Exit: they do not mean it.
    """
    if yes:
        return
    if not may_ask(no_input=no_input):
        raise UsageError(
            "nobody can be asked whether that is meant",
            why=question,
            hint="Add --yes if you mean it.",
        )
    if not typer.confirm(f"{question}?", err=True):
        console.talk("nothing was done")
        raise typer.Exit(1)


def authority_if_usable(
    console: Console, vault: "Vault", passphrase: "Callable[[], bytes] | None"
) -> "Authority | None":
    """Return the authority with its key, None where nobody can sign; why is told.

    Args:
        console: where it is told.
        vault: the certificates folder.
        passphrase: asked when the key is encrypted.
    """
    from secure_chat.pki.opening import open_authority

    try:
        return open_authority(vault, passphrase)
    except IdentityError as error:
        console.warn(f"nothing can be signed here: {error}")
        return None


def warn_unsigned(console: Console, authorities: tuple[str, ...]) -> None:
    """Say whose list of revoked certificates is behind, and what that means."""
    if authorities:
        console.warn(
            f"the list of revoked certificates of {' and '.join(authorities)} is behind: the host"
            " keeps them out by its registry. `securechat certs crl` signs it anew when ca.key can"
            " be used."
        )
