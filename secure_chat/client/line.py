"""The client's one line to its host: carries out what the session decides, on the worker's thread.

Owned by the client's worker. It connects, tries one address after the other, hands frames to the
session, and its events to whoever waits for them. It never blocks: names are looked up on a
thread of their own, and a consumer that does not keep up makes it stop reading.
"""

import threading
from collections import deque
from socket import AddressFamily
from typing import Final, assert_never

from secure_chat.client.effects import (
    Dial,
    Duplicate,
    Effect,
    Forget,
    Hangup,
    Show,
    Transmit,
)
from secure_chat.client.events import Problem
from secure_chat.client.keeper import Keeper
from secure_chat.client.orders import Ask, Found, Leaving, Relieved, Submitted, Trouble
from secure_chat.client.outlet import Outlet
from secure_chat.client.session import Session
from secure_chat.client.text import printable
from secure_chat.errors import HostUnreachable, SecureChatError
from secure_chat.net.dialer import Address, addresses, begin
from secure_chat.net.orders import Stop
from secure_chat.net.recording import Evidence
from secure_chat.net.worker import Worker
from secure_chat.tls.vocabulary import Reason, sentence
from secure_chat.wire.messages import Code, Message

__all__ = ["Line"]

_LONG: Final = 60.0
_SAID_BY_THE_PROTOCOL: Final = frozenset(Code)
_KNOWN_REASONS: Final = frozenset(Reason)


class Line:
    """What the client's worker tells and asks; see `net.worker.Handler`.

    Args:
        session: decides.
        keeper: remembers.
        outlet: shows.
        target: the host as the person named it.
    """

    worker: Worker

    def __init__(self, session: Session, keeper: Keeper, outlet: Outlet, target: Address) -> None:
        self._session = session
        self._keeper = keeper
        self._outlet = outlet
        self._target = target
        self._conn = 0
        self._opened = False
        self._uid = ""
        self._candidates: deque[tuple[AddressFamily, Address]] = deque()
        self._dial_at: float | None = None
        self._ended = False

    # --- what the worker tells -----------------------------------------------------------------

    def opened(self, conn: int, certificate: bytes, address: Address) -> None:
        """TLS is done; the host speaks first."""
        del conn, certificate, address
        self._opened = True
        self._session.opened()

    def received(self, conn: int, messages: list[Message]) -> None:
        """Take in what the host said."""
        del conn
        for message in messages:
            self._session.received(message)
        self._settle()
        if self._outlet.full and not self._outlet.holding:
            self._outlet.holding = True
            # The consumer may have caught up in between, before it could see the flag.
            if self._outlet.eased:
                self._outlet.holding = False
            else:
                self.worker.hold(self._conn, holding=True)

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:
        """Try the next address, or let the session decide."""
        del conn
        if error is not None:
            # The host's own words may be in it.
            error.why = printable(error.why)
            error.uid = self._uid
        if self._candidates and not self._opened and isinstance(error, HostUnreachable):
            self._connect()
            return
        self._candidates.clear()
        self._session.lost(code, _in_words(code, text), error)
        self._settle()

    def recorded(self, evidence: Evidence) -> None:
        """Have the handshake written down; its end is told next."""
        self._uid = evidence.uid
        self._keeper.post(evidence)

    def lagging(self, conn: int, upto: int) -> None:
        """Only a host serves from a log."""

    def drained(self, conn: int) -> None:
        """Only a host serves from a log."""

    def crowded(self) -> bool:
        """Never: a slow consumer holds its connection instead."""
        return False

    def wait_for_room(self, seconds: float) -> None:
        """There is nothing to wait for."""

    def command(self, command: object) -> None:
        """Carry out what another thread of this client posted."""
        if isinstance(command, Submitted):
            for message in command.messages:
                self._session.submit(message)
        elif isinstance(command, Ask):
            self._session.ask(command.request)
        elif isinstance(command, Leaving):
            self._session.leave(flush=command.flush)
        elif isinstance(command, Dial):
            self._dial_at = self.worker.now + command.seconds
        elif isinstance(command, Found):
            self._found(command)
        elif isinstance(command, Trouble):
            text = f"{command.error}; nothing is kept for the next run"
            self._outlet.put(Show(Problem(Code.DISK_FULL, text)))
        elif isinstance(command, Relieved):
            self._outlet.holding = False
            self.worker.hold(self._conn, holding=False)
        self._settle()

    def tick(self, now: float) -> float:
        """Begin the next attempt when its time has come."""
        if self._dial_at is None or self._outlet.holding or self._session.over:
            return _LONG
        if now < self._dial_at:
            return self._dial_at - now
        self._dial_at = None
        threading.Thread(target=self._look_up, name="client-names", daemon=True).start()
        return _LONG

    # --- connecting ----------------------------------------------------------------------------

    def _look_up(self) -> None:
        """Find the host's addresses; the body of a thread of its own, as the system may wait."""
        host, port = self._target
        try:
            self.worker.post(Found(tuple(addresses(host, port))))
        except HostUnreachable as error:
            self.worker.post(Found((), error))

    def _found(self, found: Found) -> None:
        if self._session.over:
            return
        self._candidates = deque(found.addresses)
        if found.error is not None:
            self.lost(0, "unreachable", "", found.error)
        else:
            self._connect()

    def _connect(self) -> None:
        family, address = self._candidates.popleft()
        self._conn += 1
        self._opened = False
        self._uid = ""
        try:
            sock = begin(family, address)
        except HostUnreachable as error:
            self.lost(self._conn, "unreachable", "", error)
            return
        self.worker.adopt(self._conn, sock, address, server_name=self._target[0], connecting=True)

    # --- effects -------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Carry out what the session decided; the last time, let everything end."""
        for effect in self._session.effects():
            self._carry_out(effect)
        if self._session.over and not self._ended:
            self._ended = True
            self._outlet.end()
            self.worker.post(Stop(Code.BYE, ""))

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Show):
            self._outlet.put(effect)
        elif isinstance(effect, Transmit):
            self.worker.send(self._conn, effect.message)
        elif isinstance(effect, Forget):
            self._keeper.post(effect)
            self._outlet.places.release()
        elif isinstance(effect, Duplicate):
            self._outlet.places.release()
        elif isinstance(effect, Dial):
            self._dial_at = self.worker.now + effect.seconds
        elif isinstance(effect, Hangup):
            self.worker.close(self._conn, Code.BYE, "")
        else:
            assert_never(effect)


def _in_words(code: str, text: str) -> str:
    """Return why a connection ended; where TLS or the system says it, in words for people."""
    if code in _SAID_BY_THE_PROTOCOL or code not in _KNOWN_REASONS:
        return text
    return sentence(Reason(code), "client")
