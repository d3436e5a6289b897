"""Who may have a name: whether it is free, known or retired, and what role it has.

Pure, asked under the folder's lock before anything is issued or invited. A name stands for one
person for ever: past messages and direct ones are found by it.
"""

from enum import StrEnum

from secure_chat.errors import EnrolmentRefused, UsageError
from secure_chat.pki.authority import bad_name
from secure_chat.pki.identity import Role, is_name
from secure_chat.pki.registry import Entry, Registry

__all__ = ["Refusal", "check_claim", "check_successor", "role_for"]


class Refusal(StrEnum):
    """Why a request for a certificate is refused; the value is `EnrolmentRefused.code`."""

    UNKNOWN_SECRET = "unknown-secret"  # noqa: S105 # a word for a refusal
    INVITE_EXPIRED = "invite-expired"
    INVITE_USED = "invite-used"
    INVITE_CANCELLED = "invite-cancelled"
    WRONG_NAME = "wrong-name"
    BAD_REQUEST = "bad-request"
    NAME_RETIRED = "name-retired"
    REVOKED = "revoked"


def check_claim(registry: Registry, name: str, *, now: float, another_device: bool) -> None:
    """Refuse a name that somebody else has or had.

    Args:
        registry: what the audit trail says.
        name: the name that is wanted.
        now: seconds since 1970 UTC.
        another_device: whether it is said to be for a further device of a known person.

    Raises:
        UsageError: it is no name, it is retired, it is known and nobody said that this is the
            same person, or it is not known although somebody did.
    """
    if not is_name(name):
        raise bad_name(name)
    if name in registry.retired:
        raise UsageError(
            f"nobody gets the name {name} any more",
            why="whoever had it was revoked, and their messages are found by it",
            hint="choose another name",
        )
    known = registry.newest(name) is not None
    invited = any(invite.name == name for invite in registry.open_invites(now))
    if another_device and not (known or invited):
        raise UsageError(
            f"nobody is called {name} yet",
            why="a further device is for somebody who has a certificate",
            hint="leave --another-device out",
        )
    if (known or invited) and not another_device:
        raise UsageError(
            f"{name} is known here already"
            if known
            else f"there is an open invitation for {name} already",
            why="a second certificate is for another device of the same person and nobody else",
            hint="add --another-device if it is the same person; otherwise choose another name",
        )


def check_successor(registry: Registry, name: str, serial: str) -> Entry:
    """Return the certificate whose place another one may take.

    Args:
        registry: what the audit trail says.
        name: whose it must be.
        serial: its serial number.

    Raises:
        EnrolmentRefused: it does not count any more, or it is somebody else's.
    """
    entry = registry.get(serial)
    if name in registry.retired:
        raise retired(name)
    if entry is None or entry.name != name or entry.state != "valid":
        raise EnrolmentRefused(
            Refusal.REVOKED,
            "the certificate to renew does not count any more",
            why="only a certificate that counts can be renewed",
            hint="ask whoever runs the host for an invitation",
        )
    return entry


def role_for(registry: Registry, name: str, role: Role | None, now: float) -> Role:
    """Return the role of a person's next certificate.

    Args:
        registry: what the audit trail says.
        name: whose.
        role: what was asked for; None for what they have, which for a newcomer is member.
        now: seconds since 1970 UTC.

    Raises:
        UsageError: they have another role, which issuing does not change, or it is no person's.
    """
    invited = next((one.role for one in registry.open_invites(now) if one.name == name), None)
    newest = registry.newest(name)
    present = registry.roles.get(name, invited if newest is None else newest.role)
    if role is Role.HOST:
        raise UsageError("a person is a member or an operator", hint="leave --role out")
    if role is not None and present is not None and role is not present:
        raise UsageError(
            f"{name} is {_ARTICLE[present]}",
            why="all devices of a person have one role",
            hint=f"run `securechat certs {_CHANGE[role]} {name}` to change it",
        )
    return role or present or Role.MEMBER


def retired(name: str) -> EnrolmentRefused:
    """Return the refusal of a name that nobody gets any more."""
    return EnrolmentRefused(
        Refusal.NAME_RETIRED,
        f"nobody gets the name {name} any more",
        why="whoever had it was revoked",
        hint="ask whoever runs the host for another name",
    )


_ARTICLE = {Role.MEMBER: "a member", Role.OPERATOR: "an operator"}
_CHANGE = {Role.MEMBER: "demote", Role.OPERATOR: "promote"}
