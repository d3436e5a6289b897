"""A worker with a listener that a test turns by hand, and everything it was told."""

import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from secure_chat.clock import Clock
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.net.recording import Evidence
from secure_chat.net.worker import Worker
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import Contexts, client_contexts, host_contexts
from secure_chat.wire.messages import Message
from secure_chat.wire.states import Role

__all__ = ["End", "Loss", "client_tls", "host_tls", "pair_of_sockets", "turn_until"]


@dataclass(frozen=True)
class Loss:
    """What a handler heard of an end."""

    conn: int
    code: str
    text: str
    error: SecureChatError | None


@dataclass
class Heard:
    """A handler that notes down everything."""

    opened_conns: list[int] = field(default_factory=list)
    messages: list[tuple[int, Message]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    lags: list[tuple[int, int]] = field(default_factory=list)
    drains: list[int] = field(default_factory=list)
    unloads: list[int] = field(default_factory=list)
    commands: list[object] = field(default_factory=list)
    # What the test does when the next frames of files are wanted.
    feed: Callable[[int], None] = lambda _conn: None
    full: bool = False
    waits: int = 0

    def opened(self, conn: int, certificate: bytes, address: Address) -> str | None:
        """Note an opened connection."""
        assert certificate
        assert address[1]
        self.opened_conns.append(conn)
        return "somebody"

    def received(self, conn: int, messages: list[Message]) -> None:
        """Note messages."""
        self.messages += [(conn, message) for message in messages]

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:
        """Note an end."""
        self.losses.append(Loss(conn, code, text, error))

    def recorded(self, evidence: Evidence) -> None:
        """Note evidence."""
        self.evidence.append(evidence)

    def lagging(self, conn: int, upto: int) -> None:
        """Note a full outbox."""
        self.lags.append((conn, upto))

    def drained(self, conn: int) -> None:
        """Note room in an outbox."""
        self.drains.append(conn)

    def unloaded(self, conn: int) -> None:
        """Note that the next frames of files are wanted."""
        self.unloads.append(conn)
        self.feed(conn)

    def crowded(self) -> bool:
        """Tell what the test has set."""
        return self.full

    def wait_for_room(self, seconds: float) -> None:
        """Count the waits."""
        assert seconds > 0
        self.waits += 1

    def command(self, command: object) -> None:
        """Note a foreign command."""
        self.commands.append(command)

    def tick(self, now: float) -> float:
        """Want nothing."""
        assert now
        return 1.0


class End:
    """A worker and what it told."""

    def __init__(self, role: Role, contexts: Contexts, clock: Clock, limits: Limits) -> None:
        self.heard = Heard()
        self.worker = Worker(self.heard, lambda: contexts, limits, clock, role=role)

    def said(self) -> list[Message]:
        """Return the messages heard."""
        return [message for _, message in self.heard.messages]

    def stop(self) -> None:
        """Close everything without a word."""
        self.worker.close_all()


def host_tls(certs: Path) -> Contexts:
    """Return a host's contexts."""
    files = Vault(certs).host_files()
    return host_contexts(files.ca, files.certificate, files.key, files.crl)


def client_tls(certs: Path, name: str | None, ca: Path | None = None) -> Contexts:
    """Return a client's contexts; without a name those of somebody without a certificate."""
    vault = Vault(certs)
    if name is None:
        return client_contexts(ca or vault.ca_crt, None, None)
    return client_contexts(ca or vault.ca_crt, vault.client_crt(name), vault.client_key(name))


def pair_of_sockets() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a TCP connection on loopback: the host's, the client's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        host, _ = server.accept()
    return host, client


def turn_until(done: object, *ends: End, turns: int = 2_000) -> None:
    """Turn the workers one after the other until `done()` is true."""
    assert callable(done)
    for _ in range(turns):
        if done():
            return
        for end in ends:
            end.worker.turn(0.001)
    raise AssertionError("it did not happen")
