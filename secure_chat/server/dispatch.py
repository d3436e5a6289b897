"""Turns commands of the hub and answers of the depot into orders for the workers.

Owned by the thread that uses it: the hub has one, the depot another. Each message is encoded once.
Orders of one round travel together, and what one peer gets in a row becomes one piece of bytes,
because each piece costs the worker a look-up and an append.
"""

from typing import assert_never

from secure_chat.hub.commands import Admit, Deliver, Drop, Feed, Pause, Send
from secure_chat.net import orders
from secure_chat.net.worker import Worker
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import FromHost, Welcome

__all__ = ["Dispatch"]


class Dispatch:
    """Collects the orders of one round.

    Args:
        workers: connection `n` belongs to worker `n % len(workers)`.
    """

    def __init__(self, workers: list[Worker]) -> None:
        self._workers = workers
        self._orders: list[list[orders.Order]] = [[] for _ in workers]
        # Answers to single peers since the last order that is not one, in order of first use.
        self._answers: dict[int, list[bytes]] = {}
        # The parts of an audience by worker; the hub keeps the tuple as long as it is the same.
        self._parts: dict[int, tuple[tuple[int, ...], list[tuple[int, ...]]]] = {}

    def add(self, command: Admit | Drop | Send | Deliver | Feed | Pause) -> None:
        """Take one command; `send` passes all of them on."""
        if isinstance(command, Send) and not isinstance(command.message, Welcome):
            self._answers.setdefault(command.conn, []).append(encode(command.message))
            return
        self._flush_answers()
        if isinstance(command, Deliver):
            self._fan(command)
        elif isinstance(command, Feed):
            data = _join(command.messages)
            self._order(command.conn, orders.Serve(command.conn, data, command.upto, command.live))
        else:
            self._order(command.conn, _order(command))

    def answer(self, conn: int, message: FromHost) -> None:
        """Take one message for one peer."""
        self._answers.setdefault(conn, []).append(encode(message))

    def load(self, conn: int, frames: tuple[bytes, ...]) -> None:
        """Take frames of files for one peer, which leave when nothing else waits for it."""
        self._flush_answers()
        self._order(conn, orders.Bulk(conn, frames))

    def send(self) -> None:
        """Post what has been collected."""
        self._flush_answers()
        for worker, waiting in zip(self._workers, self._orders, strict=True):
            if waiting:
                worker.inbox.post_all(waiting)
                waiting.clear()

    def _order(self, conn: int, order: orders.Order) -> None:
        self._orders[conn % len(self._workers)].append(order)

    def _flush_answers(self) -> None:
        for conn, frames in self._answers.items():
            self._order(conn, orders.Frames(conn, b"".join(frames)))
        self._answers.clear()

    def _fan(self, command: Deliver) -> None:
        data = _join(command.messages)
        if len(self._workers) == 1:
            self._orders[0].append(orders.Fan(command.conns, data, command.upto))
            return
        for waiting, conns in zip(self._orders, self._split(command.conns), strict=True):
            if conns:
                waiting.append(orders.Fan(conns, data, command.upto))

    def _split(self, conns: tuple[int, ...]) -> list[tuple[int, ...]]:
        known = self._parts.get(id(conns))
        if known is not None and known[0] is conns:
            return known[1]
        number = len(self._workers)
        parts = [tuple(c for c in conns if c % number == at) for at in range(number)]
        if len(self._parts) > 1_000:  # noqa: PLR2004 -- audiences come and go; start afresh
            self._parts.clear()
        self._parts[id(conns)] = (conns, parts)
        return parts


def _order(command: Admit | Drop | Send | Pause) -> orders.Order:
    if isinstance(command, Admit):
        return orders.Admit(command.conn)
    if isinstance(command, Drop):
        return orders.End(command.conn, command.code, command.text)
    if isinstance(command, Pause):
        return orders.Rest(command.conn, command.seconds)
    if isinstance(command, Send):
        assert isinstance(command.message, Welcome)  # noqa: S101 -- all others are answers
        return orders.Open(command.conn, command.message)
    assert_never(command)


def _join(messages: tuple[FromHost, ...]) -> bytes:
    return b"".join([encode(message) for message in messages])
