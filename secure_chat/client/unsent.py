"""What is to be said, in the order it was said, and how much of it is on its way.

Pure; owned by the client's session, on its worker's thread. It never lets anything go that is not
settled, and never lets a later thing overtake an earlier one.
"""

from collections import deque
from collections.abc import Iterable

from secure_chat.client.effects import Outgoing

__all__ = ["Unsent"]


class Unsent:
    """The queue of one client, across all its connections.

    Args:
        messages: what an earlier run left.
        most: how many may be on their way at once.
    """

    def __init__(self, messages: Iterable[Outgoing], most: int) -> None:
        self._most = most
        self._queue: dict[str, Outgoing] = {message.id: message for message in messages}
        self._waiting: deque[str] = deque(self._queue)
        self._flying: set[str] = set()

    def __len__(self) -> int:
        return len(self._queue)

    def add(self, message: Outgoing) -> Outgoing | None:
        """Put something behind the rest, or return what this id already stands for."""
        known = self._queue.get(message.id)
        if known is None:
            self._queue[message.id] = message
            self._waiting.append(message.id)
        return known

    def take(self) -> list[Outgoing]:
        """Return what the window allows to be sent now; it is on its way from then on."""
        taken = []
        while self._waiting and len(self._flying) < self._most:
            id_ = self._waiting.popleft()
            self._flying.add(id_)
            taken.append(self._queue[id_])
        return taken

    def settle(self, id_: str) -> bool:
        """Let an id go that the host has answered; tells whether it was on its way."""
        if id_ not in self._flying:
            return False
        self._flying.discard(id_)
        del self._queue[id_]
        return True

    def again(self) -> None:
        """The connection is another one: everything is to be sent again, from the beginning."""
        self._flying.clear()
        self._waiting = deque(self._queue)
