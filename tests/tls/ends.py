"""Two ends of TLS on loopback, stepped by one thread without a pause."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from select import select

from secure_chat.clock import Clock, SystemClock
from secure_chat.tls.context import Contexts
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure

_HANG_SECONDS = 10.0


def loopback() -> tuple[socket.socket, socket.socket]:
    """Return both ends of a connection: the accepted one and the one that dialled."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dialled = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    return accepted, dialled


def host_link(sock: socket.socket, contexts: Contexts, clock: Clock | None = None) -> Link:
    """Return the host's link over an accepted socket."""
    return Link(sock, contexts, server_side=True, server_name=None, clock=clock or SystemClock())


def client_link(sock: socket.socket, contexts: Contexts, name: str = "localhost") -> Link:
    """Return a client's link over a socket that dialled `name`."""
    return Link(sock, contexts, server_side=False, server_name=name, clock=SystemClock())


def ready(link: Link, want: Want) -> None:
    """Wait until the link's socket is ready; a hang fails the test."""
    fd = [link.fileno()]
    reading, writing = (fd, []) if want is Want.READ else ([], fd)
    assert any(select(reading, writing, [], _HANG_SECONDS)), f"{want} never came"


def step(link: Link) -> Want | Failure | None:
    """Do one step of a handshake; a failure is an answer too."""
    try:
        return link.handshake()
    except LinkFailed as error:
        return error.failure


def finish(link: Link, call: Callable[[], bytes | int | Want | None]) -> bytes | int | None:
    """Repeat a call of a link until it wants nothing any more."""
    while isinstance(answer := call(), Want):
        ready(link, answer)
    return answer


@dataclass
class Shake:
    """A handshake that is over on both ends.

    Args:
        host: the host's link.
        client: the client's link.
        host_end: why it failed for the host, None when it did not.
        client_end: why it failed for the client, by then or at its first read.
    """

    host: Link
    client: Link
    host_end: Failure | None
    client_end: Failure | None

    def close(self) -> None:
        """Close both ends."""
        self.host.close()
        self.client.close()


def shake(host: Contexts, client: Contexts, name: str = "localhost") -> Shake:
    """Let both ends shake hands until each knows how it ended.

    A client's handshake is done before the host has judged its certificate, so the client's end
    is known only when it has read something.
    """
    accepted, dialled = loopback()
    ends = host_link(accepted, host), client_link(dialled, client, name)
    answers: list[Want | Failure | None] = [Want.READ, Want.READ]
    while any(isinstance(answer, Want) for answer in answers):
        for side in (1, 0):
            if isinstance(answers[side], Want):
                answers[side] = step(ends[side])
    failures = [None if isinstance(answer, Want) else answer for answer in answers]
    if failures == [None, None]:
        finish(ends[0], lambda: ends[0].write(b"welcome"))
    if failures[1] is None:
        try:
            finish(ends[1], ends[1].read)
        except LinkFailed as error:
            failures[1] = error.failure
    return Shake(*ends, *failures)
