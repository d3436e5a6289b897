"""One line of the audit trail: who did what to which certificate, name, invitation or room, when.

A value and its JSON; pure. What all lines together mean is for `pki.fold`. A kind of act that this
program does not know is kept in the file and means nothing to it.
"""

from enum import StrEnum

import msgspec

from secure_chat.clock import rfc3339
from secure_chat.pki.identity import Identity
from secure_chat.pki.registry import Entry

__all__ = ["Act", "Deed"]


class Deed(StrEnum):
    """The acts that change what the registry says; others may stand in the trail too."""

    CREATED_AUTHORITY = "created-ca"  # everything issued before does not count any more
    ADDED_AUTHORITY = "added-ca"  # a second authority beside the first, for a change-over
    RETIRED_AUTHORITY = "retired-ca"  # what that authority issued does not count any more
    ISSUED = "issued"
    ADOPTED = "adopted"  # a certificate of ours that the trail did not know
    REVOKED = "revoked"
    RETIRED_NAME = "retired-name"  # nobody gets a certificate for this name any more
    PROMOTED = "promoted"  # from its next certificate on this name is an operator's
    DEMOTED = "demoted"
    INVITED = "invited"
    CANCELLED_INVITE = "cancelled-invite"
    KICKED = "kicked"
    MUTED = "muted"
    UNMUTED = "unmuted"
    CLOSED_ROOM = "closed-room"
    OPENED_ROOM = "opened-room"


class Act(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of the trail; times are RFC 3339 UTC.

    Args:
        at: when it was done.
        act: what was done, a word of `Deed` or another one.
        name: whom it is about; for a certificate, whom it was issued to.
        role: host, member, operator; empty for an authority.
        serial: the certificate's serial number in lower-case hex.
        fingerprint: SHA-256 of the DER certificate in lower-case hex.
        not_before: since when it is valid.
        not_after: until when it is valid.
        authority: for a certificate, the fingerprint of the authority that issued it; empty in
            lines from before there could be two.
        replaces: the serial number of the certificate that this one takes the place of; that one
            is retired when this one is first used.
        invite: the invitation's id; for `issued`, the one that was used up by it.
        digest: for `invited`, SHA-256 of its secret in lower-case hex.
        room: the room, for acts on rooms.
        until: until when it holds, for `invited`, `muted` and `added-ca`; empty for ever.
        by: the command or person that did it.
        reason: why.
    """

    at: str
    act: str
    name: str = ""
    role: str = ""
    serial: str = ""
    fingerprint: str = ""
    not_before: str = ""
    not_after: str = ""
    authority: str = ""
    replaces: str = ""
    invite: str = ""
    digest: str = ""
    room: str = ""
    until: str = ""
    by: str = ""
    reason: str = ""

    @classmethod
    def of(  # noqa: PLR0913 - one for each field that an act on a certificate may have
        cls,
        act: str,
        identity: Identity,
        *,
        at: float,
        by: str,
        reason: str = "",
        authority: str = "",
        replaces: str = "",
        invite: str = "",
    ) -> "Act":
        """Return the line for an act on a certificate."""
        return cls(
            at=rfc3339(at),
            act=act,
            name=identity.name,
            role=identity.role,
            serial=identity.serial,
            fingerprint=identity.fingerprint,
            not_before=rfc3339(identity.not_before),
            not_after=rfc3339(identity.not_after),
            authority=authority,
            replaces=replaces,
            invite=invite,
            by=by,
            reason=reason,
        )

    @classmethod
    def on(cls, act: str, entry: Entry, *, at: float, by: str, reason: str = "") -> "Act":
        """Return the line for an act on a certificate that the registry knows."""
        return cls(
            at=rfc3339(at),
            act=act,
            name=entry.name,
            role=entry.role,
            serial=entry.serial,
            fingerprint=entry.fingerprint,
            not_before=rfc3339(entry.not_before),
            not_after=rfc3339(entry.not_after),
            authority=entry.authority,
            by=by,
            reason=reason,
        )

    def line(self) -> bytes:
        """Return it as it stands in the file, with its end of line."""
        return msgspec.json.encode(self) + b"\n"
