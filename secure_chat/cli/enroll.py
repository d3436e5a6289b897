"""`securechat enroll`: become a member by an invitation; the key is made here and stays here."""

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.aftermath import explained
from secure_chat.cli.clients import error_json
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Color, Data, Json, NoInput, Quiet
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.pki.keytype import KeyType

if TYPE_CHECKING:
    from secure_chat.client.enroll import Member
    from secure_chat.pki.invitation import Invitation

__all__ = ["EXAMPLES", "enroll"]

EXAMPLES: Final = """Examples:

  securechat enroll

  securechat enroll invitation.txt --profile work

  pass show chat | securechat enroll - --json
"""

_HOW: Final = "Run `securechat enroll` and paste it, or name a file that holds it."


def enroll(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="FILE",
            help="The file that holds the invitation; - reads it from stdin. [default: ask]",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            metavar="LABEL",
            help="What to call the profile. [default: the name, with a number when it is taken]",
            show_default=False,
        ),
    ] = None,
    key_type: Annotated[
        KeyType, typer.Option("--key-type", help="The kind of key to make.")
    ] = KeyType.P256,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            "--passphrase-file",
            help="Encrypt the key with the passphrase in this file's first line.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Become a member by an invitation.

    The invitation is the line that `securechat invite` printed. The private key is made here and
    never leaves; the certificate and the host's address become a profile, which `join` then uses.
    """
    console = Console(color, quiet)
    invitation = _invitation(source, no_input=no_input)
    console.talk(f"enrolling as {invitation.name} at {invitation.address}")
    with explained(console, data, as_json=as_json):
        try:
            member = _enrolled(invitation, profile, key_type, passphrase_file, data)
        except SecureChatError as error:
            if as_json:
                console.data_json(error_json(error))
            raise
    if as_json:
        console.data_json(_as_json(member))
    else:
        _tell(member, console)


def _enrolled(
    invitation: "Invitation",
    profile: str | None,
    key_type: KeyType,
    passphrase_file: Path | None,
    data: Path | None,
) -> "Member":
    from secure_chat.cli.passphrase import read_passphrase
    from secure_chat.client.choice import client_folder
    from secure_chat.client.enroll import UNENROLLED, Enrolling
    from secure_chat.client.enroll import enroll as become_a_member
    from secure_chat.client.profiles import Profiles
    from secure_chat.clock import SystemClock
    from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
    from secure_chat.limits import Limits
    from secure_chat.net.recording import Evidence, record_of

    wanted = Enrolling(
        invitation=invitation,
        label=profile,
        key_type=key_type,
        passphrase=None if passphrase_file is None else read_passphrase(passphrase_file),
    )
    folder = client_folder(data, UNENROLLED, invitation.name)
    journal = Journal(folder / ACCEPTED, folder / REFUSED, Limits(), SystemClock())

    def recorded(evidence: Evidence) -> None:
        journal.write(record_of(evidence))

    try:
        return become_a_member(wanted, Profiles(), recorded)
    finally:
        journal.close()


def _invitation(source: str | None, *, no_input: bool) -> "Invitation":
    """Return the invitation from wherever it comes.

    Raises:
        UsageError: there is none, it is none, or it stands on the command line.
    """
    from secure_chat.pki.invitation import Invitation, looks_like_one

    if source is not None and source != "-":
        if looks_like_one(source):
            raise UsageError(
                "an invitation must not stand on the command line",
                why="other users of this computer can read it there, and your shell remembers it",
                hint=f"{_HOW} If somebody may have seen it now, ask for a new one.",
            )
        return Invitation.read(_from_file(Path(source)))
    if source == "-" or not sys.stdin.isatty():
        return Invitation.read(_text(sys.stdin.buffer.read(_most() + 1)))
    if no_input or not sys.stderr.isatty():
        raise UsageError("there is no invitation", hint=_HOW)
    return Invitation.read(str(typer.prompt("Paste the invitation", err=True)))


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return _text(file.read(_most() + 1))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read", why=error.strerror or str(error), hint=_HOW
        ) from error


def _text(data: bytes) -> str:
    if len(data) > _most():
        raise UsageError("that is too long for an invitation", hint=_HOW)
    return data.decode("utf-8-sig", "replace")


def _most() -> int:
    from secure_chat.pki.invitation import MOST_BYTES

    return MOST_BYTES


def _as_json(member: "Member") -> dict[str, Any]:
    from secure_chat.clock import rfc3339

    profile, identity = member.profile, member.identity
    return {
        "event": "enrolled",
        "profile": profile.label,
        "name": identity.name,
        "role": str(identity.role),
        "host": profile.address,
        "community": profile.community,
        "folder": str(profile.folder),
        "certificate": str(member.certificate),
        "key": str(member.key),
        "serial": identity.serial,
        "sha256": identity.fingerprint,
        "not_before": rfc3339(identity.not_before),
        "not_after": rfc3339(identity.not_after),
    }


def _tell(member: "Member", console: Console) -> None:
    """Say where the files are, until when they hold, and what is next."""
    from secure_chat.clock import rfc3339

    profile, identity = member.profile, member.identity
    name = console.paint(identity.name, "bold", console.err)
    console.talk(f"You are {name} ({identity.role}) at {profile.address}.")
    console.talk(f"  profile      {profile.folder}")
    console.talk(f"  certificate  {member.certificate}")
    console.talk(f"  until        {rfc3339(identity.not_after)}; it renews itself before")
    console.talk(f"  private key  {member.key}; it never left this computer, keep it so")
    console.talk(f"Next: {_next_command(member)}")


def _next_command(member: "Member") -> str:
    """Return the command that joins with this profile, as short as it can be."""
    from secure_chat.client.choice import Wanted, choose
    from secure_chat.errors import IdentityError
    from secure_chat.pki.vault import Vault

    certs = Path(os.environ.get("SECURECHAT_CERTS") or "certs")
    label = os.environ.get("SECURECHAT_PROFILE") or None
    wanted = Wanted(profile=label, name=os.environ.get("SECURECHAT_AS") or None)
    try:
        if choose(Vault(certs), wanted).profile == member.profile.label:
            return "securechat join"
    except IdentityError:
        pass
    return f"securechat join --profile {shlex.quote(member.profile.label)}"
