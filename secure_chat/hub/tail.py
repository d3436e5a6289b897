"""The newest committed entries in memory, so that catching up always ends.

Owned by the hub's thread; bounded by number and bytes. Whoever was given everything up to an entry
that is still here gets the rest from here, in the same breath as it becomes live: nothing can be
committed in between.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from secure_chat.hub.rewriting import Rewriting
from secure_chat.hub.session import Person
from secure_chat.limits import Limits
from secure_chat.wire.messages import Membership, Said

__all__ = ["Moved", "Tail", "weight"]

# What a message costs beyond its text: names, ids, numbers and the frame around them.
_AROUND: Final = 192
# What a content costs beyond the name of its file: all else in it is short.
_CONTENT: Final = 640


@dataclass(frozen=True, slots=True)
class Moved:
    """A committed change of membership and whose it is."""

    person: str
    membership: Membership

    @property
    def seq(self) -> int:
        """Its place in the order of everything."""
        return self.membership.seq


def weight(entry: Said | Membership | Moved) -> int:
    """Return about how many bytes an entry takes; a text is never underestimated."""
    if type(entry) is not Said:
        return _AROUND
    text, content = entry.text, entry.content
    about = _AROUND + (len(text) if text.isascii() else 4 * len(text))
    if content is None:
        return about
    return about + _CONTENT + (4 * len(content.file.name) if content.file is not None else 0)


class Tail:
    """A ring of the newest entries.

    Args:
        head: the newest sequence number so far; everything up to it is in the log only.
        limits: how many entries and bytes to keep.
    """

    def __init__(self, head: int, limits: Limits) -> None:
        self._most = limits.tail_entries
        self._room = limits.tail_bytes
        self._bytes = 0
        self._before = head
        self.head = head
        self._entries: deque[Said | Moved] = deque()

    def append(self, entry: Said | Moved) -> None:
        """Add the entry that was committed last; `trim` follows at the end of its batch."""
        self._entries.append(entry)
        self._bytes += weight(entry)
        self.head = entry.seq

    def pass_over(self, seq: int) -> None:
        """Take note of a committed entry that concerns nobody."""
        self.head = seq

    def rewrite(self, rewriting: Rewriting) -> None:
        """Apply the edits and deletions of a batch; call behind its last `append`."""
        entries = self._entries
        for number, entry in enumerate(entries):
            if isinstance(entry, Moved):
                continue
            said = rewriting.apply(entry)
            if said is not entry:
                # A deque may change in place while it is walked, as long as its length stays.
                entries[number] = said
                self._bytes += weight(said) - weight(entry)

    def trim(self) -> None:
        """Let the oldest entries go until the bounds are kept."""
        entries = self._entries
        while self._bytes > self._room or len(entries) > self._most:
            oldest = entries.popleft()
            self._bytes -= weight(oldest)
            self._before = oldest.seq

    def covers(self, cursor: int) -> bool:
        """Tell whether every entry above `cursor` is here."""
        return cursor >= self._before

    def heard(self, person: Person, cursor: int, since: int) -> list[Said | Membership]:
        """Return what a person is to be given of the entries above `cursor`, oldest first.

        The walk goes back in time from the memberships of now and undoes the person's own moves on
        the way, so each message is judged by the rooms of its own moment.

        Args:
            person: who listens.
            cursor: they have everything up to here; `covers(cursor)` must be True.
            since: changes of membership up to here are known to them.
        """
        name, rooms = person.name, set(person.rooms)
        heard: list[Said | Membership] = []
        for entry in reversed(self._entries):
            if entry.seq <= cursor:
                break
            if isinstance(entry, Said):
                direct = entry.room is None and name in {entry.author, entry.to}
                if direct or entry.room in rooms:
                    heard.append(entry)
            elif entry.person == name:
                move = entry.membership
                if move.seq > since:
                    heard.append(move)
                (rooms.discard if move.member else rooms.add)(move.room)
        heard.reverse()
        return heard
