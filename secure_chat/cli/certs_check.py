"""`securechat certs check`: whether a certificate is due, as an exit code for scripts."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet
from secure_chat.errors import Exit, IdentityError

if TYPE_CHECKING:
    from secure_chat.cli.paper import Paper
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "check"]

EXAMPLES: Final = """Examples:

  securechat certs check

  securechat certs check host --within 30d

  securechat certs check alice --quiet || securechat certs renew alice
"""


def check(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|FILE|host|ca]",
            help="Which. [default: all in the folder]",
            show_default=False,
        ),
    ] = None,
    within: Annotated[
        str, typer.Option("--within", metavar="SPAN", help="Due when it ends within this time.")
    ] = "14d",
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Check whether certificates are due.

    The exit code is 0 when all are fine and 1 when one is due: when it ends within the time. Due is
    also what has ended, has not begun, or was revoked; of the folder's own, what was revoked is
    left out. Of a person the certificate that ends last counts, wherever it is.
    """
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    span = parse_duration(within).total_seconds()
    due = False
    for paper in _papers(Vault(certs), what):
        why = _why(paper, span)
        due = due or bool(why)
        if as_json:
            console.data_json(_as_json(paper, why))
        elif why or not quiet:
            console.data(_line(paper, why, console))
    if due:
        raise typer.Exit(Exit.OTHER)


def _papers(vault: "Vault", what: str | None) -> Iterator["Paper"]:
    """Yield what is to be checked.

    Raises:
        IdentityError: there is nothing of that kind.
    """
    from secure_chat.cli.paper import Judge, papers_of
    from secure_chat.cli.roll import held

    judge = Judge(vault)
    if what is not None:
        found = papers_of(judge, vault, what)
        if what not in {"ca", "host"} and found[0].place != Path(what):
            found = [max(found, key=lambda one: (one.state != "revoked", one.left or 0.0))]
        yield from found
        return
    everything = judge.held(held(vault))
    if not everything:
        raise IdentityError(
            f"there is no certificate in {vault.folder}",
            hint="Name the right folder with --certs, or run `securechat init-certs`.",
        )
    yield from (one for one in everything if one.state != "revoked")


def _why(paper: "Paper", span: float) -> str:
    """Return why a certificate is due, "" when it is fine."""
    from secure_chat.handshakes.telling.particulars import span_words

    if paper.state == "revoked" and paper.entry is not None:
        return f"revoked ({paper.entry.reason or 'no reason given'})"
    if paper.left is None or not paper.state:
        return "its dates cannot be read"
    if paper.left < 0:
        return f"ended {span_words(-paper.left)} ago"
    if paper.state == "not-yet-valid":
        return "not valid yet"
    return f"ends in {span_words(paper.left)}" if paper.left <= span else ""


def _line(paper: "Paper", why: str, console: Console) -> str:
    from secure_chat.client.text import printable
    from secure_chat.handshakes.telling.particulars import moment

    word = console.paint("due ", "red") if why else console.paint("fine", "green")
    until = moment(paper.facts.not_after)
    end = f"{why}; until {until}" if why else f"until {until}"
    return f"{word}  {printable(paper.title)}: {end}"


def _as_json(paper: "Paper", why: str) -> dict[str, Any]:
    return {
        "file": None if paper.place is None else str(paper.place),
        "name": None if paper.entry is None else paper.entry.name,
        "serial": paper.facts.serial,
        "not_after": paper.facts.not_after,
        "due": bool(why),
        "why": why or None,
    }
