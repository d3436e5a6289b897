"""The downloads under way: what is asked for, and who gets which piece.

Owned by the porter, on its thread. More is let come as it is written, so a slow disk fills no
memory.
"""

import itertools
from collections.abc import Callable, Iterator

from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.notes import FETCHES
from secure_chat.errors import SecureChatError
from secure_chat.net.orders import Frames
from secure_chat.wire.messages import Error, Piece, Sending, Sent

__all__ = ["Arrivals"]


class Arrivals:
    """The downloads of one client that have begun and are not over.

    Args:
        post: hands an order to the worker.
    """

    def __init__(self, post: Callable[[object], None]) -> None:
        self._post = post
        self._conn: int | None = None
        self._numbers: Iterator[int] = itertools.count(FETCHES)
        self._loads: list[Inward] = []
        self._asked: dict[int, Inward] = {}

    def __len__(self) -> int:
        return len(self._loads)

    def __iter__(self) -> Iterator[Inward]:
        return iter(tuple(self._loads))

    def __contains__(self, load: Inward) -> bool:
        return load in self._loads

    def add(self, load: Inward) -> None:
        """Begin one."""
        self._loads.append(load)

    def line(self, conn: int | None) -> None:
        """Go over to another connection; what the one before still brings is nobody's."""
        self._conn = conn
        self._asked.clear()
        for load in self._loads:
            load.lose()

    def told(self, re: int, message: Sending | Piece | Sent | Error) -> None:
        """Take in what the host says of one."""
        load = self._asked.get(re)
        if load is None:
            return
        try:
            load.told(message)
        except SecureChatError as error:
            self._tell_enough(load)
            load.fail(error)
        if load.over:
            self._end(load)

    def drop(self, load: Inward) -> None:
        """Stop one."""
        self._tell_enough(load)
        self._end(load)

    def go_on(self) -> None:
        """Ask for what is to come, and let more of it come."""
        for load in self._loads if self._conn is not None else ():
            if load.idle:
                number = next(self._numbers)
                self._asked[number] = load
                self._say(load.begin(number))
            else:
                self._say(load.more())

    def _tell_enough(self, load: Inward) -> None:
        self._say(load.enough())

    def _end(self, load: Inward) -> None:
        self._loads.remove(load)
        self._asked.pop(load.receiving.re, None)
        load.close()

    def _say(self, frame: bytes | None) -> None:
        if frame is not None and self._conn is not None:
            self._post(Frames(self._conn, frame))
