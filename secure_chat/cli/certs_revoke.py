"""`securechat certs revoke NAME|SERIAL`: a certificate, or a person with all of theirs, is out."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import (
    CaPassphraseFile,
    Yes,
    authority_if_usable,
    confirm,
    done_by,
    warn_unsigned,
)
from secure_chat.pki.reason import Reason

if TYPE_CHECKING:
    from secure_chat.pki.revoking import Revoked

__all__ = ["EXAMPLES", "revoke"]

EXAMPLES: Final = """Examples:

  securechat certs revoke bob --reason cessationOfOperation --dry-run

  securechat certs revoke bob --reason cessationOfOperation

  securechat certs revoke 1f3a9c20 --reason keyCompromise
"""

_SHORT: Final = 8


def revoke(
    target: Annotated[
        str,
        typer.Argument(
            metavar="NAME|SERIAL",
            help="A person, or 8 or more first digits of a serial number.",
            show_default=False,
        ),
    ],
    reason: Annotated[
        Reason, typer.Option("--reason", metavar="WORD", help=f"Why: {', '.join(Reason)}.")
    ] = Reason.UNSPECIFIED,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would end.", show_default=False)
    ] = False,
    yes: Yes = False,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Revoke a person or a single certificate.

    A person loses all certificates, and their name is retired: nobody gets it again, because their
    messages are found by it. A serial number ends one device, with all renewals of its certificate;
    the person stays. A running host closes the connections within a second and says why. There is
    no way back: who shall come in again gets a new certificate.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.pki.revoking import revoke as end
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    now, by = vault.clock.now(), done_by("certs revoke")
    found = end(vault, None, target, reason, now, by, dry_run=True)
    if dry_run or not _ends_anything(found):
        _tell(found, console, reason, as_json=as_json, done=False)
        return
    if found.retired:
        question = f"Revoke {found.name} ({_certificates(found)}) and retire the name for ever"
        confirm(console, question, yes=yes, no_input=no_input)
    unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
    authority = authority_if_usable(console, vault, unlock)
    _tell(
        end(vault, authority, target, reason, now, by),
        console,
        reason,
        as_json=as_json,
        done=True,
    )


def _ends_anything(found: "Revoked") -> bool:
    return bool(found.entries or found.retired or found.cancelled)


def _tell(found: "Revoked", console: Console, reason: Reason, *, as_json: bool, done: bool) -> None:
    if as_json:
        console.data_json(_as_json(found, reason, done=done))
    else:
        _in_words(found, console, reason, done=done)


def _as_json(found: "Revoked", reason: Reason, *, done: bool) -> dict[str, Any]:
    return {
        "name": found.name,
        "revoked": [entry.serial for entry in found.entries],
        "reason": str(reason),
        "retired": found.retired,
        "cancelled": [one.id for one in found.cancelled],
        "unsigned": list(found.unsigned),
        "done": done and _ends_anything(found),
    }


def _in_words(found: "Revoked", console: Console, reason: Reason, *, done: bool) -> None:
    from secure_chat.clock import rfc3339

    if not _ends_anything(found):
        console.talk(f"nothing of {found.name} counts any more; there is nothing to revoke")
        return
    console.talk(f"{'revoked' if done else 'this would be revoked'} ({reason}):")
    for entry in found.entries:
        serial = console.paint(entry.serial[:_SHORT], "bold", console.err)
        until = rfc3339(entry.not_after)
        console.talk(f"  {serial}  {found.name} ({entry.role}), valid until {until}")
    for one in found.cancelled:
        console.talk(f"  {one.id}  an open invitation for {found.name}")
    if found.retired:
        console.talk(f"  and nobody gets the name {found.name} any more")
    if not done:
        console.talk("nothing was done")
        return
    console.talk("A running host closes their connections within a second and lets none in.")
    warn_unsigned(console, found.unsigned)


def _certificates(found: "Revoked") -> str:
    number = len(found.entries)
    return f"{number} certificate{'' if number == 1 else 's'}"
