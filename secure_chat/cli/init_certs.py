"""`securechat init-certs`: makes the certificates folder, or adds what is missing in it.

Parses, builds an `InitRequest`, calls `pki.setup.init_certs`, and says what is where.
"""

import os
import platform
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, NoInput, Quiet
from secure_chat.cli.owner import done_by
from secure_chat.clock import rfc3339
from secure_chat.pki.duration import parse_duration
from secure_chat.pki.keytype import KeyType

if TYPE_CHECKING:
    from secure_chat.pki.inventory import Holding
    from secure_chat.pki.setup import InitReport
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "init_certs"]

EXAMPLES = """Examples:

  securechat init-certs

  securechat init-certs --client carol --host-name chat.example.org --life 30d
"""

_HOLDERS = {
    "ca.crt": "everybody: the host and each client",
    "ca.key": "you alone; who holds it can make anyone",
    "previous-ca.key": "you alone; it is the older authority's, during a change-over",
    "host": "the host",
    "crl.pem": "the host",
    "community": "everybody: data folders are named by it",
}


_Clients: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--client",
        metavar="NAME",
        help="A person to make a certificate for; repeat it. Default: alice and bob.",
        show_default=False,
    ),
]
_HostNames: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--host-name",
        metavar="NAME",
        help="A further DNS name or address of the host; repeat it.",
        show_default=False,
    ),
]
_Life: TypeAlias = Annotated[
    str, typer.Option("--life", metavar="SPAN", help="Life of host and client certificates.")
]
_AuthorityLife: TypeAlias = Annotated[
    str, typer.Option("--ca-life", metavar="SPAN", help="Life of the authority.")
]
_KeyType: TypeAlias = Annotated[
    KeyType, typer.Option("--key-type", help="Kind of key; the authority takes p256 or p384.")
]
_PassphraseFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="Encrypt the keys made with the passphrase in this file's first line.",
        show_default=False,
    ),
]
_Force: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Make a new set; the old one is backed up first.")
]


def init_certs(
    certs: Certs = Path("certs"),
    client: _Clients = None,
    host_name: _HostNames = None,
    life: _Life = "90d",
    ca_life: _AuthorityLife = "3650d",
    key_type: _KeyType = KeyType.P256,
    passphrase_file: _PassphraseFile = None,
    force: _Force = False,
    json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Make an authority and certificates.

    Running it again adds what is missing and changes nothing else.
    """
    from secure_chat.cli.passphrase import passphrase_from, read_passphrase
    from secure_chat.pki.setup import InitRequest
    from secure_chat.pki.setup import init_certs as bring_to_a_whole_set
    from secure_chat.pki.vault import Vault

    request = InitRequest(
        clients=tuple(client) if client else ("alice", "bob"),
        host_names=tuple(host_name or ()),
        computer=platform.node(),
        life=parse_duration(life),
        ca_life=parse_duration(ca_life),
        key_type=key_type,
        passphrase=None if passphrase_file is None else read_passphrase(passphrase_file),
        unlock=passphrase_from(passphrase_file, no_input=no_input),
        force=force,
        by=done_by("init-certs"),
    )
    vault = Vault(certs)
    report = bring_to_a_whole_set(vault, request)
    console = Console(color, quiet)
    if json:
        console.data_json(_as_json(vault, report))
        return
    for line in _in_words(vault, report, console):
        console.talk(line)


def _as_json(vault: "Vault", report: "InitReport") -> dict[str, Any]:
    """Return the report for scripts: paths with fingerprints and dates."""
    ca, host = (
        next((_certificate(item) for item in report.holdings if item.kind == kind), None)
        for kind in ("ca", "host")
    )
    return {
        "certs": str(vault.folder),
        "community": report.community,
        "ca": ca,
        "crl": str(vault.crl),
        "host": host,
        "clients": [_certificate(item) for item in report.holdings if item.kind == "client"],
        "made": list(report.made),
        "backup": None if report.backup is None else str(report.backup),
        "warnings": list(report.warnings),
    }


def _certificate(item: "Holding") -> dict[str, Any]:
    fields = {
        "name": item.name,
        "certificate": str(item.certificate),
        "key": None if item.key is None else str(item.key),
        "encrypted": item.encrypted,
        "serial": item.serial,
        "sha256": item.sha256,
        "not_before": rfc3339(item.not_before),
        "not_after": rfc3339(item.not_after),
    }
    return fields | {"names": list(item.names)} if item.kind == "host" else fields


def _in_words(vault: "Vault", report: "InitReport", console: Console) -> Iterator[str]:
    """Yield the report for people: each file, who holds it, until when, its fingerprint."""
    yield f"Certificates of community {report.community} in {vault.folder.resolve()}:"
    for item in report.holdings:
        person = f"{item.name}, and nobody else" if item.kind == "client" else ""
        yield from _file_in_words(item.certificate, report, vault, person or _holder(item), console)
        if item.names:
            yield f"      names   {', '.join(item.names)}"
        yield f"      until   {rfc3339(item.not_after)}"
        yield f"      sha256  {item.sha256}"
        if item.key is not None:
            owner = person or _HOLDERS.get(item.key.name, "the host, and nobody else")
            yield from _file_in_words(item.key, report, vault, owner, console)
    for path in (vault.crl, vault.community_file):
        yield from _file_in_words(path, report, vault, _HOLDERS[path.name], console)
    if report.healed:
        yield "An earlier run had been interrupted; it was finished first."
    if report.backup is not None:
        yield f"The old set is in {report.backup}."
    for warning in report.warnings:
        yield f"{console.paint('note:', 'yellow', console.err)} {warning}"
    yield f"To hand {_first_client(report)} their identity: ca.crt, community and their two files."
    yield f"Next: {_next_command(vault.folder)}"


def _holder(item: "Holding") -> str:
    return _HOLDERS["ca.crt"] if item.kind == "ca" else _HOLDERS["host"]


def _file_in_words(
    path: Path, report: "InitReport", vault: "Vault", holder: str, console: Console
) -> Iterator[str]:
    name = path.relative_to(vault.folder).as_posix()
    state = "made" if name in report.made else "kept"
    yield f"  {console.paint(name, 'bold', console.err)} ({state})"
    yield f"      held by {holder}"


def _first_client(report: "InitReport") -> str:
    return next((item.name for item in report.holdings if item.kind == "client"), "somebody")


def _next_command(folder: Path) -> str:
    """Return the command that starts the host with this folder."""
    named = Path(os.environ.get("SECURECHAT_CERTS") or "certs")
    extra = "" if folder == named else f" --certs {shlex.quote(str(folder))}"
    return f"securechat host{extra}"
