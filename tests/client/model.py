"""A host in a few lines, for tests that need one to talk to a session without a wire."""

from collections import deque
from dataclasses import dataclass, field

from secure_chat.wire.messages import (
    Ack,
    Greeting,
    Hello,
    Live,
    Message,
    Said,
    Say,
    Welcome,
)

__all__ = ["ModelHost"]


@dataclass
class ModelHost:
    """One log, one connection; an id that is known gets the ack of the first time.

    Args:
        log: what is committed, in order; the number of an entry is its place plus one.
        to_client: what is on its way to the client.
    """

    log: list[Said] = field(default_factory=list)
    to_client: deque[Message] = field(default_factory=deque)
    open: bool = False

    def commit(self, author: str, id_: str, text: str) -> int:
        """Append what is new and return its number, old or new; pass it on to a live client."""
        for entry in self.log:
            if (entry.author, entry.id) == (author, id_):
                return entry.seq
        entry = Said(len(self.log) + 1, 0, author, id_, text, "lobby")
        self.log.append(entry)
        if author == "alice":
            self.to_client.append(Ack(id_, entry.seq, 0))
        if self.open:
            self.to_client.append(entry)
        return entry.seq

    def connect(self) -> None:
        """Take a new connection; the host speaks first."""
        self.to_client.clear()
        self.open = False
        self.to_client.append(Greeting(1, "u1"))

    def take(self, message: Message) -> None:
        """Take in one frame of the client."""
        if isinstance(message, Hello):
            self._welcome(message)
        else:
            assert isinstance(message, Say)
            before = len(self.log)
            seq = self.commit("alice", message.id, message.text)
            if len(self.log) == before:
                self.to_client.append(Ack(message.id, seq, 0))

    def _welcome(self, hello: Hello) -> None:
        head = len(self.log)
        self.to_client.append(Welcome("alice", "member", "c0", head, 1, ["lobby"]))
        after = max(0, head - hello.history) if hello.cursor is None else hello.cursor
        self.to_client.extend(self.log[after:])
        self.to_client.append(Live(head))
        self.open = True
