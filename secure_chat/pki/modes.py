"""Whether a private key is private: refused at start when others can read it, with what mends it.

Asks the file system and changes nothing. Windows has no such modes: access lists of the user's own
profile protect the files there. `doctor` finds the same and more without starting anything.
"""

import os
import shlex
import stat
from pathlib import Path
from typing import Final

from secure_chat.errors import IdentityError

__all__ = ["check_private"]

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def check_private(key: Path) -> None:
    """Refuse a key that others may read or change, or whose folder they may look into.

    Args:
        key: the file of a private key; when it is none, whoever reads it will say so.

    Raises:
        IdentityError: group or others have any right to it; the hint is the command that ends it.
    """
    if os.name != "posix" or not key.is_file():
        return
    if (mode := _mode(key)) & _OTHERS:
        raise IdentityError(
            f"others may read or change the private key {key} (mode {mode:03o})",
            why="who has the key can be you",
            hint=f"chmod 600 {shlex.quote(str(key))}",
        )
    if (mode := _mode(key.parent)) & _OTHERS:
        raise IdentityError(
            f"others may look into the folder {key.parent} (mode {mode:03o})",
            why="private keys stand in it",
            hint=f"chmod 700 {shlex.quote(str(key.parent))}",
        )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)
