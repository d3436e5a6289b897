"""Invitations to enrol from another computer: made, cancelled, and recognised by their secret.

On the thread of whoever asks. The secret leaves this module once, to be handed to the person; the
trail keeps its SHA-256, which says nothing about 20 random bytes.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final

from secure_chat.clock import rfc3339
from secure_chat.errors import EnrolmentRefused, UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.change import changing
from secure_chat.pki.claim import Refusal, check_claim, role_for
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Invite, Registry
from secure_chat.pki.signing import invite_refusal
from secure_chat.pki.vault import Vault

__all__ = ["LONGEST_INVITE", "EnrolmentRefused", "cancel", "invite", "redeem"]

LONGEST_INVITE: Final = timedelta(days=30)
_SECRET_BYTES: Final = 20
_ID_BYTES: Final = 4


def invite(  # noqa: PLR0913 # an invitation has as many parts
    vault: Vault,
    *,
    name: str,
    role: Role | None = None,
    life: timedelta = timedelta(hours=24),
    now: float,
    by: str,
    another_device: bool = False,
) -> tuple[Invite, str]:
    """Make an invitation; a running host opens its enrolment listener when it sees it.

    Args:
        vault: the folder.
        name: whose certificate it gives.
        role: what that certificate entitles to; None for what they have, or member.
        life: how long it can be used, at most 30 days.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        another_device: whether it is for a further device of a known person.

    Returns:
        The invitation, and its secret in base64url, which nothing keeps.

    Raises:
        UsageError: the name is taken or retired, or the life is too long.
        IdentityError: the trail cannot be read or written.
    """
    if not timedelta(0) < life <= LONGEST_INVITE:
        raise UsageError(
            f"an invitation can be used for at most {LONGEST_INVITE.days}d",
            why="whoever finds it can become that person",
            hint="24h is the default",
        )
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    with changing(vault.folder, now) as change:
        registry = vault.registry()
        check_claim(registry, name, now=now, another_device=another_device)
        made = Invite(
            id=_new_id(registry),
            name=name,
            role=role_for(registry, name, role, now),
            digest=_digest(secret),
            since=now,
            until=now + life.total_seconds(),
            by=by,
        )
        change.note(
            Act(
                at=rfc3339(now),
                act=Deed.INVITED,
                name=made.name,
                role=made.role,
                invite=made.id,
                digest=made.digest,
                until=rfc3339(made.until),
                by=by,
            )
        )
    return made, secret


def cancel(vault: Vault, id_prefix: str, now: float, by: str) -> Invite:
    """Make an invitation worthless.

    Args:
        vault: the folder.
        id_prefix: its id, or as much of it as is unique among those that can be used.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: there is no such open invitation, or more than one.
        IdentityError: the trail cannot be read or written.
    """
    with changing(vault.folder, now) as change:
        found = [one for one in vault.registry().open_invites(now) if one.id.startswith(id_prefix)]
        if len(found) != 1 or not id_prefix:
            what = "several invitations begin" if found else "no open invitation begins"
            raise UsageError(
                f"{what} with {id_prefix!r}", hint="see `securechat invite list` for their ids"
            )
        change.note(cancelled(found[0], now, by))
    return found[0]


def cancelled(one: Invite, now: float, by: str) -> Act:
    """Return the line of the trail that makes an invitation worthless."""
    return Act(at=rfc3339(now), act=Deed.CANCELLED_INVITE, name=one.name, invite=one.id, by=by)


def redeem(registry: Registry, secret: str, now: float) -> Invite:
    """Return the invitation that a secret belongs to; `signing.sign_request` uses it up.

    All of them are compared, each in constant time, so the time taken tells nothing.

    Args:
        registry: what the audit trail says.
        secret: as a peer sent it.
        now: seconds since 1970 UTC.

    Raises:
        EnrolmentRefused: there is none, or it was used or cancelled, or has expired.
    """
    digest, found = _digest(secret), None
    for one in registry.invites.values():
        if hmac.compare_digest(one.digest, digest):
            found = one
    if found is None:
        raise EnrolmentRefused(
            Refusal.UNKNOWN_SECRET,
            "no invitation has this secret",
            why="it was mistyped, guessed, or made by another host",
            hint="paste the whole invitation as it was given to you",
        )
    refusal = invite_refusal(found, now)
    if refusal is not None:
        raise refusal
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _new_id(registry: Registry) -> str:
    while (fresh := secrets.token_hex(_ID_BYTES)) in registry.invites:
        pass
    return fresh
