"""`securechat certs issue NAME...`: keys and certificates made here, to be handed over."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, done_by, may_ask
from secure_chat.pki.keytype import KeyType

if TYPE_CHECKING:
    from secure_chat.pki.registry import Registry
    from secure_chat.pki.renewing import Made

__all__ = ["EXAMPLES", "certificate_json", "issue"]

EXAMPLES: Final = """Examples:

  securechat certs issue carol

  securechat certs issue dave erin --role operator --life 30d

  securechat certs issue carol --another-device
"""


class _Role(StrEnum):
    MEMBER = "member"
    OPERATOR = "operator"


def issue(
    names: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Whose certificates.", show_default=False),
    ],
    role: Annotated[
        _Role | None,
        typer.Option(
            "--role",
            help="What they may do. [default: what they may now, else member]",
            show_default=False,
        ),
    ] = None,
    life: Annotated[
        str, typer.Option("--life", metavar="SPAN", help="How long they are valid.")
    ] = "90d",
    key_type: Annotated[KeyType, typer.Option("--key-type", help="Kind of key.")] = KeyType.P256,
    another_device: Annotated[
        bool,
        typer.Option(
            "--another-device",
            help="For a further device of somebody who has a certificate already.",
            show_default=False,
        ),
    ] = False,
    passphrase_file: CaPassphraseFile = None,
    key_passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--key-passphrase-file",
            help="Encrypt the keys made with the passphrase in this file's first line.",
            show_default=False,
        ),
    ] = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Make keys and certificates here, to be handed over.

    Their keys are made on this computer. Where people have one of their own, `securechat invite` is
    better: their key never leaves it.
    """
    from secure_chat.cli.passphrase import passphrase_from, read_passphrase
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.identity import Role
    from secure_chat.pki.issuing import IssueRequest
    from secure_chat.pki.issuing import issue as make
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    if not another_device and may_ask(no_input=no_input):
        another_device = _is_meant(vault.registry(), names)
    request = IssueRequest(
        names=tuple(names),
        role=None if role is None else Role(role),
        life=parse_duration(life),
        key_type=key_type,
        passphrase=None if key_passphrase_file is None else read_passphrase(key_passphrase_file),
        unlock=passphrase_from(passphrase_file, no_input=no_input, of="ca.key"),
        another_device=another_device,
        by=done_by("certs issue"),
    )
    made = make(vault, request, vault.clock.now())
    if as_json:
        for one in made:
            console.data_json(certificate_json(one))
        return
    for one in made:
        _tell(one, console, is_encrypted=request.passphrase is not None)
    console.warn(
        "the keys were made on this computer: hand them over where only the one they are for can"
        " read them. `securechat invite NAME` lets people make their own."
    )


def certificate_json(made: "Made") -> dict[str, Any]:
    """Return a certificate just made for scripts."""
    from secure_chat.clock import rfc3339

    return {
        "name": made.identity.name,
        "role": str(made.identity.role),
        "folder": str(made.folder),
        "certificate": str(made.certificate),
        "key": str(made.key),
        "serial": made.identity.serial,
        "sha256": made.identity.fingerprint,
        "not_before": rfc3339(made.identity.not_before),
        "not_after": rfc3339(made.identity.not_after),
        "replaces": made.replaces or None,
    }


def _is_meant(registry: "Registry", names: Sequence[str]) -> bool:
    """Ask whether people who are all known shall get another device; else `issue` explains."""
    if not all(registry.newest(name) and name not in registry.retired for name in names):
        return False
    whose = " and ".join(names)
    return typer.confirm(f"{whose} is known here. Another device of {whose}?", err=True)


def _tell(made: "Made", console: Console, *, is_encrypted: bool) -> None:
    """Say what was made, until when it holds, and what to hand over."""
    from secure_chat.clock import rfc3339
    from secure_chat.pki.vault import Vault

    who, there = made.identity, Vault(made.folder)
    name = console.paint(who.name, "bold", console.err)
    console.talk(f"{name} ({who.role}) has a certificate until {rfc3339(who.not_after)}.")
    console.talk(f"  serial     {who.serial}")
    console.talk(f"  sha256     {who.fingerprint}")
    files = (there.ca_crt, there.community_file, made.certificate, made.key)
    for label, path in zip(("hand over", "", "", ""), files, strict=True):
        console.talk(f"  {label:<9}  {path}")
    if is_encrypted:
        console.talk("             and, by another way, the passphrase of the key")
    console.talk(f"  they run   securechat join --as {who.name} --certs THE-FOLDER")
