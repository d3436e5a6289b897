"""A small world around a hub: clients that keep a cursor, workers that lag, a log that survives.

Nothing here knows how the hub works inside. Clients hold what a real client keeps on its disk, and
check on the way that every number they are shown is above the one before.
"""

from collections import deque
from dataclasses import dataclass, field

from secure_chat.hub.commands import Admit, Command, Deliver, Drop, Feed, ReadMissed, Send, Used
from secure_chat.hub.events import Drained, Event, Lagging, Lost, Opened, PageRead, Received
from secure_chat.hub.hub import Hub
from secure_chat.limits import Limits
from secure_chat.pki.identity import Identity
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import (
    Ack,
    Error,
    FromClient,
    FromHost,
    Hello,
    Join,
    Leave,
    Live,
    Membership,
    Said,
    Say,
    Welcome,
)
from tests.hub.stage import AT, FULL, MemoryLog, identity_of, registry_of

__all__ = ["Client", "World"]

# Small enough that a handful of messages meets every bound.
LIMITS = Limits(messages_per_second=0, tail_entries=4, outbox_bytes=1_200)
PAGE = 2
OUTBOX, LOW = 3, 1


@dataclass
class Client:
    """One client program of a person and what it keeps.

    Args:
        name: whose.
        device: its own id.
        history: how much of the past it wants on its first run.
        overlap: up to here a second connection repeats what the first has brought.
    """

    name: str
    device: str
    history: int
    cursor: int | None = None
    base: int | None = None
    conn: int | None = None
    welcomed: bool = False
    live: bool = False
    overlap: int = 0
    made: int = 0
    rooms: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    unsent: dict[str, FromClient] = field(default_factory=dict)
    shown: list[Said] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def next_id(self) -> str:
        """Return an id nobody has used."""
        self.made += 1
        return f"{self.device}:{self.made}"

    def hello(self) -> Hello:
        """Return the hello of a new connection."""
        self.welcomed = self.live = False
        if self.base is None and self.cursor is not None:
            self.base = self.cursor
        return Hello(1, cursor=self.cursor, history=self.history, device=self.device)

    def take(self, frame: FromHost) -> list[FromClient]:
        """Take a frame in and return what is said in answer."""
        if isinstance(frame, Welcome):
            self.welcomed, self.rooms = True, set(frame.rooms)
            return list(self.unsent.values())
        if isinstance(frame, Said):
            if frame.seq > self.overlap:
                self._move_on(frame.seq)
                self.shown.append(frame)
        elif isinstance(frame, Membership):
            # The rooms are those of the welcome, which may be from before the cursor.
            if frame.seq > self.overlap:
                self._move_on(frame.seq)
            (self.rooms.add if frame.member else self.rooms.discard)(frame.room)
        elif isinstance(frame, Live):
            assert frame.seq >= (self.cursor or 0) - self.overlap, "what was shown is gone"
            self.cursor, self.live = max(frame.seq, self.cursor or 0), True
            self.base = frame.seq if self.base is None else self.base
        elif isinstance(frame, Ack):
            self.unsent.pop(frame.id, None)
            assert self.acked.setdefault(frame.id, frame.seq) == frame.seq
        elif isinstance(frame, Error):
            return self._refused(frame)
        return []

    def _refused(self, error: Error) -> list[FromClient]:
        assert error.id is not None
        if error.code == FULL.code:
            # The user tries again at once, with the same id.
            return [self.unsent[error.id]]
        del self.unsent[error.id]
        self.refused.add(error.id)
        return []

    def _move_on(self, seq: int) -> None:
        assert self.cursor is None or seq > self.cursor, "shown twice or out of order"
        self.cursor = seq


@dataclass
class Peer:
    """What a worker holds of a connection."""

    client: Client
    live: bool = False
    drain_owed: bool = False
    upto: int = 0
    outbox: deque[FromHost] = field(default_factory=deque)


