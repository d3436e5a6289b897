"""A download with its place: the pure `Receiving` and where its bytes go.

Owned by the porter, on its thread; whoever waits for it reads how far it is.
"""

from secure_chat.client.transfer.outward import Slot
from secure_chat.client.transfer.progress import Phase
from secure_chat.client.transfer.receiving import Receiving, Stage
from secure_chat.client.transfer.refusals import refusal_of_download
from secure_chat.client.transfer.sinks import Sink
from secure_chat.errors import SecureChatError
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Enough, Error, Piece, Sending, Sent

__all__ = ["Inward"]


class Inward:
    """One download and where its bytes go.

    Args:
        receiving: decides.
        sink: takes the bytes.
        slot: is given this once it is over.
        what: what it is called in an error.
    """

    volatile = False
    """Whether what the host has of it is worth nothing once it is stopped."""
    counts = True
    """Whether its bytes are some of those that somebody wants to be sent."""

    def __init__(self, receiving: Receiving, sink: Sink, slot: Slot, what: str) -> None:
        self.receiving = receiving
        self.sink = sink
        self.error: SecureChatError | None = None
        self.held = True
        """Whether the porter still holds it; then nobody else touches its bytes."""
        self._slot = slot
        self._what = what

    # --- for any thread ------------------------------------------------------------------------

    @property
    def over(self) -> bool:
        """Whether nothing happens any more."""
        return self.error is not None or self.receiving.stage is Stage.DONE

    @property
    def done(self) -> int:
        """How many bytes are here."""
        return self.receiving.at

    @property
    def left(self) -> int:
        """How many bytes are still to come, as far as they are known."""
        return (self.receiving.size or 0) - self.receiving.at

    @property
    def phase(self) -> Phase:
        """What it is busy with."""
        return Phase.RECEIVING if self.receiving.stage is Stage.COMING else Phase.WAITING

    # --- for the porter ------------------------------------------------------------------------

    @property
    def idle(self) -> bool:
        """Whether `begin` is to be said on a connection."""
        return self.receiving.stage is Stage.IDLE

    def begin(self, re: int) -> bytes:
        """Return the frame that asks for the rest."""
        return encode(self.receiving.begin(re))

    def more(self) -> bytes | None:
        """Return the frame that lets more come, when enough was written."""
        more = self.receiving.more(self.sink.written)
        return None if more is None else encode(more)

    def enough(self) -> bytes | None:
        """Return the frame that ends it before its end, None when nothing comes anyway."""
        if self.receiving.stage in {Stage.ASKED, Stage.COMING}:
            return encode(Enough(self.receiving.re))
        return None

    def lose(self) -> None:
        """There is no connection any more."""
        self.receiving.lose()

    def told(self, message: Sending | Piece | Sent | Error) -> None:
        """Take in what the host says of it.

        Raises:
            TransferError: the place cannot be used any more.
        """
        receiving = self.receiving
        if isinstance(message, Piece):
            if receiving.piece(message.at, message.data):
                self.sink.write(message.data)
        elif isinstance(message, Sending):
            receiving.sending(message.size)
        elif isinstance(message, Sent):
            receiving.sent(message.size, message.sha256)
        else:
            receiving.refused(message.code, message.text)
        if receiving.stage is Stage.SPOILT:
            self.sink.rewind()
            receiving.rewound()
        elif receiving.stage is Stage.FAILED and self.error is None:
            self.error = refusal_of_download(receiving.code, receiving.why, self._what)

    def fail(self, error: SecureChatError) -> None:
        """Give up for a reason of this end."""
        self.error = self.error or error

    def close(self) -> None:
        """Give back what it holds and tell whoever waits."""
        self.sink.end(whole=self.error is None and self.over)
        self.held = False
        self._slot.put(self)

    def leave(self) -> None:
        """Nobody waits for it any more; what was whole and not landed is left for another time."""
        self.sink.end(whole=False)
