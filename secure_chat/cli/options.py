"""Options that several commands share, with their environment twins and defaults."""

from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

from secure_chat.cli.console import Colour

__all__ = [
    "KEYLOG_WARNING",
    "As",
    "At",
    "Certs",
    "Color",
    "Data",
    "Into",
    "Json",
    "KeyLog",
    "NoInput",
    "PassphraseFile",
    "Profile",
    "Quiet",
]

Certs: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--certs",
        envvar="SECURECHAT_CERTS",
        help="The folder with the certificates.",
        show_default=True,
    ),
]
Data: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--data",
        envvar="SECURECHAT_DATA",
        help="Where data is kept instead of the platform's user data folder.",
        show_default=False,
    ),
]
Into: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--into",
        envvar="SECURECHAT_INTO",
        metavar="DIR",
        help="Where received files land. [default: securechat in the downloads folder]",
        show_default=False,
    ),
]
At: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--at",
        envvar="SECURECHAT_AT",
        metavar="HOST[:PORT]",
        help="The host. [default: the profile's, else 127.0.0.1:65432]",
        show_default=False,
    ),
]
As: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--as",
        envvar="SECURECHAT_AS",
        metavar="NAME",
        help="Who to be: a client of the certificates folder, or of a profile.",
        show_default=False,
    ),
]
Profile: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--profile",
        envvar="SECURECHAT_PROFILE",
        metavar="LABEL",
        help="The profile to use: an identity and its host, made by `enroll`.",
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print JSON, one object a line.", show_default=False)
]
Quiet: TypeAlias = Annotated[
    bool, typer.Option("--quiet", help="Say nothing but data and errors.", show_default=False)
]
NoInput: TypeAlias = Annotated[
    bool, typer.Option("--no-input", help="Never ask; fail instead.", show_default=False)
]
Color: TypeAlias = Annotated[
    Colour, typer.Option("--color", help="When to use colour (NO_COLOR is obeyed).")
]
PassphraseFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="A file whose first line is the passphrase of the private key.",
        show_default=False,
    ),
]
KeyLog: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--keylog",
        metavar="FILE",
        help="Write the keys of every connection to FILE, for Wireshark. Whoever can read the file"
        " can read everything said.",
        show_default=False,
    ),
]

KEYLOG_WARNING: Final = (
    "the keys of every connection are written to {}: whoever can read that file can read"
    " everything said"
)
