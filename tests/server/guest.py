"""A small blocking client that speaks the protocol over real TLS, for tests of a host."""

import socket
import ssl
import time
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from secure_chat.limits import Limits
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import ALPN
from secure_chat.wire.connection import Connection, Event, PeerClosed
from secure_chat.wire.messages import (
    PROTOCOL_VERSION,
    FromClient,
    Greeting,
    Hello,
    Live,
    Message,
    Welcome,
)
from secure_chat.wire.states import Role

__all__ = ["Guest", "context_for"]

Kind = TypeVar("Kind")

_PATIENCE = 20.0


def context_for(certs: Path, name: str | None, alpn: str | None = ALPN) -> ssl.SSLContext:
    """Return a plain client context; `name` None shows no certificate."""
    vault = Vault(certs)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(vault.ca_crt)
    if name is not None:
        context.load_cert_chain(vault.client_crt(name), vault.client_key(name))
    if alpn is not None:
        context.set_alpn_protocols([alpn])
    return context


class Guest:
    """One connection of one person.

    Args:
        address: the host's.
        certs: the certificates folder.
        name: who to be.
    """

    def __init__(self, address: tuple[str, int], certs: Path, name: str) -> None:
        raw = socket.create_connection(address, timeout=_PATIENCE)
        self.sock = context_for(certs, name).wrap_socket(raw, server_hostname="127.0.0.1")
        self.wire = Connection(Role.CLIENT, Limits())
        self.heard: list[Event] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sock.close()

    def join(self, cursor: int | None = None, history: int = 0, *, live: bool = True) -> Welcome:
        """Go as far as the welcome, and for a live connection as far as being live."""
        self.wait_for(Greeting)
        self.say(
            Hello(
                version=PROTOCOL_VERSION,
                cursor=cursor,
                history=history,
                live=live,
                device="test",
            )
        )
        welcome = self.wait_for(Welcome)
        if live:
            self.wait_for(Live)
        return welcome

    def say(self, *messages: FromClient) -> None:
        """Send messages."""
        for message in messages:
            self.wire.send(message)
        self.sock.sendall(b"".join(self.wire.data_to_send()))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def read(self) -> bool:
        """Read once; False at the end of the stream."""
        data = self.sock.recv(65_536)
        self.wire.receive_data(data)
        answers = b"".join(self.wire.data_to_send())
        if answers:
            self.sock.sendall(answers)
        self.heard += self.wire.events()
        return bool(data)

    def wait_for(self, kind: type[Kind], seconds: float = _PATIENCE) -> Kind:
        """Take the next event of a kind, keeping what came before it in `heard`."""
        deadline = time.monotonic() + seconds
        while True:
            for at, event in enumerate(self.heard):
                if isinstance(event, kind):
                    del self.heard[at]
                    return event
            self.sock.settimeout(max(0.01, deadline - time.monotonic()))
            if not self.read():
                raise AssertionError(f"no {kind.__name__} before the end; heard {self.heard}")

    def closed(self) -> PeerClosed:
        """Wait for the host's Close."""
        return self.wait_for(PeerClosed)

    def messages(self, number: int, kind: type[Kind]) -> list[Kind]:
        """Take several events of a kind."""
        return [self.wait_for(kind) for _ in range(number)]

    def until_quiet(self, fence: FromClient, answer: type[Message]) -> None:
        """Ask something and wait for its answer, so that all before it has arrived."""
        self.say(fence)
        self.wait_for(answer)
