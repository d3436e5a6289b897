"""What a running host may issue with: the authority's key, or the reason why there is none.

Made on the main thread at start, where a person can be asked for a passphrase, then owned by the
registrar's. Commands may change the authority meanwhile, so the files are looked at each time.
"""

from secure_chat.errors import IdentityError
from secure_chat.pki.authority import Authority
from secure_chat.pki.opening import open_authority
from secure_chat.pki.vault import Vault
from secure_chat.server.papers import Stamp, stamp_of
from secure_chat.server.unlock import Unlock

__all__ = ["Issuer"]


class Issuer:
    """The authority of a host with its key; it looks at the files whenever it is asked for.

    Args:
        vault: the certificates folder.
        unlock: knows the passphrase, when a key is encrypted.
    """

    def __init__(self, vault: Vault, unlock: Unlock) -> None:
        self._vault = vault
        self._unlock = unlock
        self._files = (vault.ca_crt, vault.ca_key, vault.previous_ca_key)
        self._authority: Authority | None = None
        self.obstacle = ""
        """Why nothing can be issued, for a person; empty when it can."""
        self._open()

    def authority(self) -> Authority | None:
        """Return the authority as the files have it now; None, and `obstacle` says why."""
        if self._stamps() != self._seen:
            self._open()
        return self._authority

    def _open(self) -> None:
        self._seen = self._stamps()
        try:
            self._authority = open_authority(self._vault, self._unlock.passphrase)
            self.obstacle = ""
        except IdentityError as error:
            self._authority, self.obstacle = None, str(error)

    def _stamps(self) -> list[Stamp]:
        return [stamp_of(path) for path in self._files]
