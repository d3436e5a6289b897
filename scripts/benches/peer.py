"""What all servers that are compared have in common: one authority, mutual TLS, start and stop."""

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scripts.benches.crowd import payload
from scripts.benches.gauge import pinned
from scripts.soaks.processes import free_port

__all__ = ["NAMES", "Papers", "Peer", "hear", "hear_until", "running"]

# How many people the authority makes certificates for by default; connections share them.
NAMES: Final = 40
# So long a server may take to listen, and to end, in seconds.
_START: Final = 15.0
_STOP: Final = 20.0


@dataclass(frozen=True)
class Papers:
    """One authority, a host's certificate and many clients'.

    Args:
        folder: the certificates folder.
        people: how many clients there are.
    """

    folder: Path
    people: int = NAMES

    @classmethod
    def at(cls, folder: Path, people: int = NAMES) -> "Papers":
        """Return those in a folder, made when they are missing."""
        if folder.exists():
            return cls(folder, people)
        from secure_chat.pki.setup import InitRequest, init_certs
        from secure_chat.pki.vault import Vault

        names = tuple(f"p{number}" for number in range(people))
        init_certs(Vault(folder), InitRequest(clients=names))
        return cls(folder, people)

    def context(self, number: int, alpn: str | None = None) -> ssl.SSLContext:
        """Return a client's context."""
        name = f"p{number % self.people}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "ca.crt")
        context.load_cert_chain(
            self.folder / "clients" / f"{name}.crt", self.folder / "clients" / f"{name}.key"
        )
        if alpn:
            context.set_alpn_protocols([alpn])
        return context


class Peer:
    """A server and its dialect.

    Args:
        papers: the certificates.
        folder: for its files.
        size: of a payload, bytes.
    """

    name = ""
    program = ""
    # What to install from Debian to have it.
    package = ""
    # Whether a message also comes back to who said it.
    echoes = True

    def __init__(self, papers: Papers, folder: Path, size: int = 128) -> None:
        self.papers = papers
        self.folder = folder
        self.port = free_port()
        self.payload = payload(size)
        self._contexts: dict[int, ssl.SSLContext] = {}
        self._told = 0

    @classmethod
    def here(cls) -> bool:
        """Tell whether its program is installed."""
        return cls.path() != ""

    @classmethod
    def path(cls) -> str:
        """Return where its program is, "" when it is not installed."""
        # Debian keeps servers where only root looks.
        return shutil.which(cls.program) or shutil.which(cls.program, path="/usr/sbin") or ""

    def context(self, number: int) -> ssl.SSLContext:
        """Return a client's context, one for each name."""
        key = number % self.papers.people
        if key not in self._contexts:
            self._contexts[key] = self.papers.context(number, self.alpn())
        return self._contexts[key]

    def alpn(self) -> str | None:
        """Return the application protocol to offer."""
        return None

    def command(self) -> list[str]:
        """Write the configuration and return the command."""
        raise NotImplementedError

    def greet(self, raw: socket.socket) -> None:
        """Do what comes before TLS; most have nothing."""

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello and subscribe."""
        raise NotImplementedError

    def settle(self, sock: ssl.SSLSocket, number: int) -> None:
        """Do what is done only when everybody has entered; most have nothing."""

    def publish(self, number: int) -> bytes:
        """Return the bytes that say the payload once."""
        raise NotImplementedError


def hear(sock: ssl.SSLSocket) -> bytes:
    """Return what comes next.

    Raises:
        ConnectionError: nothing, because the server closed.
    """
    data = sock.recv(65_536)
    if not data:
        raise ConnectionError("the server closed the connection instead of answering")
    return data


def hear_until(sock: ssl.SSLSocket, token: bytes) -> None:
    """Read until some bytes have come."""
    heard = b""
    while token not in heard:
        heard += hear(sock)


@contextmanager
def running(peer: Peer, cpu: int | None) -> Iterator[int]:
    """Start a peer, wait until it listens, and stop it afterwards.

    Args:
        peer: the server.
        cpu: the processor that it is bound to, None for any.

    Yields:
        Its process id.

    Raises:
        ConnectionError: it does not listen.
    """
    peer.folder.mkdir(parents=True, exist_ok=True)
    said = peer.folder / "said"
    command = peer.command() if cpu is None else pinned(cpu, peer.command())
    with said.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _START
        while not _listens(peer.port):
            if time.monotonic() > deadline or process.poll() is not None:
                words = said.read_text(errors="replace")[-1_000:]
                raise ConnectionError(f"{peer.name} does not listen. It said:\n{words}")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(_STOP)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
