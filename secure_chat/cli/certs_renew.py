"""`securechat certs renew NAME`: a new certificate for a key that stands here."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_chat.cli.certs_issue import certificate_json
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import CaPassphraseFile, done_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from secure_chat.pki.renewing import Made
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "renew"]

EXAMPLES: Final = """Examples:

  securechat certs renew alice

  securechat certs renew host
"""

_HOST: Final = "host"


def renew(
    name: Annotated[
        str, typer.Argument(metavar="NAME|host", help="Whose certificate.", show_default=False)
    ],
    life: Annotated[
        str | None,
        typer.Option(
            "--life",
            metavar="SPAN",
            help="How long the new one is valid. [default: as long as the old one was]",
            show_default=False,
        ),
    ] = None,
    passphrase_file: CaPassphraseFile = None,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Renew a certificate whose key stands here; the key stays.

    Nobody needs this while a host runs that has ca.key: connected clients and the host renew by
    themselves. The old certificate counts until the new one is first used.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.clock import rfc3339
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    unlock = passphrase_from(passphrase_file, no_input=no_input, of="ca.key")
    made = _renewed(vault, name, life, unlock)
    if as_json:
        console.data_json(certificate_json(made))
        return
    who = console.paint(made.identity.name, "bold", console.err)
    console.talk(f"{who} has a new certificate until {rfc3339(made.identity.not_after)}.")
    console.talk(f"  certificate  {made.certificate}")
    console.talk(f"  serial       {made.identity.serial}")
    if name == _HOST:
        console.talk("A running host shows it to new connections within a second.")
    else:
        console.talk(
            f"The old one, {made.replaces}, counts until this one is first used. Whoever uses a"
            " copy of these files needs the new certificate; the key is the same."
        )


def _renewed(
    vault: "Vault", name: str, life: str | None, unlock: "Callable[[], bytes] | None"
) -> "Made":
    from secure_chat.errors import UsageError
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.issuing import Made, renew_host
    from secure_chat.pki.issuing import renew as make
    from secure_chat.pki.opening import open_authority

    now, by = vault.clock.now(), done_by("certs renew")
    if name != _HOST:
        span = None if life is None else parse_duration(life)
        return make(vault, name, unlock=unlock, life=span, now=now, by=by)
    if life is not None:
        raise UsageError(
            "the host's new certificate lives as long as its old one",
            hint="Leave --life out, or run `securechat init-certs --life SPAN` with host.crt and"
            " host.key moved away.",
        )
    leaf = renew_host(vault, open_authority(vault, unlock), now, by, force=True)
    assert leaf is not None  # noqa: S101 - it is renewed although it is not due
    return Made(
        identity=leaf.identity,
        folder=vault.folder,
        certificate=vault.host_crt,
        key=vault.host_key,
    )
