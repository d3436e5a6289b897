"""Where the workers meet the hub: certificates become identities, messages become events.

One for each worker, on the worker's thread. It decides one thing only: whether a certificate
that OpenSSL has verified is one that this program would have issued.
"""

from secure_chat.errors import CertificateRefused, SecureChatError
from secure_chat.hub.commands import Drained, Lagging, Lost, Opened, Received
from secure_chat.net.dialer import Address
from secure_chat.net.inbox import Inbox
from secure_chat.net.recording import Evidence
from secure_chat.net.worker import Worker
from secure_chat.pki.profile import read_member
from secure_chat.server.scribe import Scribe
from secure_chat.wire.messages import Code, Message

__all__ = ["Edge"]


class Edge:
    """What one worker of the host tells the rest of it.

    Args:
        hub: the hub's inbox.
        scribe: who writes the handshake journal.
    """

    worker: Worker

    def __init__(self, hub: Inbox[object], scribe: Scribe) -> None:
        self._hub = hub
        self._scribe = scribe

    def opened(self, conn: int, certificate: bytes, address: Address) -> str | None:
        """Judge the certificate by our own profile; the hub judges the rest."""
        try:
            identity = read_member(certificate)
        except CertificateRefused as error:
            self.worker.close(conn, Code.CERTIFICATE, f"{error.code}: {error}")
            return None
        self._hub.post(Opened(conn, identity, f"{address[0]}:{address[1]}"))
        return identity.name

    def received(self, conn: int, messages: list[Message]) -> None:
        """Pass messages on; the protocol lets only a client's through here."""
        self._hub.post(Received(conn, tuple(messages)))  # type: ignore[arg-type] # by wire.states

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:  # noqa: ARG002
        """Pass the end on; the hub ignores connections it never knew."""
        self._hub.post(Lost(conn, code, text))

    def recorded(self, evidence: Evidence) -> None:
        """Leave the record to the thread that may wait for the disk."""
        self._scribe.post(evidence)

    def lagging(self, conn: int, upto: int) -> None:
        """Pass on that a peer is served from the log from `upto`."""
        self._hub.post(Lagging(conn, upto))

    def drained(self, conn: int) -> None:
        """Pass on that a lagging peer has room."""
        self._hub.post(Drained(conn))

    def crowded(self) -> bool:
        """Reading stops while the hub has too much to do, so memory never grows."""
        return self._hub.crowded

    def wait_for_room(self, seconds: float) -> None:
        """Wait for the hub."""
        self._hub.wait_for_room(seconds)

    def command(self, command: object) -> None:
        """Nobody posts anything else to a host's worker."""
        raise AssertionError(f"not an order: {command!r}")

    def tick(self, now: float) -> float:  # noqa: ARG002
        """Nothing to do; look after deadlines once a second."""
        return 1.0
