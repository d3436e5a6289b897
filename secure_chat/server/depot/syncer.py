"""The thread that waits for the disk: it syncs part files while the next chunks are written.

It owns descriptors of its own, twins of those that the depot writes through, and closes them. A
sync of a few MiB takes as long as receiving them, so on the depot's thread it would take half of
the rate, and everybody's files would wait for it.
"""

import os
from collections.abc import Callable
from typing import Final

from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.server.depot.items import Stop, Synced

__all__ = ["Syncer"]

# Not everywhere; what it leaves out is the time of the last change.
_sync: Final[Callable[[int], None]] = getattr(os, "fdatasync", os.fsync)


class Syncer:
    """Syncs files and tells when it is done.

    Args:
        limits: the bounds in force.
        answer: called with each `Synced`, on the syncer's thread; must not block.
    """

    def __init__(self, limits: Limits, answer: Callable[[Synced], None]) -> None:
        self._answer = answer
        self._inbox: Inbox[tuple[int, int] | Stop] = Inbox(limits.inbox_items)

    def post(self, number: int, descriptor: int) -> None:
        """Have a file synced; from the depot's thread, never blocks.

        Args:
            number: the upload, for the answer.
            descriptor: the file's, closed afterwards.
        """
        self._inbox.post((number, descriptor))

    def stop(self) -> None:
        """Let `run` return once everything posted before is synced."""
        self._inbox.post(Stop())

    def run(self) -> None:
        """Sync until stopped; the thread's body."""
        while True:
            self._inbox.wait(None)
            for item in self._inbox.take():
                if isinstance(item, Stop):
                    return
                self._answer(_synced(*item))

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self._inbox.close()


def _synced(number: int, descriptor: int) -> Synced:
    error: OSError | None = None
    try:
        _sync(descriptor)
    except OSError as failed:
        error = failed
    finally:
        os.close(descriptor)
    return Synced(number, error)
