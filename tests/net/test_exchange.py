"""A short conversation as steps: frames both ways over real TLS, under one deadline."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from secure_chat.clock import SystemClock
from secure_chat.errors import RemoteProtocolError
from secure_chat.net.exchange import Exchange, Steps, take_alone
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import enrolment_host_contexts, first_visit_contexts
from secure_chat.tls.link import Link, LinkFailed
from secure_chat.tls.reason import Reason

CLOCK = SystemClock()
PATIENCE = 20.0


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Return the two ends of a connection, the host's first."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        dialled = stack.enter_context(socket.create_connection(listener.getsockname()))
        accepted = stack.enter_context(listener.accept()[0])
        yield accepted, dialled


@contextmanager
def exchange(sock: socket.socket, certs: Path | None) -> Iterator[Exchange]:
    """Be one end; with certificates the host's. Its link belongs to this thread."""
    vault = None if certs is None else Vault(certs)
    contexts = (
        first_visit_contexts()
        if vault is None
        else enrolment_host_contexts(vault.host_crt, vault.host_key)
    )
    link = Link(
        sock,
        contexts,
        server_side=vault is not None,
        server_name=None if vault is not None else "localhost",
        clock=CLOCK,
    )
    with closing(link):
        yield Exchange(link, most=200_000)


def taken(talk: Exchange, steps: Steps[bytes], seconds: float = PATIENCE) -> bytes:
    """Take all steps of one end."""
    return take_alone(steps, talk.link, CLOCK.monotonic() + seconds, CLOCK)


def echo(talk: Exchange) -> Steps[bytes]:
    """Shake hands, then say back what is heard until the end."""
    yield from talk.shake()
    heard = b""
    while body := (yield from talk.hear()):
        heard += body
        yield from talk.say(len(body).to_bytes(4, "big") + body)
    yield from talk.part()
    return heard


def ask(talk: Exchange, *bodies: bytes) -> Steps[bytes]:
    """Shake hands, say everything at once, hear all answers, part."""
    yield from talk.shake()
    yield from talk.say(b"".join(len(body).to_bytes(4, "big") + body for body in bodies))
    answers = b""
    for _ in bodies:
        answers += yield from talk.hear()
    yield from talk.part()
    return answers


def test_frames_go_both_ways(sockets: tuple[socket.socket, socket.socket], certs: Path) -> None:
    """Several in one record, and one that is larger than any record or buffer."""
    bodies = (b"a", b"bc", bytes(150_000))
    heard: list[bytes] = []

    def host() -> None:
        with exchange(sockets[0], certs) as talk:
            heard.append(taken(talk, echo(talk)))

    thread = threading.Thread(target=host)
    thread.start()
    with exchange(sockets[1], None) as talk:
        assert taken(talk, ask(talk, *bodies)) == b"".join(bodies)
    thread.join(PATIENCE)
    assert heard == [b"".join(bodies)]


def test_a_deadline_is_for_all_steps_together(
    sockets: tuple[socket.socket, socket.socket],
) -> None:
    """Nobody answers here; what is past already does not wait at all."""
    for seconds in (0.05, -1.0):
        with exchange(sockets[1].dup(), None) as talk, pytest.raises(TimeoutError):
            taken(talk, ask(talk), seconds)


def test_a_cut_line_fails_the_link(sockets: tuple[socket.socket, socket.socket]) -> None:
    """In the middle of the handshake."""
    sockets[0].close()
    with exchange(sockets[1], None) as talk, pytest.raises(LinkFailed) as failed:
        taken(talk, ask(talk))
    assert failed.value.failure.reason is Reason.CLOSED


def test_a_length_is_judged_before_it_is_believed(
    sockets: tuple[socket.socket, socket.socket], certs: Path
) -> None:
    """As in the chat."""
    faults: list[RemoteProtocolError] = []

    def host() -> None:
        with exchange(sockets[0], certs) as talk, pytest.raises(RemoteProtocolError) as fault:
            taken(talk, echo(talk))
        faults.append(fault.value)

    def shout(talk: Exchange) -> Steps[bytes]:
        yield from talk.shake()
        yield from talk.say(b"\xff\xff\xff\xff")
        return b""

    thread = threading.Thread(target=host)
    thread.start()
    with exchange(sockets[1], None) as talk:
        taken(talk, shout(talk))
        thread.join(PATIENCE)
    assert [fault.code for fault in faults] == ["too-big"]
