"""What the registrar does for people: it renews, moderates and enrols, and has an answer for each.

Owned by the registrar's thread. The hub has judged before who may do what to whom; here it is
signed and written into the audit trail. It never decides when an answer is given, and it never
waits long for the folder: a command that holds it is not the business of whoever asks.
"""

from typing import Final

from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import Clock, rfc3339
from secure_chat.errors import EnrolmentRefused, SecureChatError
from secure_chat.hub.commands import Petition
from secure_chat.hub.rates import Bucket
from secure_chat.limits import Limits
from secure_chat.pki.act import Deed
from secure_chat.pki.authority import Authority, Leaf
from secure_chat.pki.bundle import pem_of
from secure_chat.pki.claim import Refusal
from secure_chat.pki.identity import Identity
from secure_chat.pki.invites import redeem
from secure_chat.pki.issuing import sign_request
from secure_chat.pki.moderation import record
from secure_chat.pki.reason import Reason
from secure_chat.pki.revoking import revoke
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcer
from secure_chat.server.gate import FolderBusy, Gate
from secure_chat.server.issuer import Issuer
from secure_chat.wire.enrolment import Enrolled
from secure_chat.wire.messages import Code, Done, Error, Measure, Moderate, Renew, Renewed

__all__ = ["Clerk", "Refused"]

_HOUR: Final = 3_600.0
_DEEDS: Final = {
    Measure.KICK: Deed.KICKED,
    Measure.MUTE: Deed.MUTED,
    Measure.UNMUTE: Deed.UNMUTED,
    Measure.CLOSE_ROOM: Deed.CLOSED_ROOM,
    Measure.OPEN_ROOM: Deed.OPENED_ROOM,
}
_ENDED: Final = frozenset({Refusal.REVOKED, Refusal.NAME_RETIRED})
_BUSY: Final = "another command is changing the host's certificates; ask again in a moment"
_CANNOT_ISSUE: Final = "this host cannot issue certificates now; its owner was told why"
_FAILED: Final = "this host could not do that now; its owner was told why"


