"""The TLS settings of one identity, made anew when its files have changed.

Owned by the client's worker thread after it was made. A published context is never changed
(python/cpython#134698): a renewed certificate means a new one, from the next connection on.
"""

from pathlib import Path
from typing import TypeAlias

from secure_chat.errors import IdentityError, StoreError
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.vault import LeafFiles
from secure_chat.tls.context import Contexts, client_contexts

__all__ = ["Credentials"]

_Stamp: TypeAlias = tuple[tuple[int, int], ...]


class Credentials:
    """One identity's contexts; calling it returns those for the next connection.

    Args:
        files: the identity's files, already checked.
        passphrase: asked when the key is encrypted; it should remember its answer.
        keylog: where the keys of every connection are written; None for nowhere.

    Raises:
        IdentityError: a file cannot be read or does not fit.
        StoreError: the key log cannot be written.
    """

    def __init__(
        self, files: LeafFiles, passphrase: Passphrase | None = None, keylog: Path | None = None
    ) -> None:
        self._files = files
        self._passphrase = passphrase
        self._keylog = keylog
        self._stamp = self._look()
        self._contexts = self._build()

    def __call__(self) -> Contexts:
        """Return the contexts; files that are half-written or gone leave the old ones in use."""
        stamp = self._look()
        if stamp != self._stamp:
            try:
                self._contexts = self._build()
            except (IdentityError, StoreError):
                return self._contexts
            self._stamp = stamp
        return self._contexts

    def _build(self) -> Contexts:
        files = self._files
        return client_contexts(
            files.ca, files.certificate, files.key, self._passphrase, keylog=self._keylog
        )

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
