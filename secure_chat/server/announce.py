"""What the host tells its owner while it runs: one event a line, in JSON or in words.

A thread of its own writes the lines, because a terminal or pipe that nobody reads would stop
whoever writes to it; every other thread only posts, and beyond the bound events are counted lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from secure_chat.net.inbox import Inbox

__all__ = ["Announcement", "Announcer"]


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something the owner may want to know.

    Args:
        event: one word that scripts rely on.
        words: the same for a person, in one line.
        fields: further fields of the JSON line.
    """

    event: str
    words: str
    fields: dict[str, object] = field(default_factory=dict)


class _Stop:
    """Asks the announcer's thread to end."""


class Announcer:
    """Hands announcements to a function on a thread of its own.

    Args:
        write: called with each announcement, and with how many were lost before it.
        most: how many may wait.
    """

    def __init__(self, write: Callable[[Announcement], None], most: int) -> None:
        self._write = write
        self._inbox: Inbox[Announcement | _Stop] = Inbox(most)
        self._lost = 0

    def say(self, event: str, words: str, **fields: object) -> None:
        """Announce something; from any thread, never blocks."""
        if self._inbox.crowded:
            self._lost += 1
            return
        self._inbox.post(Announcement(event, words, fields))

    def stop(self) -> None:
        """Let `run` return once everything said before is written."""
        self._inbox.post(_Stop())

    def run(self) -> None:
        """Write announcements until stopped; the thread's body."""
        while self._write_waiting():
            continue

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self._inbox.close()

    def _write_waiting(self) -> bool:
        self._inbox.wait(None)
        for item in self._inbox.take():
            if isinstance(item, _Stop):
                return False
            self._write(item)
        lost, self._lost = self._lost, 0
        if lost:
            words = f"{lost} events were not written in time"
            self._write(Announcement("unsaid", words, {"count": lost}))
        return True
