"""Committed messages grouped into as few deliveries as the order allows.

Owned by the hub's thread. Neighbours with the same audience travel together; a message for others
ends the group, because a peer in both audiences must get everything in the log's order.
"""

from secure_chat.hub.commands import Command, Deliver
from secure_chat.wire.messages import Membership, Said

__all__ = ["FanOut"]


class FanOut:
    """The delivery that is being put together.

    Args:
        out: where decided commands go.
    """

    __slots__ = ("_audience", "_messages", "_out")

    def __init__(self, out: list[Command]) -> None:
        self._out = out
        self._audience: tuple[int, ...] = ()
        self._messages: list[Said | Membership] = []

    def add(self, audience: tuple[int, ...], message: Said | Membership) -> None:
        """Let a committed message go to an audience; the order of calls is the log's."""
        if audience is not self._audience and audience != self._audience:
            if not audience:
                return
            self.flush()
            self._audience = audience
        self._messages.append(message)

    def flush(self) -> None:
        """Decide what is put together; call after the last message of a batch."""
        if self._messages and self._audience:
            messages = tuple(self._messages)
            self._out.append(Deliver(self._audience, messages, messages[-1].seq))
        self._messages.clear()
        self._audience = ()
