"""The uploads under way: whose turn it is, and what is packed for the line.

Owned by the porter, on its thread. It packs one load of frames ahead of the line, so that reading
and hashing go on while the line writes; never more.
"""

from collections import deque
from collections.abc import Callable, Iterator

from secure_chat.client.transfer.outward import Outward
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.net.orders import Bulk
from secure_chat.wire.messages import Error, Grant, Placed, Sealed

__all__ = ["Departures"]


class Departures:
    """The uploads of one client that have begun and are not over.

    Args:
        post: hands an order to the worker.
        limits: `bulk_bytes`, `bulk_low_bytes` and `chunk_bytes` are used.
    """

    def __init__(self, post: Callable[[object], None], limits: Limits) -> None:
        self._post = post
        # What is given at once: as much as fits behind what may still be there when more is asked.
        self._share = limits.bulk_bytes - limits.bulk_low_bytes - limits.frame_bytes
        self._chunk_bytes = limits.chunk_bytes
        self._conn: int | None = None
        self._loads: dict[str, Outward] = {}
        self._turns: deque[Outward] = deque()
        self._loaded = False
        self._packed: list[bytes] = []
        self._packed_bytes = 0

    def __len__(self) -> int:
        return len(self._loads)

    def __iter__(self) -> Iterator[Outward]:
        return iter(tuple(self._loads.values()))

    def __contains__(self, load: Outward) -> bool:
        return self._loads.get(load.sending.up) is load

    def add(self, load: Outward) -> None:
        """Begin one; an id that is under way already is refused."""
        if load.sending.up in self._loads:
            load.fail(SecureChatError("this is being sent already", hint="Let it finish."))
            load.close()
            return
        self._loads[load.sending.up] = load
        self._turns.append(load)

    def line(self, conn: int | None) -> None:
        """Go over to another connection; what was packed for the one before is void."""
        self._conn = conn
        self._loaded, self._packed, self._packed_bytes = False, [], 0
        for load in self:
            load.lose()

    def unloaded(self) -> None:
        """The line has room for the next load."""
        self._loaded = False

    def told(self, up: str, message: Placed | Grant | Sealed | Error) -> None:
        """Take in what the host says of one."""
        load = self._loads.get(up)
        if load is not None:
            load.told(message)
            if load.over:
                self._end(load)

    def drop(self, load: Outward, *, forget: bool) -> None:
        """Stop one.

        Args:
            load: which.
            forget: whether the host is to forget what it has.
        """
        if forget and self._conn is not None:
            # Behind the chunks that wait to leave.
            self._pack([load.abandon()])
        self._end(load)

    def go_on(self) -> bool:
        """Take a step with each upload and hand over what is packed; True when there is more to do.

        All in turn, a chunk of each, until a load is packed or nobody has anything to send; one
        that is alone gets all the room, because a long read costs less than several short ones.
        """
        resting = 0
        while resting < len(self._turns) and self._packed_bytes <= self._share:
            load = self._turns[0]
            self._turns.rotate(-1)
            frames = self._step(load)
            if frames is None:
                resting += 1
                continue
            resting = 0
            self._pack(frames)
            if not frames:
                # Only hashed, which takes its time: somebody may want something meanwhile.
                return True
        return self._dispatch() and bool(self._turns)

    def _step(self, load: Outward) -> list[bytes] | None:
        alone = len(self._turns) == 1
        room = (self._share - self._packed_bytes) // self._chunk_bytes + 1
        try:
            return load.step(online=self._conn is not None, chunks=room if alone else 1)
        except SecureChatError as error:
            load.fail(error)
            self._end(load)
            return None

    def _end(self, load: Outward) -> None:
        del self._loads[load.sending.up]
        self._turns.remove(load)
        load.close()

    def _pack(self, frames: list[bytes]) -> None:
        self._packed += frames
        self._packed_bytes += sum(map(len, frames))

    def _dispatch(self) -> bool:
        """Hand what is packed to the line, when that has room."""
        if self._loaded or not self._packed or self._conn is None:
            return False
        self._post(Bulk(self._conn, tuple(self._packed)))
        self._loaded, self._packed, self._packed_bytes = True, [], 0
        return True
