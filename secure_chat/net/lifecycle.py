"""The life of a connection in a worker: connect, handshake, open, closing, gone.

Runs on the worker's thread, called by `net.worker` only. Each step looks at what the link or the
protocol answered and moves the peer to its next phase; each end leads through `_finish`, which
tells the handler exactly once and leaves exactly one handshake record.
"""

import socket
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Final

from secure_chat.errors import HostRefused, HostUnreachable, SecureChatError
from secure_chat.net.bulk import drop, mind_load
from secure_chat.net.dialer import Address, unreachable
from secure_chat.net.peer import NEVER, Peer, Phase
from secure_chat.net.recording import gather, new_uid, reason_for
from secure_chat.tls.context import ALPN
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure, Reason, error_for
from secure_chat.wire.connection import Ended, Event, Failed, PeerClosed
from secure_chat.wire.messages import Close, Code, Message, Welcome
from secure_chat.wire.states import Role, State

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
            self.fail(next(iter(self._shaking.values())), Failure(Reason.DROPPED))

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
                self._part(peer)
            elif phase is Phase.LINGER and peer.link.discard():
                self.release(peer)
        except LinkFailed as error:
            self.fail(peer, error.failure)

    def _handshake(self, peer: Peer) -> None:
        try:
            want = peer.link.handshake()
        except LinkFailed as error:
            self.fail(peer, error.failure)
            return
        if want is not None:
            self._watch(peer, _INTEREST[want])
            return
        peer.phase = Phase.OPEN
        peer.heard = peer.progress = peer.asked = self._worker.now
        peer.deadline = self._worker.now + self._limits.hello_seconds
        self._watch(peer, EVENT_READ)
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
            self.end(peer, Code.ALPN, f"this host speaks only {ALPN}; offer it by ALPN")
        else:
            self.fail(peer, Failure(Reason.NO_ALPN))

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
                self.fail(peer, error.failure)
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
                self._ended(peer, event)
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

    # --- ends ----------------------------------------------------------------------------------

    def _ended(self, peer: Peer, event: Failed | Ended | PeerClosed) -> None:
        if isinstance(event, Failed):
            peer.collect()
            self._finish(peer, event.code, event.text, self._refusal(peer, event.code, event.text))
            self._begin_closing(peer)
        elif isinstance(event, PeerClosed):
            error = self._refusal(peer, event.code, event.text)
            text = "" if self._role is Role.HOST else event.text
            self._finish(peer, event.code, text, error)
            self._begin_closing(peer)
        else:
            self.fail(peer, Failure(Reason.CLOSED))

    def _refusal(self, peer: Peer, code: str, text: str) -> SecureChatError | None:
        """Return the error for a client whose host closed before or instead of a welcome."""
        if self._role is Role.HOST or peer.decided:
            return None
        if code == Code.SHUTDOWN:
            return HostUnreachable("the host is shutting down", why=text, hint="Try again later.")
        return HostRefused(
            code,
            "the host refused us",
            why=text or code,
            hint="The host's owner sees the same reason with `securechat handshakes --failed`.",
        )

    def end(self, peer: Peer, code: str, text: str) -> None:
        """End a connection from our side."""
        if peer.phase is Phase.HANDSHAKE:
            self.fail(peer, Failure(Reason.CLOSED, text))
        if peer.phase is not Phase.OPEN:
            return
        if peer.wire.state is not State.CLOSED and not (
            self._role is Role.CLIENT and peer.wire.state is State.START
        ):
            peer.wire.send(Close(code=code, text=text))
            peer.collect()
        self._finish(peer, code, text, None)
        self._begin_closing(peer)

    def _begin_closing(self, peer: Peer) -> None:
        peer.phase = Phase.CLOSING
        peer.deadline = self._worker.now + self._limits.close_seconds
        self._watch(peer, EVENT_WRITE)
        self._worker.dirty[peer.conn] = peer

    def fail(self, peer: Peer, failure: Failure) -> None:
        """End a connection that TLS or the network has ended."""
        shaking = peer.phase is Phase.HANDSHAKE or (peer.phase is Phase.OPEN and not peer.decided)
        if peer.phase in (Phase.CLOSING, Phase.LINGER):
            self.release(peer)
            return
        error = None
        if self._role is Role.CLIENT:
            error = error_for(failure) if shaking else None
        text = failure.text or failure.reason
        answered = peer.phase is Phase.HANDSHAKE and failure.alert_sent is not None
        self._finish(peer, failure.reason, text, error, failure=failure)
        if answered:
            self._linger(peer)
        else:
            self.release(peer)

    def _finish(
        self,
        peer: Peer,
        code: str,
        text: str,
        error: SecureChatError | None,
        *,
        failure: Failure | None = None,
    ) -> None:
        """Tell the handler that the connection is over and write the record if none is yet."""
        if not peer.decided:
            self.record(peer, failure=failure or Failure(reason_for(code), text))
        peer.decided = True
        peer.phase = Phase.CLOSING
        peer.deadline = self._worker.now + self._limits.close_seconds
        if peer.bulk is not None:
            drop(self._worker, peer)
        self._worker.handler.lost(peer.conn, code, text, error)

    def flush(self, peer: Peer) -> None:
        """Write what waits; on the way out, close_notify follows."""
        if peer.phase is not _OPEN:
            if peer.phase is Phase.CLOSING:
                self._part(peer)
            return
        try:
            full = peer.flush(self._worker.now)
        except LinkFailed as error:
            self.fail(peer, error.failure)
            return
        if full and not peer.interest & EVENT_WRITE:
            # Time without progress counts from when the socket became full.
            peer.progress = self._worker.now
        if full or peer.interest & EVENT_WRITE:
            self._watch(peer, self._wanted(peer) | (EVENT_WRITE if full else 0))
        if peer.drain_owed and peer.outbox.size <= self._limits.outbox_low_bytes:
            peer.drain_owed = False
            self._worker.handler.drained(peer.conn)
        if peer.bulk is not None:
            mind_load(self._worker, peer, full=full)

    def _part(self, peer: Peer) -> None:
        """Write what is left, then close_notify."""
        try:
            full = peer.flush(self._worker.now) or peer.link.shut() is not None
        except LinkFailed as error:
            self.fail(peer, error.failure)
            return
        if full:
            # Nothing is read any more, so being readable must not wake us.
            self._watch(peer, EVENT_WRITE)
        else:
            self._linger(peer)

    def _linger(self, peer: Peer) -> None:
        """Keep reading and discarding, so that no reset overtakes what we said last.

        A socket closed with unread data resets the connection, and a reset makes the peer's
        system throw away what it had not read yet: our alert or frame with the reason.
        """
        peer.phase = Phase.LINGER
        peer.deadline = self._worker.now + self._limits.close_seconds
        peer.link.finish_sending()
        self._watch(peer, EVENT_READ)
        if peer.link.discard():
            self.release(peer)

    def forget(self, peer: Peer, code: str, text: str) -> None:
        """Close without a word; `lost` is told if it was not yet."""
        if peer.phase not in (Phase.CLOSING, Phase.LINGER):
            self._finish(peer, code, text, None)
        self.release(peer)

    def release(self, peer: Peer) -> None:
        """Close the socket and forget the peer."""
        self._watch(peer, 0)
        peer.phase = Phase.GONE
        peer.outbox.clear()
        peer.link.close()
        worker = self._worker
        worker.peers.pop(peer.conn, None)
        worker.dirty.pop(peer.conn, None)
        worker.again.pop(peer.conn, None)

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
            self._watch(peer, self._wanted(peer) | (peer.interest & EVENT_WRITE))
            if self._wanted(peer):
                # OpenSSL may hold bytes that the selector will never mention.
                self._worker.again[peer.conn] = peer

    def _watch(self, peer: Peer, interest: int) -> None:
        if interest == peer.interest:
            return
        selector = self._worker.selector
        if not peer.interest:
            selector.register(peer.link, interest, peer)
        elif interest:
            selector.modify(peer.link, interest, peer)
        else:
            selector.unregister(peer.link)
        peer.interest = interest
