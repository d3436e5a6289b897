"""The client's one line to its host: carries out what the session decides, on the worker's thread.

Owned by the client's worker. It connects, tries one address after the other, hands frames to the
session, and its events to whoever waits for them. It never blocks: names are looked up on a
thread of their own, and a consumer that does not keep up makes it stop reading.

The line is one connection, but for the moment in which one with a renewed certificate takes over:
that one is made beside it, to the same address, so that no name has to be looked up.
"""

import threading
from collections import deque
from socket import AddressFamily
from typing import Final, Protocol, assert_never

from secure_chat.client.effects import (
    Denied,
    Dial,
    DialBeside,
    Duplicate,
    Effect,
    Forget,
    Granted,
    Hangup,
    Hurry,
    Show,
    Stayed,
    Transmit,
)
from secure_chat.client.events import Connected, Problem, Renewed
from secure_chat.client.keeper import Keeper
from secure_chat.client.orders import (
    Ask,
    Composed,
    Found,
    Hindered,
    Leaving,
    Ready,
    Relieved,
    Submitted,
    Trouble,
)
from secure_chat.client.outlet import Outlet
from secure_chat.client.renewing import Renewing
from secure_chat.client.session import Session
from secure_chat.client.text import printable
from secure_chat.client.transfer.porter import Porter, concerns_transfers
from secure_chat.errors import HostUnreachable, SecureChatError
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address, addresses, begin
from secure_chat.net.orders import Stop
from secure_chat.net.recording import Evidence
from secure_chat.net.worker import Worker
from secure_chat.pki.identity import Identity
from secure_chat.tls.vocabulary import Reason, sentence
from secure_chat.wire.messages import Code, Message

__all__ = ["Line"]

_LONG: Final = 60.0
_SAID_BY_THE_PROTOCOL: Final = frozenset(Code)
_KNOWN_REASONS: Final = frozenset(Reason)


class Certificates(Protocol):
    """What the line asks of `client.credentials`."""

    handed: Identity

    def newer(self, used: Identity) -> Identity | None:
        """Return the certificate on the disk when it is another one and holds."""


