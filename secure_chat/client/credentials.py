"""The files of one identity: TLS settings out of them, and a renewed certificate into them.

Called by the client's worker thread for each connection, and by its disk thread, which alone
writes. What both share is one reference to one frozen value, so neither ever waits for the other.
A published context is never changed (python/cpython#134698): a renewed certificate means a new
one, from the next connection on.

The key stays the same for ever, so a renewal replaces one file by one rename; whenever we are
killed, what stands there is a whole certificate of that key. New authorities go first: the old one
is among them for as long as anything of it is in use. Of two clients with the same files the first
one writes and the other takes what it wrote, so that what stands there is never a certificate that
the use of another one has retired.
"""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.client.papers import judge
from secure_chat.clock import Clock, SystemClock
from secure_chat.errors import CertificateRefused, IdentityError, StoreError
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.files import create_file, sync_folder
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import Passphrase, PrivateKey, key_from_pem
from secure_chat.pki.profile import read_member
from secure_chat.pki.vault import LeafFiles
from secure_chat.tls.context import Contexts, client_contexts

__all__ = ["Credentials"]

_TRAIL: Final = "audit.jsonl"
_LOCK_SECONDS: Final = 2.0

_Stamp: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the files held when they were last read.

    Args:
        stamp: tells whether they have changed since.
        contexts: made from them.
        identity: what the certificate says.
    """

    stamp: _Stamp
    contexts: Contexts
    identity: Identity


class Credentials:
    """One identity's files; calling it returns the contexts for the next connection.

    Args:
        files: the identity's files, already checked.
        passphrase: asked when the key is encrypted; it should remember its answer.
        keylog: where the keys of every connection are written; None for nowhere.
        clock: what judges validity.

    Raises:
        IdentityError: a file cannot be read or does not fit.
        StoreError: the key log cannot be written.
    """

    def __init__(
        self,
        files: LeafFiles,
        passphrase: Passphrase | None = None,
        keylog: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._files = files
        self._passphrase = passphrase
        self._keylog = keylog
        self._clock = SystemClock() if clock is None else clock
        self._loaded = self._load(self._look())
        self.handed = self._loaded.identity
        """The certificate in the contexts that were handed out last; for the worker's thread."""

    # --- for the worker's thread ---------------------------------------------------------------

    def __call__(self) -> Contexts:
        """Return the contexts; files that are half-written or gone leave the old ones in use."""
        self.newest()
        loaded = self._loaded
        self.handed = loaded.identity
        return loaded.contexts

    def newest(self) -> Identity:
        """Return the certificate for the next connection; from either thread."""
        stamp = self._look()
        if stamp != self._loaded.stamp:
            with suppress(IdentityError, StoreError):
                self._loaded = self._load(stamp)
        return self._loaded.identity

    def newer(self, used: Identity) -> Identity | None:
        """Return the certificate on the disk when it is another than the used one and holds."""
        newest = self.newest()
        now = self._clock.now()
        return newest if newest.serial != used.serial and now < newest.not_after else None

    # --- for the disk's thread -----------------------------------------------------------------

    def request(self) -> str:
        """Return a request for the next certificate, PEM; the key stays the same.

        Raises:
            IdentityError: the key cannot be read.
        """
        from secure_chat.pki.csr import make_request

        return make_request(self._key(), self._files.identity.name)

    def install(self, certificate: str, authorities: str, present: Identity) -> Identity:
        """Put a renewed certificate in the place of the old one, if it may stand there.

        Args:
            certificate: what the host answered, PEM.
            authorities: whom it says to trust from now on, PEM.
            present: the one it is to take the place of.

        Returns:
            The certificate for the next connection: this one, or that of another client that
            was first.

        Raises:
            IdentityError: it cannot be used, or not be written; the old one stays.
        """
        from secure_chat.pki.audit import AuditTrail

        files = self._files
        # The same lock that commands take which change the folder. Messages wait behind this, so
        # it is not waited for long: the next attempt may have more luck.
        with AuditTrail(files.ca.parent / _TRAIL).lock(_LOCK_SECONDS):
            if self.newer(present) is None:
                ours = certificates_in(self._read(files.ca)) if self._at_the_hosts else None
                papers = judge(
                    certificate,
                    authorities,
                    key=self._key(),
                    present=present,
                    now=self._clock.now(),
                    ours=ours,
                )
                if ours is None and papers.authorities != self._read(files.ca):
                    _replace(files.ca, papers.authorities)
                _replace(files.certificate, papers.certificate)
        return self.newest()

    # --- inside --------------------------------------------------------------------------------

    @property
    def _at_the_hosts(self) -> bool:
        """Whether this is the host's own folder, whose authorities its owner's commands change."""
        folder = self._files.ca.parent
        return (folder / "ca.key").exists() or (folder / _TRAIL).exists()

    def _key(self) -> PrivateKey:
        path = self._files.key
        return key_from_pem(self._read(path), self._passphrase, where=str(path))

    def _read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise IdentityError(
                f"{path} cannot be read", why=error.strerror or str(error)
            ) from error

    def _load(self, stamp: _Stamp) -> _Loaded:
        files = self._files
        contexts = client_contexts(
            files.ca, files.certificate, files.key, self._passphrase, keylog=self._keylog
        )
        try:
            leaf = x509.load_pem_x509_certificate(self._read(files.certificate))
            identity = read_member(leaf.public_bytes(Encoding.DER))
        except (ValueError, CertificateRefused) as error:
            raise IdentityError(f"{files.certificate} cannot be used", why=str(error)) from error
        if identity.name != files.identity.name:
            raise IdentityError(f"{files.certificate} is the certificate of somebody else")
        return _Loaded(stamp, contexts, identity)

    def _look(self) -> _Stamp:
        """Return sizes and times of the files; one that is not there has neither."""
        return tuple(
            _stamp(path) for path in (self._files.ca, self._files.certificate, self._files.key)
        )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def _replace(path: Path, data: bytes) -> None:
    """Have a file hold something else, in one step that a kill can only precede or follow.

    Raises:
        IdentityError: the disk or the folder does not take it; the old content stays.
    """
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        create_file(draft, data, 0o644)
        os.replace(draft, path)  # noqa: PTH105 - the same call on every platform
        sync_folder(path.parent)
    except OSError as error:
        raise IdentityError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            hint="correct the folder's owner and rights; the certificate in use stays",
        ) from error
