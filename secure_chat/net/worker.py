"""The I/O worker: one thread, one selector, and every connection it adopted.

Theory of operation. A worker owns its peers' TLS sockets in both directions: OpenSSL allows no
two threads inside one connection, so nobody else ever reads, writes or closes one. Other threads
post orders to the inbox, whose descriptor stands in the same selector. A turn of the loop is:
wait, take orders, step the peers that are ready, flush the peers that have something to say,
look after deadlines, let the handler tick. Writing waits until the end of a turn, so whatever a
turn brought for a peer leaves in as few TLS records as possible: that is where the speed comes
from. Frames of files leave behind everything else, a bounded number of bytes a turn (`net.bulk`).
Nothing here blocks but the selector.

Both ends use this class: the host with many peers, the client with one.
"""

import selectors
import socket
from collections.abc import Callable, Iterable
from typing import Protocol

from secure_chat.clock import Clock
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.net import bulk, deadlines, delivery
from secure_chat.net.connecting import Connecting, Nursery
from secure_chat.net.dialer import Address
from secure_chat.net.ending import end, forget
from secure_chat.net.inbox import Inbox
from secure_chat.net.lifecycle import Lifecycle
from secure_chat.net.orders import Adopt, Stop
from secure_chat.net.peer import Peer, Phase
from secure_chat.net.recording import Evidence
from secure_chat.tls.context import Contexts
from secure_chat.tls.link import RECORD_BYTES
from secure_chat.wire.messages import Code, Message
from secure_chat.wire.states import Role, State

__all__ = ["Handler", "Worker"]

_SWEEP_SECONDS = 0.25


class Handler(Protocol):
    """What a worker tells its user; every call comes on the worker's thread and must not block."""

    def opened(self, conn: int, certificate: bytes, address: Address) -> str | None:
        """TLS is done and both certificates are verified; on the host, admit or end it next.

        Returns:
            Who the certificate says the peer is, for the record; None when it does not say.
        """

    def received(self, conn: int, messages: list[Message]) -> None:
        """Legal messages arrived in this order; on the client the greeting and welcome too."""

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:
        """The connection is over; once for each adopted one.

        Args:
            conn: the connection.
            code: a word of `wire.messages.Code` or of `tls.reason.Reason`.
            text: the reason in words, "" for an ordered end.
            error: ready to be shown, when the connection never came up or was refused.
        """

    def recorded(self, evidence: Evidence) -> None:
        """A handshake ended, well or not; once for each connection that began one."""

    def lagging(self, conn: int, upto: int) -> None:
        """A peer's outbox is full; live messages after `upto` were not put into it."""

    def drained(self, conn: int) -> None:
        """A lagging peer's outbox has room for a page from the log."""

    def unloaded(self, conn: int) -> None:
        """A peer has few frames of files left; told once, and again when it was given more."""

    def crowded(self) -> bool:
        """Tell whether the worker should stop reading for now."""

    def wait_for_room(self, seconds: float) -> None:
        """Wait until that changes or `seconds` have passed."""

    def command(self, command: object) -> None:
        """Something was posted that is not an order of `net.orders`."""

    def tick(self, now: float) -> float:
        """Do what time asks for; returns the seconds until it must be called again."""