class Refused(SecureChatError):
    """Something that was asked for cannot be done now, and nothing of it was.

    Args:
        code: a word of `wire.messages.Code`.
        text: one sentence for whoever asked; nothing of the host's own files is in it.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Clerk:
    """Carries out what people ask for.

    Args:
        vault: the certificates folder.
        issuer: what certificates are signed with.
        gate: knows whether the folder is free.
        announcer: told what was done, and why something could not be.
        limits: the bounds in force.
        clock: the time.
        port: where the chat is, told to those who enrol.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with, wired once in `app`
        self,
        *,
        vault: Vault,
        issuer: Issuer,
        gate: Gate,
        announcer: Announcer,
        limits: Limits,
        clock: Clock,
        port: int,
    ) -> None:
        self._vault = vault
        self._issuer = issuer
        self._gate = gate
        self._announcer = announcer
        self._limits = limits
        self._clock = clock
        self._port = port
        self._shares: dict[str, Bucket] = {}

    def carry_out(self, petition: Petition) -> Renewed | Done | Error:
        """Do what a person asks for on their connection.

        Args:
            petition: judged by the hub.

        Returns:
            What to answer; behind an `Error` nothing was done.
        """
        asked, identity = petition.asked, petition.identity
        try:
            self._charge(identity.name)
            self._gate.check()
            if isinstance(asked, Renew):
                return self._renew(asked, identity)
            return self._moderate(asked, identity)
        except Refused as error:
            return Error(error.code, error.what, re=asked.re)
        except EnrolmentRefused as error:
            code = Code.REVOKED if error.code in _ENDED else Code.BAD_QUERY
            return Error(code, str(error), re=asked.re)
        except SecureChatError as error:
            self._failed(identity.name, error)
            return Error(Code.INTERNAL, _text(error), re=asked.re)

    def enrol(self, name: str, secret: str, request: str) -> Enrolled | EnrolmentRefused:
        """Give an invited person their certificate, once.

        Args:
            name: who they say they are.
            secret: what they show for it.
            request: PEM of a PKCS#10 request.
        """
        try:
            authority = self._authority()
            self._gate.check()
            # What can fail fails before the invitation is used up.
            trusted, community = self._trusted(), self._vault.community()
            now = self._clock.now()
            invite = redeem(self._vault.registry(), secret, now)
            leaf = sign_request(
                self._vault,
                authority,
                name=name,
                role=None,
                request=request,
                life=None,
                now=now,
                by=f"invitation {invite.id}",
                invite=invite.id,
            )
        except Refused as error:
            return EnrolmentRefused(error.code, error.what)
        except EnrolmentRefused as error:
            return error
        except SecureChatError as error:
            # Nobody has proved anything yet, so not even a name may be believed.
            self._failed("somebody", error)
            return EnrolmentRefused(Code.NO_AUTHORITY, _text(error))
        self._issued("enrolled", f"{name} enrolled by invitation {invite.id}", leaf)
        return Enrolled(_pem(leaf), trusted, community, self._port)

    # --- inside --------------------------------------------------------------------------------

    def _renew(self, asked: Renew, identity: Identity) -> Renewed:
        authority, trusted = self._authority(), self._trusted()
        leaf = sign_request(
            self._vault,
            authority,
            name=identity.name,
            role=None,
            request=asked.request,
            life=None,
            now=self._clock.now(),
            by=identity.name,
            replaces=identity.serial,
        )
        self._issued("renewed", f"{identity.name} has a new certificate", leaf)
        return Renewed(asked.re, _pem(leaf), trusted)

    def _moderate(self, asked: Moderate, identity: Identity) -> Done:
        now, by = self._clock.now(), identity.name
        if asked.act == Measure.BAN:
            authority = self._issuer.authority()
            why = Reason.PRIVILEGE_WITHDRAWN
            revoke(self._vault, authority, asked.name, why, now, by, remark=asked.reason)
        else:
            record(
                self._vault,
                _DEEDS[Measure(asked.act)],
                name=asked.name,
                room=asked.room,
                until=now + asked.seconds if asked.seconds else None,
                now=now,
                by=by,
                reason=asked.reason,
            )
        self._announcer.say(
            "moderated",
            f"{by}: {asked.act} {asked.name or asked.room}",
            act=asked.act,
            person=asked.name,
            room=asked.room,
            by=by,
            reason=asked.reason,
        )
        return Done(asked.re)

    def _authority(self) -> Authority:
        authority = self._issuer.authority()
        if authority is None:
            raise Refused(Code.NO_AUTHORITY, _CANNOT_ISSUE)
        return authority

    def _trusted(self) -> str:
        return pem_of(self._vault.ca_certificates()).decode("ascii")

    def _charge(self, name: str) -> None:
        """Count what a person has asked for; each act is a line that stays for ever."""
        most, now = self._limits.acts_per_hour, self._clock.monotonic()
        share = self._shares.setdefault(name, Bucket(most / _HOUR, most, most, now))
        if share.take(1, now):
            share.level += 1
            raise Refused(Code.NOT_ALLOWED, f"nobody may ask for more than {most} acts an hour")

    def _issued(self, event: str, words: str, leaf: Leaf) -> None:
        who, until = leaf.identity, rfc3339(leaf.identity.not_after)
        self._announcer.say(
            event,
            f"{words}, valid until {until}",
            person=who.name,
            role=who.role,
            serial=who.serial,
            until=until,
        )

    def _failed(self, person: str, error: SecureChatError) -> None:
        self._announcer.say(
            "not-done",
            f"what {person} asked for was not done: {error}",
            person=person,
            why=str(error),
            hint=error.hint,
        )


def _text(error: SecureChatError) -> str:
    """Return what a peer may be told; names of the host's files are for its owner."""
    return _BUSY if isinstance(error, FolderBusy) else _FAILED


def _pem(leaf: Leaf) -> str:
    return leaf.certificate.public_bytes(Encoding.PEM).decode("ascii")
