"""`securechat certs show NAME|FILE`: what is in a certificate, in words and with each extension."""

import base64
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet
from secure_chat.errors import SecureChatError, UsageError

if TYPE_CHECKING:
    from secure_chat.cli.paper import Paper

__all__ = ["EXAMPLES", "show"]

EXAMPLES: Final = """Examples:

  securechat certs show alice

  securechat certs show ca

  securechat certs show ./somebody.pem --json
"""

_PEM_COLUMNS: Final = 64


def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="NAME|FILE|host|ca",
            help="A person, a file of PEM or DER, the host, the authority.",
            show_default=False,
        ),
    ],
    pem: Annotated[
        bool, typer.Option("--pem", help="Print it as PEM and nothing else.", show_default=False)
    ] = False,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Show what is in a certificate and what this folder makes of it.

    A file may be anybody's. Of a person all certificates are shown that count; those of people who
    enrolled are not here, so only what the registry knows of them.
    """
    if pem and as_json:
        raise UsageError("--pem and --json exclude each other")
    from secure_chat.cli.paper import Judge, papers_of
    from secure_chat.cli.showing import paper_json, paper_lines
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    papers = papers_of(Judge(vault), vault, what)
    if pem:
        _print_pem(console, papers, what)
        return
    for number, paper in enumerate(papers):
        if as_json:
            console.data_json(paper_json(paper))
            continue
        if number:
            console.data("")
        for line in paper_lines(paper, console.paint):
            console.data(line)


def _print_pem(console: Console, papers: "list[Paper]", what: str) -> None:
    found = [paper for paper in papers if paper.der]
    if not found:
        raise SecureChatError(
            f"the certificate of {what} is not here",
            why="the registry knows it, but whoever enrolled has it",
        )
    for paper in found:
        console.data("-----BEGIN CERTIFICATE-----")
        for line in textwrap.wrap(base64.b64encode(paper.der).decode("ascii"), _PEM_COLUMNS):
            console.data(line)
        console.data("-----END CERTIFICATE-----")
