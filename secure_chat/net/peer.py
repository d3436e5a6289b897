"""One connection inside a worker: its link, its protocol state, its queues and its deadlines.

Owned by one worker, touched on its thread only. It moves bytes between link, protocol and
outbox; when to do so, and what an end means, the worker decides.
"""

import math
from collections import deque
from enum import Enum
from selectors import BaseSelector

from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.net.outbox import Outbox
from secure_chat.tls.link import RECORD_BYTES, Link, Want
from secure_chat.wire.connection import Connection, Event
from secure_chat.wire.states import Role

__all__ = ["NEVER", "Peer", "Phase"]

NEVER = math.inf


class Phase(Enum):
    """Where in its life a connection is."""

    HANDSHAKE = "handshake"
    OPEN = "open"
    CLOSING = "closing"
    LINGER = "linger"
    GONE = "gone"


class Peer:
    """One connection.

    Args:
        conn: its number.
        link: its TLS socket.
        role: which end we are.
        limits: the bounds in force.
        now: the monotonic clock, seconds.
    """

    __slots__ = (
        "address",
        "asked",
        "began",
        "bulk",
        "bulk_size",
        "bulky",
        "came",
        "conn",
        "deadline",
        "decided",
        "drain_owed",
        "frame_deadline",
        "frames",
        "heard",
        "held",
        "interest",
        "lagging",
        "link",
        "name",
        "outbox",
        "phase",
        "progress",
        "rest_until",
        "started",
        "turn",
        "uid",
        "unload_owed",
        "upto",
        "wire",
    )

    def __init__(self, conn: int, link: Link, role: Role, limits: Limits, now: float) -> None:
        self.conn = conn
        self.link = link
        self.wire = Connection(role, limits)
        self.outbox = Outbox(limits.write_bytes)
        # Who it is and how the record will name this handshake.
        self.address: Address = ("", 0)
        self.uid = ""
        self.name: str | None = None
        self.phase = Phase.HANDSHAKE
        self.interest = 0
        # Wall clock and monotonic clock at the start, for the record.
        self.started = 0.0
        self.began = now
        # The end of the present phase, and of the frame that is just arriving.
        self.deadline = NEVER
        self.frame_deadline = NEVER
        self.frames = 0
        # Signs of life: when anything was read, when we last asked, when a write got through.
        self.heard = now
        self.asked = now
        self.progress = now
        # Reasons not to read: the owner said so, or its share is used up until then.
        self.held = False
        self.rest_until = 0.0
        # The worker's turn in which it was read last.
        self.turn = NEVER
        # Bytes since its last message, and whether that was so long that it sends files.
        self.came = 0
        self.bulky = False
        # Whether the outcome of the handshake is known and recorded.
        self.decided = False
        # Delivery: a lagging peer gets pages from the log instead of live messages.
        self.lagging = True
        self.drain_owed = False
        self.upto = 0
        # Frames of files that wait behind the outbox; `net.bulk` has the rules.
        self.bulk: deque[bytes] | None = None
        self.bulk_size = 0
        self.unload_owed = False

    @property
    def waiting(self) -> bool:
        """Tell whether the peer has something to take."""
        return self.outbox.size > 0 or self.bulk_size > 0

    def pull(self, limits: Limits, turn: int, space: memoryview) -> tuple[list[Event], bool]:
        """Read what is there, through the protocol, as far as one peer's turn goes.

        One record is read of a peer that was quiet, because finding that there is no second one
        costs as much as the first; a read takes a whole record, so what is left is in the socket,
        where the selector sees it. A peer that comes again in the very next turn is talking:
        then reading goes on until it wants more, and who has more than one turn's worth comes
        again. Records stand side by side in `space`, because people's messages come in a record
        each and a pass through the protocol costs more than the message. It is also messages that
        make a turn long, so a peer that sends files is talking, and gets a longer turn.

        Args:
            limits: how many bytes and records a turn may take.
            turn: the number of the worker's turn; each is one more than the last.
            space: where records are put, free again behind the call; one record longer than the
                longest turn.

        Returns:
            The events, and whether more may be waiting.

        Raises:
            LinkFailed: the connection was cut or broke TLS; what came before has been taken in.
        """
        read, end = self.link.read_into, 0
        most = limits.bulk_read_bytes if self.bulky else limits.read_bytes
        talking, self.turn = self.bulky or turn == self.turn + 1, turn
        more, ended = talking, False
        try:
            for _ in range(limits.read_records if talking else 1):
                count = read(space[end : end + RECORD_BYTES])
                if isinstance(count, Want) or not count:
                    more, ended = False, not isinstance(count, Want)
                    break
                end += count
                if end >= most:
                    break
        finally:
            if end:
                # Of a file each copy costs; of small messages cutting a view costs more than one.
                self.wire.receive_data(space[:end] if self.bulky else bytes(space[:end]))
        if ended:
            self.wire.receive_eof()
        events = self.wire.events()
        self.came += end
        if events:
            self.bulky, self.came = self.came > RECORD_BYTES * len(events), 0
        return events, more

    def collect(self) -> None:
        """Move what the protocol wants to say into the outbox."""
        for data in self.wire.data_to_send():
            self.outbox.append(data)

    def flush(self, now: float) -> bool:
        """Write until nothing is left or the socket is full.

        Returns:
            Whether the socket is full: come again when it is writable.

        Raises:
            LinkFailed: the connection was cut.
        """
        outbox = self.outbox
        if not outbox.size:
            return False
        write = self.link.write
        while outbox.size:
            written = write(outbox.head())
            if isinstance(written, Want):
                return True
            outbox.advance(written)
            self.progress = now
        return False

    def watch(self, selector: BaseSelector, interest: int) -> None:
        """Have the selector mention the peer for so much from now on; 0 for nothing."""
        if interest == self.interest:
            return
        if not self.interest:
            selector.register(self.link, interest, self)
        elif interest:
            selector.modify(self.link, interest, self)
        else:
            selector.unregister(self.link)
        self.interest = interest

    def resume(self, now: float, seconds: float) -> None:
        """Count silence and a frame that has begun from now on: until now nobody has read."""
        self.heard = now
        if self.frame_deadline != NEVER:
            self.frame_deadline = now + seconds

    def mind_frame(self, now: float, seconds: float) -> None:
        """Give a frame that has begun to arrive its deadline; each frame has its own."""
        if not self.wire.waiting:
            self.frame_deadline = NEVER
        elif self.frame_deadline == NEVER or self.frames != self.wire.progress:
            self.frame_deadline = now + seconds
            self.frames = self.wire.progress