class World:
    """Hub, log, worker, reader and clients, each moved by hand."""

    def __init__(self, clients: list[Client]) -> None:
        self.clients = clients
        self.log = MemoryLog()
        self.conns = 0
        self.starts = 0
        self.now = 0.0
        self.restart()

    def restart(self) -> None:
        """Kill the host and start it again: only the log and the clients survive."""
        self.starts += 1
        self.inbox: deque[Event] = deque()
        self.reads: deque[ReadMissed] = deque()
        self.peers: dict[int, Peer] = {}
        for client in self.clients:
            client.conn = None
        self.hub = Hub(
            LIMITS,
            community="c",
            agent="h",
            head=self.log.head,
            floor=1,
            places=self.log.places(),
            registry=self.registry(),
        )

    def registry(self) -> Registry:
        """Return what a host reads when it starts."""
        return registry_of({client.name for client in self.clients})

    def identity(self, client: Client) -> Identity:
        """Return the certificate that a client uses."""
        return identity_of(client.name)

    # --- clients ---------------------------------------------------------------------------

    def connect(self, client: Client) -> None:
        """Open a connection; the hello follows when the host has greeted."""
        self.conns += 1
        client.conn = self.conns
        self.peers[self.conns] = Peer(client)
        self.inbox.append(Opened(self.conns, self.identity(client), "x"))

    def cut(self, client: Client) -> None:
        """Cut the line: what was on its way to the client is lost."""
        if client.conn is not None:
            del self.peers[client.conn]
            self.inbox.append(Lost(client.conn, "silent", "cut"))
            client.conn = None

    def say(self, client: Client, room: str | None, to: str | None) -> None:
        """Let a client say something new."""
        ident = client.next_id()
        client.texts.add(ident)
        self._ask(client, ident, Say(ident, ident, room, to))

    def move(self, client: Client, room: str, *, join: bool) -> None:
        """Let a client join or leave a room."""
        ident = client.next_id()
        self._ask(client, ident, Join(ident, room) if join else Leave(ident, room))

    def _ask(self, client: Client, ident: str, request: FromClient) -> None:
        client.unsent[ident] = request
        if client.conn is not None and client.welcomed:
            self.inbox.append(Received(client.conn, (request,)))

    def take(self, client: Client, count: int) -> None:
        """Let frames arrive at a client."""
        if client.conn is None:
            return
        peer = self.peers[client.conn]
        for _ in range(min(count, len(peer.outbox))):
            said = tuple(client.take(peer.outbox.popleft()))
            if said:
                self.inbox.append(Received(client.conn, said))
        if peer.drain_owed and len(peer.outbox) <= LOW:
            peer.drain_owed = False
            self.inbox.append(Drained(client.conn))

    # --- host ------------------------------------------------------------------------------

    def batch(self, count: int, *, full: bool = False) -> None:
        """Run one round of the hub with the oldest events."""
        self.now += 0.1
        self.hub.tick(self.now, AT / 1_000 + self.now)
        for _ in range(min(count, len(self.inbox))):
            self.hub.handle(self.inbox.popleft())
        drafts = self.hub.drafts()
        if drafts and full:
            self.hub.unsettled(FULL)
        elif drafts:
            self.hub.settle(self.log.append(drafts))
        self.carry_out(self.hub.commands())

    def carry_out(self, commands: list[Command]) -> None:
        """Do what the hub decided."""
        for command in commands:
            if isinstance(command, ReadMissed):
                self.reads.append(command)
            elif isinstance(command, Deliver):
                for conn in command.conns:
                    self.deliver(conn, command)
            elif isinstance(command, Feed | Send | Admit):
                self.frame(command)
            elif isinstance(command, Drop):
                self.drop(command)
            elif isinstance(command, Used):
                self.used(command)

    def drop(self, command: Drop) -> None:
        """Nobody is dropped in this world."""
        raise AssertionError(command)

    def used(self, command: Used) -> None:
        """Nobody renews anything in this world."""

    def read(self) -> None:
        """Let the reader answer its oldest question, from the log as it is now."""
        if self.reads:
            asked = self.reads.popleft()
            missed = self.log.missed(asked.person, asked.after, PAGE, asked.newest)
            self.inbox.append(PageRead(asked.conn, missed))

    def frame(self, command: Feed | Send | Admit) -> None:
        """Hand to one peer what is for it alone."""
        peer = self.peers.get(command.conn)
        if peer is None:
            return
        if isinstance(command, Admit):
            self.inbox.append(Received(command.conn, (peer.client.hello(),)))
        elif isinstance(command, Send):
            peer.outbox.append(command.message)
        else:
            assert not peer.live, "fed while live"
            peer.outbox.extend(command.messages)
            peer.upto, peer.live, peer.drain_owed = command.upto, command.live, not command.live
            self.take(peer.client, 0)

    def deliver(self, conn: int, command: Deliver) -> None:
        """Hand a delivery to a peer, unless it is behind or falls behind now."""
        peer = self.peers.get(conn)
        if peer is None or not peer.live:
            return
        if len(peer.outbox) > OUTBOX:
            if command.upto:
                peer.live, peer.drain_owed = False, True
                self.inbox.append(Lagging(conn, peer.upto))
            return
        peer.outbox.extend(command.messages)
        peer.upto = command.upto or peer.upto

    # --- the end ---------------------------------------------------------------------------

    def heal(self) -> None:
        """Let everybody connect and everything arrive, without any further fault."""
        for _ in range(1_000):
            for client in self.clients:
                if client.conn is None:
                    self.connect(client)
                self.take(client, 1_000)
            self.read()
            if self._quiet():
                break
            self.batch(1_000)
        assert self._quiet(), "it never comes to rest"

    def _quiet(self) -> bool:
        peers = self.peers.values()
        return (
            not self.inbox
            and not self.reads
            and len(self.peers) == len(self.clients)
            and all(peer.live and peer.client.live and not peer.outbox for peer in peers)
            and not any(client.unsent for client in self.clients)
        )
