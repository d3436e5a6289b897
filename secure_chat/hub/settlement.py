"""What follows from the log's answer: acknowledgements, deliveries, changed memberships.

Owned by the hub's thread. The only place that makes a message of a draft, and it does so from what
the log gave back; so nobody is told anything that is not stored.
"""

from collections.abc import Sequence
from typing import Final

from secure_chat.hub.commands import Command, Fact, Fault, Note, Send
from secure_chat.hub.drafts import Drafts
from secure_chat.hub.events import StorageFailed
from secure_chat.hub.fanout import FanOut
from secure_chat.hub.rewriting import Rewriting
from secure_chat.hub.room import LOBBY_ID
from secure_chat.hub.roster import Roster
from secure_chat.hub.session import Person, Phase, Session
from secure_chat.hub.tail import Moved, Tail
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Outcome
from secure_chat.wire.messages import Ack, Code, Error, Membership, Said

__all__ = ["Settlement"]


class Settlement:
    """Turns outcomes into commands.

    Args:
        roster: who is where.
        drafts: the batch that was taken.
        tail: where committed entries are kept.
        out: where decided commands go.
    """

    def __init__(self, roster: Roster, drafts: Drafts, tail: Tail, out: list[Command]) -> None:
        self._roster = roster
        self._drafts = drafts
        self._tail = tail
        self._out = out
        self._fanout = FanOut(out)
        self._rewriting = Rewriting()
        self._failing = False

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Acknowledge and deliver what was committed.

        Args:
            outcomes: the log's answers, one for each draft, in their order.
        """
        drafts, head, said, gone = self._drafts, self._tail.head, Kind.SAID, Phase.GONE
        for session, draft, outcome in zip(drafts.owners, drafts.taken, outcomes, strict=True):
            if not isinstance(outcome, Committed):
                self._refuse(session, draft, *self._why(draft, outcome))
                continue
            if session.phase is not gone and draft.id != LOBBY_ID:
                self._out.append(Send(session.conn, Ack(draft.id, outcome.seq, outcome.at)))
            if outcome.repeated:
                continue
            if draft.kind is said:
                self._said(draft, outcome)
            else:
                self._moved(session.person, draft, outcome)
        if self._rewriting:
            self._tail.rewrite(self._rewriting)
            self._rewriting.clear()
        self._tail.trim()
        self._fanout.flush()
        if self._failing and self._tail.head > head:
            self._failing = False
            self._out.append(Note(Fact.STORAGE, "", "messages are stored again"))

    def unsettled(self, failed: StorageFailed) -> None:
        """Tell every author that nothing was stored."""
        for session, draft in zip(self._drafts.owners, self._drafts.taken, strict=True):
            self._refuse(session, draft, failed.code, failed.text)
        if not self._failing:
            self._failing = True
            self._out.append(Note(Fact.STORAGE, "", failed.text))

    def _said(self, draft: Draft, done: Committed) -> None:
        room, content = draft.room, draft.content
        said = Said(done.seq, done.at, draft.author, draft.id, draft.text, room, draft.to, content)
        self._tail.append(said)
        if content is not None:
            self._rewriting.add(said, content)
        self._fanout.add(self._pair(draft) if room is None else self._members(room), said)

    def _members(self, name: str) -> tuple[int, ...]:
        # A text that relied on a repeated joining may name a room that is no more.
        room = self._roster.rooms.get(name)
        return room.audience() if room is not None else ()

    def _pair(self, draft: Draft) -> tuple[int, ...]:
        people = self._roster.people
        author = people[draft.author]
        other = people.get(draft.to or draft.author)
        return author.live if other is None or other is author else author.live + other.live

    def _moved(self, person: Person, draft: Draft, done: Committed) -> None:
        room, member = draft.room or "", draft.kind is Kind.JOINED
        if (room in person.rooms) is member:
            # It relied on a draft before it that turned out to be a repetition, so it changes
            # nothing; as a change it would make the tail misjudge what was said before it.
            self._tail.pass_over(done.seq)
            return
        membership = Membership(done.seq, done.at, room, member)
        self._tail.append(Moved(person.name, membership))
        if self._roster.moved(person, membership):
            self._out.append(Note(Fact.ROOM, person.name, room))
        self._fanout.add(person.live, membership)

    def _refuse(self, session: Session, draft: Draft, code: str, text: str) -> None:
        if session.phase is not Phase.GONE and draft.id != LOBBY_ID:
            self._out.append(Send(session.conn, Error(code, text, id=draft.id)))

    def _why(self, draft: Draft, outcome: Conflict | Absent) -> Fault:
        if isinstance(outcome, Conflict):
            return Code.ID_CONFLICT, "that id was used before for something else; use a new id"
        return self._drafts.fault(draft) if draft.again else _NO_MESSAGE


_NO_MESSAGE: Final[Fault] = (
    Code.NO_MESSAGE,
    "there is no message of that number here that you could do this with",
)
