"""Whether the certificates folder is free: asked by the registrar before each of its acts.

Owned by the registrar's thread. Commands hold the folder's lock for moments, but a command that was
stopped in the middle holds it until it goes on, and whoever asks the host for something must not
wait for that. The act itself takes the lock again, with the long patience of a command.
"""

from secure_chat.errors import IdentityError
from secure_chat.pki.vault import Vault

__all__ = ["FolderBusy", "Gate"]


class FolderBusy(IdentityError):
    """Another command holds the folder, or it cannot be locked."""


class Gate:
    """Waits a bounded time for the folder, once a round.

    Args:
        vault: the certificates folder.
        seconds: how long to wait at most.
    """

    def __init__(self, vault: Vault, seconds: float) -> None:
        self._vault = vault
        self._seconds = seconds
        self._patience = seconds

    def new_round(self, *, hurried: bool) -> None:
        """Have patience again; without it only a folder that is free at once will do.

        Args:
            hurried: whether the host is stopping.
        """
        self._patience = 0.0 if hurried else self._seconds

    def check(self) -> None:
        """Return when the folder is free.

        Raises:
            FolderBusy: it is not; nobody waits for it again in the same round.
        """
        try:
            with self._vault.audit.lock(self._patience):
                return
        except IdentityError as error:
            self._patience = 0.0
            raise FolderBusy(error.what, why=error.why, hint=error.hint) from error
