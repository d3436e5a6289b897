"""The enrolment listener: a port of its own where invited people get their certificates.

The main thread opens it while an invitation can be used, accepts, and closes it; one thread of its
own, `enrolment`, serves all who come, a few at a time and each under one deadline. It reaches
nothing of the host but the registrar's inbox and the handshake journal.
"""

import socket
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ, DefaultSelector
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import EnrolmentRefused
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.net.exchange import INTEREST
from secure_chat.net.inbox import Inbox
from secure_chat.net.recording import Evidence
from secure_chat.server.acceptor import Acceptor, listen
from secure_chat.server.attempts import Attempts
from secure_chat.server.registrar import Enrol
from secure_chat.server.visitor import Desk, Visitor
from secure_chat.tls.context import Contexts
from secure_chat.tls.link import Link, Want
from secure_chat.tls.reason import Failure, Reason
from secure_chat.wire.enrolment import Enrolled

__all__ = ["Enrolment"]

# Beyond so many that its thread has not looked at, newcomers are closed at once.
_MOST_WAITING: Final = 256
_LOOK_SECONDS: Final = 0.25


@dataclass(frozen=True, slots=True)
class _Came:
    """Somebody has connected."""

    sock: socket.socket


@dataclass(frozen=True, slots=True)
class _Answered:
    """The registrar has answered somebody's request."""

    conn: int
    answer: Enrolled | EnrolmentRefused


class _Stop:
    """Asks the thread to end."""


@dataclass(slots=True)
class _Served:
    """A visitor, the steps that are left, and what its socket is waited for."""

    visitor: Visitor
    steps: Generator[Want | None, None, None]
    want: Want | None = None


