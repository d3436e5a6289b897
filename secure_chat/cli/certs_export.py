"""`securechat certs export NAME`: an identity as one file for other programs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, PassphraseFile, Quiet
from secure_chat.cli.owner import done_by

__all__ = ["EXAMPLES", "export"]

EXAMPLES: Final = """Examples:

  securechat certs export alice --format p12 --out alice.p12

  securechat certs export alice --format pem --out alice.pem --export-passphrase-file word.txt
"""


class _Format(StrEnum):
    P12 = "p12"
    PEM = "pem"


def export(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Whose identity.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="The file to make.", show_default=False),
    ],
    form: Annotated[
        _Format,
        typer.Option("--format", help="p12: PKCS#12, for browsers and key stores; or PEM blocks."),
    ] = _Format.P12,
    export_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--export-passphrase-file",
            help="A file whose first line is to encrypt the key in FILE. [default: ask]",
            show_default=False,
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Export somebody's identity into one encrypted file.

    Key, certificate and authority, for a browser or another program. The key must stand here. From
    then on it is in two places, which the audit trail remembers.
    """
    from secure_chat.cli.passphrase import chosen_passphrase, passphrase_from
    from secure_chat.pki.export import Format
    from secure_chat.pki.export import export as write
    from secure_chat.pki.newfile import check_free
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    check_free(out)
    passphrase = chosen_passphrase(
        export_passphrase_file,
        no_input=no_input,
        of="the exported key",
        option="--export-passphrase-file",
    )
    done = write(
        vault,
        name,
        out,
        Format(form),
        passphrase,
        unlock=passphrase_from(passphrase_file, no_input=no_input, of=f"the key of {name}"),
        now=vault.clock.now(),
        by=done_by("certs export"),
    )
    if as_json:
        console.data_json(
            {
                "name": done.identity.name,
                "file": str(done.path),
                "format": str(form),
                "serial": done.identity.serial,
                "sha256": done.identity.fingerprint,
            }
        )
        return
    console.talk(f"{done.path} holds key and certificate of {done.identity.name}, encrypted,")
    console.talk(f"and {done.authorities} certificate(s) of the authority. Keep it to yourself.")
