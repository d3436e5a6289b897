"""The hub: events in, drafts for the log, commands out; it decides everything and does nothing.

Owned by the hub's thread. Pure: no socket, no thread, no clock, no file. A batch goes like this:
`tick`, `handle` for each event, `drafts`, then `settle` or `unsettled` if there were drafts, then
`commands`. Nothing is sent of what the log has not given back as committed.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from secure_chat.hub.catchup import CatchUp
from secure_chat.hub.commands import Command, Fact, Note, Pause, Send
from secure_chat.hub.contents import Contents
from secure_chat.hub.door import Door
from secure_chat.hub.drafts import Drafts
from secure_chat.hub.events import (
    Answered,
    Drained,
    Event,
    FileRead,
    Forgotten,
    Lagging,
    Looked,
    Lost,
    Opened,
    PageRead,
    Received,
    Replied,
    StorageFailed,
    Uploaded,
)
from secure_chat.hub.petitions import Petitions
from secure_chat.hub.presence import Comings
from secure_chat.hub.questions import Questions
from secure_chat.hub.requests import Requests
from secure_chat.hub.roster import Roster
from secure_chat.hub.sanctions import Sanctions
from secure_chat.hub.session import Phase, Session
from secure_chat.hub.settlement import Settlement
from secure_chat.hub.standing import Standing
from secure_chat.hub.tail import Tail
from secure_chat.hub.uploads import Uploads
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Outcome, Place
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import (
    Code,
    Fetch,
    FromClient,
    Hello,
    History,
    Join,
    Leave,
    Moderate,
    Notice,
    Renew,
    Rooms,
    Say,
    Who,
    Whois,
)

__all__ = ["Hub"]

_NOT_IN_YET: Final = frozenset({Phase.GREETED, Phase.WAITING})


class Hub:
    """Who is where and who hears what.

    Args:
        limits: every bound.
        community: the community's id, for welcomes.
        agent: the host program and its version, for welcomes.
        head: the newest sequence number of the log.
        floor: the oldest sequence number the log still has.
        places: current and past memberships, from the log.
        registry: the certificates that were issued.
    """

    def __init__(  # noqa: PLR0913 - what it starts from, each by name
        self,
        limits: Limits,
        *,
        community: str,
        agent: str,
        head: int,
        floor: int,
        places: Iterable[Place],
        registry: Registry,
    ) -> None:
        self._out: list[Command] = []
        out = self._out
        self._comings = Comings(limits, out)
        self._roster = roster = Roster(limits, places, self._comings)
        standing = Standing(registry)
        self._sanctions = sanctions = Sanctions(roster, registry, out)
        self._tail = tail = Tail(head, limits)
        self._drafts = drafts = Drafts()
        self._catchup = CatchUp(roster, tail, limits, out)
        self._questions = Questions(roster, standing, limits, out)
        self._settlement = Settlement(roster, drafts, tail, out)
        self._uploads = Uploads(limits)
        self._requests = Requests(
            roster=roster,
            drafts=drafts,
            standing=standing,
            sanctions=sanctions,
            contents=Contents(self._uploads, limits),
            limits=limits,
            out=out,
        )
        self._petitions = Petitions(
            roster=roster, standing=standing, sanctions=sanctions, limits=limits, out=out
        )
        self._door = Door(
            community=community,
            agent=agent,
            floor=floor,
            roster=roster,
            standing=standing,
            sanctions=sanctions,
            drafts=drafts,
            tail=tail,
            catchup=self._catchup,
            limits=limits,
            out=out,
        )

    def tick(self, now: float, at: float) -> None:
        """Let time pass; call before each batch and when `next_tick` has come.

        Args:
            now: seconds on the monotonic clock.
            at: seconds since 1970 UTC, by which mutes end.
        """
        self._roster.now = now
        self._comings.flush(now)
        self._sanctions.tick(now, at)

    def next_tick(self) -> float | None:
        """Return when `tick` has something to do, on the monotonic clock, or None for never."""
        dues = (self._comings.due, self._sanctions.due)
        return min((due for due in dues if due is not None), default=None)

    def handle(self, event: Event) -> None:
        """Take one event in; events of connections that are gone or unknown are ignored."""
        session = self._roster.sessions.get(event.conn)
        if session is None:
            self._from_outside(event)
            return
        if isinstance(event, Received):
            self._received(session, event.messages)
        elif isinstance(event, PageRead):
            self._catchup.page_read(session, event.missed)
        elif isinstance(event, Drained):
            self._catchup.drained(session)
        elif isinstance(event, Lagging):
            self._catchup.lagging(session, event.seq)
        elif isinstance(event, Answered):
            self._out.append(Send(session.conn, event.page))
        elif isinstance(event, FileRead):
            self._questions.file_read(session, event)
        elif isinstance(event, Replied):
            self._petitions.replied(session, event)
        elif isinstance(event, Lost):
            self._door.lost(session, event)

    def _from_outside(self, event: Event) -> None:
        """Take in what is about a connection that is not admitted."""
        if isinstance(event, Opened):
            self._door.opened(event)
        elif isinstance(event, Looked):
            self._door.looked(event.conn)
        elif isinstance(event, Lost):
            self._door.went(event.conn)

    def drafts(self) -> list[Draft]:
        """Take what waits for the log; call `settle` or `unsettled` next, unless it is empty."""
        return self._drafts.take()

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Hear that the drafts are committed.

        Args:
            outcomes: the log's answers, one for each draft, in their order.
        """
        self._settlement.settle(outcomes)
        self._behind(None)

    def unsettled(self, failed: StorageFailed) -> None:
        """Hear that nothing of the drafts was stored, and why."""
        self._settlement.unsettled(failed)
        self._behind(failed)

    def commands(self) -> list[Command]:
        """Take what is decided, to be carried out in this order."""
        taken = self._out.copy()
        # The parts hold this list, so it is emptied and not replaced.
        self._out.clear()
        return taken

    def registry_changed(self, registry: Registry) -> None:
        """Use another registry from now on.

        Whoever it does not let in is dropped, mutes and closed rooms are enforced, and clients
        that should have a new certificate are told; call `tick` before.
        """
        self._door.registry_changed(registry)
        self._sanctions.registry_changed(registry)

    def expire(self, at: float) -> None:
        """Drop everybody whose certificate has ended; call about once a minute.

        Args:
            at: seconds since 1970 UTC, by which certificates are judged.
        """
        self._door.expire(at)

    def uploaded(self, uploaded: Uploaded) -> None:
        """Hear that a person may refer to an upload, and as what."""
        self._uploads.add(uploaded)

    def forgotten(self, forgotten: Forgotten) -> None:
        """Hear that nobody may refer to these uploads any more."""
        self._uploads.forget(forgotten)

    def pruned(self, floor: int) -> None:
        """Hear that retention moved the oldest sequence number to `floor`."""
        self._door.floor = floor

    def _received(self, session: Session, messages: tuple[FromClient, ...]) -> None:
        if not session.welcomed():
            for message in messages:
                if isinstance(message, Hello) and session.phase is Phase.GREETED:
                    self._door.hello(session, message)
            return
        say = self._requests.say
        for message in messages:
            if type(message) is Say:
                say(session, message)
            else:
                self._other(session, message)
        self._charge(session, len(messages))

    def _other(self, session: Session, message: FromClient) -> None:
        if isinstance(message, Join):
            self._requests.join(session, message)
        elif isinstance(message, Leave):
            self._requests.leave(session, message)
        elif isinstance(message, Who | Rooms | Whois | History | Fetch):
            # Whoever asks behind a request of theirs expects the answer to know of it.
            if self._drafts.waiting:
                self._drafts.behind.append((session, message))
            else:
                self._questions.answer(session, message)
        elif isinstance(message, Renew | Moderate):
            self._petitions.ask(session, message)

    def _charge(self, session: Session, amount: int) -> None:
        bucket = session.person.bucket
        seconds = bucket.take(amount, self._roster.now)
        if not seconds:
            return
        self._out.append(Pause(session.conn, seconds))
        if not bucket.slowed:
            bucket.slowed = True
            text = "you send faster than this host allows; it reads more slowly, nothing is lost"
            self._out.append(Send(session.conn, Notice(Code.SLOWED, text)))
            self._out.append(Note(Fact.SLOWED, session.person.name, session.address))

    def _behind(self, failed: StorageFailed | None) -> None:
        fault = None if failed is None else (failed.code, failed.text)
        for session, message in self._drafts.clear():
            if session.phase is Phase.GONE:
                continue
            if isinstance(message, Hello):
                self._door.welcome(session, message, fault)
            elif isinstance(message, Join | Leave):
                self._requests.confirm(session, message, fault)
            else:
                self._questions.answer(session, message)
