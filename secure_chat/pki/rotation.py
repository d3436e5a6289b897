"""The change-over from one authority to another, while both are trusted.

On the thread of whoever asks, under the folder's lock. `begin` puts a new authority beside the old
one: it issues everything from then on, and members move over when their certificates are renewed.
`finish` takes the old one away. The community's id stays, and with it all history. Files go to
their places in such an order that host and members can use the folder at every moment.
"""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509

from secure_chat.clock import rfc3339
from secure_chat.errors import UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import LONGEST_AUTHORITY_LIFE, Authority
from secure_chat.pki.bundle import certificates_in, common_name, issued_by, pem_of
from secure_chat.pki.change import Change, changing
from secure_chat.pki.crl import present_lists, sign_lists
from secure_chat.pki.identity import Role
from secure_chat.pki.keys import KeyType, key_is_encrypted
from secure_chat.pki.opening import check_issuer
from secure_chat.pki.profile import fingerprint_of, serial_of
from secure_chat.pki.registry import Entry, Registry
from secure_chat.pki.rehosting import replace_host
from secure_chat.pki.request import check_passphrase
from secure_chat.pki.vault import Vault

__all__ = ["ChangeOver", "begin", "finish", "left_behind", "may_finish"]

_SECRET: Final = 0o600
_PUBLIC: Final = 0o644
_LIFE: Final = timedelta(days=3_650)
_BITS_P256: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOver:
    """A change-over that has begun or ended.

    Args:
        old: the older authority's name.
        old_fingerprint: SHA-256 of its DER certificate in lower-case hex.
        new: the newer authority's name.
        new_fingerprint: SHA-256 of its DER certificate in lower-case hex.
        until: when it ends at the latest, or has ended, seconds since 1970 UTC.
        behind: certificates that count and that the older one issued; when it has ended, their
            holders need an invitation, or `certs renew NAME` where their key stands here.
    """

    old: str
    old_fingerprint: str
    new: str
    new_fingerprint: str
    until: float
    behind: tuple[Entry, ...]


def begin(  # noqa: PLR0913 # a change-over has as many parts
    vault: Vault,
    authority: Authority,
    overlap: timedelta,
    now: float,
    by: str,
    *,
    life: timedelta = _LIFE,
    key_type: KeyType | None = None,
    passphrase: bytes | None = None,
) -> ChangeOver:
    """Make a new authority beside the present one.

    Args:
        vault: the folder.
        authority: the present one.
        overlap: how long both are trusted at most; cut at the present one's end.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        life: of the new one; at most 3660 days.
        key_type: of the new one, p256 or p384; None for that of the present one.
        passphrase: encrypts the new one's key; needed when the present one's is encrypted.

    Raises:
        UsageError: a change-over is under way, or something asked for cannot be.
        IdentityError: a file cannot be read or written, or another authority issues here now.
    """
    _check_wish(vault, overlap, life, passphrase)
    kind = key_type or _kind(authority)
    with changing(vault.folder, now) as change:
        check_issuer(vault, authority)
        certificates = vault.ca_certificates()
        registry = vault.registry()
        if len(certificates) > 1 or registry.overlap is not None:
            raise UsageError(
                "a change-over of authorities is under way",
                why="two authorities can be trusted at once, and no more",
                hint="end it first with `securechat certs rotate-ca --finish`",
            )
        until = min(now + overlap.total_seconds(), authority.not_after)
        new = dataclasses.replace(
            Authority.create(now=now, life=life, key_type=kind), previous=authority
        )
        change.note(_act(Deed.ADDED_AUTHORITY, new.certificate, now, by, until=rfc3339(until)))
        both = [new.certificate, *certificates]
        lists = sign_lists(present_lists(vault), both, new, change.registry(), now)
        change.add(vault.crl.name, lists.pem, _PUBLIC, replace=True)
        change.add(vault.previous_ca_key.name, vault.read(vault.ca_key), _SECRET)
        # Its content stands in the file before, so nothing is lost by this.
        change.add(vault.ca_key.name, new.key_pem(passphrase), _SECRET, replace=True)
        change.add(vault.ca_crt.name, pem_of(both), _PUBLIC, replace=True)
        behind = left_behind(registry, new.fingerprint, now)
    return _change_over(authority.certificate, new.certificate, until, behind)


