"""The host's own papers: what new connections are shown and judged by, swapped while it runs.

`look` belongs to the main thread; any thread may read `now`. What was built is one frozen value,
replaced as a whole and never changed, and connections that are there already keep theirs. Files
that do not fit together change nothing: the papers in use stay in use.
"""

from dataclasses import dataclass
from pathlib import Path

from secure_chat.clock import rfc3339
from secure_chat.errors import SecureChatError
from secure_chat.pki.bundle import pem_of
from secure_chat.pki.identity import Identity
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcer
from secure_chat.server.unlock import Unlock
from secure_chat.tls.context import Contexts, enrolment_host_contexts, host_contexts

__all__ = ["HostPapers", "Papers", "Stamp", "stamp_of"]

Stamp = tuple[int, int, int, int] | None
"""What changes with a file: its number on the disk, size, and times; None when it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What a host shows and judges by.

    Args:
        contexts: the TLS settings of the chat, made from the files.
        enrolment: those of the enrolment listener.
        identity: what the host's certificate says.
        authorities: the certificates of all authorities that are trusted, PEM.
        authority_until: the end of the one that issues, seconds since 1970 UTC.
    """

    contexts: Contexts
    enrolment: Contexts
    identity: Identity
    authorities: str
    authority_until: float


class HostPapers:
    """The papers in use, as `now`.

    Args:
        vault: the certificates folder.
        unlock: knows the passphrase, when the host's key is encrypted.
        keylog: where the keys of every connection are written; None for nowhere.

    Raises:
        IdentityError: something is missing, unreadable, expired or does not fit.
        StoreError: the key log cannot be written.
    """

    def __init__(self, vault: Vault, unlock: Unlock, keylog: Path | None = None) -> None:
        self._vault = vault
        self._unlock = unlock
        self._keylog = keylog
        self._files = (vault.ca_crt, vault.host_crt, vault.host_key, vault.crl)
        # The files as they were when they were read last, and when those in use were.
        self._read = self._used = self._stamps()
        self._trouble: SecureChatError | None = None
        self._said = False
        self.now = self._build()

    def look(self, announcer: Announcer) -> None:
        """Use what the files say now, if they have changed and fit together.

        A change of several files takes several steps, so what does not fit is told only when it
        does not at the next look either, and once for each time of trouble.

        Args:
            announcer: told of what is used from now on, or why it cannot be.
        """
        stamps = self._stamps()
        if stamps == self._read:
            self._complain(announcer)
            return
        try:
            papers = self._build()
        except SecureChatError as error:
            self._trouble, self._read = error, stamps
            return
        if self._stamps() != stamps:
            # It changed while it was read, so it may be of two minds; the next look tells.
            return
        changed = [
            path.name
            for path, old, new in zip(self._files, self._used, stamps, strict=True)
            if old != new
        ]
        before, self.now = self.now.identity, papers
        self._trouble, self._said = None, False
        self._read = self._used = stamps
        _announce(announcer, changed, before, papers.identity)

    def _build(self) -> Papers:
        passphrase = self._unlock.passphrase
        files = self._vault.host_files(passphrase)
        certificate, key, keylog = files.certificate, files.key, self._keylog
        authorities = self._vault.ca_certificates()
        return Papers(
            contexts=host_contexts(
                files.ca, certificate, key, files.crl, passphrase, keylog=keylog
            ),
            enrolment=enrolment_host_contexts(certificate, key, passphrase, keylog=keylog),
            identity=files.identity,
            authorities=pem_of(authorities).decode("ascii"),
            authority_until=authorities[0].not_valid_after_utc.timestamp(),
        )

    def _stamps(self) -> list[Stamp]:
        return [stamp_of(path) for path in self._files]

    def _complain(self, announcer: Announcer) -> None:
        if self._trouble is None or self._said:
            return
        self._said = True
        announcer.say(
            "certificates-unusable",
            f"changed certificates cannot be used, the earlier ones stay in use: {self._trouble}",
            why=str(self._trouble),
            hint=self._trouble.hint,
        )


def stamp_of(path: Path) -> Stamp:
    """Return what tells whether a file has changed."""
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _announce(announcer: Announcer, changed: list[str], before: Identity, now: Identity) -> None:
    words = f"{', '.join(changed)} changed and counts for new connections"
    if now.serial != before.serial:
        words += f"; the host's certificate is {now.serial}, valid until {rfc3339(now.not_after)}"
    announcer.say(
        "certificates",
        words,
        changed=changed,
        host_serial=now.serial,
        host_until=rfc3339(now.not_after),
    )
