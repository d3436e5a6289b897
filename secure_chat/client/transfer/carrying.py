"""What the porter does on its thread: takes what waits, goes a step on with every transfer.

Owned by the porter, which loads this with the first transfer only. It owns the transfers that are
under way; nobody else touches them or their bytes until it has let them go.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from secure_chat.client.transfer.arrivals import Arrivals
from secure_chat.client.transfer.departures import Departures
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.notes import Begin, Drop, Fed, Heard, Item, Unloaded
from secure_chat.client.transfer.outward import Outward
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Error,
    Grant,
    Message,
    Piece,
    Placed,
    Sealed,
    Sending,
    Sent,
)

__all__ = ["Carrying"]


class Carrying:
    """The transfers of one client.

    Args:
        post: hands an order to the worker.
        limits: the bounds in force.
    """

    def __init__(self, post: Callable[[object], None], limits: Limits) -> None:
        self._most = limits.transfers_per_connection
        self._conn: int | None = None
        self._waiting: deque[Outward | Inward] = deque()
        self._departures = Departures(post, limits)
        self._arrivals = Arrivals(post)

    def line(self, conn: int | None) -> None:
        """Go over to the connection that counts now; None while there is none."""
        if conn != self._conn:
            self._conn = conn
            self._departures.line(conn)
            self._arrivals.line(conn)

    def take(self, item: Item) -> None:
        """Take in something that was posted."""
        if isinstance(item, Heard):
            if item.conn == self._conn:
                self._hear(item.messages)
        elif isinstance(item, Unloaded):
            if item.conn == self._conn:
                self._departures.unloaded()
        elif isinstance(item, Begin):
            self._waiting.append(item.load)
        elif isinstance(item, Drop):
            self._drop(item)
        elif isinstance(item, Fed):
            item.load.feed(item.data)

    def go_on(self) -> bool:
        """Go a step on with everything; tells whether there is more to do at once."""
        self._admit()
        self._arrivals.go_on()
        return self._departures.go_on()

    def end(self, items: Iterable[Item], error: SecureChatError) -> None:
        """End everything, what was posted and not taken too.

        Args:
            items: what was posted.
            error: why.
        """
        self._waiting.extend(item.load for item in items if isinstance(item, Begin))
        for load in (*self._departures, *self._arrivals, *self._waiting):
            load.fail(error)
            load.close()

    # --- inside --------------------------------------------------------------------------------

    def _hear(self, messages: list[Message]) -> None:
        for message in _joined(messages):
            if isinstance(message, Sending | Piece | Sent):
                self._arrivals.told(message.re, message)
            elif isinstance(message, Placed | Grant | Sealed | Error) and message.up is not None:
                self._departures.told(message.up, message)
            elif isinstance(message, Error) and message.re is not None:
                self._arrivals.told(message.re, message)

    def _admit(self) -> None:
        """Begin what waits, as far as the host lets one connection carry at once."""
        while self._waiting and len(self._departures) + len(self._arrivals) < self._most:
            load = self._waiting.popleft()
            if isinstance(load, Outward):
                self._departures.add(load)
            else:
                self._arrivals.add(load)

    def _drop(self, item: Drop) -> None:
        load = item.load
        if load in self._waiting:
            self._waiting.remove(load)
            load.close()
        elif isinstance(load, Outward):
            if load in self._departures:
                self._departures.drop(load, forget=item.forget)
        elif load in self._arrivals:
            self._arrivals.drop(load)


def _joined(messages: Iterable[Message]) -> Iterator[Message]:
    """Give out messages in order, pieces that follow each other as one.

    So they are hashed and written in one go each, and the worker is held up twice, not each time.
    """
    run: list[Piece] = []
    end = 0
    for message in messages:
        if not isinstance(message, Piece):
            yield from _as_one(run)
            run = []
            yield message
            continue
        if run and (message.re, message.at) != (run[0].re, end):
            yield from _as_one(run)
            run = []
        run.append(message)
        end = message.at + len(message.data)
    yield from _as_one(run)


def _as_one(run: list[Piece]) -> Iterable[Piece]:
    if len(run) <= 1:
        return run
    return (Piece(run[0].re, run[0].at, b"".join(piece.data for piece in run)),)
