"""What is said and heard, whichever connection carries it: messages, acks, questions, petitions.

Pure: facts go in, effects come out, in order. Owned by the client's session, which tells it what
connection there is. It must never forget what is not acknowledged, nor show a number twice.
"""

from collections.abc import Callable
from typing import Any, Final

from secure_chat.client.effects import (
    Denied,
    Duplicate,
    Effect,
    Forget,
    Granted,
    Hurry,
    Memory,
    Mode,
    Outgoing,
    Request,
    Show,
    Transmit,
)
from secure_chat.client.events import Acked, Answer, Event, Message, Problem
from secure_chat.client.position import Position
from secure_chat.client.questions import Questions
from secure_chat.client.unsent import Unsent
from secure_chat.limits import Limits
from secure_chat.wire import messages as wire
from secure_chat.wire.messages import Code

__all__ = ["Conversation"]

# The number of our own request for a certificate; those who ask questions count from 1.
_RENEWAL: Final = 0


class Conversation:
    """One client's side of what is said, across all its connections.

    Args:
        limits: `unacked` is used.
        memory: what an earlier run left.
        mode: what kind of client this is.
        effects: where decided effects go.
    """

    def __init__(self, limits: Limits, memory: Memory, mode: Mode, effects: list[Effect]) -> None:
        self.position = Position(memory.cursor, mode)
        self.unsent = Unsent(memory.unsent, limits.unacked)
        self._questions = Questions()
        self._petitioned = False
        # The last change of each room since the newest greeting was answered.
        self._moves: dict[str, wire.Membership] = {}
        self._effects = effects
        # The connection that things can be said on, and whether one is known to follow it.
        self._conn: int | None = None
        self._followed = False
        # A kind that is not here says nothing to a client; the wire has answered it.
        self._takes: dict[type, Callable[[Any], None]] = {
            wire.Said: self._said,
            wire.Ack: self._ack,
            wire.Membership: self._membership,
            wire.Live: self._live,
            wire.Error: self._error,
            wire.Presence: self.show,
            wire.Notice: self._notice,
            wire.People: self._answer,
            wire.RoomList: self._answer,
            wire.Profile: self._answer,
            wire.Page: self._answer,
            wire.Done: self._answer,
            wire.Renewed: self._granted,
        }

    # --- what the session tells ----------------------------------------------------------------

    def greet(self) -> int | None:
        """Return the cursor for a hello."""
        self._moves.clear()
        return self.position.ask()

    def rooms(self, welcome: wire.Welcome) -> tuple[str, ...]:
        """Return the rooms of a welcome, brought up to what another connection has told meanwhile.

        They are those at the moment of its `head`, and we may be further by now.
        """
        rooms = set(welcome.rooms)
        for change in self._moves.values():
            if change.seq > welcome.head:
                (rooms.add if change.member else rooms.discard)(change.room)
        return tuple(sorted(rooms))

    def begin(self, conn: int) -> None:
        """Go on where we were on a connection that is welcomed."""
        self._conn, self._followed = conn, False
        for request in self._questions.again():
            self._effects.append(Transmit(request, conn))
        self.unsent.again()
        self._pump()

    def leave(self) -> None:
        """Leave a connection that another one follows: nothing is lost, acts are not repeated."""
        self._conn, self._followed = None, True
        self._drop_petition()
        for problem in self._questions.leave():
            self.show(problem)

    def lose(self) -> None:
        """There is no connection any more, nor one about to be."""
        self._conn, self._followed = None, False
        self.position.lost()
        self._drop_petition()
        for problem in self._questions.lose():
            self.show(problem)

    def take(self, message: wire.Message) -> None:
        """Take in what the host said on a welcomed connection."""
        take = self._takes.get(type(message))
        if take is not None:
            take(message)

    def show(self, event: Event, cursor: int | None = None) -> None:
        """Hand an event to the consumer."""
        self._effects.append(Show(event, cursor))

    # --- what this end wants -------------------------------------------------------------------

    def submit(self, message: Outgoing) -> None:
        """Put something into the queue, or say that its id is there already."""
        known = self.unsent.add(message)
        if known is not None:
            self._effects.append(Duplicate(message.id))
            if known != message:
                text = "this id is already used for something that waits to be sent"
                self.show(Problem(Code.ID_CONFLICT, text, message.id))
            return
        self._pump()

    def ask(self, request: Request) -> None:
        """Send a question now, or on the connection that is about to be."""
        if self._conn is not None:
            self._questions.add(request)
            self._effects.append(Transmit(request, self._conn))
        elif self._followed:
            self._questions.add(request)
        else:
            self.show(Problem(Code.SILENT, "there is no connection just now", re=request.re))

    def renew(self, request: str) -> None:
        """Ask for a new certificate."""
        if self._conn is None:
            self._effects.append(Denied("there is no connection to the host"))
            return
        self._petitioned = True
        self._effects.append(Transmit(wire.Renew(_RENEWAL, request), self._conn))

    # --- inside --------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Send from the queue what the window allows."""
        if self._conn is not None:
            for message in self.unsent.take():
                self._effects.append(Transmit(message, self._conn))

    def _said(self, said: wire.Said) -> None:
        if self.position.advance(said.seq):
            self.show(Message.of(said), said.seq)

    def _membership(self, change: wire.Membership) -> None:
        if self.position.advance(change.seq):
            self._moves[change.room] = change
            self.show(change, change.seq)

    def _live(self, live: wire.Live) -> None:
        self.show(live, self.position.live(live.seq))

    def _notice(self, notice: wire.Notice) -> None:
        if notice.code == Code.RENEW:
            self._effects.append(Hurry())
        else:
            self.show(notice)

    def _answer(self, answer: Answer) -> None:
        self._questions.answered(answer.re)
        self.show(answer)

    def _ack(self, ack: wire.Ack) -> None:
        if self._settle(ack.id):
            self.position.acked(ack.seq)
            self.show(Acked(ack.id, ack.seq, ack.at))
            self._pump()

    def _error(self, error: wire.Error) -> None:
        if error.re == _RENEWAL:
            self._deny(f"{error.text} ({error.code})")
            return
        if error.re is not None:
            self._questions.answered(error.re)
        if error.id is not None and not self._settle(error.id):
            return
        self.show(Problem.of(error))
        self._pump()

    def _settle(self, id_: str) -> bool:
        """Take an id out of the queue; tells whether it was on its way."""
        settled = self.unsent.settle(id_)
        if settled:
            self._effects.append(Forget(id_))
        return settled

    def _granted(self, answer: wire.Renewed) -> None:
        # What nobody has asked for is not looked at.
        if self._petitioned:
            self._petitioned = False
            self._effects.append(Granted(answer.certificate, answer.authorities))

    def _drop_petition(self) -> None:
        self._deny("the connection was lost before the answer")

    def _deny(self, why: str) -> None:
        if self._petitioned:
            self._petitioned = False
            self._effects.append(Denied(why))
