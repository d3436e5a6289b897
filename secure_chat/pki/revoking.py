"""Ending certificates before their time: a person's, a device's, or one whose successor is in use.

On the thread of whoever asks, under the folder's lock. The act in the audit trail is what counts,
at once and after a restart; the list of revoked certificates follows when the authority's key can
be used, so that other programs and the handshake itself refuse too.
"""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from secure_chat.clock import rfc3339
from secure_chat.errors import UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority
from secure_chat.pki.change import changing
from secure_chat.pki.crl import export_crl, stage_lists, write_crl
from secure_chat.pki.identity import Role
from secure_chat.pki.invites import cancelled
from secure_chat.pki.reason import Reason
from secure_chat.pki.registry import SUPERSEDED, Entry, Invite, Registry
from secure_chat.pki.vault import Vault

__all__ = ["Revoked", "export_crl", "revoke", "supersede", "write_crl"]

_LEAST_DIGITS: Final = 8
_HEX: Final = frozenset(string.hexdigits.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What was ended, or would be.

    Args:
        name: whose.
        entries: the certificates, as they were before.
        retired: whether nobody gets that name any more from now on.
        cancelled: invitations for that name that cannot be used any more.
        unsigned: names of the authorities whose list could not be signed anew; until it is, the
            registry alone keeps these certificates out.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    retired: bool = False
    cancelled: tuple[Invite, ...] = ()
    unsigned: tuple[str, ...] = ()


def revoke(  # noqa: PLR0913, PLR0917 # an act has as many parts
    vault: Vault,
    authority: Authority | None,
    target: str,
    reason: Reason | str,
    now: float,
    by: str,
    *,
    dry_run: bool = False,
    remark: str = "",
) -> Revoked:
    """End a person with all their certificates, or one device of theirs that was lost.

    Args:
        vault: the folder.
        authority: who signs the list of revoked certificates; None when its key is not here.
        target: a name, which is retired by it; or 8 or more first digits of a serial number: that
            certificate and its renewals, which have the same key. The person stays.
        reason: a word of `Reason`.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        dry_run: only tell what would be done.
        remark: why, in words, for the audit trail; only with a name.

    Returns:
        What was ended; nothing of it when it did not count before.

    Raises:
        UsageError: nobody and nothing is called so, or more than one certificate, or the reason is
            no such word.
        IdentityError: a file cannot be read or written.
    """
    reason = _reason(reason)
    if dry_run:
        return _found(vault.registry(), target, reason, now)
    with changing(vault.folder, now) as change:
        found = _found(vault.registry(), target, reason, now)
        for entry in found.entries:
            change.note(Act.on(Deed.REVOKED, entry, at=now, by=by, reason=reason))
        for one in found.cancelled:
            change.note(cancelled(one, now, by))
        if found.retired:
            change.note(
                Act(
                    at=rfc3339(now),
                    act=Deed.RETIRED_NAME,
                    name=found.name,
                    by=by,
                    reason=remark or reason,
                )
            )
        unsigned = stage_lists(change, vault, authority, now).unsigned
    return Revoked(
        name=found.name,
        entries=found.entries,
        retired=found.retired,
        cancelled=found.cancelled,
        unsigned=unsigned,
    )


def supersede(
    vault: Vault, authority: Authority | None, serials: Iterable[str], now: float, by: str
) -> tuple[Entry, ...]:
    """Retire certificates whose successor is in use.

    Args:
        vault: the folder.
        authority: who signs the list of revoked certificates; None when its key is not here.
        serials: their serial numbers; those that do not count any more are passed over.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Returns:
        Those that were retired, as they were before.

    Raises:
        IdentityError: a file cannot be read or written.
    """
    with changing(vault.folder, now) as change:
        registry = vault.registry()
        known = (registry.get(serial) for serial in dict.fromkeys(serials))
        entries = tuple(entry for entry in known if entry is not None and entry.state == "valid")
        for entry in entries:
            change.note(Act.on(Deed.REVOKED, entry, at=now, by=by, reason=SUPERSEDED))
        if entries:
            stage_lists(change, vault, authority, now)
    return entries


def _found(registry: Registry, target: str, reason: Reason, now: float) -> Revoked:
    if registry.newest(target) is not None:
        return Revoked(
            name=target,
            entries=tuple(registry.of(target)),
            retired=target not in registry.retired,
            cancelled=tuple(one for one in registry.open_invites(now) if one.name == target),
        )
    entry = _one(registry, target)
    if entry.role is Role.HOST:
        raise UsageError(
            "a host's certificate cannot be revoked",
            why="clients hold no list of revoked certificates, so it would keep nobody away",
            hint="replace the authority with `securechat certs rotate-ca` when its key was stolen",
        )
    return Revoked(
        name=entry.name,
        entries=tuple(
            one
            for one in _line(registry, entry)
            # That it has a successor is no reason yet to take a certificate for stolen.
            if one.state == "valid"
            or (one is entry and one.reason == SUPERSEDED and reason != SUPERSEDED)
        ),
    )


def _line(registry: Registry, entry: Entry) -> list[Entry]:
    """Return a certificate with all that took its place or whose place it took.

    A renewal keeps the key, so whoever has a lost device has these too.
    """
    line = {entry.serial}
    people = [one for one in registry.entries.values() if one.name == entry.name]
    while True:
        more = {one.serial for one in people if one.serial in line or one.replaces in line}
        more |= {one.replaces for one in people if one.serial in line and one.replaces}
        if more <= line:
            return [one for one in people if one.serial in line]
        line |= more


def _one(registry: Registry, target: str) -> Entry:
    """Return the certificate whose serial number begins with some digits."""
    digits = target.lower().replace(":", "").lstrip("0")
    if len(digits) < _LEAST_DIGITS or not set(digits) <= _HEX:
        raise UsageError(
            f"nobody is called {target!r} here",
            why=f"nor is it {_LEAST_DIGITS} or more first digits of a serial number",
            hint="see `securechat certs list`",
        )
    found = [entry for serial, entry in registry.entries.items() if serial.startswith(digits)]
    if len(found) != 1:
        raise UsageError(
            f"{len(found) or 'no'} certificates have a serial number that begins with {digits}",
            hint="see `securechat certs list` for all of its digits",
        )
    return found[0]


def _reason(reason: str) -> Reason:
    try:
        return Reason(reason)
    except ValueError as error:
        raise UsageError(
            f"{reason!r} is no reason for a revocation",
            why="a list of revoked certificates has words of its own for that (RFC 5280)",
            hint=f"one of {', '.join(Reason)}",
        ) from error
