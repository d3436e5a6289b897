"""An inbox: how any thread hands work to the one thread that owns something.

`post` may be called from every thread, everything else only by the owner. It never blocks the
poster: who must not outrun the owner asks `crowded` and waits with `wait_for_room`.

Theory. A selector sleeps on file descriptors, so a thread that waits in one can be woken only
through a descriptor: a bell. It rings once a burst, not an item: the poster rings only when the
owner may be asleep. The order of two steps makes that safe. The poster
appends first and looks at the flag second; the owner clears the flag first and takes the items
second. Whatever the interleaving, an item is either taken by this round or its poster sees the
cleared flag and wakes the next one.
"""

import select
import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

from secure_chat.net.bell import new_bell

__all__ = ["Inbox"]

Item = TypeVar("Item")


class Inbox(Generic[Item]):
    """Items in order of arrival, and a descriptor that is readable while some wait.

    Args:
        most: from how many waiting items on the inbox counts as crowded.
    """

    __slots__ = ("_awaited", "_bell", "_items", "_most", "_relief", "_rung")

    def __init__(self, most: int) -> None:
        self._items: deque[Item] = deque()
        self._most = most
        self._bell = new_bell()
        self._rung = False
        # Set only when somebody waits for it, as setting it costs more than all else here.
        self._relief = threading.Event()
        self._awaited = False

    def fileno(self) -> int:
        """Return the descriptor for the owner's selector; readable means `take`."""
        return self._bell.fileno()

    def post(self, item: Item) -> None:
        """Append an item and wake the owner if it may be asleep; from any thread."""
        self._items.append(item)
        self._wake()

    def post_all(self, items: Iterable[Item]) -> None:
        """Append several items in order with one wake-up; from any thread."""
        self._items.extend(items)
        self._wake()

    def _wake(self) -> None:
        if not self._rung:
            self._rung = True
            try:
                # Once the owner has closed the inbox, a late item is for nobody and this harmless.
                self._bell.ring()
            except BaseException:
                # Ctrl-C in between: with the flag set and nothing rung, nobody would ring again.
                self._rung = False
                raise

    def take(self) -> list[Item]:
        """Return all waiting items in order and silence the bell; the owner calls this."""
        # A poster may have set the flag and not rung yet; then the next wait ends for nothing.
        self._bell.silence()
        self._rung = False
        items = []
        waiting = self._items
        while waiting:
            items.append(waiting.popleft())
        if self._awaited:
            self._awaited = False
            self._relief.set()
        return items

    def wait(self, seconds: float | None) -> bool:
        """Sleep until something is posted or `seconds` have passed; for owners without a selector.

        Args:
            seconds: how long at most; None for ever.

        Returns:
            Whether something may be waiting.
        """
        if self._items:
            return True
        readable, _, _ = select.select([self._bell], [], [], seconds)
        return bool(readable)

    @property
    def crowded(self) -> bool:
        """Whether posters should hold back; they may still post."""
        return len(self._items) >= self._most

    def wait_for_room(self, seconds: float) -> bool:
        """Sleep until the owner took the items or `seconds` have passed; from any other thread.

        Returns:
            Whether there is room now.
        """
        return self._wait_for_fewer(self._most, seconds)

    def wait_until_taken(self, seconds: float) -> bool:
        """Sleep until the owner took everything or `seconds` have passed; from any other thread.

        Returns:
            Whether nothing waits now.
        """
        return self._wait_for_fewer(1, seconds)

    def _wait_for_fewer(self, number: int, seconds: float) -> bool:
        if len(self._items) < number:
            return True
        self._relief.clear()
        self._awaited = True
        # The owner may have taken the items before it could see that somebody waits.
        if len(self._items) >= number:
            self._relief.wait(seconds)
        return len(self._items) < number

    def close(self) -> None:
        """Give the descriptors back; the owner calls this last."""
        self._bell.close()
