"""One knock at a host's door: connect, shake hands, hear the greeting, say goodbye.

Runs on the caller's thread and waits, each step under its deadline. Nothing is said but the
goodbye, so nobody is seen to come; the host's journal has the handshake all the same.
"""

import os
import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from selectors import EVENT_READ, EVENT_WRITE
from typing import Final, TypeVar

from secure_chat.clock import Clock
from secure_chat.errors import CertificateRefused, HostUnreachable
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address, addresses, begin, unreachable
from secure_chat.net.recording import gather, new_uid, reason_for, record_of
from secure_chat.pki.profile import read_host
from secure_chat.tls.context import ALPN, Contexts
from secure_chat.tls.link import Link, LinkFailed, Want
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.connection import Connection, Ended, Event, Failed, PeerClosed
from secure_chat.wire.messages import Close, Code, Greeting
from secure_chat.wire.states import Role, State

__all__ = ["Visit", "visit"]

_T = TypeVar("_T")
_EVENTS: Final = {Want.READ: EVENT_READ, Want.WRITE: EVENT_WRITE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What came of knocking.

    Args:
        target: the host as the person named it.
        name: who knocked, None for a stranger without a certificate.
        unknown: why the name has no address, "" when it has.
        refusals: what the addresses said that nothing answers at, one line each.
        record: the handshake as a client records it, None when nothing answered.
        failure: why it came to nothing, None when the host greeted.
        odd: which rule of the profile the host's certificate breaks, in words; "" for none.
        greeting: the host's first words.
        code: the host's own code when it closed the door.
    """

    target: Address
    name: str | None
    unknown: str = ""
    refusals: tuple[str, ...] = ()
    record: HandshakeRecord | None = None
    failure: Failure | None = None
    odd: str = ""
    greeting: Greeting | None = None
    code: str = ""

    @property
    def refused(self) -> bool:
        """Whether the host ended it, by an alert or in its own words."""
        return self.failure is not None and (self.failure.by_peer("client") or bool(self.code))


def visit(
    target: Address, name: str | None, contexts: Contexts, clock: Clock, limits: Limits
) -> Visit:
    """Knock once, and return what came of it; it never raises for what the other end does.

    Args:
        target: the host's name or address, and its port.
        name: who it is that `contexts` show, None for a stranger.
        contexts: the TLS settings of a client.
        clock: the time.
        limits: how long each step may take.
    """
    try:
        found = addresses(*target)
    except HostUnreachable as error:
        return Visit(target=target, name=name, unknown=error.why)
    refusals: list[str] = []
    for family, address in found:
        try:
            sock = _connect(family, address, limits.connect_seconds)
        except HostUnreachable as error:
            refusals.append(f"{address[0]}: {error.why}")
            continue
        knock = _Knock(sock, target[0], contexts, clock, limits)
        return knock.run(Visit(target=target, name=name, refusals=tuple(refusals)))
    return Visit(target=target, name=name, refusals=tuple(refusals))


def _connect(family: socket.AddressFamily, address: Address, seconds: float) -> socket.socket:
    """Return a connected socket.

    Raises:
        HostUnreachable: nothing answers there.
    """
    sock = begin(family, address)
    answered = _ready(sock.fileno(), EVENT_WRITE, seconds)
    code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if answered and not code:
        return sock
    sock.close()
    reason = OSError(code, os.strerror(code)) if code else TimeoutError("no answer in time")
    raise unreachable(address, reason)


@dataclass(slots=True)
class _Knock:
    """One connection, from the handshake to the goodbye."""

    sock: socket.socket
    server_name: str
    contexts: Contexts
    clock: Clock
    limits: Limits
    link: Link = field(init=False)
    wire: Connection = field(init=False)
    started: float = field(init=False)
    began: float = field(init=False)
    deadline: float = field(init=False)

    def run(self, before: Visit) -> Visit:
        """Return what came of it, added to what was known before."""
        self.started, self.began = self.clock.now(), self.clock.monotonic()
        self.deadline = self.began + self.limits.handshake_seconds
        self.link = Link(
            self.sock,
            self.contexts,
            server_side=False,
            server_name=self.server_name,
            clock=self.clock,
        )
        self.wire = Connection(Role.CLIENT, self.limits)
        try:
            failure, word = self._meet()
            done = self._done(before, failure, word)
            self._leave()
        finally:
            self.link.close()
        return done

    def _meet(self) -> tuple[Failure | None, Event | None]:
        """Shake hands and hear the host's first word; return what went wrong, and the word."""
        try:
            if self._until(self.link.handshake) is not None:
                return self.link.late(), None
            if self.link.alpn != ALPN:
                return Failure(Reason.NO_ALPN), None
            word = self._hear()
        except LinkFailed as error:
            return error.failure, None
        return _meaning(word), word

    def _hear(self) -> Event | None:
        """Return the first event, None when none comes in time."""
        events: list[Event] = []
        while not events:
            data = self._until(self.link.read)
            if isinstance(data, Want):
                return None
            if data:
                self.wire.receive_data(data)
            else:
                self.wire.receive_eof()
            events = self.wire.events()
        return events[0]

    def _done(self, before: Visit, failure: Failure | None, word: Event | None) -> Visit:
        seconds = self.clock.monotonic() - self.began
        evidence = gather(self.link, new_uid(), self.started, seconds, before.name or "", failure)
        certificate = self.link.certificate()
        return Visit(
            target=before.target,
            name=before.name,
            refusals=before.refusals,
            record=record_of(evidence),
            failure=failure,
            odd="" if certificate is None else _odd(certificate),
            greeting=word if isinstance(word, Greeting) else None,
            code=word.code if isinstance(word, PeerClosed) else "",
        )

    def _leave(self) -> None:
        """Say goodbye and wait for the host's end, so that no reset overtakes the goodbye."""
        self.deadline = self.clock.monotonic() + self.limits.close_seconds
        try:
            if self.wire.state is State.GREETED:
                self.wire.send(Close(Code.BYE))
            for frame in self.wire.data_to_send():
                # A goodbye is smaller than what an empty line takes at once.
                self.link.write(frame)
            self._until(self.link.shut)
        except LinkFailed:
            return
        self.link.finish_sending()
        while not self.link.discard() and self._wait(EVENT_READ):
            pass

    def _until(self, step: Callable[[], _T | Want]) -> _T | Want:
        """Repeat a step of the link until it wants nothing, or the deadline has passed."""
        while isinstance(answer := step(), Want):
            if not self._wait(_EVENTS[answer]):
                break
        return answer

    def _wait(self, events: int) -> bool:
        return _ready(self.link.fileno(), events, self.deadline - self.clock.monotonic())


def _ready(fd: int, events: int, seconds: float) -> bool:
    """Wait until a socket is ready, at most so many seconds."""
    with selectors.DefaultSelector() as selector:
        selector.register(fd, events)
        return bool(seconds > 0 and selector.select(seconds))


def _meaning(word: Event | None) -> Failure | None:
    """Return what the host's first word means, None when it is a greeting."""
    match word:
        case Greeting():
            return None
        case PeerClosed() | Failed():
            return Failure(reason_for(word.code), word.text)
        case Ended():
            return Failure(Reason.CLOSED)
        case _:
            return Failure(Reason.STALLED, "the host did not greet in time")


def _odd(certificate: bytes) -> str:
    try:
        read_host(certificate)
    except CertificateRefused as error:
        return error.why
    return ""