def finish(vault: Vault, authority: Authority, now: float, by: str) -> ChangeOver:
    """Retire the older authority; whoever has not moved over is locked out by it.

    The host's certificate, if the older one issued it, is replaced by one of the newer. What the
    older one leaves stands in a backup folder.

    Args:
        vault: the folder.
        authority: the newer one, which issues.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: no change-over is under way.
        IdentityError: a file cannot be read or written, or another authority issues here now.
    """
    with changing(vault.folder, now) as change:
        check_issuer(vault, authority)
        new, *older = vault.ca_certificates()
        if not older:
            raise UsageError(
                "no change-over of authorities is under way",
                hint="begin one with `securechat certs rotate-ca`",
            )
        behind = left_behind(vault.registry(), authority.fingerprint, now)
        _replace_hosts(change, vault, authority, now, by)
        for certificate in older:
            change.note(_act(Deed.RETIRED_AUTHORITY, certificate, now, by))
        # Copies first, then the host's certificate, which both authorities make good.
        change.keep(vault.ca_crt.name)
        change.add(vault.ca_crt.name, pem_of([new]), _PUBLIC, replace=True)
        lists = sign_lists(present_lists(vault), [new], authority, change.registry(), now)
        change.add(vault.crl.name, lists.pem, _PUBLIC, replace=True)
        if vault.previous_ca_key.exists():
            change.retire(vault.previous_ca_key.name)
    return _change_over(older[0], new, now, behind)


def may_finish(registry: Registry, now: float) -> bool:
    """Tell whether a change-over can end: its time is over, or nobody needs the older authority.

    An open invitation needs it too: it names the authority of the host's present certificate.

    Args:
        registry: what the audit trail says.
        now: seconds since 1970 UTC.
    """
    overlap = registry.overlap
    if overlap is None:
        return False
    if now >= overlap.until:
        return True
    return not left_behind(registry, overlap.authority, now) and not registry.open_invites(now)


def left_behind(registry: Registry, fingerprint: str, now: float) -> tuple[Entry, ...]:
    """Return the members' certificates that count and that another authority issued.

    Args:
        registry: what the audit trail says.
        fingerprint: of the newer authority.
        now: seconds since 1970 UTC.
    """
    return tuple(
        entry
        for entry in registry.entries.values()
        if entry.role is not Role.HOST
        and entry.state == "valid"
        and entry.authority != fingerprint
        and now <= entry.not_after
    )


def _replace_hosts(change: Change, vault: Vault, authority: Authority, now: float, by: str) -> None:
    """Stage a certificate of the newer authority for the host, where it has one of the older."""
    if not vault.host_crt.exists():
        return
    certificate = certificates_in(vault.read(vault.host_crt))[0]
    if not issued_by(certificate, authority.certificate):
        change.keep(vault.host_crt.name)
        replace_host(change, vault, authority, now, by)


def _check_wish(
    vault: Vault, overlap: timedelta, life: timedelta, passphrase: bytes | None
) -> None:
    check_passphrase(passphrase)
    if overlap <= timedelta(0) or life <= overlap or life > LONGEST_AUTHORITY_LIFE:
        raise UsageError(
            "an authority cannot be replaced in that time",
            why="the overlap must be shorter than the new authority's life, which is at most"
            f" {LONGEST_AUTHORITY_LIFE.days}d",
            hint="30d of overlap and 3650d of life are the default",
        )
    if passphrase is None and key_is_encrypted(vault.ca_key):
        raise UsageError(
            "the new authority's key needs a passphrase",
            why=f"{vault.ca_key} has one, and the new one must not be less safe",
            hint="give it with --passphrase-file, or at the terminal",
        )


def _kind(authority: Authority) -> KeyType:
    return KeyType.P256 if authority.key.key_size == _BITS_P256 else KeyType.P384


def _act(deed: Deed, certificate: x509.Certificate, now: float, by: str, until: str = "") -> Act:
    return Act(
        at=rfc3339(now),
        act=deed,
        name=common_name(certificate),
        serial=serial_of(certificate),
        fingerprint=fingerprint_of(certificate),
        not_before=rfc3339(certificate.not_valid_before_utc.timestamp()),
        not_after=rfc3339(certificate.not_valid_after_utc.timestamp()),
        until=until,
        by=by,
    )


def _change_over(
    old: x509.Certificate, new: x509.Certificate, until: float, behind: tuple[Entry, ...]
) -> ChangeOver:
    return ChangeOver(
        old=common_name(old),
        old_fingerprint=fingerprint_of(old),
        new=common_name(new),
        new_fingerprint=fingerprint_of(new),
        until=until,
        behind=behind,
    )
