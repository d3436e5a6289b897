"""What waits for one peer behind everything else: frames of files, and how a worker writes them.

Owned by the worker that owns the peer, used on its thread only. A frame leaves when nothing else
waits for its peer, so a message overtakes all frames but the one that has begun. In a turn all
peers together get so many bytes of them and take turns frame by frame: neither somebody's messages
nor another one's files wait for a long load. It must never cut a frame: a message that is said
meanwhile goes out right behind the one that has begun.
"""

import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from secure_chat.net.peer import Peer, Phase

if TYPE_CHECKING:
    from secure_chat.net.worker import Worker

__all__ = ["drop", "load", "mind_load", "unload"]


def load(worker: "Worker", peer: Peer, frames: Iterable[bytes]) -> None:
    """Put whole frames behind all that waits for a peer; `Handler.unloaded` follows once."""
    if not peer.waiting:
        # Whoever had nothing to take has not stood still.
        peer.progress = worker.now
    if peer.bulk is None:
        # Most connections carry no file in their life, and a host has many.
        peer.bulk = deque()
        _keep_short(peer.link.fileno(), worker.limits.unsent_bytes)
    for frame in frames:
        peer.bulk.append(frame)
        peer.bulk_size += len(frame)
    peer.unload_owed = True
    worker.dirty[peer.conn] = peer


def mind_load(worker: "Worker", peer: Peer, *, full: bool) -> None:
    """Remember who has frames to write and room for them, and tell who has few left."""
    if peer.bulk and not full:
        worker.loaded[peer.conn] = peer
    if peer.unload_owed and peer.bulk_size <= worker.limits.bulk_low_bytes:
        peer.unload_owed = False
        worker.handler.unloaded(peer.conn)


def unload(worker: "Worker") -> None:
    """Write a turn's share of frames, one of each peer at a time; the rest stays for the next."""
    loaded, left = worker.loaded, worker.limits.bulk_turn_bytes
    while loaded and left > 0:
        # The one that waits longest; `mind_load` puts it at the end if it has more to write.
        peer = loaded.pop(next(iter(loaded)))
        # Whatever was said since it was last flushed goes first.
        if not peer.outbox.size and peer.bulk and peer.phase is Phase.OPEN:
            frame = peer.bulk.popleft()
            peer.bulk_size -= len(frame)
            peer.outbox.append(frame)
            left -= len(frame)
        worker.life.flush(peer)


def drop(worker: "Worker", peer: Peer) -> None:
    """Forget what has not begun to leave: the connection is ending, and its last word is next."""
    peer.bulk = None
    peer.bulk_size = 0
    peer.unload_owed = False
    worker.loaded.pop(peer.conn, None)


def _keep_short(fd: int, most: int) -> None:
    """Have the system refuse more while so many bytes are unsent: megabytes would fit into it.

    What it holds no message overtakes. A system without the option goes on as before.
    """
    with (
        suppress(OSError, AttributeError),
        # Another name for the socket of the link: leaving the block closes only the name.
        socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM) as sock,
    ):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, most)
