"""`securechat certs crl`: the list of revoked certificates, for others."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, authority_if_usable, warn_unsigned

if TYPE_CHECKING:
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "crl"]

EXAMPLES: Final = """Examples:

  securechat certs crl

  securechat certs crl --der --out community.crl
"""


def crl(
    der: Annotated[
        bool, typer.Option("--der", help="As DER instead of PEM.", show_default=False)
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it there. [default: stdout]", show_default=False
        ),
    ] = None,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Write the list of revoked certificates for others.

    A proxy in front of the host may want it. If it is behind, because something was revoked while
    ca.key could not be used, it is signed anew first. It is valid as long as its authority, so an
    old copy locks nobody out; it only lacks the newest entries.
    """
    from secure_chat.pki.crl import export_crl
    from secure_chat.pki.newfile import new_file
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    if vault.audit_file.exists():
        _bring_up(console, vault, passphrase_file, no_input=no_input)
    data = export_crl(vault, der=der)
    if out is not None:
        with new_file(out, mode=0o644) as file:
            file.write(data)
        console.talk(f"written to {out}")
    elif der:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        console.data(data.decode("ascii").rstrip("\n"))


def _bring_up(
    console: Console, vault: "Vault", passphrase_file: Path | None, *, no_input: bool
) -> None:
    """Sign it anew if the registry knows more than it says."""
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.pki.crl import write_crl

    lists = write_crl(vault, None, now=vault.clock.now())
    if lists.unsigned:
        unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
        authority = authority_if_usable(console, vault, unlock)
        warn_unsigned(console, write_crl(vault, authority, now=vault.clock.now()).unsigned)
