"""An upload with its bytes: the pure `Sending` and where it reads from.

Owned by the porter, on its thread; whoever waits for it reads how far it is.
"""

import queue
from typing import Any, TypeAlias

from secure_chat.client.transfer.progress import Phase
from secure_chat.client.transfer.refusals import refusal_of_upload
from secure_chat.client.transfer.sending import Sending, Stage
from secure_chat.client.transfer.sources import FedSource, Source
from secure_chat.errors import SecureChatError
from secure_chat.wire.codec import encode, encode_cut
from secure_chat.wire.messages import Abandon, Chunk, Error, Grant, Placed, Sealed

__all__ = ["FedOutward", "Outward", "Slot"]

Slot: TypeAlias = "queue.SimpleQueue[Any]"
"""Where a load goes once it is over; whoever waits for it reads it there."""


class Outward:
    """One upload and where its bytes come from.

    Args:
        sending: decides.
        source: has the bytes.
        slot: is given this once it is over.
        what: what it is called in an error.
    """

    volatile = False
    """Whether what the host has of it is worth nothing once it is stopped."""
    counts = True
    """Whether its bytes are some of those that somebody wants to be sent."""

    def __init__(self, sending: Sending, source: Source, slot: Slot, what: str) -> None:
        self.sending = sending
        self.source = source
        self.error: SecureChatError | None = None
        self.held = True
        """Whether the porter still holds it; then nobody else touches its bytes."""
        self._slot = slot
        self._what = what

    # --- for any thread ------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether nothing happens any more."""
        return self.error is not None or self.sending.stage is Stage.DONE

    @property
    def done(self) -> int:
        """How many bytes have left, or were there already."""
        return self.sending.at

    @property
    def left(self) -> int:
        """How many bytes are still to be sent, as far as they are known."""
        return (self.sending.size or 0) - self.sending.at

    @property
    def phase(self) -> Phase:
        """What it is busy with."""
        sending = self.sending
        if sending.behind:
            return Phase.HASHING
        if sending.stage is Stage.SEALING:
            return Phase.VERIFYING
        return Phase.SENDING if sending.stage is Stage.OPEN else Phase.WAITING

    # --- for the porter ------------------------------------------------------------------------

    def step(self, *, online: bool, chunks: int = 1) -> list[bytes] | None:
        """Take the next step.

        Args:
            online: whether there is a connection to say something on.
            chunks: how many of them there is room for; they are read and hashed in one go.

        Returns:
            Frames to send, none when bytes were only hashed, None when nothing is to be done.

        Raises:
            TransferError: the bytes cannot be read, or have changed.
        """
        sending = self.sending
        if sending.idle:
            return [encode(sending.begin())] if online else None
        want = sending.want(chunks)
        if want is not None:
            data = self.source.read(want.at, want.size)
            if not sending.take(want.at, data):
                return []
            return encode_cut(Chunk(sending.up, want.at, b""), data, sending.chunk_bytes)
        seal = sending.seal()
        if seal is None:
            return None
        self.source.check()
        return [encode(seal)]

    def abandon(self) -> bytes:
        """Return the frame that makes the host forget it."""
        return encode(Abandon(self.sending.up))

    def lose(self) -> None:
        """There is no connection any more."""
        self.sending.lose()

    def told(self, message: Placed | Grant | Sealed | Error) -> None:
        """Take in what the host says of it."""
        sending = self.sending
        if isinstance(message, Placed):
            sending.placed(message.at, message.upto)
        elif isinstance(message, Grant):
            sending.granted(message.upto)
        elif isinstance(message, Sealed):
            sending.sealed(message.size, message.sha256)
        else:
            sending.refused(message.code, message.text)
        if sending.stage is Stage.FAILED and self.error is None:
            self.error = refusal_of_upload(sending.code, sending.why, self._what)

    def leave(self) -> None:
        """Nobody waits for it any more; it is closed already."""

    def fail(self, error: SecureChatError) -> None:
        """Give up for a reason of this end."""
        self.error = self.error or error

    def close(self) -> None:
        """Give back what it holds and tell whoever waits."""
        self.source.close()
        self.held = False
        self._slot.put(self)


class FedOutward(Outward):
    """An upload whose bytes come to be while it is under way.

    Args:
        sending: decides.
        source: has the bytes, as they come.
        slot: is given this once the host has given it a place, and once it is over.
        what: as in `Outward`.
    """

    def __init__(self, sending: Sending, source: FedSource, slot: Slot, what: str) -> None:
        super().__init__(sending, source, slot, what)
        self._fed = source
        self._placed = False

    def told(self, message: Placed | Grant | Sealed | Error) -> None:
        """Take in what the host says of it."""
        super().told(message)
        if not self._placed and self.sending.stage is Stage.OPEN:
            self._placed = True
            self._slot.put(self)

    def feed(self, data: bytes) -> None:
        """Add bytes at the end; b"" says that there are no more."""
        if data:
            self.sending.prepared(self._fed.feed(data))
        else:
            self.sending.ended()
