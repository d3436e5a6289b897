"""How the host's orders reach its peers: greeting, frames, fan-out, pages from the log.

Runs on the worker's thread, called by `net.worker` only. The fan-out is the hot path of the whole
program: one look-up, one append and two assignments for each receiver, whatever the number of
messages in the piece.
"""

from typing import TYPE_CHECKING, Final

from secure_chat import __version__
from secure_chat.net.bulk import load
from secure_chat.net.ending import end
from secure_chat.net.orders import Admit, Bulk, End, Fan, Frames, Open, Rest, Serve
from secure_chat.net.peer import NEVER, Peer, Phase
from secure_chat.wire.messages import PROTOCOL_VERSION, Greeting
from secure_chat.wire.states import State

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["carry_out"]

# Looked up once: asked for every receiver, a member of an enum costs a fifth of the fan-out.
_OPEN: Final = Phase.OPEN
# Asked of every order, so it is not a union made anew each time.
_TO_ONE: Final = (Frames, Bulk, Open, Serve, Admit, End, Rest)


def carry_out(worker: "Worker", order: object) -> bool:
    """Carry out an order of the host; tells whether it was one."""
    if isinstance(order, Fan):
        _fan(worker, order)
        return True
    if not isinstance(order, _TO_ONE):
        return False
    peer = worker.peers.get(order.conn)
    if peer is None or peer.phase is not _OPEN:
        # It was over before the order arrived; the hub hears of it on its own way.
        return True
    if isinstance(order, Frames):
        _append(worker, peer, order.data)
    elif isinstance(order, Bulk):
        load(worker, peer, order.data)
    elif isinstance(order, Open):
        _open(worker, peer, order)
    elif isinstance(order, Serve):
        _serve(worker, peer, order)
    elif isinstance(order, Admit):
        _admit(worker, peer)
    elif isinstance(order, End):
        end(worker, peer, order.code, order.text)
    else:
        peer.rest_until = worker.now + order.seconds
        worker.life.mind_reading(peer)
    return True


def _fan(worker: "Worker", order: Fan) -> None:
    peers, dirty = worker.peers, worker.dirty
    data, upto, bound = order.data, order.upto, worker.limits.outbox_bytes
    for conn in order.conns:
        peer = peers.get(conn)
        if peer is None or peer.lagging or peer.phase is not _OPEN:
            continue
        if peer.outbox.size > bound:
            if upto:
                _lag(worker, peer)
            continue
        peer.outbox.append(data)
        if upto:
            peer.upto = upto
        dirty[conn] = peer


def _lag(worker: "Worker", peer: Peer) -> None:
    peer.lagging = True
    peer.drain_owed = True
    worker.handler.lagging(peer.conn, peer.upto)


def _serve(worker: "Worker", peer: Peer, order: Serve) -> None:
    peer.upto = max(peer.upto, order.upto)
    peer.lagging = not order.live
    peer.drain_owed = not order.live
    _append(worker, peer, order.data)


def _append(worker: "Worker", peer: Peer, data: bytes) -> None:
    if data:
        peer.outbox.append(data)
    worker.dirty[peer.conn] = peer


def _admit(worker: "Worker", peer: Peer) -> None:
    worker.life.admit(peer)
    peer.wire.send(
        Greeting(version=PROTOCOL_VERSION, uid=peer.uid, agent=f"securechat/{__version__}")
    )
    peer.collect()
    worker.dirty[peer.conn] = peer


def _open(worker: "Worker", peer: Peer, order: Open) -> None:
    if peer.wire.state is State.HELLO:
        peer.deadline = NEVER
        worker.send(peer.conn, order.welcome)
