"""Another certificate for a person whose key stands here in the folder.

On the thread of whoever asks. The key stays and need not even be opened: one file is replaced by
one rename, so no crash can separate key and certificate.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.authority import Authority
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.change import Change, changing
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.keys import Passphrase, PublicKey
from secure_chat.pki.life import next_life
from secure_chat.pki.opening import check_issuer, open_authority
from secure_chat.pki.profile import serial_of
from secure_chat.pki.registry import REPLACED, SUPERSEDED, Entry, Registry
from secure_chat.pki.signing import ends_of, issued
from secure_chat.pki.vault import Vault

__all__ = ["Made", "Present", "present", "renew", "replace"]

_PUBLIC: Final = 0o644


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A person's certificate just made.

    Args:
        identity: what it says.
        folder: the certificates folder it stands in; for another device one of its own, to be
            handed over as a whole.
        certificate: its file.
        key: the file of its private key.
        replaces: the serial number of the certificate whose place it takes; unless that one has
            been revoked, it counts until this one is first used.
    """

    identity: Identity
    folder: Path
    certificate: Path
    key: Path
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Present:
    """A person's certificate that stands here together with its key.

    Args:
        name: whose.
        key: its public key.
        entry: what the registry knows of it.
    """

    name: str
    key: PublicKey
    entry: Entry


def renew(  # noqa: PLR0913 # a certificate has as many parts
    vault: Vault,
    name: str,
    *,
    unlock: Passphrase | None = None,
    life: timedelta | None = None,
    now: float,
    by: str,
) -> Made:
    """Give a person whose key stands here a new certificate; the old one's file is replaced.

    Args:
        vault: the folder.
        name: whose.
        unlock: asked when the authority's key is encrypted; the person's own key is not needed.
        life: how long from now; None for that of the old one.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: the name is retired, or the life is too long.
        IdentityError: certificate or key are not here, the certificate does not count any more,
            or the authority cannot sign.
    """
    authority = open_authority(vault, unlock)
    with changing(vault.folder, now) as change:
        check_issuer(vault, authority)
        registry = vault.registry()
        here = present(vault, registry, name)
        _check_counts(registry, here)
        return replace(
            change,
            vault,
            authority,
            here,
            role=registry.roles.get(name, here.entry.role),
            life=life or next_life(here.entry, registry.entries, ends_of(vault)),
            now=now,
            by=by,
        )


def present(vault: Vault, registry: Registry, name: str) -> Present:
    """Return a person's certificate in the folder.

    Args:
        vault: the folder.
        registry: what the audit trail says.
        name: whose.

    Raises:
        IdentityError: certificate or key are not here, or the registry does not know it.
    """
    crt, key = vault.client_crt(name), vault.client_key(name)
    if not (crt.exists() and key.exists()):
        raise IdentityError(
            f"the key of {name} is not here",
            why=f"{crt.name} and {key.name} must both stand in {crt.parent}",
            hint="whoever has the key renews it by themselves when they are connected; or run"
            f" `securechat invite {name} --another-device`",
        )
    try:
        certificate = certificates_in(vault.read(crt))[0]
        public = certificate.public_key()
    except ValueError as error:
        raise IdentityError(
            f"{crt} is not a certificate", why="expected one in PEM", hint="put it back from a copy"
        ) from error
    entry = registry.get(serial_of(certificate))
    if entry is None or entry.name != name or not isinstance(public, PublicKey):
        raise IdentityError(
            f"{crt} is not in the registry as a certificate of {name}",
            why="only what was issued here can be renewed",
            hint="run `securechat init-certs`, which enters certificates of its own authority",
        )
    return Present(name, public, entry)


def replace(  # noqa: PLR0913 # a certificate has as many parts
    change: Change,
    vault: Vault,
    authority: Authority,
    here: Present,
    *,
    role: Role,
    life: timedelta,
    now: float,
    by: str,
    keep: bool = False,
) -> Made:
    """Stage a new certificate for a person's key in the place of the old one.

    Args:
        change: the change of the folder.
        vault: the folder.
        authority: who signs.
        here: the certificate there is.
        role: what the new one entitles to.
        life: how long from now.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        keep: whether a copy of the old one goes into the backup folder.

    Raises:
        UsageError: the life is too long.
        IdentityError: the authority has expired, or a file cannot be written.
    """
    leaf = authority.issue_member(here.name, role, now=now, life=life, key=here.key)
    replaces = here.entry.serial
    change.note(issued(leaf.identity, authority, now, by, replaces=replaces))
    crt = vault.client_crt(here.name)
    name = crt.relative_to(vault.folder).as_posix()
    if keep:
        change.keep(name)
    change.add(name, leaf.certificate_pem, _PUBLIC, replace=True)
    return Made(
        identity=leaf.identity,
        folder=vault.folder,
        certificate=crt,
        key=vault.client_key(here.name),
        replaces=replaces,
    )


def _check_counts(registry: Registry, here: Present) -> None:
    entry = here.entry
    if here.name in registry.retired:
        raise UsageError(
            f"nobody gets the name {here.name} any more",
            why="whoever had it was revoked",
            hint="choose another name for somebody new",
        )
    # What an authority issued that was replaced since may be issued again by the new one.
    if entry.state == "revoked" and entry.reason != REPLACED:
        raise IdentityError(
            f"the certificate of {here.name} that is here has been revoked",
            why="its successor is in use elsewhere"
            if entry.reason == SUPERSEDED
            else f"the reason given is {entry.reason or 'none'}",
            hint=f"run `securechat certs issue {here.name} --another-device` for a new key",
        )
