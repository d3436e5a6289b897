"""`securechat invite list`: who has been invited, and what became of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet

if TYPE_CHECKING:
    from secure_chat.pki.registry import Invite

__all__ = ["EXAMPLES", "list"]

EXAMPLES: Final = """Examples:

  securechat invite list

  securechat invite list --json
"""

_STYLES: Final = {"open": "green", "used": "dim", "expired": "yellow", "cancelled": "dim"}


def list(  # noqa: A001 - the word that people type
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """List invitations: open, used, expired and cancelled.

    The secret of an invitation is nowhere kept, so no line can be printed again.
    """
    from secure_chat.clock import rfc3339
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    invites = vault.registry().invites.values()
    now = vault.clock.now()
    if not invites and not as_json:
        console.talk("nobody has been invited; `securechat invite NAME` does it")
    for one in invites:
        state = _state(one, now)
        if as_json:
            console.data_json(
                {
                    "id": one.id,
                    "name": one.name,
                    "role": str(one.role),
                    "since": rfc3339(one.since),
                    "until": rfc3339(one.until),
                    "state": state,
                    "by": one.by,
                }
            )
        else:
            word = console.paint(state.ljust(9), _STYLES[state])
            console.data(f"{one.id}  {word}  {rfc3339(one.until)}  {one.role:<8}  {one.name}")


def _state(one: "Invite", now: float) -> str:
    return "expired" if one.state == "open" and now >= one.until else one.state
