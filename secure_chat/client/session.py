"""What a client remembers and decides, without a socket, a thread or a clock.

Pure: facts go in, effects come out, in order. Owned by the client's worker thread. It must never
forget what is not acknowledged, show a sequence number twice, or write before the host spoke.

The rules. What is to be sent stands in one queue in the order it was said; at most
`limits.unacked` of it are on their way. An ack or an error for an id takes it out; after a new
welcome everything still in the queue is sent again in the same order, and the host answers a
repeat with the ack of the first time. Everything from the log comes in ascending order, so what is
not above the highest number seen is a repeat and is dropped.

A renewed certificate means a second connection beside the first. It asks for what comes behind the
highest number seen by then, and at its welcome it takes over: what the first one brought until
then is in, and what it would have brought comes again on the second. When the first is lost
meanwhile, the second is already on its way and nobody is told, unless it fails too.

Here is which connection counts; what is said on it is `client.conversation`.
"""

from collections.abc import Callable
from enum import Enum, auto

from secure_chat import __version__
from secure_chat.client.conversation import Conversation
from secure_chat.client.effects import (
    Dial,
    DialBeside,
    Effect,
    Hangup,
    Memory,
    Mode,
    Outgoing,
    Request,
    Stayed,
    Transmit,
)
from secure_chat.client.events import Connected, Disconnected, Left, Refused, Renewed
from secure_chat.client.verdict import about_our_certificate, final_error, wait_before
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    PROTOCOL_VERSION,
    Code,
    Greeting,
    Hello,
    Message,
    Notice,
    Welcome,
)

__all__ = ["Session"]


class _Phase(Enum):
    """How far the connection in use is."""

    DOWN = auto()
    UP = auto()
    OPEN = auto()
    OVER = auto()