class Line:
    """What the client's worker tells and asks; see `net.worker.Handler`.

    Args:
        session: decides.
        keeper: remembers.
        outlet: shows.
        target: the host as the person named it.
        certificates: tells which one a connection has, and whether there is a newer one.
        renewing: has it renewed in time.
        porter: carries files.
        limits: how long leaving may wait for a certificate that is on its way.
    """

    worker: Worker

    def __init__(  # noqa: PLR0913, PLR0917 -- the parts it works with, wired once in `runtime`
        self,
        session: Session,
        keeper: Keeper,
        outlet: Outlet,
        target: Address,
        certificates: Certificates,
        renewing: Renewing,
        porter: Porter,
        limits: Limits,
    ) -> None:
        self._session = session
        self._keeper = keeper
        self._outlet = outlet
        self._target = target
        self._certificates = certificates
        self._renewing = renewing
        self._porter = porter
        # Which connection the porter knows of.
        self._carrying: int | None = None
        self._limits = limits
        # The number of the newest attempt, and which certificate each connection has.
        self._conn = 0
        self._used: dict[int, Identity] = {}
        self._opened = False
        self._uid = ""
        self._candidates: deque[tuple[AddressFamily, Address]] = deque()
        # Where the newest attempt went; once connected, where we are.
        self._here: tuple[AddressFamily, Address] = (AddressFamily.AF_UNSPEC, target)
        self._dial_at: float | None = None
        self._leaving: Leaving | None = None
        self._leave_by = 0.0
        self._ended = False

    # --- what the worker tells -----------------------------------------------------------------

    def opened(self, conn: int, certificate: bytes, address: Address) -> None:
        """TLS is done; the host speaks first."""
        del certificate, address
        self._opened = True
        self._used[conn] = self._certificates.handed
        self._session.opened(conn)

    def received(self, conn: int, messages: list[Message]) -> None:
        """Take in what the host said."""
        carried = []
        for message in messages:
            if concerns_transfers(message):
                carried.append(message)
            else:
                self._session.received(conn, message)
        self._settle()
        if carried and conn == self._carrying and not self._porter.heard(conn, carried):
            self.worker.close(conn, Code.PROTOCOL, "more of a file came than was let come")
        if self._outlet.full and not self._outlet.holding:
            self._outlet.holding = True
            # The consumer may have caught up in between, before it could see the flag.
            if self._outlet.eased:
                self._outlet.holding = False
            else:
                self._hold()

    def lost(self, conn: int, code: str, text: str, error: SecureChatError | None) -> None:
        """Try the next address, or let the session decide."""
        if error is not None:
            # The host's own words may be in it.
            error.why = printable(error.why)
            error.uid = self._uid
        if self._candidates and not self._opened and isinstance(error, HostUnreachable):
            self._connect()
            return
        self._candidates.clear()
        newer = self._certificates.newer(self._used.pop(conn, self._certificates.handed))
        until = None if newer is None else newer.not_after
        self._session.lost(conn, code, _in_words(code, text), error, until)
        self._settle()

    def recorded(self, evidence: Evidence) -> None:
        """Have the handshake written down; its end is told next."""
        self._uid = evidence.uid
        self._keeper.post(evidence)

    def lagging(self, conn: int, upto: int) -> None:
        """Only a host serves from a log."""

    def drained(self, conn: int) -> None:
        """Only a host serves from a log."""

    def unloaded(self, conn: int) -> None:
        """There is room for more chunks of the uploads."""
        self._porter.unloaded(conn)

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
            self._leaving = command
            self._leave_by = self.worker.now + self._limits.stop_seconds
        elif isinstance(command, Dial):
            self._dial_at = self.worker.now + command.seconds
        elif isinstance(command, Found):
            self._found(command)
        elif isinstance(command, Composed | Ready | Hindered):
            self._renewing.made(command, self.worker.now)
        elif isinstance(command, Trouble):
            text = f"{command.error}; nothing is kept for the next run"
            self._outlet.put(Show(Problem(Code.DISK_FULL, text)))
        elif isinstance(command, Relieved):
            self._outlet.holding = False
            self._hold()
        self._settle()

    def tick(self, now: float) -> float:
        """Begin the next attempt when its time has come; returns the seconds until the next."""
        if self._session.over:
            return _LONG
        wait = min(_LONG, self._renewing.tick(now))
        if self._leaving is not None:
            self._settle()
            wait = min(wait, max(0.0, self._leave_by - now))
        if self._dial_at is None or self._outlet.holding:
            return wait
        if now < self._dial_at:
            return min(wait, self._dial_at - now)
        self._dial_at = None
        threading.Thread(target=self._look_up, name="client-names", daemon=True).start()
        return wait

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
            self._conn += 1
            self.lost(self._conn, "unreachable", "", found.error)
        else:
            self._connect()

    def _connect(self) -> None:
        self._opened = False
        self._here = self._candidates.popleft()
        self._begin(*self._here)

    def _begin(self, family: AddressFamily, address: Address) -> None:
        self._conn += 1
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
        effects = self._session.effects()
        self._mind_porter()
        for effect in effects:
            self._carry_out(effect)
        if self._leaving is not None:
            self._perhaps_leave()
        if self._session.over and not self._ended:
            self._ended = True
            self._porter.end(self._outlet.error)
            self._outlet.end()
            self.worker.post(Stop(Code.BYE, ""))

    def _mind_porter(self) -> None:
        """Tell the porter which connection counts, before anybody hears that there is one."""
        conn = self._session.open_conn
        if conn != self._carrying:
            self._carrying = conn
            self._porter.line(conn, self._session.file_bytes)

    def _perhaps_leave(self) -> None:
        """Leave when that was asked for; a certificate that is on its way is waited for."""
        late = self.worker.now >= self._leave_by
        if self._leaving is not None and (late or not self._renewing.busy):
            leaving, self._leaving = self._leaving, None
            self._session.leave(flush=leaving.flush)
            for effect in self._session.effects():
                self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Show):
            self._show(effect)
        elif isinstance(effect, Transmit):
            self.worker.send(effect.conn, effect.message)
        elif isinstance(effect, Forget):
            self._keeper.post(effect)
            self._outlet.places.release()
        elif isinstance(effect, Duplicate):
            self._outlet.places.release()
        elif isinstance(effect, Dial):
            self._dial_at = self.worker.now + effect.seconds
        elif isinstance(effect, DialBeside):
            self._begin(*self._here)
        elif isinstance(effect, Hangup):
            self.worker.close(effect.conn, Code.BYE, "")
        elif isinstance(effect, Granted | Denied | Hurry | Stayed):
            self._renewing.told(effect)
        else:
            assert_never(effect)

    def _show(self, show: Show) -> None:
        conn = self._session.conn
        if isinstance(show.event, Connected | Renewed) and conn is not None:
            self._renewing.using(self._used[conn])
            if self._outlet.holding:
                # The connection before was not read from either.
                self._hold()
        self._outlet.put(show)

    def _hold(self) -> None:
        if self._session.conn is not None:
            self.worker.hold(self._session.conn, holding=self._outlet.holding)


def _in_words(code: str, text: str) -> str:
    """Return why a connection ended; where TLS or the system says it, in words for people."""
    if code in _SAID_BY_THE_PROTOCOL or code not in _KNOWN_REASONS:
        return text
    return sentence(Reason(code), "client")
