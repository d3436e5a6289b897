"""`securechat certs promote NAME`: a member becomes an operator."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, authority_if_usable, done_by

if TYPE_CHECKING:
    from secure_chat.pki.roles import Reranked

__all__ = ["EXAMPLES", "Person", "promote", "reranked_json"]

EXAMPLES: Final = """Examples:

  securechat certs promote alice

  securechat certs promote alice --json
"""

Person: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="Who.", show_default=False)]


def promote(
    name: Person,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Make a member an operator.

    Operators may kick, mute and ban members and close rooms, from inside the chat. The role is that
    of the certificate. Where the key stands here, the operator's certificate is made at once; the
    clients of other devices are asked by the running host to get theirs.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.pki.roles import promote as raise_up
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
    authority = authority_if_usable(console, vault, unlock)
    done = raise_up(vault, authority, name, now=vault.clock.now(), by=done_by("certs promote"))
    if as_json:
        console.data_json(reranked_json(done))
        return
    who = console.paint(done.name, "bold", console.err)
    console.talk(f"{who} {'is an operator now' if done.changed else 'was an operator already'}.")
    if done.made is not None:
        console.talk(f"  made     {done.made.certificate}; the old one is in the backup folder")
        console.talk("           and counts until the new one is first used")
    for entry in done.waiting:
        console.talk(f"  waiting  {entry.serial[:8]} gets another certificate when it is connected")


def reranked_json(done: "Reranked") -> dict[str, Any]:
    """Return a change of role for scripts."""
    return {
        "name": done.name,
        "role": str(done.role),
        "changed": done.changed,
        "certificate": None if done.made is None else str(done.made.certificate),
        "serial": None if done.made is None else done.made.identity.serial,
        "waiting": [entry.serial for entry in done.waiting],
        "revoked": [entry.serial for entry in done.revoked],
        "unsigned": list(done.unsigned),
    }
