"""`securechat profiles`: who you are on which host, on this computer."""

from typing import TYPE_CHECKING, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Color, Json, Quiet

if TYPE_CHECKING:
    from secure_chat.client.profiles import Profiles

__all__ = ["EXAMPLES", "profiles"]

EXAMPLES: Final = """Examples:

  securechat profiles

  securechat profiles --json

  securechat profiles forget work
"""

_STYLES: Final = {"valid": "green", "expiring": "yellow", "expired": "red", "damaged": "red"}
_COLUMNS: Final = ("label", "name", "host", "community", "expires", "state")


def profiles(
    ctx: typer.Context,
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List your profiles: who you are on which host.

    A profile is an identity and its host, made by `securechat enroll` and used with --profile.
    """
    if ctx.invoked_subcommand is not None:
        return
    from secure_chat.client.profiles import Profiles

    console = Console(color, quiet)
    known = Profiles()
    rows = [_row(known, label) for label in known.labels()]
    if as_json:
        for row in rows:
            console.data_json(row)
    elif rows:
        _table(rows, console)
    else:
        console.talk("there is no profile; `securechat enroll` makes one from an invitation")


def _row(known: "Profiles", label: str) -> dict[str, Any]:
    """Return what there is to say of one; of a damaged one only why it cannot be used."""
    from secure_chat.client.profiles import standing
    from secure_chat.clock import SystemClock, rfc3339
    from secure_chat.errors import IdentityError

    nothing = dict.fromkeys((*_COLUMNS, "folder", "why"))
    row = {**nothing, "label": label, "folder": str(known.folder / label), "state": "damaged"}
    try:
        profile = known.get(label)
        row |= {
            "name": profile.name,
            "host": profile.address,
            "community": profile.community,
        }
        until, state = standing(profile, SystemClock().now())
    except IdentityError as error:
        return {**row, "why": str(error)}
    return {**row, "expires": rfc3339(until), "state": state}


def _table(rows: list[dict[str, Any]], console: Console) -> None:
    from secure_chat.client.text import printable

    cells = [[printable(row[column] or "-") for column in _COLUMNS] for row in rows]
    widths = [max(map(len, column)) for column in zip(_COLUMNS, *cells, strict=True)]
    head = "  ".join(name.ljust(width) for name, width in zip(_COLUMNS, widths, strict=True))
    console.data(console.paint(head.rstrip(), "bold"))
    for row in cells:
        *most, state = (text.ljust(width) for text, width in zip(row, widths, strict=True))
        console.data("  ".join((*most, console.paint(state.rstrip(), _STYLES[row[-1]]))))
    for row_, shown in zip(rows, cells, strict=True):
        if row_["why"]:
            console.warn(f"{shown[0]}: {printable(row_['why'])}")
