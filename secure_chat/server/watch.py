"""What the main thread does while a host serves: it accepts, and looks at the certificates folder.

Owned by the main thread. It alone tells the others of a new registry, so an older one can never
overtake a newer one; whoever must not answer before that (`Look`) has it done here, behind it. The
enrolment listener is open here only while an invitation can be used. Nothing here waits for a
peer or for another thread.
"""

import selectors
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from secure_chat.clock import Clock
from secure_chat.errors import IdentityError, SecureChatError
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.pki.audit import RegistryWatch
from secure_chat.pki.registry import Registry
from secure_chat.server.announce import Announcer
from secure_chat.server.papers import HostPapers

__all__ = ["Enrolling", "Listener", "Look", "Order", "Stop", "Watch", "address_text"]

# A port that is in use may be free again soon.
_AGAIN_SECONDS: Final = 10.0


class Listener(Protocol):
    """Listening sockets, and what is to be done when one is readable."""

    sockets: list[socket.socket]

    def accept(self, listener: socket.socket) -> None:
        """Take what waits at a listening socket."""

    def resting(self) -> float:
        """Return for how many seconds the sockets are not to be looked at."""


class Enrolling(Listener, Protocol):
    """The enrolment listener."""

    def open(self) -> None:
        """Bind and listen; raises `SecureChatError` when that cannot be."""

    def close(self) -> None:
        """Listen no more; who has come already is served to the end."""


class Stop:
    """Asks the watch to end."""


@dataclass(frozen=True, slots=True)
class Look:
    """Asks for a look at the folder now.

    Args:
        then: called on the main thread once the hub has been given what the look found; must not
            block.
    """

    then: Callable[[], None]


Order = Stop | Look


class Watch:
    """The main thread's loop.

    Args:
        inbox: what other threads ask for.
        chat: the chat's listening sockets, open.
        enrolling: the enrolment listener, closed.
        trail: the audit trail, looked at.
        papers: the host's own certificates.
        tell: called with each new registry.
        announcer: told what the owner should know.
        limits: the bounds in force.
        clock: the time.
    """

    def __init__(  # noqa: PLR0913 - the parts it looks after, wired once in `app`
        self,
        *,
        inbox: Inbox[Order],
        chat: Listener,
        enrolling: Enrolling,
        trail: RegistryWatch,
        papers: HostPapers,
        tell: Callable[[Registry], None],
        announcer: Announcer,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._chat = chat
        self._enrolling = enrolling
        self._trail = trail
        self._papers = papers
        self._tell = tell
        self._announcer = announcer
        self._seconds = limits.registry_seconds
        self._clock = clock
        self._registry = Registry()
        self._enrolment: _Door | None = None
        self._enrol_again_at = clock.monotonic()
        self._enrol_trouble = ""

    def run(self, registry: Registry) -> None:
        """Accept and look until told to stop; nothing but the chat's sockets is open behind it.

        Args:
            registry: what everybody else has begun with.
        """
        self._registry = registry
        with selectors.DefaultSelector() as selector:
            selector.register(self._inbox, selectors.EVENT_READ)
            try:
                self._loop(selector)
            finally:
                self._close_enrolment()

    def finish(self) -> None:
        """Do what was to be done behind a look; call it when no thread asks for one any more."""
        for order in self._inbox.take():
            if isinstance(order, Look):
                order.then()

    def _loop(self, selector: selectors.BaseSelector) -> None:
        chat, look_at = _Door(self._chat, selector), self._clock.monotonic()
        while True:
            now = self._clock.monotonic()
            if now >= look_at:
                look_at = now + self._seconds
                self._look(selector)
            doors = [chat] if self._enrolment is None else [chat, self._enrolment]
            patience = min([look_at - now, *filter(None, [door.mind() for door in doors])])
            orders: list[Order] = []
            for key, _ in selector.select(patience):
                if key.data is None:
                    orders = self._inbox.take()
                else:
                    key.data(key.fileobj)
            thens = [order.then for order in orders if isinstance(order, Look)]
            if thens:
                self._look(selector)
            for then in thens:
                then()
            if any(isinstance(order, Stop) for order in orders):
                return

    # --- the look ------------------------------------------------------------------------------

    def _look(self, selector: selectors.BaseSelector) -> None:
        self._look_at_registry()
        self._papers.look(self._announcer)
        wanted = bool(self._registry.open_invites(self._clock.now()))
        if not wanted:
            self._close_enrolment()
        elif self._enrolment is None and self._clock.monotonic() >= self._enrol_again_at:
            self._open_enrolment(selector)

    def _look_at_registry(self) -> None:
        try:
            registry = self._trail.poll()
        except IdentityError as error:
            self._announcer.say("registry", f"the registry cannot be read: {error}")
            return
        if registry is not None:
            self._registry = registry
            self._tell(registry)

    def _open_enrolment(self, selector: selectors.BaseSelector) -> None:
        try:
            self._enrolling.open()
        except SecureChatError as error:
            self._enrol_again_at = self._clock.monotonic() + _AGAIN_SECONDS
            if str(error) != self._enrol_trouble:
                self._enrol_trouble = str(error)
                self._say_enrolment(f"nobody can enrol: {error}", why=str(error), hint=error.hint)
            return
        self._enrol_trouble = ""
        self._enrolment = _Door(self._enrolling, selector)
        address = address_text(self._enrolling.sockets[0])
        self._announcer.say(
            "enrolment", f"invited people can enrol at {address}", open=True, address=address
        )

    def _close_enrolment(self) -> None:
        if self._enrolment is None:
            return
        address = address_text(self._enrolling.sockets[0])
        self._enrolment.leave()
        self._enrolment = None
        self._enrolling.close()
        self._say_enrolment(f"nobody can enrol at {address} any more", address=address)

    def _say_enrolment(self, words: str, **fields: str) -> None:
        self._announcer.say("enrolment", words, open=False, **fields)


class _Door:
    """The sockets of a listener in the selector, but while they are to be left alone."""

    def __init__(self, listener: Listener, selector: selectors.BaseSelector) -> None:
        self._listener = listener
        self._selector = selector
        self._watched: list[socket.socket] = []

    def mind(self) -> float:
        """Put them in or take them out; returns for how many seconds they are left alone."""
        resting = self._listener.resting()
        if resting:
            self.leave()
        elif not self._watched:
            self._watched = list(self._listener.sockets)
            for sock in self._watched:
                self._selector.register(sock, selectors.EVENT_READ, self._listener.accept)
        return resting

    def leave(self) -> None:
        """Take them out."""
        for sock in self._watched:
            self._selector.unregister(sock)
        self._watched = []


def address_text(sock: socket.socket) -> str:
    """Return where a socket listens, as a person would write it."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
