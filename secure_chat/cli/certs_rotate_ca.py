"""`securechat certs rotate-ca`: another authority, without anybody being locked out meanwhile."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, Yes, confirm, done_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_chat.pki.registry import Entry, Registry
    from secure_chat.pki.rotation import ChangeOver
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "rotate_ca"]

EXAMPLES: Final = """Examples:

  securechat certs rotate-ca --overlap 30d

  securechat certs rotate-ca --finish
"""

_SHORT: Final = 8


def rotate_ca(
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="SPAN", help="How long both are trusted at most."),
    ] = "30d",
    finish: Annotated[
        bool,
        typer.Option(
            "--finish", help="End a change-over now: retire the old authority.", show_default=False
        ),
    ] = False,
    yes: Yes = False,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Replace the authority without locking anybody out.

    A new one is put beside the old one, and with --finish the old one is retired. During the
    overlap both are trusted. The new one issues everything from the start, so people move over when
    their clients renew, which the running host asks them for at once. The host keeps its
    certificate, and with it the fingerprint in invitations, until the end. The community, and with
    it all history, stays. The new key gets the passphrase of the old one.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
    if finish:
        done = _finish(console, vault, unlock, yes=yes, no_input=no_input)
    else:
        done = _begin(console, vault, overlap, unlock, yes=yes, no_input=no_input)
    if as_json:
        console.data_json(_as_json(done, finished=finish))
    elif finish:
        _tell_end(done, _stranded(vault.registry(), done.behind), console)
    else:
        _tell_begin(done, console)


def _begin(
    console: Console,
    vault: "Vault",
    overlap: str,
    unlock: "Callable[[], bytes] | None",
    *,
    yes: bool,
    no_input: bool,
) -> "ChangeOver":
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.keys import key_is_encrypted
    from secure_chat.pki.opening import open_authority
    from secure_chat.pki.rotation import begin

    span = parse_duration(overlap)
    question = f"Make a new authority, and retire the old one in {overlap} at the latest"
    confirm(console, question, yes=yes, no_input=no_input)
    authority = open_authority(vault, unlock)
    locked = unlock is not None and key_is_encrypted(vault.ca_key)
    return begin(
        vault,
        authority,
        span,
        vault.clock.now(),
        done_by("certs rotate-ca"),
        passphrase=unlock() if unlock is not None and locked else None,
    )


def _finish(
    console: Console,
    vault: "Vault",
    unlock: "Callable[[], bytes] | None",
    *,
    yes: bool,
    no_input: bool,
) -> "ChangeOver":
    from secure_chat.pki.opening import open_authority
    from secure_chat.pki.rotation import finish, left_behind

    now, registry = vault.clock.now(), vault.registry()
    if registry.overlap is not None:
        behind = _stranded(registry, left_behind(registry, vault.ca_fingerprint(), now))
        for line in _behind(behind):
            console.talk(line)
        cut = f" and lock out {', '.join(_grouped(behind))}" if behind else ""
        confirm(console, f"Retire the old authority now{cut}", yes=yes, no_input=no_input)
    authority = open_authority(vault, unlock)
    return finish(vault, authority, now, done_by("certs rotate-ca --finish"))


def _as_json(done: "ChangeOver", *, finished: bool) -> dict[str, Any]:
    from secure_chat.clock import rfc3339

    return {
        "old": done.old,
        "old_sha256": done.old_fingerprint,
        "new": done.new,
        "new_sha256": done.new_fingerprint,
        "until": rfc3339(done.until),
        "finished": finished,
        "behind": [{"name": entry.name, "serial": entry.serial} for entry in done.behind],
    }


def _tell_begin(done: "ChangeOver", console: Console) -> None:
    from secure_chat.clock import rfc3339

    console.talk(f"{console.paint(done.new, 'bold', console.err)} issues from now on.")
    console.talk(f"  sha256  {done.new_fingerprint}")
    console.talk(f"{done.old} is trusted too, until {rfc3339(done.until)} at the latest.")
    console.talk("What happens now:")
    console.talk("  A running host sees it within a second and asks connected clients to renew.")
    console.talk(
        "  Others renew when they connect; those whose key stands here need `certs renew`."
    )
    console.talk("  A running host that can open ca.key ends it by itself when all have moved, no")
    console.talk("  invitation is open, or the time is over; else run it with --finish.")
    for line in _behind(done.behind):
        console.talk(line)


def _tell_end(done: "ChangeOver", behind: "Sequence[Entry]", console: Console) -> None:
    new = console.paint(done.new, "bold", console.err)
    console.talk(f"{done.old} is retired; {new} alone is trusted now.")
    console.talk("What it left stands in the backup folder. A running host uses the new host.crt")
    console.talk("for new connections within a second.")
    for name in _grouped(behind):
        console.warn(
            f"{name} is locked out: `securechat certs renew {name}` where the key stands here, else"
            f" `securechat invite {name} --another-device`"
        )


def _behind(behind: "Sequence[Entry]") -> list[str]:
    """Return who has not moved over yet, in lines."""
    if not behind:
        return ["Nobody's certificate is of the old authority."]
    return [
        "Not moved over yet:",
        *(f"  {name} ({', '.join(serials)})" for name, serials in _grouped(behind).items()),
    ]


def _stranded(registry: "Registry", behind: "Sequence[Entry]") -> "list[Entry]":
    """Return those of them whose place no other certificate has taken."""
    followed = {entry.replaces for entry in registry.entries.values()}
    return [entry for entry in behind if entry.serial not in followed]


def _grouped(behind: "Sequence[Entry]") -> dict[str, list[str]]:
    """Return the first digits of the serial numbers by name."""
    found: dict[str, list[str]] = {}
    for entry in behind:
        found.setdefault(entry.name, []).append(entry.serial[:_SHORT])
    return found
