"""How connections end: by our word, by the peer's, by a fault, or without a word.

Runs on the worker's thread, called by `net.worker`, `net.lifecycle` and `net.deadlines` only. Each
end leads through `_finish`, which tells the handler exactly once and sees to it that there is
exactly one handshake record.
"""

from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING

from secure_chat.errors import HostRefused, HostUnreachable, SecureChatError
from secure_chat.net.bulk import drop
from secure_chat.net.peer import Peer, Phase
from secure_chat.net.recording import reason_for
from secure_chat.tls.link import LinkFailed
from secure_chat.tls.reason import Failure, Reason, error_for
from secure_chat.wire.connection import Ended, Failed, PeerClosed
from secure_chat.wire.messages import Close, Code
from secure_chat.wire.states import Role, State

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["end", "ended", "fail", "forget", "part", "release"]


def ended(worker: "Worker", peer: Peer, event: Failed | Ended | PeerClosed) -> None:
    """Take in that the protocol is over."""
    if isinstance(event, Failed):
        peer.collect()
        _finish(
            worker, peer, event.code, event.text, _refusal(worker, peer, event.code, event.text)
        )
        _begin_closing(worker, peer)
    elif isinstance(event, PeerClosed):
        error = _refusal(worker, peer, event.code, event.text)
        text = "" if worker.role is Role.HOST else event.text
        _finish(worker, peer, event.code, text, error)
        _begin_closing(worker, peer)
    else:
        fail(worker, peer, Failure(Reason.CLOSED))


def _refusal(worker: "Worker", peer: Peer, code: str, text: str) -> SecureChatError | None:
    """Return the error for a client whose host closed before or instead of a welcome."""
    if worker.role is Role.HOST or peer.decided:
        return None
    if code == Code.SHUTDOWN:
        return HostUnreachable("the host is shutting down", why=text, hint="Try again later.")
    return HostRefused(
        code,
        "the host refused us",
        why=text or code,
        hint="The host's owner sees the same reason with `securechat handshakes --failed`.",
    )


def end(worker: "Worker", peer: Peer, code: str, text: str) -> None:
    """End a connection from our side."""
    if peer.phase is Phase.HANDSHAKE:
        fail(worker, peer, Failure(Reason.CLOSED, text))
    if peer.phase is not Phase.OPEN:
        return
    if peer.wire.state is not State.CLOSED and not (
        worker.role is Role.CLIENT and peer.wire.state is State.START
    ):
        peer.wire.send(Close(code=code, text=text))
        peer.collect()
    _finish(worker, peer, code, text, None)
    _begin_closing(worker, peer)


def _begin_closing(worker: "Worker", peer: Peer) -> None:
    peer.phase = Phase.CLOSING
    peer.deadline = worker.now + worker.limits.close_seconds
    peer.watch(worker.selector, EVENT_WRITE)
    worker.dirty[peer.conn] = peer


def fail(worker: "Worker", peer: Peer, failure: Failure) -> None:
    """End a connection that TLS or the network has ended."""
    shaking = peer.phase is Phase.HANDSHAKE or (peer.phase is Phase.OPEN and not peer.decided)
    if peer.phase in (Phase.CLOSING, Phase.LINGER):
        release(worker, peer)
        return
    error = error_for(failure) if shaking and worker.role is Role.CLIENT else None
    text = failure.text or failure.reason
    answered = peer.phase is Phase.HANDSHAKE and failure.alert_sent is not None
    _finish(worker, peer, failure.reason, text, error, failure=failure)
    if answered:
        _linger(worker, peer)
    else:
        release(worker, peer)


def _finish(  # noqa: PLR0913 - what handler and record are told, each by name
    worker: "Worker",
    peer: Peer,
    code: str,
    text: str,
    error: SecureChatError | None,
    *,
    failure: Failure | None = None,
) -> None:
    """Tell the handler that the connection is over and write the record if none is yet."""
    if not peer.decided:
        worker.life.record(peer, failure=failure or Failure(reason_for(code), text))
    peer.decided = True
    peer.phase = Phase.CLOSING
    peer.deadline = worker.now + worker.limits.close_seconds
    if peer.bulk is not None:
        drop(worker, peer)
    worker.handler.lost(peer.conn, code, text, error)


def part(worker: "Worker", peer: Peer) -> None:
    """Write what is left, then close_notify."""
    try:
        full = peer.flush(worker.now) or peer.link.shut() is not None
    except LinkFailed as error:
        fail(worker, peer, error.failure)
        return
    if full:
        # Nothing is read any more, so being readable must not wake us.
        peer.watch(worker.selector, EVENT_WRITE)
    else:
        _linger(worker, peer)


def _linger(worker: "Worker", peer: Peer) -> None:
    """Keep reading and discarding, so that no reset overtakes what we said last.

    A socket closed with unread data resets the connection, and a reset makes the peer's
    system throw away what it had not read yet: our alert or frame with the reason.
    """
    peer.phase = Phase.LINGER
    peer.deadline = worker.now + worker.limits.close_seconds
    peer.link.finish_sending()
    peer.watch(worker.selector, EVENT_READ)
    if peer.link.discard():
        release(worker, peer)


def forget(worker: "Worker", peer: Peer, code: str, text: str) -> None:
    """Close without a word; `lost` is told if it was not yet."""
    if peer.phase not in (Phase.CLOSING, Phase.LINGER):
        _finish(worker, peer, code, text, None)
    release(worker, peer)


def release(worker: "Worker", peer: Peer) -> None:
    """Close the socket and forget the peer."""
    peer.watch(worker.selector, 0)
    peer.phase = Phase.GONE
    peer.outbox.clear()
    peer.link.close()
    worker.peers.pop(peer.conn, None)
    worker.dirty.pop(peer.conn, None)
    worker.again.pop(peer.conn, None)
