"""A host in a few lines, for tests that need one to talk to a session without a wire."""

from collections import deque
from dataclasses import dataclass, field

from secure_chat.wire.messages import (
    Ack,
    Greeting,
    Hello,
    Live,
    Membership,
    Message,
    Said,
    Say,
    Welcome,
)

__all__ = ["ModelHost", "ModelLine"]


@dataclass
class ModelLine:
    """One connection, with what is on its way.

    Args:
        to_host: not read by the host yet; it may be read when the client is long gone.
        to_client: not read by the client yet.
        open: whether the host passes on what is said.
    """

    to_host: deque[Message] = field(default_factory=deque)
    to_client: deque[Message] = field(default_factory=deque)
    open: bool = False


@dataclass
class ModelHost:
    """One log and any number of connections of alice's; a known id gets the ack of the first time.

    Args:
        log: what is committed, in order; the number of an entry is its place plus one.
        lines: the connections by number.
    """

    log: list[Said | Membership] = field(default_factory=list)
    lines: dict[int, ModelLine] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=lambda: {"lobby"})

    @property
    def said(self) -> list[Said]:
        """Everything that was said, in order."""
        return [entry for entry in self.log if isinstance(entry, Said)]

    def commit(self, author: str, id_: str, text: str) -> int:
        """Append what is new and return its number, old or new; pass it on to live lines."""
        for entry in self.said:
            if (entry.author, entry.id) == (author, id_):
                return entry.seq
        entry = Said(len(self.log) + 1, 0, author, id_, text, "lobby")
        self._append(entry)
        return entry.seq

    def move(self, room: str) -> None:
        """Have alice join or leave a room, by another client of hers."""
        member = room not in self.rooms
        (self.rooms.add if member else self.rooms.discard)(room)
        self._append(Membership(len(self.log) + 1, 0, room, member))

    def _append(self, entry: Said | Membership) -> None:
        self.log.append(entry)
        for line in self.lines.values():
            if line.open:
                line.to_client.append(entry)

    def connect(self, conn: int) -> None:
        """Take a new connection; the host speaks first."""
        line = self.lines[conn] = ModelLine()
        line.to_client.append(Greeting(1, f"u{conn}"))

    def drop(self, conn: int) -> None:
        """Say nothing more on a connection; what the client has sent may still be read."""
        self.lines[conn].open = False
        self.lines[conn].to_client.clear()

    def take(self, conn: int) -> None:
        """Read one frame of the client."""
        line = self.lines[conn]
        message = line.to_host.popleft()
        if isinstance(message, Hello):
            self._welcome(line, message)
        else:
            assert isinstance(message, Say)
            seq = self.commit("alice", message.id, message.text)
            if line.open:
                line.to_client.append(Ack(message.id, seq, 0))

    def _welcome(self, line: ModelLine, hello: Hello) -> None:
        head = len(self.log)
        line.to_client.append(Welcome("alice", "member", "c0", head, 1, sorted(self.rooms)))
        after = max(0, head - hello.history) if hello.cursor is None else hello.cursor
        # Changes of membership up to the head stand in the welcome and are not told again.
        line.to_client.extend(entry for entry in self.said if entry.seq > after)
        line.to_client.append(Live(head))
        line.open = True