class Worker:
    """One thread's loop over its connections.

    Args:
        handler: who is told.
        contexts: gives the TLS contexts for the next connection.
        limits: the bounds in force.
        clock: the time.
        role: which end of the protocol this is.
    """

    def __init__(
        self,
        handler: Handler,
        contexts: Callable[[], Contexts],
        limits: Limits,
        clock: Clock,
        *,
        role: Role,
    ) -> None:
        self.handler = handler
        self.contexts = contexts
        self.limits = limits
        self.clock = clock
        self.role = role
        self.inbox: Inbox[object] = Inbox(limits.deliveries_waiting)
        self.peers: dict[int, Peer] = {}
        self.now = clock.monotonic()
        # Peers that have something to write, and peers that have more to read, this turn.
        self.dirty: dict[int, Peer] = {}
        self.again: dict[int, Peer] = {}
        # Peers with frames of files and room for them, who waits longest first.
        self.loaded: dict[int, Peer] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.inbox, selectors.EVENT_READ, None)
        self.life = Lifecycle(self)
        self.nursery = Nursery(self)
        self.turns = 0
        # What a peer's turn brings stands here until it has been taken in; pages that no turn
        # has reached are no memory.
        most = max(limits.read_bytes, limits.bulk_read_bytes)
        self.space = memoryview(bytearray(most + RECORD_BYTES))
        self._stop_by: float | None = None
        self._next_sweep = self.now

    # --- for any thread ------------------------------------------------------------------------

    def post(self, order: object) -> None:
        """Ask the worker for something; returns at once."""
        self.inbox.post(order)

    # --- for the worker's own thread -----------------------------------------------------------

    def run(self) -> None:
        """Turn the loop until a `Stop` order has been carried out; the thread's body."""
        try:
            while self._stop_by is None or (self.peers and self.now < self._stop_by):
                self.turn(self._patience())
        finally:
            self.close_all()

    def turn(self, patience: float) -> None:
        """Do one turn, waiting at most `patience` seconds for something to happen."""
        ready = self.selector.select(patience)
        self.now = self.clock.monotonic()
        self.turns += 1
        again, self.again = self.again, {}
        reading = not self.handler.crowded()
        for key, mask in ready:
            if key.data is None:
                self._take_orders()
            elif isinstance(key.data, Connecting):
                self.nursery.ready(key.data)
            else:
                self.life.ready(key.data, mask, reading=reading)
        if reading:
            for peer in again.values():
                # The selector may have mentioned it as well.
                if peer.turn != self.turns:
                    self.life.ready(peer, selectors.EVENT_READ, reading=True)
        else:
            # What OpenSSL holds of theirs no selector will mention, so they are kept in mind.
            self.again.update(again)
        self._flush()
        if self.now >= self._next_sweep:
            self._next_sweep = self.now + _SWEEP_SECONDS
            deadlines.sweep(self)
            self.nursery.sweep()
        if not reading:
            self.handler.wait_for_room(0.005)

    def adopt(
        self,
        conn: int,
        sock: socket.socket,
        address: Address,
        *,
        server_name: str | None = None,
        connecting: bool = False,
    ) -> None:
        """Own a socket from now on; `lost` or `opened` follows.

        Args:
            conn: a number not in use.
            sock: connected, or connecting.
            address: the peer's address.
            server_name: what the host must prove to be, on the client's end.
            connecting: True when the connect has been begun and not finished.
        """
        if connecting:
            self.nursery.add(conn, sock, address, server_name)
        else:
            self.life.adopt(conn, sock, address, server_name)

    def send(self, conn: int, message: Message) -> None:
        """Send one message; a connection that is over swallows it."""
        peer = self.peers.get(conn)
        if peer is None or peer.phase is not Phase.OPEN:
            return
        # What the handler answers may have arrived in one piece with the peer's Close.
        if peer.wire.state is not State.CLOSED:
            peer.wire.send(message)
            peer.collect()
            self.dirty[conn] = peer

    def load(self, conn: int, frames: Iterable[bytes]) -> None:
        """Send frames of files when nothing else waits; a connection that is over swallows them.

        Args:
            conn: the connection.
            frames: whole frames, together at most `limits.bulk_bytes`; the next ones when the
                handler hears `unloaded`.
        """
        peer = self.peers.get(conn)
        if peer is not None and peer.phase is Phase.OPEN:
            bulk.load(self, peer, frames)

    def close(self, conn: int, code: str, text: str) -> None:
        """Say `Close(code, text)`, let what waits leave, close; `lost` is told at once."""
        peer = self.peers.get(conn)
        if peer is not None:
            end(self, peer, code, text)
        else:
            self.nursery.end(conn)

    def hold(self, conn: int, holding: bool) -> None:  # noqa: FBT001 -- a state, not a flag
        """Stop reading from a connection, or go on."""
        peer = self.peers.get(conn)
        if peer is not None:
            peer.held = holding
            if not holding:
                peer.resume(self.now, self.limits.frame_seconds)
            self.life.mind_reading(peer)

    # --- inside --------------------------------------------------------------------------------

    def _patience(self) -> float:
        wanted = self.handler.tick(self.now)
        if self.again or self.dirty or self.loaded:
            return 0.0
        if self.peers or self.nursery or self._stop_by is not None:
            return min(wanted, max(0.0, self._next_sweep - self.now))
        return wanted

    def _take_orders(self) -> None:
        for order in self.inbox.take():
            if delivery.carry_out(self, order):
                continue
            if isinstance(order, Adopt):
                self.adopt(
                    order.conn,
                    order.sock,
                    order.address,
                    server_name=order.server_name,
                    connecting=order.connecting,
                )
            elif isinstance(order, Stop):
                self._stop(order)
            else:
                self.handler.command(order)

    def _flush(self) -> None:
        dirty, self.dirty = self.dirty, {}
        for peer in dirty.values():
            self.life.flush(peer)
        if self.loaded:
            bulk.unload(self)

    def _stop(self, order: Stop) -> None:
        self._stop_by = self.now + self.limits.stop_seconds
        self.nursery.clear()
        for peer in list(self.peers.values()):
            end(self, peer, order.code, order.text)

    def close_all(self) -> None:
        """Close every connection without a word, for a worker that never ran or has ended."""
        for peer in list(self.peers.values()):
            forget(self, peer, Code.SHUTDOWN, "")
        self.selector.close()
        self.inbox.close()
