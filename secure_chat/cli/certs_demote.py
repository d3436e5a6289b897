"""`securechat certs demote NAME`: an operator becomes a member."""

from pathlib import Path
from typing import Final

from secure_chat.cli.certs_promote import Person, reranked_json
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, authority_if_usable, done_by, warn_unsigned

__all__ = ["EXAMPLES", "demote"]

EXAMPLES: Final = """Examples:

  securechat certs demote alice

  securechat certs demote alice --json
"""


def demote(
    name: Person,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Make an operator a member again.

    All their operator's certificates end at once. Where the key stands here, a member's certificate
    is made in its place. Otherwise they need an invitation for another device. The name stays
    theirs.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.pki.roles import demote as put_down
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
    authority = authority_if_usable(console, vault, unlock)
    done = put_down(vault, authority, name, now=vault.clock.now(), by=done_by("certs demote"))
    if as_json:
        console.data_json(reranked_json(done))
    else:
        who = console.paint(done.name, "bold", console.err)
        console.talk(f"{who} {'is a member now' if done.changed else 'was a member already'}.")
        for entry in done.revoked:
            console.talk(f"  revoked  {entry.serial[:8]}")
        if done.made is not None:
            console.talk(f"  made     {done.made.certificate}; the old one is in the backup folder")
        elif done.revoked and name not in vault.registry().names():
            console.talk(f"Next: securechat invite {done.name} --another-device")
    warn_unsigned(console, done.unsigned)
