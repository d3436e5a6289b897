"""The client's porter: the thread that carries bytes between the disk and the line.

Owns the transfers that are under way, and reads, writes and hashes their bytes on a thread of its
own, which is started with the first one: neither chat nor a window ever waits for a file, and
whoever sends no files pays nothing. The worker hands it what the host says of transfers and takes
frames from it; it never touches the connection itself.

Nothing here grows: what is read is one load of frames ahead of the line, and the host sends only
what was granted, which follows what was written. `heard` tells of a host that sends more.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from secure_chat.client.transfer.notes import (
    FETCHES,
    Begin,
    Drop,
    Fed,
    Heard,
    Item,
    Look,
    Unloaded,
)
from secure_chat.errors import SecureChatError, TransferIncomplete
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.net.reuse import keep_freed
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

if TYPE_CHECKING:
    from secure_chat.client.transfer.carrying import Carrying
    from secure_chat.client.transfer.inward import Inward
    from secure_chat.client.transfer.outward import FedOutward, Outward

__all__ = ["Porter", "concerns_transfers"]

_KINDS: Final = frozenset({Placed, Grant, Sealed, Sending, Piece, Sent})
# What a frame without a file's bytes counts for when a host sends too many.
_SMALL: Final = 256


def concerns_transfers(message: Message) -> bool:
    """Tell whether what the host said is for the porter and not for the conversation."""
    kind = type(message)
    if kind in _KINDS:
        return True
    if not isinstance(message, Error):
        return False
    return message.up is not None or (message.re is not None and message.re >= FETCHES)


class Porter:
    """One client's transfers.

    Args:
        post: hands an order to the worker; from any thread.
        limits: the bounds in force.
    """

    def __init__(self, post: Callable[[object], None], limits: Limits) -> None:
        self._post = post
        self._limits = limits
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._inbox: Inbox[Item]
        # Written by the worker, read here: the connection in use, and how much came for transfers.
        self._line: int | None = None
        self._brought = 0
        self.file_bytes = 0
        """The largest file that the host takes, by its newest welcome; 0 for none."""
        self.ended: SecureChatError | None = None
        """Why nothing is carried any more, once the client is at its end."""
        # Written by its own thread, read by the worker: how much of that it has looked at.
        self._taken = 0

    # --- for the worker ------------------------------------------------------------------------

    def line(self, conn: int | None, file_bytes: int) -> None:
        """Note which connection counts from now on; None for none.

        Args:
            conn: its number.
            file_bytes: the largest file that the host takes.
        """
        self._line = conn
        if conn is not None:
            self.file_bytes = file_bytes
        self._tell(Look())

    def heard(self, conn: int, messages: list[Message]) -> bool:
        """Take what the host says of transfers.

        Returns:
            False when more is waiting here than was ever let come: the host is not to be believed.
        """
        if self._thread is None:
            return True
        self._brought += sum(map(_weight, messages))
        self._tell(Heard(conn, messages))
        most = self._limits.transfer_window_bytes * self._limits.transfers_per_connection
        return self._brought - self._taken <= most

    def unloaded(self, conn: int) -> None:
        """The connection has room for more frames of files."""
        self._tell(Unloaded(conn))

    # --- for any thread ------------------------------------------------------------------------

    def begin(self, load: "Outward | Inward") -> None:
        """Carry something; its slot is given it once it is over.

        Raises:
            SecureChatError: the client is at its end.
        """
        if self.ended is not None:
            raise self.ended
        with self._starting:
            if self._thread is None:
                self._inbox = Inbox(self._limits.inbox_items)
                self._thread = threading.Thread(
                    target=self._live, name="client-porter", daemon=True
                )
                self._thread.start()
        self._tell(Begin(load))

    def drop(self, load: "Outward | Inward", *, forget: bool = False) -> None:
        """Stop carrying something; its slot is given it in any case.

        Args:
            load: what.
            forget: whether the host is to forget what it has of an upload; otherwise that stays
                there to go on with.
        """
        self._tell(Drop(load, forget))

    def feed(self, load: "FedOutward", data: bytes) -> None:
        """Add bytes to an upload whose bytes come to be meanwhile; b"" ends it."""
        self._tell(Fed(load, data))

    def look(self) -> None:
        """Let more come: somebody has taken what was there."""
        self._tell(Look())

    def end(self, error: SecureChatError | None) -> None:
        """Let every transfer end, and the thread with them; returns at once.

        Args:
            error: why the client ended by itself, None when it was told to.
        """
        if self.ended is None:
            self.ended = error or _LEFT
        self._tell(Look())

    @property
    def gone(self) -> bool:
        """Whether nothing is carried any more, and the thread has let go of everything."""
        return self.ended is not None and (self._thread is None or not self._thread.is_alive())

    def join(self) -> None:
        """Wait until the thread has ended, after `end`."""
        if self._thread is not None:
            self._thread.join()

    def _tell(self, item: Item) -> None:
        if self._thread is not None:
            self._inbox.post(item)

    # --- its own thread ------------------------------------------------------------------------

    def _live(self) -> None:
        """Carry until the client is at its end; the thread's body."""
        from secure_chat.client.transfer.carrying import Carrying  # only here: many send no file

        keep_freed(self._limits.transfer_window_bytes)
        carrying = Carrying(self._post, self._limits)
        try:
            busy = False
            while self.ended is None:
                if self._inbox.wait(0.0 if busy else None):
                    self._take(carrying)
                busy = carrying.go_on()
        finally:
            # However it ends, nobody waits for it.
            if self.ended is None:
                self.ended = _BUG
            carrying.end(self._inbox.take(), self.ended)
            self._inbox.close()

    def _take(self, carrying: "Carrying") -> None:
        items = self._inbox.take()
        # Looked at behind the taking: what a connection said is never taken before it counts.
        carrying.line(self._line)
        for item in items:
            if isinstance(item, Heard):
                self._taken += sum(map(_weight, item.messages))
            carrying.take(item)


def _weight(message: Message) -> int:
    return len(message.data) if isinstance(message, Piece) else _SMALL


_LEFT: Final = TransferIncomplete(
    "the client left before the transfer was through",
    hint="The same command goes on from where it was.",
)
_BUG: Final = SecureChatError(
    "a part of the client has stopped",
    why="a bug; the traceback above says where",
    hint="Please report the traceback; the same command goes on from where it was.",
)
