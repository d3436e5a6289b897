"""The life of a connection in a worker: connect, handshake, open; how it ends is in `net.ending`.

Runs on the worker's thread, called by `net.worker` only. Each step looks at what the link or the
protocol answered and moves the peer to its next phase.
"""

import socket
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Final

from secure_chat.net.bulk import mind_load
from secure_chat.net.dialer import Address, unreachable
from secure_chat.net.ending import end, ended, fail, part, release
from secure_chat.net.peer import NEVER, Peer, Phase
from secure_chat.net.recording import gather, new_uid
from secure_chat.tls.context import ALPN
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.connection import Ended, Event, Failed, PeerClosed
from secure_chat.wire.messages import Code, Message, Welcome
from secure_chat.wire.states import Role

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["Lifecycle"]

# Asked of every event, so it is not a union made anew each time.
_ENDS: Final = (Failed, Ended, PeerClosed)
# Asked for every peer of every turn, where looking up a member of an enum would cost as much as all
# else that is asked.
_OPEN: Final = Phase.OPEN
_INTEREST: Final = {Want.READ: EVENT_READ, Want.WRITE: EVENT_WRITE}


class Lifecycle:
    """Steps the peers of one worker through their phases."""

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._limits = worker.limits
        self._role = worker.role
        # Unfinished handshakes in the order of their arrival: at the bound the oldest one goes.
        self._shaking: dict[int, Peer] = {}

    # --- beginning -----------------------------------------------------------------------------

    def adopt(
        self, conn: int, sock: socket.socket, address: Address, server_name: str | None
    ) -> None:
        """Take over a connected socket and begin the handshake."""
        worker = self._worker
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = Link(
                sock,
                worker.contexts(),
                server_side=self._role is Role.HOST,
                server_name=server_name,
                clock=worker.clock,
            )
        except OSError as error:
            # The peer was gone before we looked; there was no handshake to record.
            sock.close()
            worker.handler.lost(conn, Reason.CLOSED, "", unreachable(address, error))
            return
        peer = Peer(conn, link, self._role, self._limits, worker.now)
        peer.address = address
        peer.uid = new_uid()
        peer.started = worker.clock.now()
        peer.deadline = worker.now + self._limits.handshake_seconds
        worker.peers[conn] = peer
        self._shaking[conn] = peer
        # The client has to write first, and a host's peer has usually sent its hello already.
        self._handshake(peer)
        if len(self._shaking) > self._limits.handshakes_waiting:
            fail(self._worker, next(iter(self._shaking.values())), Failure(Reason.DROPPED))

    # --- one step, by phase --------------------------------------------------------------------

    def ready(self, peer: Peer, mask: int, *, reading: bool) -> None:
        """Step a peer whose socket is readable or writable."""
        phase = peer.phase
        try:
            if phase is _OPEN:
                if mask & EVENT_WRITE:
                    # It was full and has room again, so the peer has taken something: it lives,
                    # though on a slow line its answer may stand behind a lot that we said.
                    peer.heard = peer.progress = self._worker.now
                    self._worker.dirty[peer.conn] = peer
                if mask & EVENT_READ and reading:
                    self._read(peer)
            elif phase is Phase.HANDSHAKE:
                self._handshake(peer)
            elif phase is Phase.CLOSING:
                part(self._worker, peer)
            elif phase is Phase.LINGER and peer.link.discard():
                release(self._worker, peer)
        except LinkFailed as error:
            fail(self._worker, peer, error.failure)

    def _handshake(self, peer: Peer) -> None:
        try:
            want = peer.link.handshake()
        except LinkFailed as error:
            fail(self._worker, peer, error.failure)
            return
        if want is not None:
            peer.watch(self._worker.selector, _INTEREST[want])
            return
        peer.phase = Phase.OPEN
        peer.heard = peer.progress = peer.asked = self._worker.now
        peer.deadline = self._worker.now + self._limits.hello_seconds
        peer.watch(self._worker.selector, EVENT_READ)
        if self._role is Role.HOST:
            peer.link.hush()
        if peer.link.alpn != ALPN:
            self._refuse_protocol(peer)
            return
        certificate = peer.link.certificate()
        # Both contexts demand a certificate, so OpenSSL cannot have finished without one.
        assert certificate is not None  # noqa: S101
        peer.name = self._worker.handler.opened(peer.conn, certificate, peer.address)

    def _refuse_protocol(self, peer: Peer) -> None:
        if self._role is Role.HOST:
            end(self._worker, peer, Code.ALPN, f"this host speaks only {ALPN}; offer it by ALPN")
        else:
            fail(self._worker, peer, Failure(Reason.NO_ALPN))

    def _read(self, peer: Peer) -> None:
        if peer.held or self._worker.now < peer.rest_until:
            self.mind_reading(peer)
            return
        worker = self._worker
        try:
            events, more = peer.pull(self._limits, worker.turns, worker.space)
        except LinkFailed as error:
            # What arrived whole before the cut still counts.
            self._take_events(peer, peer.wire.events())
            if peer.phase is _OPEN:
                fail(self._worker, peer, error.failure)
            return
        peer.heard = worker.now
        if more:
            worker.again[peer.conn] = peer
        self._take_events(peer, events)
        if peer.phase is _OPEN:
            peer.mind_frame(worker.now, self._limits.frame_seconds)
            peer.collect()
            if peer.outbox.size:
                worker.dirty[peer.conn] = peer

    def _take_events(self, peer: Peer, events: list[Event]) -> None:
        """Hand messages to the handler and act on an end."""
        messages: list[Message] = []
        for event in events:
            if isinstance(event, _ENDS):
                self._hand_over(peer, messages)
                ended(self._worker, peer, event)
                return
            messages.append(event)
        self._hand_over(peer, messages)

    def _hand_over(self, peer: Peer, messages: list[Message]) -> None:
        if not messages:
            return
        if self._role is Role.CLIENT and not peer.decided:
            self._note_welcome(peer, messages)
        self._worker.handler.received(peer.conn, messages)

    def _note_welcome(self, peer: Peer, messages: list[Message]) -> None:
        """On the client the handshake is over when the host has said something in it."""
        peer.link.hush()
        for message in messages:
            if isinstance(message, Welcome):
                peer.decided = True
                peer.deadline = NEVER
                self.record(peer, name=message.name)

    def flush(self, peer: Peer) -> None:
        """Write what waits; on the way out, close_notify follows."""
        if peer.phase is not _OPEN:
            if peer.phase is Phase.CLOSING:
                part(self._worker, peer)
            return
        try:
            full = peer.flush(self._worker.now)
        except LinkFailed as error:
            fail(self._worker, peer, error.failure)
            return
        if full and not peer.interest & EVENT_WRITE:
            # Time without progress counts from when the socket became full.
            peer.progress = self._worker.now
        if full or peer.interest & EVENT_WRITE:
            peer.watch(self._worker.selector, self._wanted(peer) | (EVENT_WRITE if full else 0))
        if peer.drain_owed and peer.outbox.size <= self._limits.outbox_low_bytes:
            peer.drain_owed = False
            self._worker.handler.drained(peer.conn)
        if peer.bulk is not None:
            mind_load(self._worker, peer, full=full)

    # --- admission and records -----------------------------------------------------------------

    def admit(self, peer: Peer) -> None:
        """The host has looked at the certificate and lets the peer in."""
        if peer.phase is not Phase.OPEN or peer.decided:
            return
        peer.decided = True
        peer.deadline = self._worker.now + self._limits.hello_seconds
        self.record(peer, name=peer.name)

    def record(
        self, peer: Peer, *, name: str | None = None, failure: Failure | None = None
    ) -> None:
        """Hand the evidence of a handshake over; whoever parses and writes it does so elsewhere."""
        self._shaking.pop(peer.conn, None)
        worker, link = self._worker, peer.link
        duration = worker.clock.monotonic() - peer.began
        evidence = gather(link, peer.uid, peer.started, duration, name or "", failure)
        link.hush()
        link.said.clear()
        worker.handler.recorded(evidence)

    # --- interest and time ---------------------------------------------------------------------

    def _wanted(self, peer: Peer) -> int:
        if peer.held or self._worker.now < peer.rest_until:
            return 0
        return EVENT_READ

    def mind_reading(self, peer: Peer) -> None:
        """Look again whether a peer is to be read from."""
        if peer.phase is Phase.OPEN:
            peer.watch(self._worker.selector, self._wanted(peer) | (peer.interest & EVENT_WRITE))
            if self._wanted(peer):
                # OpenSSL may hold bytes that the selector will never mention.
                self._worker.again[peer.conn] = peer
