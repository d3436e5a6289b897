"""What waits to be written to one peer: bounded by its owner, coalesced, never changed mid-write.

Owned by the worker that owns the peer. It never writes by itself. OpenSSL demands that a write
that could not finish is repeated with the same bytes (SSL_write(3), «BAD_LENGTH»), so the piece
handed out by `head` stays the same until `advance` says it has left.
"""

from collections import deque

__all__ = ["Outbox"]


class Outbox:
    """Bytes in order, handed out in pieces for one TLS write each.

    OpenSSL cuts a long piece into records by itself, at less cost than one call for each.

    Args:
        piece: the largest piece in bytes, unless a single chunk is longer.
    """

    __slots__ = ("_chunks", "_head", "_piece", "size")

    def __init__(self, piece: int) -> None:
        # What is left of a long chunk is a view of it: it is never copied.
        self._chunks: deque[bytes | memoryview] = deque()
        self._head: bytes | memoryview | None = None
        self._piece = piece
        self.size = 0

    def __bool__(self) -> bool:
        return self.size > 0

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        self._chunks.append(chunk)
        self.size += len(chunk)

    def head(self) -> bytes | memoryview:
        """Return the next piece to write; the same object until `advance` is called.

        Call only when the outbox is not empty. Small chunks are joined, because a TLS write costs
        far more than a copy; a chunk longer than a piece is cut.
        """
        if self._head is None:
            self._head = self._next_piece()
        return self._head

    def advance(self, written: int) -> None:
        """Take away the first `written` bytes of the head; what is left of it is the next head."""
        head = self.head() if self._head is None else self._head
        self.size -= written
        self._head = head[written:] if written < len(head) else None

    def clear(self) -> None:
        """Forget everything; the connection is over."""
        self._chunks.clear()
        self._head = None
        self.size = 0

    def _next_piece(self) -> bytes | memoryview:
        chunks = self._chunks
        first = chunks.popleft()
        if len(first) > self._piece:
            whole = memoryview(first)
            chunks.appendleft(whole[self._piece :])
            return whole[: self._piece]
        if not chunks:
            return first
        parts = [first]
        room = self._piece - len(first)
        while chunks and len(chunks[0]) <= room:
            room -= len(chunks[0])
            parts.append(chunks.popleft())
        return b"".join(parts)
