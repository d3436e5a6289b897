"""Which connection sends which upload, how far it may go, and what is wrong with what it sends.

Pure, owned by the depot's thread: messages in, decisions out, no file and no clock. What peers are
to be told gathers in `out`, to be sent when the disk has done its part. An error ends an upload on
its connection only: its bytes stay, and whoever asks for it again goes on from there. What was on
its way when it ended so is dropped without a word, as far as it had been granted.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from secure_chat.limits import Limits
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.judging import Refusal, is_hash
from secure_chat.server.depot.toll import Toll
from secure_chat.server.depot.turns import Turns
from secure_chat.wire.messages import Chunk, Code, Error, FromHost, Grant, Placed, Seal, Sealed

__all__ = ["Incoming", "Phase", "Uploads"]


class Phase(Enum):
    """How far an upload on a connection is."""

    WAITING = "waiting for its turn"
    SENDING = "sending"
    COMPLETE = "has nothing more to send"
    SEALING = "being verified"


@dataclass(slots=True, eq=False)
class Incoming:
    """An upload on a connection.

    Args:
        conn: the connection.
        toll: its account.
        row: the upload.
        at: how many bytes the host has.
        upto: how far chunks may go.
        since: when it brought something last or was given a turn, on the monotonic clock.
        phase: how far it is.
        turn: whether it has one of the host's turns.
        held: whether it gets no more grants until its bytes are synced.
    """

    conn: int
    toll: Toll
    row: Row
    at: int
    upto: int
    since: float
    phase: Phase = Phase.WAITING
    turn: bool = False
    held: bool = False

    @property
    def person(self) -> str:
        """Whose upload it is."""
        return self.row.person

    @property
    def up(self) -> str:
        """Its id."""
        return self.row.up

    @property
    def stream(self) -> bool:
        """Whether its size was not declared."""
        return self.row.declared is None


class Uploads:
    """All uploads on connections.

    Args:
        limits: the bounds in force.

    Attributes:
        out: what peers are to be told, in order.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.out: list[tuple[int, FromHost]] = []
        self._on: dict[int, dict[str, Incoming]] = {}
        self._by_number: dict[int, Incoming] = {}
        self._turns: Turns[Incoming] = Turns(limits.transfers)
        # What may still be on its way of uploads that ended by an error, by connection.
        self._stale: dict[int, OrderedDict[str, int]] = {}

    def count(self, conn: int) -> int:
        """Return how many uploads a connection has."""
        return len(self._on.get(conn, ()))

    def of(self, number: int) -> Incoming | None:
        """Return what an upload is at present, None when it is on no connection."""
        return self._by_number.get(number)

    def on(self, conn: int, up: str) -> Incoming | None:
        """Return a connection's upload."""
        return self._on.get(conn, {}).get(up)

    # --- beginning -----------------------------------------------------------------------------

    def place(self, conn: int, toll: Toll, row: Row, at: int, now: float) -> Incoming:
        """Let an upload begin or go on, here and nowhere else.

        Args:
            conn: the connection.
            toll: its account.
            row: the upload, not sealed.
            at: how many bytes the host has.
            now: the monotonic clock.
        """
        older = self._by_number.get(row.number)
        if older is not None:
            if older.conn == conn:
                # Whoever begins again on the same connection has nothing of before on its way.
                self._revoke(older)
                self._remove(older, now)
            else:
                text = "this upload goes on over another connection of yours"
                self.refuse(older, Refusal(Code.TAKEN_OVER, text), now)
        self.forgive(conn, toll, row.up)
        incoming = Incoming(conn, toll, row, at, at, now)
        self._on.setdefault(conn, {})[row.up] = incoming
        self._by_number[row.number] = incoming
        if at == row.declared:
            incoming.phase = Phase.COMPLETE
        elif self._turns.ask(incoming):
            self._begin(incoming, now)
        self._tell(conn, Placed(row.up, at, incoming.upto))
        return incoming

    def _begin(self, incoming: Incoming, now: float) -> None:
        incoming.phase, incoming.turn, incoming.since = Phase.SENDING, True, now
        self._let(incoming)

    def _let(self, incoming: Incoming) -> bool:
        """Grant as far as it may go; tells whether that is worth a message."""
        declared, window = incoming.row.declared, self._limits.transfer_window_bytes
        # A stream may go one byte too far, so that its sender hears why it ends.
        most = self._limits.file_bytes + 1 if declared is None else declared
        upto = min(most, incoming.at + window)
        more = upto - incoming.upto
        if incoming.held or (more < window // 4 and upto < most) or more <= 0:
            return False
        incoming.upto = upto
        incoming.toll.bound += more
        return True

    # --- chunks --------------------------------------------------------------------------------

    def fitting(self, incoming: Incoming, chunks: Sequence[Chunk]) -> Sequence[Chunk]:
        """Return those chunks that are an upload's next bytes: write them and call `wrote`.

        Args:
            incoming: the upload.
            chunks: what came, in order; the first ones up to one that does not fit are returned,
                and of that one `unfit` is to hear.
        """
        at = incoming.at
        for number, chunk in enumerate(chunks):
            other = chunk.up != incoming.up or incoming.phase is Phase.SEALING
            if other or self._refusal_of(incoming, chunk, at) is not None:
                return chunks[:number]
            at += len(chunk.data)
        return chunks

    def unfit(self, conn: int, incoming: Incoming | None, chunk: Chunk, now: float) -> None:
        """Hear of a chunk that may not come: it ends its upload, but for one that is on its way.

        Args:
            conn: where it came.
            incoming: the upload it names, None when the connection has none of that name.
            chunk: it.
            now: the monotonic clock.
        """
        if incoming is None:
            self._unknown(conn, chunk)
        elif incoming.phase is not Phase.SEALING:
            refusal = self._refusal_of(incoming, chunk, incoming.at)
            assert refusal is not None  # noqa: S101 -- it did not fit
            self.refuse(incoming, refusal, now, spent=len(chunk.data))

    def _refusal_of(self, incoming: Incoming, chunk: Chunk, at: int) -> Refusal | None:
        """Judge a chunk where `at` bytes are here or about to be written."""
        size, end = len(chunk.data), chunk.at + len(chunk.data)
        declared = incoming.row.declared
        if chunk.at != at:
            text = f"the next byte here is number {at}, not {chunk.at}"
            return Refusal(Code.WRONG_OFFSET, text)
        if not 0 < size <= self._limits.chunk_bytes:
            text = f"a chunk has 1 to {self._limits.chunk_bytes} bytes"
            return Refusal(Code.TOO_LARGE, text)
        if declared is not None and end > declared:
            return Refusal(Code.TOO_LARGE, f"the upload was to have {declared} bytes")
        if end > incoming.upto:
            return Refusal(Code.TOO_LARGE, "that goes further than this host has granted")
        return None

    def _unknown(self, conn: int, chunk: Chunk) -> None:
        stale = self._stale.get(conn)
        if stale is None or stale.get(chunk.up, 0) < len(chunk.data):
            self._tell(conn, Error(Code.NO_UPLOAD, "there is no such upload here", up=chunk.up))
        else:
            stale[chunk.up] -= len(chunk.data)

    def wrote(self, incoming: Incoming, size: int, now: float) -> None:
        """Hear that the next bytes are written."""
        incoming.at += size
        incoming.since = now
        if incoming.at == incoming.row.declared:
            incoming.phase = Phase.COMPLETE
        elif self._let(incoming):
            self._tell(incoming.conn, Grant(incoming.up, incoming.upto))

    def hold(self, incoming: Incoming, *, holding: bool) -> None:
        """Grant no more until the disk has caught up, or go on."""
        incoming.held = holding
        if incoming.phase is Phase.SENDING and self._let(incoming):
            self._tell(incoming.conn, Grant(incoming.up, incoming.upto))

    # --- ends ----------------------------------------------------------------------------------

    def seal(self, conn: int, seal: Seal, now: float) -> Incoming | None:
        """Judge the end of an upload.

        Returns:
            The upload to verify, then call `sealed` or `refuse`; None: it is refused.
        """
        incoming = self.on(conn, seal.up)
        if incoming is None:
            self._tell(conn, Error(Code.NO_UPLOAD, "there is no such upload here", up=seal.up))
            return None
        if incoming.phase is Phase.SEALING:
            return None
        if seal.size != incoming.at or incoming.row.declared not in {None, seal.size}:
            text = f"{incoming.at} bytes are here, not {seal.size}"
            self.refuse(incoming, Refusal(Code.WRONG_OFFSET, text), now)
            return None
        if not is_hash(seal.sha256):
            text = "a hash is 64 digits of 0-9 a-f"
            self.refuse(incoming, Refusal(Code.BAD_QUERY, text), now)
            return None
        self._revoke(incoming)
        if incoming.phase is Phase.WAITING:
            self._turns.leave(incoming)
        incoming.phase = Phase.SEALING
        return incoming

    def sealed(self, incoming: Incoming, size: int, sha256: str, now: float) -> None:
        """Hear that an upload is whole: it is over, and its sender is told."""
        self._tell(incoming.conn, Sealed(incoming.up, size, sha256))
        self._remove(incoming, now)

    def refuse(self, incoming: Incoming, refusal: Refusal, now: float, spent: int = 0) -> None:
        """End an upload on its connection by an error; what is on its way will be dropped.

        Args:
            incoming: the upload.
            refusal: why.
            now: the monotonic clock.
            spent: bytes of the chunk that it is about, which are on their way no more.
        """
        self._tell(incoming.conn, Error(refusal.code, refusal.text, up=incoming.up))
        left = incoming.upto - incoming.at - spent
        if left > 0:
            stale = self._stale.setdefault(incoming.conn, OrderedDict())
            stale[incoming.up] = left
            if len(stale) > self._limits.transfers_per_connection:
                _, most = stale.popitem(last=False)
                incoming.toll.bound -= most
        self._remove(incoming, now)

    def abandon(self, incoming: Incoming, now: float) -> None:
        """End an upload because its sender said so."""
        self._revoke(incoming)
        self._remove(incoming, now)

    def forgive(self, conn: int, toll: Toll, up: str) -> None:
        """Await nothing more of an upload that ended by an error; its sender has said so."""
        stale = self._stale.get(conn)
        if stale is not None:
            toll.bound -= stale.pop(up, 0)
            if not stale:
                del self._stale[conn]

    def lost(self, conn: int, now: float) -> list[Incoming]:
        """End all uploads of a connection that is over; return them."""
        self._stale.pop(conn, None)
        ended = list(self._on.get(conn, {}).values())
        for incoming in ended:
            self._remove(incoming, now)
        return ended

    def stalled(self, now: float) -> list[Incoming]:
        """End uploads that bring nothing while they have a turn; return them.

        A stream may be silent as long as nobody waits for its turn.
        """
        patience = self._limits.stuck_seconds
        found = [
            incoming
            for incoming in self._by_number.values()
            if incoming.turn
            and incoming.phase is not Phase.SEALING
            and not incoming.held
            and now - incoming.since >= patience
            and (not incoming.stream or self._turns.awaited)
        ]
        refusal = Refusal(Code.STALLED, f"it brought nothing for {patience:g} s; ask for it again")
        for incoming in found:
            self.refuse(incoming, refusal, now)
        return found

    @property
    def busy(self) -> bool:
        """Whether any upload is on a connection, so that it could stall."""
        return bool(self._by_number)

    # --- inside --------------------------------------------------------------------------------

    def _tell(self, conn: int, message: FromHost) -> None:
        self.out.append((conn, message))

    def _revoke(self, incoming: Incoming) -> None:
        """Take back what was granted and not used."""
        incoming.toll.bound -= incoming.upto - incoming.at
        incoming.upto = incoming.at

    def _remove(self, incoming: Incoming, now: float) -> None:
        on = self._on[incoming.conn]
        del on[incoming.up], self._by_number[incoming.row.number]
        if not on:
            del self._on[incoming.conn]
        if incoming.turn:
            following = self._turns.end(incoming)
            if following is not None:
                self._begin(following, now)
                self._tell(following.conn, Grant(following.up, following.upto))
        elif incoming.phase is Phase.WAITING:
            self._turns.leave(incoming)