class Enrolment:
    """The listener and its thread.

    Args:
        bind: the address to listen on.
        port: the port; 0 for a free one, the same each time it opens.
        contexts: returns the TLS settings for the next connection (`enrolment_host_contexts`).
        authorities: returns the certificates of all authorities, PEM.
        registrar: takes a request; its answer may come on any thread.
        recorded: takes the evidence of each handshake (`Scribe.post`).
        limits: the bounds in force.
        clock: the time.

    Next: start `run` on a thread, `open` while an invitation can be used, `accept` when one of
    `sockets` is readable; at the end `close`, `stop`, and behind `run` `release`.
    """

    def __init__(  # noqa: PLR0913 - the parts it is wired to, once in `app`
        self,
        *,
        bind: str,
        port: int,
        contexts: Callable[[], Contexts],
        authorities: Callable[[], str],
        registrar: Callable[[Enrol], None],
        recorded: Callable[[Evidence], None],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self.sockets: list[socket.socket] = []
        """The listening sockets, none while it is closed; for the main thread."""
        self._bind = bind
        self._port = port
        self._acceptor: Acceptor | None = None
        self._contexts = contexts
        attempts = Attempts(limits.enrolment_attempts, limits.enrolment_attempts_in_all)
        self._desk = Desk(authorities, registrar, recorded, attempts, limits, clock)
        self._limits = limits
        self._clock = clock
        self._inbox: Inbox[_Came | _Answered | _Stop] = Inbox(_MOST_WAITING)
        self._next_conn = 0
        self._served: dict[int, _Served] = {}

    # --- the main thread -----------------------------------------------------------------------

    def open(self) -> None:
        """Bind and listen; nothing when it is open already.

        Raises:
            HostStartError: the port is in use, or the address is not this computer's.
            UsageError: the address has no meaning here.
        """
        if self._acceptor is not None:
            return
        sockets = listen(self._bind, self._port)
        acceptor = Acceptor(sockets, self._adopt, self._clock)
        try:
            acceptor.open()
        except BaseException:
            acceptor.close()
            raise
        self._port = sockets[0].getsockname()[1]
        self._acceptor, self.sockets = acceptor, sockets

    def close(self) -> None:
        """Listen no more, the system refuses newcomers then; who is here is served to the end."""
        if self._acceptor is not None:
            self._acceptor.close()
        self._acceptor, self.sockets = None, []

    def accept(self, listener: socket.socket) -> None:
        """Take what waits at a listening socket."""
        if self._acceptor is not None:
            self._acceptor.accept(listener)

    def resting(self) -> float:
        """Return for how many seconds the listening sockets are not to be looked at."""
        return 0.0 if self._acceptor is None else self._acceptor.resting()

    def _adopt(self, sock: socket.socket, _address: Address) -> None:
        if self._inbox.crowded:
            sock.close()
        else:
            self._inbox.post(_Came(sock))

    # --- any thread ----------------------------------------------------------------------------

    def stop(self) -> None:
        """Have `run` return; who is here is dropped."""
        self._inbox.post(_Stop())

    # --- its own thread ------------------------------------------------------------------------

    def run(self) -> None:
        """Serve until stopped; the thread's body."""
        with DefaultSelector() as selector:
            self._selector = selector
            selector.register(self._inbox, EVENT_READ)
            try:
                while self._turn():
                    continue
            finally:
                for conn in list(self._served):
                    self._drop(conn, Failure(Reason.SHUTDOWN))

    def release(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self.close()
        for item in self._inbox.take():
            if isinstance(item, _Came):
                item.sock.close()
        self._inbox.close()

    def _turn(self) -> bool:
        for key, _ in self._selector.select(_LOOK_SECONDS if self._served else None):
            if key.data is not None:
                self._step(key.data)
                continue
            for item in self._inbox.take():
                if isinstance(item, _Stop):
                    return False
                self._take_in(item)
        now = self._clock.monotonic()
        for conn, served in list(self._served.items()):
            if now >= served.visitor.deadline:
                served.visitor.late()
                self._forget(conn)
        return True

    def _take_in(self, item: _Came | _Answered) -> None:
        if isinstance(item, _Came):
            self._welcome(item.sock)
        elif item.conn in self._served:
            self._served[item.conn].visitor.answer = item.answer
            self._step(item.conn)

    def _welcome(self, sock: socket.socket) -> None:
        conn = self._next_conn
        self._next_conn += 1
        try:
            link = self._link(sock)
        except OSError:
            # They were gone before we looked; there was no handshake to record.
            sock.close()
            return
        visitor = Visitor(link, self._desk, partial(self._answered, conn))
        self._served[conn] = _Served(visitor, visitor.steps())
        if len(self._served) > self._limits.enrolments:
            self._make_room()
        if conn in self._served:
            self._step(conn)

    def _link(self, sock: socket.socket) -> Link:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(
            sock,
            self._contexts(),
            server_side=True,
            server_name=None,
            clock=self._clock,
            limits=self._limits,
        )

    def _answered(self, conn: int, answer: Enrolled | EnrolmentRefused) -> None:
        self._inbox.post(_Answered(conn, answer))

    def _make_room(self) -> None:
        """Drop who has been here longest without asking for anything, so that nobody blocks it."""
        idle = (conn for conn, served in self._served.items() if not served.visitor.asked)
        self._drop(next(idle), Failure(Reason.DROPPED))

    def _step(self, conn: int) -> None:
        """Take a visitor's next steps, as far as they go without waiting."""
        served = self._served[conn]
        self._watch(conn, None)
        try:
            want = next(served.steps)
        except StopIteration:
            self._forget(conn)
        else:
            self._watch(conn, want)

    def _watch(self, conn: int, want: Want | None) -> None:
        served = self._served[conn]
        if served.want is not None:
            self._selector.unregister(served.visitor.link)
        if want is not None:
            self._selector.register(served.visitor.link, INTEREST[want], conn)
        served.want = want

    def _drop(self, conn: int, failure: Failure) -> None:
        self._served[conn].visitor.fail(failure)
        self._forget(conn)

    def _forget(self, conn: int) -> None:
        self._watch(conn, None)
        served = self._served.pop(conn)
        served.steps.close()
        served.visitor.link.close()
