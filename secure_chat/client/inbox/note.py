"""A note of the name that something is about to get, so that a killed program's next one knows it.

Owned by whoever lands it, on the same thread. It is needed where a name is taken first and filled
afterwards: for folders, and for files where a disk knows no second names. It is written before the
name is taken; so an empty file or folder of that name that is ours is what the killed one made.
"""

import os
import stat
from typing import Final

from secure_chat.client.inbox.directory import Directory, is_folder
from secure_chat.client.inbox.part import HIDDEN, open_part, set_aside
from secure_chat.limits import Limits

__all__ = ["Note"]

_END: Final = b"\n"


class Note:
    """The note of one label.

    Args:
        home: the inbox.
        label: of what is about to be landed.
        limits: how long a name may be.
    """

    def __init__(self, home: Directory, label: str, limits: Limits) -> None:
        self._home = home
        self._name = f"{HIDDEN}{label}.name"
        self._limits = limits

    def write(self, name: str) -> None:
        """Note a name in place of any other.

        Raises:
            OSError: the system refuses.
            TransferError: it refuses to have such a file.
        """
        part = open_part(self._home, self._name, None, self._limits)
        try:
            part.truncate(0)
            part.write(name.encode() + _END)
        finally:
            part.close()

    def read(self) -> str:
        """Return the name that is noted; "" when there is none, or not the whole of it.

        Raises:
            OSError: the system refuses.
        """
        found = self._home.look(self._name)
        if found is None or not stat.S_ISREG(found.st_mode):
            return ""
        # A name of the inbox is never longer, with its number and its end.
        descriptor = self._home.open_file(self._name, os.O_RDONLY)
        try:
            data = os.read(descriptor, 2 * self._limits.name_bytes)
        finally:
            os.close(descriptor)
        name, end, rest = data.partition(_END)
        whole = bool(end) and not rest and b"/" not in name and not name.startswith(b".")
        return name.decode(errors="replace") if whole else ""

    def drop(self) -> None:
        """Take the note away, if there is one.

        Raises:
            OSError: the system refuses.
        """
        found = self._home.look(self._name)
        if found is None:
            return
        if is_folder(found):
            set_aside(self._home, self._name)
        else:
            self._home.remove(self._name)
