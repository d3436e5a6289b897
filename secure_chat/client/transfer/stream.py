"""Streams: sent while they come to be, and passed on while they still arrive.

The reading and writing of pipes is done on the thread of whoever called, because a pipe may take
its time; the porter only ever sees bytes that are there.
"""

import select
import threading
from typing import BinaryIO, Final

from secure_chat.client.transfer.call import Call
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.outward import FedOutward, Slot
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.sending import Sending
from secure_chat.client.transfer.sinks import PipeSink
from secure_chat.client.transfer.sources import StreamSource
from secure_chat.limits import Limits
from secure_chat.wire.messages import Error, Grant, Placed, Sealed

__all__ = ["StreamOutward", "pass_on", "pour"]

# How many windows of a stream may be in memory: what the host may not have, and what was read.
_WINDOWS: Final = 2
# How many times a window the host hears that more was taken.
_LOOKS: Final = 4


class StreamOutward(FedOutward):
    """An upload of what can be read only once: it is kept until the host must have it.

    Args:
        sending: decides.
        source: holds what may have to be sent again.
        slot: as in `Outward`.
        what: as in `Outward`.
        limits: `transfer_window_bytes` is used.
    """

    volatile = True

    def __init__(
        self, sending: Sending, source: StreamSource, slot: Slot, what: str, limits: Limits
    ) -> None:
        super().__init__(sending, source, slot, what)
        self._stream = source
        # The largest window seen: so much may be on its way of what the host has granted.
        self._window = limits.transfer_window_bytes
        self._most = _WINDOWS * limits.transfer_window_bytes
        self._eased = threading.Event()

    def told(self, message: Placed | Grant | Sealed | Error) -> None:
        """Take in what the host says of it, and forget what it has."""
        super().told(message)
        sending = self.sending
        self._window = max(self._window, sending.upto - sending.at)
        sending.oldest = max(sending.oldest, min(sending.upto - self._window, sending.at))
        self._stream.keep(sending.oldest)
        self._eased.set()

    def wait_for_room(self, fed: int, seconds: float) -> bool:
        """Wait until more may be read; on the thread of whoever reads.

        Args:
            fed: how many bytes have been read.
            seconds: how long at most.

        Returns:
            Whether there is room.
        """
        self._eased.clear()
        if self.over or fed - self._stream.first < self._most:
            return True
        self._eased.wait(seconds)
        return False


def pour(call: Call, load: StreamOutward, source: BinaryIO, limits: Limits) -> None:
    """Read a stream to its end and send what comes, no faster than the host takes it.

    Args:
        call: the call it is done for; returns once the host has sealed it.
        load: the upload, which has begun.
        source: what is read; nothing of it was read ahead.
        limits: `chunk_bytes` and `progress_seconds` are used.

    Raises:
        SecureChatError: the host does not take it.
    """
    fed = 0
    going = True
    while going:
        call.tell()
        if load.over:
            break  # `all` says why
        if not load.wait_for_room(fed, limits.progress_seconds):
            continue
        if not _readable(source, limits.progress_seconds):
            continue
        data = _read(source, limits.chunk_bytes)
        call.porter.feed(load, data)
        fed += len(data)
        going = bool(data)
    call.all()


def pass_on(call: Call, receiving: Receiving, sink: BinaryIO, what: str, limits: Limits) -> None:
    """Write the bytes of a message's file as they come.

    Args:
        call: the call it is done for; returns once all is verified.
        receiving: decides; what is written cannot be taken back, so it is never begun again.
        sink: where they go.
        what: what the file is called.
        limits: `transfer_window_bytes` and `progress_seconds` are used.

    Raises:
        TransferIncomplete: it stopped before its end, or its hash differs.
        OSError: the sink takes no more.
    """
    pipe = PipeSink()
    call.begin(Inward(receiving, pipe, call.slot, what))
    owed = 0
    while not pipe.ended:
        call.tell()
        data = pipe.take(limits.progress_seconds)
        if data:
            sink.write(data)
            owed += len(data)
        if owed and (not data or owed >= limits.transfer_window_bytes // _LOOKS):
            # The porter is woken a few times a window, not for every piece.
            pipe.took(owed)
            call.porter.look()
            owed = 0
    call.all()


def _readable(source: BinaryIO, seconds: float) -> bool:
    """Wait until something can be read; True where that cannot be told."""
    try:
        ready, _, _ = select.select([source], [], [], seconds)
    except (OSError, ValueError, TypeError):
        # Bytes in memory have no descriptor, and Windows waits for sockets only.
        return True
    return bool(ready)


def _read(source: BinaryIO, most: int) -> bytes:
    """Read what is there, without waiting for more."""
    read = getattr(source, "read1", source.read)
    data: bytes = read(most)
    return data
