"""What a client remembers and decides, without a socket, a thread or a clock.

Pure: facts go in, effects come out, in order. Owned by the client's worker thread. It must never
forget what is not acknowledged, show a sequence number twice, or write before the host spoke.

The rules. What is to be sent stands in one queue in the order it was said; at most
`limits.unacked` of it are on their way. An ack or an error for an id takes it out; after a new
welcome everything still in the queue is sent again in the same order, and the host answers a
repeat with the ack of the first time. Everything from the log comes in ascending order, so what is
not above the highest number seen is a repeat and is dropped.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum, auto
from typing import Any

from secure_chat import __version__
from secure_chat.client.effects import (
    Dial,
    Duplicate,
    Effect,
    Forget,
    Hangup,
    Memory,
    Mode,
    Outgoing,
    Request,
    Show,
    Transmit,
)
from secure_chat.client.events import (
    Acked,
    Answer,
    Connected,
    Disconnected,
    Event,
    Left,
    Message,
    Problem,
    Refused,
)
from secure_chat.client.verdict import final_error, wait_before
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    PROTOCOL_VERSION,
    Ack,
    Code,
    Error,
    Greeting,
    Hello,
    Live,
    Membership,
    Notice,
    Page,
    People,
    Presence,
    Profile,
    RoomList,
    Said,
    Welcome,
)
from secure_chat.wire.messages import Message as WireMessage

__all__ = ["Session"]


class _Phase(Enum):
    """How far the present connection is."""

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
        self._phase = _Phase.DOWN
        self._seen = memory.cursor
        self._acked = 0
        self._queue: dict[str, Outgoing] = {message.id: message for message in memory.unsent}
        self._waiting: deque[str] = deque(self._queue)
        self._flying: set[str] = set()
        self._asked: set[int] = set()
        self._uid = ""
        self._welcomed = False
        self._attempt = 0
        self._leaving = False
        self._effects: list[Effect] = []
        # A kind that is not here says nothing to a client; the wire has answered it.
        self._takes: dict[type, Callable[[Any], None]] = {
            Said: self._said,
            Ack: self._ack,
            Membership: self._membership,
            Live: self._caught_up,
            Error: self._error,
            Presence: self._show,
            Notice: self._show,
            People: self._answer,
            RoomList: self._answer,
            Profile: self._answer,
            Page: self._answer,
            Greeting: self._greet,
            Welcome: self._welcome,
        }

    @property
    def unsent(self) -> int:
        """How many messages are not acknowledged yet."""
        return len(self._queue)

    @property
    def over(self) -> bool:
        """Whether this client is at its end; nothing follows its last event."""
        return self._phase is _Phase.OVER

    def effects(self) -> list[Effect]:
        """Take what is to be done, in order."""
        taken, self._effects = self._effects, []
        return taken

    # --- from this end -------------------------------------------------------------------------

    def submit(self, message: Outgoing) -> None:
        """Put something into the queue; it is sent as soon as the window allows.

        Args:
            message: with an id that is new, or with the same content as before.
        """
        known = self._queue.get(message.id)
        if known is not None:
            self._do(Duplicate(message.id))
            if known != message:
                text = "this id is already used for something that waits to be sent"
                self._show(Problem(Code.ID_CONFLICT, text, message.id))
            return
        self._queue[message.id] = message
        self._waiting.append(message.id)
        self._pump()

    def ask(self, request: Request) -> None:
        """Send a question; its answer or a problem with its number follows in any case."""
        if self._phase is not _Phase.OPEN:
            self._show(Problem(Code.SILENT, "there is no connection just now", re=request.re))
            return
        self._asked.add(request.re)
        self._do(Transmit(request))

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

    # --- from the connection -------------------------------------------------------------------

    def opened(self) -> None:
        """TLS is done; the host speaks first."""
        if self._phase is _Phase.DOWN:
            self._phase = _Phase.UP

    def received(self, message: WireMessage) -> None:
        """Take in what the host said."""
        if self._phase is _Phase.OVER:
            return
        take = self._takes.get(type(message))
        if take is not None:
            take(message)
        self._perhaps_end()

    def lost(self, code: str, text: str, error: SecureChatError | None) -> None:
        """Take in that the connection is over, or that it could not be made.

        Args:
            code: why, as the worker says it.
            text: the reason in words.
            error: ready to be shown, when it never came up or was refused.
        """
        if self._phase is _Phase.OVER:
            return
        was_open = self._phase is _Phase.OPEN
        self._phase = _Phase.DOWN
        self._flying.clear()
        self._waiting = deque(self._queue)
        for re in sorted(self._asked):
            self._show(Problem(Code.SILENT, "the connection was lost before the answer", re=re))
        self._asked.clear()
        final = final_error(code, text, error, welcomed=self._welcomed)
        if final is not None:
            self._phase = _Phase.OVER
            self._show(Refused(code, final))
            return
        self._attempt = 0 if was_open else self._attempt + 1
        seconds = wait_before(self._attempt, self._limits, self._jitter())
        reason = str(error) if error is not None else text or code
        self._show(Disconnected(code, reason, self._attempt, seconds))
        self._do(Dial(seconds))

    # --- inside --------------------------------------------------------------------------------

    def _do(self, effect: Effect) -> None:
        self._effects.append(effect)

    def _show(self, event: Event, cursor: int | None = None) -> None:
        self._do(Show(event, cursor))

    def _greet(self, greeting: Greeting) -> None:
        self._uid = greeting.uid
        self._do(
            Transmit(
                Hello(
                    version=PROTOCOL_VERSION,
                    cursor=self._seen,
                    history=self._mode.history,
                    live=self._mode.live,
                    device=self._device,
                    agent=f"securechat/{__version__}",
                )
            )
        )

    def _welcome(self, welcome: Welcome) -> None:
        self._phase = _Phase.OPEN
        self._welcomed = True
        self._attempt = 0
        cursor = self._first_cursor(welcome)
        self._show(
            Connected(
                welcome.name,
                welcome.role,
                welcome.community,
                tuple(welcome.rooms),
                welcome.head,
                welcome.dropped,
                welcome.agent,
                self._uid,
                self._mode.keylog,
            ),
            cursor,
        )
        self._pump()

    def _first_cursor(self, welcome: Welcome) -> int | None:
        """Return what the welcome alone says about how far everything is shown.

        A first run that wants no history has seen everything there is. A host whose log is
        shorter than our cursor has begun a new one, whose numbers must not be taken for repeats.
        """
        if not self._mode.live:
            return None
        if self._seen is None:
            self._seen = None if self._mode.history else welcome.head
        elif self._seen > welcome.head:
            self._seen = welcome.head
            self._acked = 0
            self._show(Notice(Code.PRUNED, "the host's log is new; what it held before is gone"))
        else:
            return None
        return self._seen

    def _pump(self) -> None:
        """Send from the queue what the window allows."""
        while (
            self._phase is _Phase.OPEN
            and self._waiting
            and len(self._flying) < self._limits.unacked
        ):
            id_ = self._waiting.popleft()
            self._flying.add(id_)
            self._do(Transmit(self._queue[id_]))

    def _said(self, said: Said) -> None:
        if self._seen is None or said.seq > self._seen:
            self._seen = said.seq
            self._do(Show(Message.of(said), said.seq))

    def _membership(self, change: Membership) -> None:
        if self._seen is None or change.seq > self._seen:
            self._seen = change.seq
            self._show(change, change.seq)

    def _caught_up(self, live: Live) -> None:
        self._seen = max(live.seq, self._seen or 0)
        self._show(live, self._seen)

    def _answer(self, answer: Answer) -> None:
        self._asked.discard(answer.re)
        self._show(answer)

    def _ack(self, ack: Ack) -> None:
        if self._settle(ack.id):
            self._acked = max(self._acked, ack.seq)
            self._show(Acked(ack.id, ack.seq, ack.at))
            self._pump()

    def _error(self, error: Error) -> None:
        if error.re is not None:
            self._asked.discard(error.re)
        if error.id is not None and not self._settle(error.id):
            return
        self._show(Problem.of(error))
        self._pump()

    def _settle(self, id_: str) -> bool:
        """Take an id out of the queue; tells whether it was there."""
        if id_ not in self._flying:
            return False
        self._flying.discard(id_)
        del self._queue[id_]
        self._do(Forget(id_))
        return True

    def _perhaps_end(self) -> None:
        """Leave when that was asked for and all is acknowledged and has come back to us."""
        shown = not self._mode.live or (self._seen or 0) >= self._acked
        if self._leaving and not self._queue and shown:
            self._end()

    def _end(self) -> None:
        if self._phase is _Phase.OVER:
            return
        connected = self._phase is not _Phase.DOWN
        self._phase = _Phase.OVER
        self._show(Left(len(self._queue)))
        if connected:
            self._do(Hangup())
