"""Deadlines of connections: handshakes that stall, frames that drip, peers that fall silent.

Runs on the worker's thread, called by `net.worker` a few times a second. Every bound is one of
`Limits` and is measured from its own beginning, never from the last byte: a peer that sends one
byte at a time gets no more time than one that sends none.
"""

from typing import TYPE_CHECKING

from secure_chat.net.ending import end, fail, forget, release
from secure_chat.net.peer import Peer, Phase
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.messages import Code, Ping
from secure_chat.wire.states import Role, State

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["sweep"]


def sweep(worker: "Worker") -> None:
    """Look after every deadline of every connection of a worker."""
    for peer in list(worker.peers.values()):
        if worker.now >= peer.deadline:
            _too_late(worker, peer)
        elif peer.phase is Phase.OPEN:
            _mind_rest(worker, peer)
            _mind_progress(worker, peer)


def _too_late(worker: "Worker", peer: Peer) -> None:
    if peer.phase in (Phase.CLOSING, Phase.LINGER):
        release(worker, peer)
    elif peer.phase is Phase.HANDSHAKE:
        fail(worker, peer, peer.link.late())
    elif worker.role is Role.HOST:
        end(worker, peer, Code.SILENT, "no hello came in time")
    else:
        fail(worker, peer, Failure(Reason.SILENT))


def _mind_rest(worker: "Worker", peer: Peer) -> None:
    if peer.rest_until and worker.now >= peer.rest_until:
        peer.rest_until = 0.0
        peer.resume(worker.now, worker.limits.frame_seconds)
        worker.life.mind_reading(peer)


def _mind_progress(worker: "Worker", peer: Peer) -> None:
    limits, now = worker.limits, worker.now
    # Who is not read from can neither finish a frame nor be heard.
    unread = peer.held or peer.rest_until > 0
    if now >= peer.frame_deadline and not unread:
        end(worker, peer, Code.SILENT, f"a frame took longer than {limits.frame_seconds:g} s")
    elif peer.waiting and now - peer.progress >= limits.stuck_seconds:
        forget(
            worker,
            peer,
            Code.SLOW,
            f"took no data for {limits.stuck_seconds:g} s while more waited",
        )
    else:
        _mind_silence(worker, peer, unread=unread)


def _mind_silence(worker: "Worker", peer: Peer, *, unread: bool) -> None:
    limits, now = worker.limits, worker.now
    silence = now - peer.heard
    if silence >= limits.dead_seconds and not unread:
        text = f"said nothing for {limits.dead_seconds:g} s"
        if peer.waiting:
            text = f"{text} and took no data while more waited"
            forget(worker, peer, Code.SLOW, text)
        else:
            forget(worker, peer, Code.SILENT, text)
    elif (
        silence >= limits.ping_seconds
        and now - peer.asked >= limits.ping_seconds
        and peer.wire.state is State.OPEN
    ):
        # It is asked even when its answer stays unread, as it wants to hear that we are here.
        peer.asked = now
        peer.wire.send(Ping())
        peer.collect()
        worker.dirty[peer.conn] = peer
