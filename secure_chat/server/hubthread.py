"""The hub's thread: it drains the inbox, commits what was said in one transaction, fans out.

It owns the pure hub and the one connection that writes the log. Group commit comes by itself:
while a commit waits for the disk the inbox fills, and the next transaction takes all of it.
Nothing is acknowledged or shown before its commit has returned.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import StoreBroken, StoreFull
from secure_chat.hub.commands import (
    Admit,
    Command,
    Deliver,
    Drop,
    Fact,
    Feed,
    LookUp,
    Note,
    OpenFile,
    Pause,
    Petition,
    ReadFile,
    ReadHistory,
    ReadMissed,
    Send,
    Used,
)
from secure_chat.hub.events import Event, Forgotten, Looked, StorageFailed, Uploaded
from secure_chat.hub.hub import Hub
from secure_chat.limits import Limits
from secure_chat.log.reader import needs_index
from secure_chat.log.sqlite import SqliteLog
from secure_chat.net.inbox import Inbox
from secure_chat.net.worker import Worker
from secure_chat.pki.registry import Registry
from secure_chat.server.announce import Announcer
from secure_chat.server.depot.items import Deleted, Referred, Sift, Sifted
from secure_chat.server.dispatch import Dispatch
from secure_chat.server.filing import Filing
from secure_chat.server.reading import Reading
from secure_chat.server.upkeep import Upkeep
from secure_chat.wire.messages import Code

__all__ = ["Founded", "HubThread"]

_PATIENCE: Final = 0.05
_TAKING: Final = 0.02
# Asked of every command: the most frequent first, and not a union made anew each time.
_FOR_PEERS: Final = (Send, Deliver, Feed, Admit, Drop, Pause)
_WORDS: Final = {
    Fact.CAME: "{person} came from {text}",
    Fact.WENT: "{person} went, from {text}",
    Fact.REFUSED: "{person} was refused, from {text}",
    Fact.DROPPED: "{person} was dropped, from {text}",
    Fact.SLOWED: "{person} sends more than the share of one person and is read more slowly",
    Fact.ROOM: "{person} opened the room {text}",
    Fact.STORAGE: "storage: {text}",
}


@dataclass(frozen=True, slots=True)
class Founded:
    """What a hub begins with.

    Args:
        path: the log's file.
        community: the community's id.
        agent: the host program and its version.
        registry: who has which certificate.
        keep_seconds: how long messages are kept; None for ever.
    """

    path: Path
    community: str
    agent: str
    registry: Registry
    keep_seconds: float | None


class _Stop:
    """Asks the hub's thread to end."""


# What is posted besides events, which are by far the most.
_APART: Final = (_Stop, Registry, Uploaded, Forgotten, Sift)


