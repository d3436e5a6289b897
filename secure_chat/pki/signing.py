"""Certificates signed for a key that is elsewhere: for an invitation or in place of an older one.

Runs on the thread that owns the authority. Under the folder's lock the registry is read anew and
judged, then one line is made durable in the audit trail; no file but that is written, and nothing
that was not written there is handed out.
"""

from datetime import timedelta

from secure_chat.errors import EnrolmentRefused
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority
from secure_chat.pki.change import finish_change
from secure_chat.pki.claim import Refusal, check_claim, check_successor, retired
from secure_chat.pki.csr import read_request
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.leaf import Leaf
from secure_chat.pki.life import DEFAULT_LIFE, next_life
from secure_chat.pki.opening import check_issuer
from secure_chat.pki.registry import Invite, Registry
from secure_chat.pki.vault import Vault

__all__ = ["ends_of", "invite_refusal", "issued", "sign_request"]


def sign_request(  # noqa: PLR0913 # a certificate has as many parts
    vault: Vault,
    authority: Authority,
    *,
    name: str,
    role: Role | None,
    request: str,
    life: timedelta | None,
    now: float,
    by: str,
    replaces: str = "",
    invite: str = "",
) -> Leaf:
    """Issue a certificate for the key of a request.

    Args:
        vault: the folder.
        authority: who signs.
        name: whom it is for.
        role: its role; where the owner has promoted or demoted that person, that counts. None for
            the role of the certificate it replaces, or of the invitation.
        request: PEM of a PKCS#10 request.
        life: how long from now; None for that of the certificate it replaces, or 90 days.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        replaces: the serial number of the certificate whose place it takes; that one counts on
            until `revoking.supersede` is called with it, at the new one's first use.
        invite: the id of the invitation that is used up by it; without it and without `replaces`
            the name must be new.

    Raises:
        EnrolmentRefused: the request, the name, the invitation or the certificate it replaces is
            of no use; nothing was issued.
        UsageError: the name is taken or retired, or the life is too long.
        IdentityError: the authority cannot sign any more, or the trail cannot be written.
    """
    key = read_request(request, name)
    with vault.audit.lock():
        finish_change(vault.folder)
        check_issuer(vault, authority)
        registry = vault.registry()
        before = None
        if replaces:
            before = check_successor(registry, name, replaces)
            role = role or before.role
            life = life or next_life(before, registry.entries, ends_of(vault))
        elif invite:
            role = role or _check_invite(registry, invite, name, now).role
        else:
            check_claim(registry, name, now=now, another_device=False)
        leaf = authority.issue_member(
            name,
            registry.roles.get(name, role or Role.MEMBER),
            now=now,
            life=life or DEFAULT_LIFE,
            key=key,
        )
        act = issued(leaf.identity, authority, now, by, replaces=replaces, invite=invite)
        vault.audit.append_locked([act])
    return leaf


def issued(  # noqa: PLR0913 # a line has as many parts
    identity: Identity,
    authority: Authority,
    now: float,
    by: str,
    *,
    replaces: str = "",
    invite: str = "",
) -> Act:
    """Return the line of the trail for a certificate just issued."""
    return Act.of(
        Deed.ISSUED,
        identity,
        at=now,
        by=by,
        authority=authority.fingerprint,
        replaces=replaces,
        invite=invite,
    )


def ends_of(vault: Vault) -> frozenset[int]:
    """Return the ends of the folder's authorities, seconds since 1970 UTC."""
    return frozenset(
        int(certificate.not_valid_after_utc.timestamp()) for certificate in vault.ca_certificates()
    )


def invite_refusal(invite: Invite, now: float) -> EnrolmentRefused | None:
    """Return why an invitation cannot be used, None when it can.

    Args:
        invite: the invitation.
        now: seconds since 1970 UTC.
    """
    if invite.state == "used":
        code, what = Refusal.INVITE_USED, "the invitation has been used already"
    elif invite.state == "cancelled":
        code, what = Refusal.INVITE_CANCELLED, "the invitation was cancelled"
    elif now >= invite.until:
        code, what = Refusal.INVITE_EXPIRED, "the invitation has expired"
    else:
        return None
    return EnrolmentRefused(
        code,
        what,
        why="an invitation is good once and for a limited time",
        hint="ask whoever runs the host for a new one",
    )


def _check_invite(registry: Registry, found: str, name: str, now: float) -> Invite:
    """Return the invitation, looked at once more: another command may have been faster."""
    invite = registry.invites.get(found)
    if invite is None or invite.name != name:
        raise EnrolmentRefused(
            Refusal.WRONG_NAME,
            "the invitation is for another name",
            why="a certificate is issued to whom the invitation names",
            hint="enrol with the invitation as it was given to you",
        )
    if name in registry.retired:
        raise retired(name)
    refusal = invite_refusal(invite, now)
    if refusal is not None:
        raise refusal
    return invite
