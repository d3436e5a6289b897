"""The two ends of a scenario: the real host and client, and bare ones for what those refuse.

The real ones are taken wherever their own checks at start let them. Where they would not even
begin, because that is what the checks are for, a bare end stands in: the same worker, the same
TLS settings, the same records, without the checks. All of it listens on 127.0.0.1 only, and
whatever is started here has ended when the call or the `with` statement is over.
"""

import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from secure_chat.client.runtime import Client
from secure_chat.clock import SystemClock
from secure_chat.errors import SecureChatError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.net.orders import Adopt, Stop
from secure_chat.net.recording import Evidence, record_of
from secure_chat.net.worker import Worker
from secure_chat.server.announce import Announcement
from secure_chat.server.app import Host, HostSettings
from secure_chat.tls.context import Contexts
from secure_chat.wire.messages import PROTOCOL_VERSION, Code, Greeting, Hello, Message, Welcome
from secure_chat.wire.states import Role

__all__ = ["LOOPBACK", "PATIENCE", "approach", "impostor", "join", "listening", "running_host"]

LOOPBACK = "127.0.0.1"
PATIENCE = 10.0
"""Seconds after which an end that hears nothing gives up; nothing should ever take that long."""


@contextmanager
def running_host(certs: Path, data: Path, limits: Limits) -> Iterator[Address]:
    """Run the real host and yield its address; behind the statement its journal is whole.

    Args:
        certs: its certificates folder.
        data: its own data folder.
        limits: the bounds in force.

    Raises:
        SecureChatError: it could not start, or a part of it failed.
    """
    announced: queue.SimpleQueue[Announcement] = queue.SimpleQueue()
    failures: list[SecureChatError] = []
    host = Host(
        HostSettings(certs=certs, data=data, bind=LOOPBACK, port=0, limits=limits), announced.put
    )

    def run() -> None:
        try:
            host.run()
        except SecureChatError as error:
            failures.append(error)
        finally:
            announced.put(Announcement("over", ""))

    with _thread("lab-host", run, host.stop):
        said = announced.get()
        while said.event not in {"ready", "over"}:
            said = announced.get()
        if said.event == "ready":
            _, _, port = str(said.fields["address"]).rpartition(":")
            yield LOOPBACK, int(port)
    if failures:
        raise failures[0]


def join(certs: Path, name: str, at: str, data: Path) -> None:
    """Let the real client connect and leave again; a refusal stands in its journal.

    Args:
        certs: its certificates folder.
        name: who to be.
        at: the host, `HOST:PORT`.
        data: the folder for everybody's data.
    """
    client = Client(name, at=at, certs=certs, data=data, live=False, remember=False)
    with suppress(SecureChatError), client:
        pass


def approach(at: Address, contexts: Contexts, journal: Path) -> None:
    """Let a bare client connect and leave again.

    Args:
        at: the host.
        contexts: what it shows and trusts.
        journal: the folder of its journal.
    """
    sock = socket.create_connection(at, PATIENCE)
    _Bare(Role.CLIENT, contexts, journal).converse(sock, at)


@contextmanager
def impostor(contexts: Contexts, journal: Path) -> Iterator[Address]:
    """Run a bare host for one connection and yield its address.

    Args:
        contexts: what it shows and trusts.
        journal: the folder of its journal.
    """

    def serve(sock: socket.socket, peer: Address) -> None:
        _Bare(Role.HOST, contexts, journal).converse(sock, peer)

    with listening(serve) as at:
        yield at


@contextmanager
def listening(serve: Callable[[socket.socket, Address], None]) -> Iterator[Address]:
    """Listen for one connection, serve it on a thread, and yield the address.

    Args:
        serve: given the connection, which it need not close, and the peer's address.
    """

    def run() -> None:
        # Somebody who never comes, or goes in the middle, shows in what is not recorded.
        with suppress(OSError):
            sock, peer = listener.accept()
            with sock:
                sock.settimeout(PATIENCE)
                serve(sock, peer)

    with socket.create_server((LOOPBACK, 0)) as listener:
        listener.settimeout(PATIENCE)
        with _thread("lab-listener", run, lambda: _end_waiting(listener)):
            yield listener.getsockname()


def _end_waiting(listener: socket.socket) -> None:
    """Let nobody go on waiting for a connection that will not come."""
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def _thread(name: str, body: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Run something beside the statement, and have it end with it."""
    thread = threading.Thread(target=body, name=name)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join()


class _Bare:
    """One connection of a worker without a program around it; see `net.worker.Handler`.

    Args:
        role: which end it is.
        contexts: its TLS settings.
        journal: the folder of its journal.
    """

    def __init__(self, role: Role, contexts: Contexts, journal: Path) -> None:
        self._limits, clock = Limits(), SystemClock()
        self._journal = Journal(journal / ACCEPTED, journal / REFUSED, self._limits, clock)
        self._worker = Worker(self, lambda: contexts, self._limits, clock, role=role)

    def converse(self, sock: socket.socket, peer: Address) -> None:
        """Carry the connection from its first byte to its last, on this thread."""
        name = LOOPBACK if self._worker.role is Role.CLIENT else None
        self._worker.post(Adopt(1, sock, peer, server_name=name))
        try:
            self._worker.run()
        finally:
            self._journal.close()

    def opened(self, conn: int, certificate: bytes, address: Address) -> None:
        """A bare host lets nobody in; a bare client waits for the greeting."""
        del certificate, address
        if self._worker.role is Role.HOST:
            self._worker.close(conn, Code.SHUTDOWN, "this host was made to be refused")

    def received(self, conn: int, messages: list[Message]) -> None:
        """Go as far as the welcome, if it should come to that, and leave."""
        for message in messages:
            if isinstance(message, Greeting):
                self._worker.send(conn, Hello(version=PROTOCOL_VERSION, live=False))
            elif isinstance(message, Welcome):
                self._worker.close(conn, Code.BYE, "")

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:
        """End with the only connection."""
        del conn, code, text, error
        self._worker.post(Stop(Code.BYE, ""))

    def recorded(self, evidence: Evidence) -> None:
        """Write it down at once; nobody else needs this thread."""
        self._journal.write(record_of(evidence))

    def lagging(self, conn: int, upto: int) -> None:
        """Nothing is delivered here."""

    def drained(self, conn: int) -> None:
        """Nothing is delivered here."""

    def unloaded(self, conn: int) -> None:
        """Nothing is delivered here."""

    def crowded(self) -> bool:
        """Return that there is always room."""
        return False

    def wait_for_room(self, seconds: float) -> None:
        """There is nothing to wait for."""

    def command(self, command: object) -> None:
        """Nobody posts anything else."""

    def tick(self, now: float) -> float:
        """Nothing to do."""
        del now
        return 1.0
