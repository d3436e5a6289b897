"""Members and operators: the role of a person changed, and with it their certificates.

On the thread of whoever asks, under the folder's lock. The role of a connection is that of its
certificate, so a promoted person is an operator with their next certificate, and a demoted one
loses those of an operator at once. Where the key stands here, the next certificate is made in the
same step; the clients of other devices are asked by the host to get theirs.
"""

from dataclasses import dataclass

from secure_chat.clock import rfc3339
from secure_chat.errors import IdentityError, UsageError
from secure_chat.pki.act import Act, Deed
from secure_chat.pki.authority import Authority
from secure_chat.pki.change import Change, changing
from secure_chat.pki.claim import retired
from secure_chat.pki.crl import stage_lists
from secure_chat.pki.identity import Role
from secure_chat.pki.life import next_life
from secure_chat.pki.opening import check_issuer
from secure_chat.pki.reason import Reason
from secure_chat.pki.registry import Entry, Registry
from secure_chat.pki.renewing import Made, Present, present, replace
from secure_chat.pki.signing import ends_of
from secure_chat.pki.vault import Vault

__all__ = ["Reranked", "demote", "promote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reranked:
    """A person's role after a change.

    Args:
        name: whose.
        role: what they are from now on.
        changed: whether they were something else before.
        made: the certificate made in place, None where their key is not here or nobody could sign.
        waiting: their certificates that still carry the other role; a promoted person's count
            until their clients have got new ones.
        revoked: the certificates ended by it.
        unsigned: names of the authorities whose list of revoked certificates could not be signed
            anew; until it is, the registry alone keeps the revoked ones out.
    """

    name: str
    role: Role
    changed: bool
    made: Made | None = None
    waiting: tuple[Entry, ...] = ()
    revoked: tuple[Entry, ...] = ()
    unsigned: tuple[str, ...] = ()


def promote(
    vault: Vault, authority: Authority | None, name: str, *, now: float, by: str
) -> Reranked:
    """Make a member an operator.

    Their member certificates count until their new ones are first used.

    Args:
        vault: the folder.
        authority: who signs; None when its key is not here, then nothing is made in place.
        name: whose.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: nobody who counts has that name.
        IdentityError: a file cannot be read or written.
    """
    with changing(vault.folder, now) as change:
        registry = vault.registry()
        entries = _known(registry, name)
        changed = registry.roles.get(name) is not Role.OPERATOR
        if changed:
            change.note(_act(Deed.PROMOTED, name, now, by))
        step = _Step(vault, change, authority, registry, now, by)
        made = step.in_place(name, Role.OPERATOR)
        waiting = tuple(
            entry
            for entry in entries
            if entry.role is Role.MEMBER and (made is None or entry.serial != made.replaces)
        )
    return Reranked(name=name, role=Role.OPERATOR, changed=changed, made=made, waiting=waiting)


def demote(
    vault: Vault, authority: Authority | None, name: str, *, now: float, by: str
) -> Reranked:
    """Make an operator a member; all their operator certificates end at once.

    Where nothing is made in place and no member certificate is left, they need an invitation:
    `securechat invite NAME --another-device`.

    Args:
        vault: the folder.
        authority: who signs; None when its key is not here, then nothing is made in place and the
            list of revoked certificates stays as it is.
        name: whose.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.

    Raises:
        UsageError: nobody who counts has that name.
        IdentityError: a file cannot be read or written.
    """
    with changing(vault.folder, now) as change:
        registry = vault.registry()
        revoked = tuple(e for e in _known(registry, name) if e.role is Role.OPERATOR)
        changed = bool(revoked) or registry.roles.get(name) is Role.OPERATOR
        for entry in revoked:
            act = Act.on(Deed.REVOKED, entry, at=now, by=by, reason=Reason.PRIVILEGE_WITHDRAWN)
            change.note(act)
        if changed:
            change.note(_act(Deed.DEMOTED, name, now, by))
        step = _Step(vault, change, authority, registry, now, by)
        made = step.in_place(name, Role.MEMBER)
        unsigned = stage_lists(change, vault, authority, now).unsigned
    return Reranked(
        name=name,
        role=Role.MEMBER,
        changed=changed,
        made=made,
        revoked=revoked,
        unsigned=unsigned,
    )


@dataclass(frozen=True, slots=True)
class _Step:
    """What is done in place, under the lock."""

    vault: Vault
    change: Change
    authority: Authority | None
    registry: Registry
    now: float
    by: str

    def in_place(self, name: str, role: Role) -> Made | None:
        """Make a certificate of a role for the key that stands here, if one does without it."""
        here = self._here(name)
        if self.authority is None or here is None or here.entry.role is role:
            return None
        if here.entry.state != "valid":
            # A key that was revoked gets nothing, and a copy left behind needs nothing.
            return None
        check_issuer(self.vault, self.authority)
        return replace(
            self.change,
            self.vault,
            self.authority,
            here,
            role=role,
            life=next_life(here.entry, self.registry.entries, ends_of(self.vault)),
            now=self.now,
            by=self.by,
            keep=True,
        )

    def _here(self, name: str) -> Present | None:
        try:
            return present(self.vault, self.registry, name)
        except IdentityError:
            return None


def _known(registry: Registry, name: str) -> list[Entry]:
    if name in registry.retired:
        raise UsageError(retired(name).what, why=retired(name).why)
    entries = registry.of(name)
    if not entries:
        raise UsageError(
            f"nobody called {name!r} has a certificate that counts",
            hint="see `securechat certs list`",
        )
    return entries


def _act(deed: Deed, name: str, now: float, by: str) -> Act:
    return Act(at=rfc3339(now), act=deed, name=name, by=by)
