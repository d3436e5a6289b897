"""`securechat invite NAME`: one line that makes somebody a member, from their own computer."""

import shutil
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Json, Quiet
from secure_chat.cli.owner import done_by

if TYPE_CHECKING:
    from secure_chat.pki.invitation import Invitation
    from secure_chat.pki.registry import Invite
    from secure_chat.pki.vault import Vault

__all__ = ["EXAMPLES", "invite"]

EXAMPLES: Final = """Examples:

  securechat invite carol

  securechat invite carol --at chat.example.org --expires 2h

  securechat invite list
"""

_PORT: Final = 65_433
_QR_COLUMNS: Final = 80


class _Role(StrEnum):
    MEMBER = "member"
    OPERATOR = "operator"


def invite(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who the person will be.", show_default=False)
    ],
    role: Annotated[
        _Role | None,
        typer.Option(
            "--role",
            help="What they may do. [default: what they may now, else member]",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str, typer.Option("--expires", metavar="SPAN", help="How long the line can be used.")
    ] = "24h",
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            metavar="HOST[:PORT]",
            help="Where they reach the host's enrolment port. [default: the first name or address"
            " of the host's certificate that is not local, else 127.0.0.1; port 65433]",
            show_default=False,
        ),
    ] = None,
    another_device: Annotated[
        bool,
        typer.Option(
            "--another-device",
            help="For a further device of somebody who is a member already.",
            show_default=False,
        ),
    ] = False,
    qr: Annotated[
        bool,
        typer.Option("--qr", help="Show a QR code even where no terminal is.", show_default=False),
    ] = False,
    certs: Certs = Path("certs"),
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Invite somebody: print one line that makes them a member.

    They run `securechat enroll` on their own computer and paste it; the key is made there. The
    host must be running, and its enrolment port is open as long as the line can be used. Somebody
    called `list` is invited with `securechat invite -- list`.
    """
    if ctx.invoked_subcommand is not None:
        return
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.identity import Role
    from secure_chat.pki.invitation import Invitation
    from secure_chat.pki.invites import invite as make
    from secure_chat.pki.vault import Vault

    console = Console(color, quiet)
    vault = Vault(certs)
    # Looked up first: an invitation that nobody could use must not be made.
    host, port, authority = _reached(vault, at)
    made, secret = make(
        vault,
        name=name,
        role=None if role is None else Role(role),
        life=parse_duration(expires),
        now=vault.clock.now(),
        by=done_by("invite"),
        another_device=another_device,
    )
    line = Invitation(host=host, port=port, name=name, authority=authority, secret=secret)
    if as_json:
        console.data_json(_as_json(made, line))
    else:
        console.data(line.line)
        _tell(made, line, console)
    if qr or (console.err.isatty() and not quiet and not as_json):
        _show_qr(line.line, console, wanted=qr)


def _reached(vault: "Vault", at: str | None) -> tuple[str, int, str]:
    """Return where the enrolment port is and how the host's authority is known.

    Raises:
        UsageError: it is no address, or the host's certificate does not have it.
    """
    from secure_chat.errors import IdentityError, UsageError
    from secure_chat.net.dialer import split_target
    from secure_chat.pki.bundle import issuer_of
    from secure_chat.pki.hostname import read_host_names
    from secure_chat.pki.inventory import holdings, load_certificate
    from secure_chat.pki.invitation import pin_of, reachable_name

    certificate = load_certificate(vault.host_crt)
    issuer = None if certificate is None else issuer_of(certificate, vault.ca_certificates())
    if certificate is None or issuer is None:
        raise IdentityError(
            f"{vault.host_crt} is no certificate that an authority of its folder issued",
            why="an invitation names the authority by which the host is known",
            hint="`securechat doctor` says what is wrong; `securechat init-certs` makes what is"
            " missing.",
        )
    names = next(item.names for item in holdings(vault) if item.kind == "host")
    if at is None:
        return reachable_name(names), _PORT, pin_of(issuer)
    host, port = split_target(at, _PORT)
    wanted = read_host_names([host])
    if not {*wanted.dns, *map(str, wanted.ips)} <= set(names):
        raise UsageError(
            f"the host's certificate is not valid for {host}",
            why=f"it is valid for {', '.join(names)}; nobody could enrol under another name",
            hint=f"`securechat init-certs --host-name {host}` says how it gets one.",
        )
    return host.lower(), port, pin_of(issuer)


def _as_json(made: "Invite", line: "Invitation") -> dict[str, Any]:
    from secure_chat.clock import rfc3339

    return {
        "id": made.id,
        "name": made.name,
        "role": str(made.role),
        "until": rfc3339(made.until),
        "address": line.address,
        "invitation": line.line,
    }


def _tell(made: "Invite", line: "Invitation", console: Console) -> None:
    """Say what the line is, and what the two people do next."""
    from secure_chat.clock import rfc3339

    name = console.paint(made.name, "bold", console.err)
    console.talk(f"The invitation makes somebody {name} ({made.role}), once.")
    console.talk(f"  until     {rfc3339(made.until)}")
    console.talk(f"  id        {made.id}")
    console.talk(
        f"  reached   {line.address}; `securechat host` listens there while it can be used"
    )
    console.talk(
        f"Whoever has the line can become {made.name}: hand it over where only they can read it."
    )
    if line.host in {"127.0.0.1", "::1", "localhost"}:
        console.talk(
            f"{line.host} is this computer only. For another one the host's certificate needs a"
            " name: `securechat init-certs --host-name NAME`, then `securechat host --bind`."
        )
    console.talk(f"Next, {made.name} runs on their own computer: securechat enroll")
    console.talk(f"To take it back: securechat invite cancel {made.id}")


def _show_qr(line: str, console: Console, *, wanted: bool) -> None:
    from secure_chat.cli.qr import qr_lines

    rows = list(qr_lines(line, painted=console.paint("", "bold", console.err) != ""))
    columns = shutil.get_terminal_size((_QR_COLUMNS, 24)).columns
    if not wanted and len(rows) * 2 > columns:
        return
    for row in rows:
        console.err.write(row + "\n")
    console.err.flush()
