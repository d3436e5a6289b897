"""The small world with order kept in it: people are kicked, muted, promoted, and renew.

Certificates are issued and retired through a real trail, each client has one of its own, and moves
to the next by a second connection, as PROTOCOL.md tells it.
"""

from collections import deque
from dataclasses import replace

from secure_chat.hub.commands import Admit, Drop, Feed, Send, Used
from secure_chat.hub.events import Lost, Opened, Received
from secure_chat.log.base import Kind
from secure_chat.pki.act import Deed
from secure_chat.pki.identity import Identity
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import Hello, Welcome
from tests.hub.stage import AT, identity_of
from tests.hub.trail import Trail, renewed
from tests.hub.world import Client, Peer, World

__all__ = ["Moderated"]

_BEGINNINGS = {Deed.MUTED: Deed.UNMUTED, Deed.CLOSED_ROOM: Deed.OPENED_ROOM}


class Moderated(World):
    """A world with operators, an owner and a registrar."""

    def __init__(self, clients: list[Client]) -> None:
        self.trail = Trail()
        self.files: dict[str, Identity] = {}
        self.issued: dict[str, Identity] = {}
        self.moving: dict[str, int] = {}
        self.unretired: deque[Identity] = deque()
        # Whom or which room, since which number, up to which one.
        self.silences: list[tuple[str, int, int | None]] = []
        for client in clients:
            mine = replace(identity_of(client.name), serial=client.device, fingerprint="f0")
            self._issue(client, mine, "")
        super().__init__(clients)

    def _issue(self, client: Client, identity: Identity, replaces: str) -> None:
        self.files[client.device] = self.issued[identity.serial] = identity
        self.trail.issue(identity, replaces=replaces)

    def restart(self) -> None:
        """Kill the host: what the registrar was about to do is forgotten."""
        self.moving.clear()
        self.unretired.clear()
        super().restart()

    def registry(self) -> Registry:
        """Return what the trail says."""
        return self.trail.registry()

    def identity(self, client: Client) -> Identity:
        """Return the certificate in the client's file."""
        return self.files[client.device]

    # --- acts ------------------------------------------------------------------------------

    def obey(self) -> None:
        """Let the hub hear of what is in the trail."""
        self.hub.tick(self.now, AT / 1_000 + self.now)
        self.hub.registry_changed(self.trail.registry())
        self.carry_out(self.hub.commands())

    def act(self, deed: Deed, name: str) -> None:
        """Do something to a person or a room."""
        on_room = deed in {Deed.CLOSED_ROOM, Deed.OPENED_ROOM}
        self.trail.act(deed, "" if on_room else name, room=name if on_room else "")
        self.obey()
        head = self.log.head
        if deed in _BEGINNINGS:
            self.silences.append((name, head, None))
        elif deed in _BEGINNINGS.values():
            self.silences = [
                (who, since, head if who == name and until is None else until)
                for who, since, until in self.silences
            ]

    def drop(self, command: Drop) -> None:
        """A connection ends by the hub's will; which is forgotten by the hub already."""
        peer = self.peers.pop(command.conn, None)
        if peer is None:
            return
        if peer.client.conn == command.conn:
            peer.client.conn = None
        else:
            del self.moving[peer.client.device]

    def used(self, command: Used) -> None:
        """The registrar hears of a certificate in use."""
        self.unretired.append(command.identity)

    def retire(self) -> None:
        """The registrar retires what the certificates in use take the place of."""
        while self.unretired:
            entry = self.trail.registry().get(self.unretired.popleft().serial)
            assert entry is not None
            if entry.replaces:
                self.trail.revoke(self.issued[entry.replaces], "superseded")
                self.obey()

    # --- renewal ---------------------------------------------------------------------------

    def renew(self, client: Client) -> None:
        """Give a client its next certificate; it opens a second connection with it."""
        if client.conn is None or not client.live or client.device in self.moving:
            return
        old = self.files[client.device]
        self._issue(client, renewed(old), old.serial)
        self.obey()
        self.conns += 1
        self.moving[client.device] = self.conns
        self.peers[self.conns] = Peer(client)
        self.inbox.append(Opened(self.conns, self.files[client.device], "x"))

    def frame(self, command: Feed | Send | Admit) -> None:
        """A second connection says hello for itself, and the first goes on."""
        peer = self.peers.get(command.conn)
        if peer is None or not isinstance(command, Admit) or peer.client.conn == command.conn:
            super().frame(command)
            return
        client = peer.client
        hello = Hello(1, cursor=client.cursor, history=client.history, device=client.device)
        self.inbox.append(Received(command.conn, (hello,)))

    def take(self, client: Client, count: int) -> None:
        """Let frames arrive at a client, which moves when the second connection is welcomed."""
        super().take(client, count)
        second = self.moving.get(client.device)
        if not count or second is None:
            return
        if any(isinstance(frame, Welcome) for frame in self.peers[second].outbox):
            del self.moving[client.device]
            super().cut(client)
            client.conn, client.overlap = second, client.cursor or 0
            client.welcomed = client.live = False
            super().take(client, count)

    def connect(self, client: Client) -> None:
        """Open a connection, unless one is on its way."""
        if client.device not in self.moving:
            super().connect(client)

    def cut(self, client: Client) -> None:
        """Cut every line of a client."""
        super().cut(client)
        second = self.moving.pop(client.device, None)
        if second is not None:
            del self.peers[second]
            self.inbox.append(Lost(second, "silent", "cut"))

    # --- the end ---------------------------------------------------------------------------

    def check_silences(self) -> None:
        """Nobody who was muted was heard, and nothing happened in a closed room but leaving."""
        for name, since, until in self.silences:
            for seq, draft in self.log.entries:
                if seq > since and (until is None or seq <= until):
                    muted = draft.kind is Kind.SAID and draft.author == name
                    shut = draft.kind is not Kind.LEFT and draft.room == name
                    assert not muted, "heard while muted"
                    assert not shut, "happened in a closed room"
