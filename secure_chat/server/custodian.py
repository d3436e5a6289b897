"""What a host does for its certificates in time: retire, renew, finish a change-over, warn.

Owned by the registrar's thread, which calls it often; each chore looks first whether there is
anything to do. What fails is told once and tried again; it never ends the host.
"""

from collections.abc import Callable
from typing import Final

from secure_chat.clock import Clock, rfc3339
from secure_chat.errors import IdentityError, SecureChatError
from secure_chat.pki.authority import Authority
from secure_chat.pki.crl import present_lists, sign_lists
from secure_chat.pki.issuing import renew_host
from secure_chat.pki.life import due_at, is_due
from secure_chat.pki.registry import Registry
from secure_chat.pki.revoking import supersede, write_crl
from secure_chat.pki.rotation import finish, may_finish
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcer
from secure_chat.server.expiry import Ending, in_words
from secure_chat.server.gate import FolderBusy, Gate
from secure_chat.server.issuer import Issuer
from secure_chat.server.papers import HostPapers
from secure_chat.server.succession import outlived

__all__ = ["Custodian"]

_BY: Final = "host"
_LOOK_SECONDS: Final = 60.0
_AGAIN_SECONDS: Final = 10.0


class Custodian:
    """Keeps the certificates of a running host in order.

    Args:
        vault: the certificates folder.
        issuer: what certificates are signed with.
        gate: knows whether the folder is free.
        papers: the host's own certificate in use.
        announcer: told what was done, what could not be, and what ends soon.
        clock: the time.
    """

    def __init__(  # noqa: PLR0913 - the parts it works with, wired once in `app`
        self,
        *,
        vault: Vault,
        issuer: Issuer,
        gate: Gate,
        papers: HostPapers,
        announcer: Announcer,
        clock: Clock,
    ) -> None:
        self._vault = vault
        self._issuer = issuer
        self._gate = gate
        self._papers = papers
        self._announcer = announcer
        self._clock = clock
        self._next = clock.monotonic()
        # Certificates in use whose predecessors are to be retired.
        self._successors: dict[str, None] = {}
        self._obstacle = issuer.obstacle
        # The registry by which the lists were looked at last, and when to look again.
        self._listed: Registry | None = None
        self._list_at = self._next
        # How often in a row a chore has failed.
        self._troubles: dict[str, int] = {}
        self._authority_ending = Ending()
        self._host_ending = Ending()

    def welcomed(self, serial: str, registry: Registry) -> None:
        """Hear that a certificate is in use: what it takes the place of is retired next.

        Args:
            serial: its serial number in lower-case hex.
            registry: who has which certificate.
        """
        if outlived(registry, serial):
            self._successors[serial] = None
            self.hurry()

    def hurry(self) -> None:
        """Have the next `work` look at everything, because something has changed."""
        self._next = self._clock.monotonic()

    def patience(self) -> float:
        """Return how many seconds there will be nothing to do."""
        return max(0.0, self._next - self._clock.monotonic())

    def work(self, registry: Registry) -> bool:
        """Do what is due.

        Args:
            registry: who has which certificate.

        Returns:
            Whether something was changed in the folder.
        """
        if self.patience() > 0:
            return False
        authority = self._mind_authority()
        chores: dict[str, Callable[[Authority | None, Registry], bool]] = {
            "retiring": self._retire,
            "listing": self._write_lists,
            "renewing": self._renew_host,
            "changing-over": self._finish_change_over,
        }
        changed = [self._try(name, chore, authority, registry) for name, chore in chores.items()]
        self._warn()
        self._schedule(registry)
        return any(changed)

    def _try(
        self,
        name: str,
        chore: Callable[[Authority | None, Registry], bool],
        authority: Authority | None,
        registry: Registry,
    ) -> bool:
        try:
            changed = chore(authority, registry)
        except SecureChatError as error:
            times = self._troubles[name] = self._troubles.get(name, 0) + 1
            # Most commands that hold the folder now will have ended the next time.
            if times == (2 if isinstance(error, FolderBusy) else 1):
                self._announcer.say(
                    "not-done",
                    f"{_WORDS[name]} did not succeed and is tried again: {error}",
                    why=str(error),
                    hint=error.hint,
                )
            return False
        self._troubles.pop(name, None)
        return changed

    def _schedule(self, registry: Registry) -> None:
        now, identity = self._clock.now(), self._papers.now.identity
        moments = [due_at(identity.not_before, identity.not_after)]
        if registry.overlap is not None:
            moments.append(registry.overlap.until)
        owed = self._troubles or (registry is not self._listed and not self._obstacle)
        most = _AGAIN_SECONDS if owed else _LOOK_SECONDS
        seconds = min([most, *(moment - now for moment in moments if moment > now)])
        self._next = self._clock.monotonic() + seconds

    # --- chores --------------------------------------------------------------------------------

    def _mind_authority(self) -> Authority | None:
        """Look whether certificates can be issued, and tell the owner when that has changed."""
        authority, before = self._issuer.authority(), self._obstacle
        self._obstacle = self._issuer.obstacle
        if before and authority is not None:
            self._listed = None
            self._announcer.say("issues", "certificates can be issued here now", issues=True)
        elif authority is None and not before:
            words = f"certificates cannot be issued here any more: {self._obstacle}"
            self._announcer.say("issues", words, issues=False, issues_why=self._obstacle)
        return authority

    def _retire(self, authority: Authority | None, registry: Registry) -> bool:
        serials = [old for used in self._successors for old in outlived(registry, used)]
        if serials:
            self._gate.check()
            supersede(self._vault, authority, serials, self._clock.now(), _BY)
        self._successors.clear()
        return bool(serials)

    def _write_lists(self, authority: Authority | None, registry: Registry) -> bool:
        """Catch up on what was revoked by somebody who could not sign the list."""
        monotonic = self._clock.monotonic()
        if authority is None or registry is self._listed or monotonic < self._list_at:
            return False
        self._list_at = monotonic + _AGAIN_SECONDS
        now, trusted = self._clock.now(), self._vault.ca_certificates()
        behind = sign_lists(present_lists(self._vault), trusted, None, registry, now).unsigned
        if behind:
            self._gate.check()
            write_crl(self._vault, authority, now=now)
        self._listed = registry
        return bool(behind)

    def _renew_host(self, authority: Authority | None, _registry: Registry) -> bool:
        identity, now = self._papers.now.identity, self._clock.now()
        if authority is None or not is_due(identity.not_before, identity.not_after, now):
            return False
        self._gate.check()
        return renew_host(self._vault, authority, now, _BY) is not None

    def _finish_change_over(self, authority: Authority | None, registry: Registry) -> bool:
        now = self._clock.now()
        if not may_finish(registry, now):
            return False
        if authority is None:
            raise IdentityError(
                "the change-over of authorities is due to end",
                why="certificates cannot be issued here",
                hint="run `securechat certs rotate-ca --finish` where ca.key is",
            )
        self._gate.check()
        finish(self._vault, authority, now, _BY)
        self._announcer.say(
            "change-over",
            "the change-over has ended: only the new authority is trusted",
            ca_sha256=authority.fingerprint,
        )
        return True

    # --- warnings ------------------------------------------------------------------------------

    def _warn(self) -> None:
        papers, now = self._papers.now, self._clock.now()
        if self._authority_ending.warn(papers.authority_until, now):
            hint = "begin a change-over with `securechat certs rotate-ca`"
            self._say_ending("authority", "the authority", papers.authority_until, hint)
        until = float(papers.identity.not_after)
        # One that is renewed in time is nobody's business.
        if (self._obstacle or "renewing" in self._troubles) and self._host_ending.warn(until, now):
            why = self._obstacle or "its renewal did not succeed"
            self._say_ending("host", "the host's certificate", until, why)

    def _say_ending(self, what: str, name: str, until: float, more: str) -> None:
        left = until - self._clock.now()
        self._announcer.say(
            "ending",
            f"{name} ends {in_words(left)}, on {rfc3339(until)}: {more}",
            what=what,
            until=rfc3339(until),
            seconds=int(left),
        )


_WORDS: Final = {
    "retiring": "retiring certificates whose successor is in use",
    "listing": "signing the list of revoked certificates",
    "renewing": "renewing the host's certificate",
    "changing-over": "ending the change-over of authorities",
}