class Session:
    """One client's side of the conversation, across all its connections.

    Args:
        limits: `unacked` and the retry times are used.
        memory: what an earlier run left.
        mode: what kind of client this is.
        jitter: gives a random number from 0 to below 1 for each wait.
    """

    def __init__(
        self, limits: Limits, memory: Memory, mode: Mode, jitter: Callable[[], float]
    ) -> None:
        self._limits = limits
        self._device = memory.device
        self._mode = mode
        self._jitter = jitter
        self._effects: list[Effect] = []
        self._talk = Conversation(limits, memory, mode, self._effects)
        self._phase = _Phase.DOWN
        self._uid = ""
        self._welcomed = False
        self.file_bytes = 0
        """The largest file that the host takes, by its newest welcome; 0 for none."""
        self._attempt = 0
        self._leaving = False
        # The connection in use, and the one beside it that is to take over.
        self._conn: int | None = None
        self._next: int | None = None
        self._moving = False
        self._left: int | None = None
        # Until when the certificate of the connection to come is valid, seconds since 1970 UTC;
        # set while a change of certificates is under way, which nobody need hear of.
        self._until: int | None = None

    @property
    def unsent(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._talk.unsent)

    @property
    def over(self) -> bool:
        """Whether this client is at its end; nothing follows its last event."""
        return self._phase is _Phase.OVER

    @property
    def conn(self) -> int | None:
        """The connection in use, None while there is none."""
        return self._conn

    @property
    def open_conn(self) -> int | None:
        """The connection that is welcomed, None while there is none."""
        return self._conn if self._phase is _Phase.OPEN else None

    @property
    def settled(self) -> bool:
        """Whether the line is up and what was missed is here, so that `move` would do something."""
        return self._phase is _Phase.OPEN and self._talk.position.caught_up and not self._moving

    def effects(self) -> list[Effect]:
        """Take what is to be done, in order."""
        taken = self._effects.copy()
        # The conversation holds this list too, so it is emptied and not replaced.
        self._effects.clear()
        return taken

    # --- from this end -------------------------------------------------------------------------

    def submit(self, message: Outgoing) -> None:
        """Put something into the queue; it is sent as soon as the window allows.

        Args:
            message: with an id that is new, or with the same content as before.
        """
        self._talk.submit(message)

    def ask(self, request: Request) -> None:
        """Send a question; its answer or a problem with its number follows in any case."""
        self._talk.ask(request)

    def renew(self, request: str) -> None:
        """Ask for a new certificate; `Granted` or `Denied` follows in any case.

        Args:
            request: the certificate request, PEM.
        """
        self._talk.renew(request)

    def move(self, until: int) -> None:
        """Go over to a connection with the certificate that is on the disk now.

        A `Renewed` event follows when it is in use, `Stayed` when nothing came of it.

        Args:
            until: when that certificate ends, seconds since 1970 UTC.
        """
        if not self.settled:
            self._effects.append(Stayed("there is no connection to the host"))
            return
        self._moving, self._until = True, until
        self._effects.append(DialBeside())

    def leave(self, *, flush: bool) -> None:
        """End this client.

        Args:
            flush: first wait until all is acknowledged and shown, through any number of new
                connections; otherwise leave at once and keep the rest for the next run.
        """
        self._leaving = True
        if not flush:
            self._end()
        else:
            self._perhaps_end()

    # --- from the connections ------------------------------------------------------------------

    def opened(self, conn: int) -> None:
        """TLS is done; the host speaks first."""
        if self._moving:
            self._next = conn
        elif self._phase is _Phase.DOWN:
            self._phase, self._conn = _Phase.UP, conn

    def received(self, conn: int, message: Message) -> None:
        """Take in what the host said; what a connection that was left still brings is dropped."""
        if conn == self._conn and self._phase is _Phase.OPEN:
            self._talk.take(message)
        elif self._phase is _Phase.OVER or conn not in {self._conn, self._next}:
            return
        elif isinstance(message, Greeting):
            self._greet(conn, message)
        elif isinstance(message, Welcome):
            self._welcome(conn, message)
        self._perhaps_end()

    def lost(
        self,
        conn: int,
        code: str,
        text: str,
        error: SecureChatError | None,
        newer: int | None = None,
    ) -> None:
        """Take in that a connection is over, or that it could not be made.

        Args:
            conn: which.
            code: why, as the worker says it.
            text: the reason in words.
            error: ready to be shown, when it never came up or was refused.
            newer: until when the certificate on the disk is valid, seconds since 1970 UTC, when
                it is another than that connection's; None when it is the same.
        """
        if self._phase is _Phase.OVER or conn == self._left:
            return
        if self._moving and conn != self._conn:
            self._moving, self._next = False, None
            self._stay(code, str(error) if error is not None else text or code)
        elif conn == self._conn or self._conn is None:
            self._lost(code, text, error, newer)

    # --- inside: ends --------------------------------------------------------------------------

    def _stay(self, code: str, why: str) -> None:
        """The second connection has failed: keep the first, unless there is room for one only."""
        if code != Code.TOO_MANY_CONNECTIONS:
            self._until = None
            self._effects.append(Stayed(why))
            return
        old, self._conn, self._phase = self._conn, None, _Phase.DOWN
        self._talk.leave()
        self._hang_up(old)
        self._effects.append(Dial(wait_before(0, self._limits, self._jitter())))

    def _lost(self, code: str, text: str, error: SecureChatError | None, newer: int | None) -> None:
        """The connection in use is gone: go on with another, try again, or give up."""
        told = self._phase is not _Phase.OPEN and self._until is None
        # One beside it is on its way already, or there is none.
        self._conn, self._next = self._next, None
        self._phase = _Phase.DOWN if self._conn is None else _Phase.UP
        if self._moving:
            self._moving = False
            self._talk.leave()
            return
        if newer is not None and about_our_certificate(code, error):
            self._until = newer
            self._talk.leave()
            self._effects.append(Dial(wait_before(0, self._limits, self._jitter())))
            return
        self._until = None
        self._talk.lose()
        final = final_error(code, text, error, welcomed=self._welcomed)
        if final is not None:
            self._phase = _Phase.OVER
            self._talk.show(Refused(code, final))
            return
        self._attempt = self._attempt + 1 if told else 0
        seconds = wait_before(self._attempt, self._limits, self._jitter())
        reason = str(error) if error is not None else text or code
        self._talk.show(Disconnected(code, reason, self._attempt, seconds))
        self._effects.append(Dial(seconds))

    def _perhaps_end(self) -> None:
        """Leave when that was asked for and all is acknowledged and has come back to us."""
        if self._leaving and not self._talk.unsent and self._talk.position.complete:
            self._end()

    def _end(self) -> None:
        if self._phase is _Phase.OVER:
            return
        self._phase = _Phase.OVER
        self._talk.show(Left(self.unsent))
        self._hang_up(self._conn)
        self._hang_up(self._next)

    def _hang_up(self, conn: int | None) -> None:
        if conn is not None:
            self._left = conn
            self._effects.append(Hangup(conn))

    # --- inside: beginnings --------------------------------------------------------------------

    def _greet(self, conn: int, greeting: Greeting) -> None:
        self._uid = greeting.uid
        hello = Hello(
            version=PROTOCOL_VERSION,
            cursor=self._talk.greet(),
            history=self._mode.history,
            live=self._mode.live,
            device=self._device,
            agent=f"securechat/{__version__}",
        )
        self._effects.append(Transmit(hello, conn))

    def _welcome(self, conn: int, welcome: Welcome) -> None:
        if conn == self._next:
            self._take_over(conn)
        unnoticed = self._until is not None and self._welcomed
        self._phase = _Phase.OPEN
        self._welcomed = True
        self.file_bytes = welcome.file_bytes
        self._attempt = 0
        position = self._talk.position
        if position.is_ahead(welcome.head):
            text = "the host's log is new; what it held before is gone"
            self._talk.show(Notice(Code.PRUNED, text))
        cursor = position.welcome(welcome.head)
        event = self._renewed(welcome) if unnoticed else self._connected(welcome)
        self._talk.show(event, cursor)
        self._until = None
        self._talk.begin(conn)

    def _take_over(self, conn: int) -> None:
        """Leave the connection in use for the one beside it."""
        old, self._conn, self._next, self._moving = self._conn, conn, None, False
        self._talk.leave()
        self._hang_up(old)

    def _connected(self, welcome: Welcome) -> Connected:
        return Connected(
            welcome.name,
            welcome.role,
            welcome.community,
            tuple(welcome.rooms),
            welcome.head,
            welcome.dropped,
            welcome.agent,
            self._uid,
            self._mode.keylog,
        )

    def _renewed(self, welcome: Welcome) -> Renewed:
        until = (self._until or 0) * 1_000
        return Renewed(until, welcome.role, self._talk.rooms(welcome), self._uid)
