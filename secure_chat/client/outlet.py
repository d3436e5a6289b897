"""Where events leave the client's worker: one queue, and those who wait for one answer.

Written by the worker's thread, read by the consumer's and by threads that asked something. It
never blocks the worker: what is full is told, and the worker stops reading.
"""

import queue
import threading
from typing import TypeAlias

from secure_chat.client.effects import Show
from secure_chat.client.events import (
    Acked,
    Connected,
    Done,
    Event,
    Expiring,
    Page,
    People,
    Problem,
    Profile,
    Refused,
    RoomList,
)
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits

__all__ = ["Outlet", "Slot"]

Slot: TypeAlias = queue.SimpleQueue[Event | None]


class Outlet:
    """Where events leave the worker's thread: one queue, and those who wait for one answer.

    Args:
        limits: `client_events` bounds the queue, `unsent` what waits for an ack.
    """

    def __init__(self, limits: Limits) -> None:
        self.events: queue.SimpleQueue[Show | None] = queue.SimpleQueue()
        self.answers: dict[int, Slot] = {}
        self.outcomes: dict[str, Slot] = {}
        self.places = threading.Semaphore(limits.unsent)
        self.decided = threading.Event()
        self.error: SecureChatError | None = None
        self.rooms: tuple[str, ...] = ()
        self.expiring: Expiring | None = None
        self.holding = False
        self.ended = False
        self._most = limits.client_events

    @property
    def full(self) -> bool:
        """Whether the consumer is too far behind."""
        return self.events.qsize() >= self._most

    @property
    def eased(self) -> bool:
        """Whether the consumer has caught up so far that reading may go on."""
        return self.events.qsize() * 2 <= self._most

    def put(self, show: Show) -> None:
        """Hand an event to whoever asked for it, otherwise to the queue."""
        event = show.event
        if isinstance(event, Connected):
            if not self.decided.is_set():
                self.rooms = event.rooms
            self.decided.set()
        elif isinstance(event, Refused):
            self.error = event.error
        elif isinstance(event, Expiring):
            self.expiring = event
        waiting = self._waiting_for(event)
        if waiting is not None:
            waiting.put(event)
        else:
            self.events.put(show)

    def _waiting_for(self, event: Event) -> Slot | None:
        """Return whoever waits for just this event."""
        slot = None
        if isinstance(event, Acked | Problem) and event.id is not None:
            slot = self.outcomes.pop(event.id, None)
        elif isinstance(event, People | RoomList | Profile | Page | Done | Problem):
            slot = self.answers.pop(event.re or 0, None)
        return slot

    def end(self) -> None:
        """Tell everybody that nothing will follow; who asks from now on looks at `ended`."""
        self.ended = True
        self.events.put(None)
        for waiting in (*self.answers.values(), *self.outcomes.values()):
            waiting.put(None)
        self.decided.set()
