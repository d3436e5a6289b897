"""Whose turn it is to send: at most so many uploads at once on the whole host.

Pure, owned by `depot.uploads`. Whoever waits is served by person: the next turn goes to the one
who has the fewest, so that a folder of a thousand files does not keep out another one's picture.
"""

from collections import Counter, deque
from typing import Generic, Protocol, TypeVar

__all__ = ["Turns"]


class _Owned(Protocol):
    @property
    def person(self) -> str: ...


Who = TypeVar("Who", bound=_Owned)


class Turns(Generic[Who]):
    """Turns, and who waits for one.

    Args:
        most: how many turns there are.
    """

    __slots__ = ("_held", "_holding", "_most", "_waiting")

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._holding: Counter[str] = Counter()
        # By person, who has waited longest first.
        self._waiting: dict[str, deque[Who]] = {}

    @property
    def awaited(self) -> bool:
        """Whether somebody waits."""
        return bool(self._waiting)

    def ask(self, who: Who) -> bool:
        """Ask for a turn; False: wait until `end` returns it."""
        if self._held < self._most:
            self._held += 1
            self._holding[who.person] += 1
            return True
        self._waiting.setdefault(who.person, deque()).append(who)
        return False

    def end(self, who: Who) -> Who | None:
        """Give a turn back; the one returned has it now."""
        self._holding[who.person] -= 1
        if not self._holding[who.person]:
            del self._holding[who.person]
        if not self._waiting:
            self._held -= 1
            return None
        person = min(self._waiting, key=self._holding.__getitem__)
        queue = self._waiting[person]
        chosen = queue.popleft()
        if not queue:
            del self._waiting[person]
        self._holding[person] += 1
        return chosen

    def leave(self, who: Who) -> None:
        """Wait no more."""
        queue = self._waiting[who.person]
        queue.remove(who)
        if not queue:
            del self._waiting[who.person]
