"""What a disk's trouble means: for the peer a refusal, for the owner an announcement.

Used on the depot's thread. A full or broken disk ends an upload or a download, never the host.
"""

import errno
from typing import Final

from secure_chat.errors import StoreError, StoreFull
from secure_chat.server.announce import Announcer
from secure_chat.server.depot.judging import Refusal
from secure_chat.wire.messages import Code

__all__ = ["Trouble"]

_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


class Trouble:
    """Turns errors into refusals and tells the owner of them.

    Args:
        announcer: who tells the owner.
    """

    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    def writing(self, error: OSError | StoreError) -> Refusal:
        """Return what whoever sends a file is told."""
        full = isinstance(error, StoreFull) or getattr(error, "errno", None) in _FULL
        why = _why(error)
        if full:
            self._say("the disk is full: a file could not be stored", why)
            return Refusal(Code.DISK_FULL, "the host's disk is full")
        self._say("a file could not be stored", why)
        return Refusal(Code.INTERNAL, "the host's disk failed; the host's owner has been told")

    def reading(self, error: OSError | StoreError, person: str, up: str) -> Refusal:
        """Return what whoever fetches a file is told.

        Args:
            error: what happened.
            person: whose upload it is.
            up: its id.
        """
        self._say(f"a file of {person} cannot be read (upload {up})", _why(error))
        return Refusal(Code.INTERNAL, "the host cannot read this file; its owner has been told")

    def keeping(self, error: StoreError) -> None:
        """Tell that looking for what nothing refers to was given up for now."""
        self._say("files that nothing refers to could not be deleted", _why(error))

    def _say(self, words: str, why: str) -> None:
        self._announcer.say("files", f"files: {words}: {why}", why=why)


def _why(error: OSError | StoreError) -> str:
    return getattr(error, "strerror", None) or str(error)
