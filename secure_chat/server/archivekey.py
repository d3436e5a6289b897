"""The key of a backup and the passphrase around it.

Used by `server.archive`. It must never say that a passphrase is wrong when it was not tried.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_chat.errors import StoreError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

__all__ = ["unlock"]

# age refuses a passphrase whose checking it thinks takes too long. It takes a short measurement
# of the computer each time, and one that is very busy at that moment is judged too slow.
_TOO_SLOW: Final = "Excessive work parameter"
_TRIES: Final = 5


def unlock(key: bytes, passphrase: str, path: Path) -> "Identity":
    """Return the key that a backup's content is encrypted to.

    Args:
        key: as it stands in the backup.
        passphrase: what it was encrypted with.
        path: the backup, for errors.

    Raises:
        StoreError: the passphrase is wrong, the key is damaged, or age would not try.
    """
    import pyrage

    for _ in range(_TRIES):
        try:
            text = pyrage.passphrase.decrypt(key, passphrase)
            return pyrage.x25519.Identity.from_str(text.decode())
        except (pyrage.DecryptError, pyrage.IdentityError, UnicodeDecodeError) as error:
            if _TOO_SLOW not in str(error):
                raise StoreError(
                    f"{path} does not open",
                    why="the passphrase is wrong, or the file is damaged",
                    hint="give the passphrase that the backup was made with",
                ) from error
    raise StoreError(
        f"{path} does not open",
        why="this computer is too slow for its passphrase, or too busy at the moment",
        hint="try again when it has less to do",
    )
