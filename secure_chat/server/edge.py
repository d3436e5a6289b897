"""Where the workers meet the hub and the depot: certificates become identities, messages events.

One for each worker, on the worker's thread. It decides two things only: whether a certificate that
OpenSSL has verified is one that this program would have issued, and whether a peer sends more of a
file than it was granted, so that what waits for the depot is bounded.
"""

from typing import Final, cast

from secure_chat.errors import CertificateRefused, SecureChatError
from secure_chat.hub.events import Drained, Lagging, Lost, Opened, Received
from secure_chat.net.dialer import Address
from secure_chat.net.inbox import Inbox
from secure_chat.net.recording import Evidence
from secure_chat.net.worker import Worker
from secure_chat.pki.profile import read_member
from secure_chat.server.depot.depot import Depot
from secure_chat.server.depot.items import Asked, Brought, Gone, Unloaded
from secure_chat.server.depot.toll import Toll
from secure_chat.server.scribe import Scribe
from secure_chat.wire.messages import (
    Abandon,
    Chunk,
    Code,
    Enough,
    FromClient,
    Message,
    More,
    Seal,
    Upload,
)

__all__ = ["Edge"]

_OF_FILES: Final = frozenset({Upload, Chunk, Seal, Abandon, More, Enough})
_TOO_MUCH: Final = "more of a file came than this host has granted"
_TOO_MANY: Final = "too many requests about files came at once"


class Edge:
    """What one worker of the host tells the rest of it.

    Args:
        hub: the hub's inbox.
        depot: who takes and sends files.
        scribe: who writes the handshake journal.
        requests: how many requests about files of a connection may wait for the depot.
    """

    worker: Worker

    def __init__(self, hub: Inbox[object], depot: Depot, scribe: Scribe, requests: int) -> None:
        self._hub = hub
        self._depot = depot
        self._tolls = depot.tolls
        self._scribe = scribe
        self._requests = requests

    def opened(self, conn: int, certificate: bytes, address: Address) -> str | None:
        """Judge the certificate by our own profile; the hub judges the rest."""
        try:
            identity = read_member(certificate)
        except CertificateRefused as error:
            self.worker.close(conn, Code.CERTIFICATE, f"{error.code}: {error}")
            return None
        self._tolls[conn] = Toll(identity.name)
        self._hub.post(Opened(conn, identity, f"{address[0]}:{address[1]}"))
        return identity.name

    def received(self, conn: int, messages: list[Message]) -> None:
        """Pass messages on; the protocol lets only a client's through here."""
        # One pass in C over what is nearly always only for the hub.
        if _OF_FILES.isdisjoint(map(type, messages)):
            self._hub.post(Received(conn, tuple(messages)))  # type: ignore[arg-type] # by wire.states
        else:
            self._split(conn, messages)

    def _split(self, conn: int, messages: list[Message]) -> None:
        """Pass on to the depot what is about files, and the rest to the hub."""
        # By wire.states only what clients say comes here.
        about = [cast("Asked", message) for message in messages if type(message) in _OF_FILES]
        other = [
            cast("FromClient", message) for message in messages if type(message) not in _OF_FILES
        ]
        if other:
            self._hub.post(Received(conn, tuple(other)))
        toll = self._tolls.get(conn)
        if toll is None:
            # The connection has ended by its own words in the same turn.
            return
        toll.asked += len(about)
        toll.came += sum(len(message.data) for message in about if isinstance(message, Chunk))
        if toll.came > toll.bound:
            self.worker.close(conn, Code.PROTOCOL, _TOO_MUCH)
        elif toll.asked - toll.taken > self._requests:
            self.worker.close(conn, Code.PROTOCOL, _TOO_MANY)
        else:
            self._depot.post(Brought(conn, toll, tuple(about)))

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:  # noqa: ARG002
        """Pass the end on; the hub ignores connections it never knew."""
        self._hub.post(Lost(conn, code, text))
        toll = self._tolls.pop(conn, None)
        if toll is not None:
            # In this order: what the depot has not looked at yet is not stored any more.
            toll.over = True
            self._depot.post(Gone(conn))

    def recorded(self, evidence: Evidence) -> None:
        """Leave the record to the thread that may wait for the disk."""
        self._scribe.post(evidence)

    def lagging(self, conn: int, upto: int) -> None:
        """Pass on that a peer is served from the log from `upto`."""
        self._hub.post(Lagging(conn, upto))

    def drained(self, conn: int) -> None:
        """Pass on that a lagging peer has room."""
        self._hub.post(Drained(conn))

    def unloaded(self, conn: int) -> None:
        """Pass on that a peer has room for more pieces of files."""
        self._depot.post(Unloaded(conn))

    def crowded(self) -> bool:
        """Reading stops while hub or depot have too much to do, so memory never grows."""
        return self._hub.crowded or self._depot.inbox.crowded

    def wait_for_room(self, seconds: float) -> None:
        """Wait for whoever has too much to do."""
        (self._hub if self._hub.crowded else self._depot.inbox).wait_for_room(seconds)

    def command(self, command: object) -> None:
        """Nobody posts anything else to a host's worker."""
        raise AssertionError(f"not an order: {command!r}")

    def tick(self, now: float) -> float:  # noqa: ARG002
        """Nothing to do; look after deadlines once a second."""
        return 1.0
