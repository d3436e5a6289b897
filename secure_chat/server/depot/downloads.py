"""What goes out next to whom: all downloads, by connection, and how far each may go.

Pure, owned by the depot's thread: what peers ask for and have room for goes in, what is to be read
comes out; no file and no clock. The downloads of a connection take turns piece by piece; one that
is alone gets several pieces in one go. A stream that is still being sent is followed as it grows.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from secure_chat.limits import Limits

__all__ = ["Downloads", "Outgoing", "Read", "Source"]

# What a frame of a piece is longer than its bytes, at most.
_FRAME_BYTES: Final = 64


@dataclass(slots=True, eq=False)
class Source:
    """A file that is sent to somebody.

    Args:
        number: the upload.
        size: how many bytes of it are here.
        sha256: its hash once it is sealed, "" while it is still being sent.
    """

    number: int
    size: int
    sha256: str


@dataclass(slots=True, eq=False)
class Outgoing:
    """A download.

    Args:
        conn: to whom.
        re: the number that they gave it.
        source: what.
        at: the next byte to read.
        upto: how far they let it go.
        over: whether its end is planned.
    """

    conn: int
    re: int
    source: Source
    at: int
    upto: int
    over: bool = False

    @property
    def ready(self) -> bool:
        """Whether there is something to send now."""
        return not self.over and (self.at < min(self.upto, self.source.size) or self.done)

    @property
    def done(self) -> bool:
        """Whether all bytes were read, so that its end can be told."""
        return self.at == self.source.size and bool(self.source.sha256)


@dataclass(frozen=True, slots=True)
class Read:
    """The next thing for a connection: bytes to read, or with none the end of a download.

    Args:
        outgoing: the download.
        at: where to read.
        size: how many bytes, of several pieces perhaps; 0: all were sent, tell so.
    """

    outgoing: Outgoing
    at: int
    size: int


@dataclass(slots=True)
class _Line:
    """The downloads of a connection, whose turn it is first."""

    queue: deque[Outgoing] = field(default_factory=deque)
    room: bool = True


class Downloads:
    """All downloads.

    Args:
        limits: the bounds in force.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: dict[int, _Line] = {}
        self._following: dict[int, list[Outgoing]] = {}
        # Connections that may have something to send.
        self._awake: dict[int, None] = {}

    def count(self, conn: int) -> int:
        """Return how many downloads a connection has."""
        line = self._lines.get(conn)
        return 0 if line is None else len(line.queue)

    def get(self, conn: int, re: int) -> Outgoing | None:
        """Return a download."""
        return next((each for each in self.on(conn) if each.re == re), None)

    def on(self, conn: int) -> list[Outgoing]:
        """Return all downloads of a connection."""
        line = self._lines.get(conn)
        return [] if line is None else list(line.queue)

    def open(self, outgoing: Outgoing) -> None:
        """Begin a download."""
        self._lines.setdefault(outgoing.conn, _Line()).queue.append(outgoing)
        if not outgoing.source.sha256:
            self._following.setdefault(outgoing.source.number, []).append(outgoing)
        self._awake[outgoing.conn] = None

    def more(self, conn: int, re: int, upto: int) -> None:
        """Let a download go further; one that is over is passed over."""
        outgoing = self.get(conn, re)
        if outgoing is not None:
            outgoing.upto = max(outgoing.upto, upto)
            self._awake[conn] = None

    def unloaded(self, conn: int) -> None:
        """Hear that a connection has room for pieces again."""
        line = self._lines.get(conn)
        if line is not None:
            line.room = True
            self._awake[conn] = None
            self._close_line(conn, line)

    def end(self, outgoing: Outgoing) -> None:
        """Forget a download."""
        line = self._lines[outgoing.conn]
        line.queue.remove(outgoing)
        followers = self._following.get(outgoing.source.number)
        if followers is not None and outgoing in followers:
            followers.remove(outgoing)
            if not followers:
                del self._following[outgoing.source.number]
        self._close_line(outgoing.conn, line)

    def lost(self, conn: int) -> None:
        """Forget everything of a connection that is over."""
        for outgoing in self.on(conn):
            self.end(outgoing)
        self._lines.pop(conn, None)
        self._awake.pop(conn, None)

    # --- streams -------------------------------------------------------------------------------

    def source(self, number: int) -> Source | None:
        """Return a stream that somebody follows, to be shared with the next one who does."""
        followers = self._following.get(number)
        return followers[0].source if followers else None

    def grew(self, number: int, size: int) -> None:
        """Hear that more bytes of an upload are here."""
        for outgoing in self._following.get(number, ()):
            outgoing.source.size = size
            self._awake[outgoing.conn] = None

    def whole(self, number: int, size: int, sha256: str) -> None:
        """Hear that a stream is sealed: whoever follows it gets the rest and its end."""
        for outgoing in self._following.pop(number, ()):
            outgoing.source.size, outgoing.source.sha256 = size, sha256
            self._awake[outgoing.conn] = None

    def followers(self, number: int) -> list[Outgoing]:
        """Return who follows a stream."""
        return list(self._following.get(number, ()))

    # --- what is next --------------------------------------------------------------------------

    def due(self) -> list[int]:
        """Take the connections for which `plan` may have something."""
        awake, self._awake = self._awake, {}
        return [conn for conn in awake if conn in self._lines]

    @property
    def awake(self) -> bool:
        """Whether `due` would give something."""
        return bool(self._awake)

    def plan(self, conn: int) -> list[Read]:
        """Return what to read for a connection now, as much as may wait for it at once.

        Its downloads take turns. What is returned counts as read; after a piece of it is given to
        the worker nothing more is planned until `unloaded`. Each end is told by a `Read` of size
        0; call `end` then.
        """
        line = self._lines[conn]
        if not line.room:
            return []
        plan = list(self._pieces(line))
        if plan:
            line.room = False
        return plan

    def _pieces(self, line: _Line) -> Iterator[Read]:
        piece = self._limits.chunk_bytes
        room = self._limits.bulk_bytes
        queue, idle = line.queue, 0
        while idle < len(queue) and room >= piece + _FRAME_BYTES:
            outgoing = queue[0]
            queue.rotate(-1)
            if not outgoing.ready:
                idle += 1
                continue
            idle = 0
            # One long read costs less than several short ones.
            share = room // (piece + _FRAME_BYTES) if len(queue) == 1 else 1
            end = min(outgoing.upto, outgoing.source.size, outgoing.at + share * piece)
            size = max(0, end - outgoing.at)
            yield Read(outgoing, outgoing.at, size)
            outgoing.at += size
            room -= size + _FRAME_BYTES * max(1, -(-size // piece))
            outgoing.over = not size

    def _close_line(self, conn: int, line: _Line) -> None:
        # A line with pieces on their way is kept: they count against the next download.
        if not line.queue and line.room:
            self._lines.pop(conn, None)
            self._awake.pop(conn, None)