class HubThread:
    """Runs the hub.

    Args:
        founded: what the hub begins with.
        announcer: told what the owner should know.
        limits: the bounds in force.
        clock: the time.
        petitions: given what the registrar is to carry out and to know, on the hub's thread; it
            must not block, and what it answers is posted here as `Replied`.
        look: has the certificates folder looked at and then does something; must not block.
        files: given what the depot is to send and to know; must not block.
    """

    def __init__(  # noqa: PLR0913 - what it begins with and what it is wired to
        self,
        founded: Founded,
        announcer: Announcer,
        limits: Limits,
        clock: Clock,
        *,
        petitions: Callable[[Petition | Used], None] = lambda _: None,
        look: Callable[[Callable[[], None]], None] = lambda then: then(),
        files: Callable[[OpenFile | Referred | Deleted | Sifted], None] = lambda _: None,
    ) -> None:
        self._founded = founded
        self._announcer = announcer
        self._limits = limits
        self._clock = clock
        self._petitions = petitions
        self._look = look
        self._files = files
        self.inbox: Inbox[object] = Inbox(limits.inbox_items)
        self._workers: list[Worker] = []
        self._stopping = False

    def stop(self) -> None:
        """Let `run` return once everything posted before is committed and answered."""
        self.inbox.post(_Stop())

    def run(self, workers: Iterable[Worker], reading: Reading, ready: Callable[[], None]) -> None:
        """Open the log and serve until stopped; the thread's body.

        Args:
            workers: whose peers the hub serves.
            reading: who answers questions about the past.
            ready: called once the log is open.

        Raises:
            StoreError: the log cannot be opened.
            StoreBroken: the disk failed while running; what was not acknowledged is unknown.
        """
        self._workers = list(workers)
        self._dispatch = Dispatch(self._workers)
        self._reading = reading
        self._log = SqliteLog.open(self._founded.path, self._clock, self._limits)
        try:
            self._hub = self._new_hub()
            self._filing = Filing(self._log, self._hub, self._files)
            self._upkeep = Upkeep(
                self._log, self._announcer, self._limits, self._clock, self._founded.keep_seconds
            )
            ready()
            while not self._stopping:
                self._round()
        finally:
            self._log.close()

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self.inbox.close()

    def _new_hub(self) -> Hub:
        founded, log = self._founded, self._log
        return Hub(
            self._limits,
            community=founded.community,
            agent=founded.agent,
            head=log.head,
            floor=log.floor,
            places=log.places(),
            registry=founded.registry,
        )

    def _round(self) -> None:
        """Take everything that waits, decide, commit, send."""
        self._wait()
        hub = self._hub
        items = self.inbox.take()
        hub.tick(self._clock.monotonic(), self._clock.now())
        for item in items:
            if isinstance(item, _APART):
                self._take_in(item)
            else:
                hub.handle(item)  # type: ignore[arg-type] # only events are posted besides
        self._store()
        self._filing.answer()
        self._carry_out(hub.commands())
        if self._upkeep.look_due():
            hub.expire(self._clock.now())
        floor = self._upkeep.after_round(idle=not items)
        if floor is not None:
            hub.pruned(floor)

    def _take_in(self, item: _Stop | Registry | Uploaded | Forgotten | Sift) -> None:
        """Take in what is no event of a connection."""
        if isinstance(item, _Stop):
            self._stopping = True
        elif isinstance(item, Registry):
            self._hub.registry_changed(item)
        elif isinstance(item, Uploaded):
            self._hub.uploaded(item)
        elif isinstance(item, Forgotten):
            self._hub.forgotten(item)
        else:
            self._filing.take(item)

    def _wait(self) -> None:
        seconds = self._upkeep.patience()
        pending = self._hub.next_tick()
        if pending is not None:
            seconds = min(seconds, max(0.0, pending - self._clock.monotonic()))
        self.inbox.wait(seconds)
        # Asked only now: a worker that has just been woken is not disturbed while it writes.
        for worker in self._workers:
            # What is committed before the worker has taken the last batch would wait for it
            # anyway, so a busy host takes more into one commit instead of making more of them.
            worker.inbox.wait_until_taken(_TAKING)
            # A worker that has too much to send holds up the hub, and with it those who send.
            while not worker.inbox.wait_for_room(_PATIENCE) and not self._stopping:
                continue

    def _store(self) -> None:
        drafts = self._hub.drafts()
        if not drafts:
            return
        try:
            outcomes = self._log.append(drafts)
        except StoreFull as error:
            self._hub.unsettled(StorageFailed(Code.DISK_FULL, str(error)))
        except StoreBroken as error:
            # Whether the last transaction is on the disk is unknown, so nothing may be
            # acknowledged any more: say so and end; a restart reads what really is there.
            self._hub.unsettled(StorageFailed(Code.INTERNAL, str(error)))
            self._carry_out(self._hub.commands())
            raise
        else:
            self._hub.settle(outcomes)
            self._filing.committed(drafts, outcomes)

    def _carry_out(self, commands: list[Command]) -> None:
        dispatch = self._dispatch
        for command in commands:
            if isinstance(command, _FOR_PEERS):
                dispatch.add(command)
            elif isinstance(command, ReadHistory):
                if needs_index(command.query.history):
                    self._upkeep.index_all()
                self._reading.ask(command)
            elif isinstance(command, ReadMissed | ReadFile):
                self._reading.ask(command)
            elif isinstance(command, OpenFile):
                self._files(command)
            elif isinstance(command, Note):
                self._announce(command)
            elif isinstance(command, LookUp):
                self._look(partial(self.post, Looked(command.conn)))
            else:
                self._petitions(command)
        dispatch.send()

    def _announce(self, note: Note) -> None:
        words = _WORDS[note.fact].format(person=note.person, text=note.text)
        self._announcer.say(note.fact, words, person=note.person)

    def post(self, event: Event | object) -> None:
        """Tell the hub something; from any thread."""
        self.inbox.post(event)
