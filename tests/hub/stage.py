"""A stage for the hub: people by name, a log in memory, and one batch a call."""

from collections.abc import Iterable, Sequence

from secure_chat.hub.commands import Command
from secure_chat.hub.events import Event, Opened, Received, StorageFailed
from secure_chat.hub.hub import Hub
from secure_chat.limits import Limits
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind, Missed, Outcome, Place
from secure_chat.pki.identity import Identity, Role
from secure_chat.pki.registry import Entry, Registry
from secure_chat.wire.messages import Content, FromClient, Hello, Said
from tests.hub.rewritten import Rewritten, comparable, may_be_about

__all__ = [
    "AT",
    "FULL",
    "NAMES",
    "MemoryLog",
    "Stage",
    "entry_of",
    "identity_of",
    "registry_of",
    "said",
]

NAMES = ("alice", "bob", "carol", "dave")
AT = 1_795_348_800_000
FULL = StorageFailed("disk-full", "the host's disk is full")
_END = 2_000_000_000


def identity_of(name: str, role: Role = Role.MEMBER) -> Identity:
    """Return what a person's only certificate says."""
    return Identity(name, role, f"5e{name}", f"f0{name}", "securechat CA", 1_000, _END)


def entry_of(name: str, role: Role = Role.MEMBER) -> Entry:
    """Return the registry's line for that certificate."""
    return Entry(name, role, f"5e{name}", f"f0{name}", 1_000, _END)


def registry_of(names: Iterable[str]) -> Registry:
    """Return a registry in which each of these people has one valid certificate."""
    return Registry({f"5e{name}": entry_of(name) for name in names})


def said(
    seq: int,
    author: str,
    text: str,
    *,
    room: str | None = None,
    to: str | None = None,
    content: Content | None = None,
) -> Said:
    """Return a committed message whose id is its text."""
    return Said(seq, AT + seq, author, text, text, room, to, content)


class MemoryLog:
    """A log that keeps its word and forgets at the end of the test."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, Draft]] = []
        self._known: dict[tuple[str, str], tuple[int, Draft]] = {}

    @property
    def head(self) -> int:
        """The newest sequence number."""
        return len(self.entries)

    def append(self, drafts: Sequence[Draft]) -> list[Outcome]:
        """Commit a batch; the time of an entry tells its number."""
        return [self._append(draft) for draft in drafts]

    def _append(self, draft: Draft) -> Outcome:
        key = (draft.author, draft.id)
        if key in self._known:
            seq, before = self._known[key]
            same = comparable(before, again=draft.again) == comparable(draft, again=draft.again)
            return Committed(seq, AT + seq, repeated=True) if same else Conflict(seq)
        if draft.again or not may_be_about(draft, self.entries):
            return Absent()
        seq = self.head + 1
        self.entries.append((seq, draft))
        self._known[key] = (seq, draft)
        return Committed(seq, AT + seq)

    def forget_last(self) -> None:
        """Lose the newest entry, as a log that answers before its commit would."""
        _, draft = self.entries.pop()
        del self._known[draft.author, draft.id]

    def places(self) -> list[Place]:
        """Return every membership there was."""
        places: dict[tuple[str, str], Place] = {}
        ended: list[Place] = []
        for seq, draft in self.entries:
            key = (draft.author, draft.room or "")
            if draft.kind is Kind.JOINED:
                places.setdefault(key, Place(*key, seq, None))
            elif draft.kind is Kind.LEFT and key in places:
                ended.append(Place(*key, places.pop(key).joined, seq))
        return [*ended, *places.values()]

    def heard(self, person: str, after: int) -> list[Said]:
        """Return all that a person is to be given after a cursor."""
        rooms: set[str | None] = set()
        heard = []
        rewritten = Rewritten(self.entries)
        for seq, draft in self.entries:
            if draft.kind is not Kind.SAID:
                if draft.author == person:
                    (rooms.add if draft.kind is Kind.JOINED else rooms.discard)(draft.room)
            elif seq > after and (
                draft.room in rooms or (draft.room is None and person in {draft.author, draft.to})
            ):
                text, content = rewritten.of(seq, draft)
                heard.append(
                    Said(seq, AT + seq, draft.author, draft.id, text, draft.room, draft.to, content)
                )
        return heard

    def missed(self, person: str, after: int, most: int, newest: int = -1) -> Missed:
        """Return a page as the reader would."""
        if newest >= 0:
            return Missed(tuple(self.heard(person, 0)[-newest:]), self.head)
        page = self.heard(person, after)
        if len(page) > most:
            return Missed(tuple(page[:most]), page[most - 1].seq)
        return Missed(tuple(page), self.head)


class Stage:
    """A hub with its log.

    Args:
        names: who has a certificate.
        limits: the bounds in force; nobody is slowed unless they say otherwise.
        places: memberships from before the hub was made.
        head: the log's newest number from before.
        floor: the log's oldest number.
        registry: what was decided before the hub was made, in place of `names`.
    """

    def __init__(
        self,
        names: Iterable[str] = NAMES,
        *,
        limits: Limits | None = None,
        places: Iterable[Place] = (),
        head: int = 0,
        floor: int = 1,
        registry: Registry | None = None,
    ) -> None:
        self.now = 100.0
        self.log = MemoryLog()
        self.log.entries = [
            (seq, Draft(Kind.SAID, "nobody", f"old{seq}", "nowhere", None, "old"))
            for seq in range(1, head + 1)
        ]
        self.hub = Hub(
            limits if limits is not None else Limits(messages_per_second=0),
            community="c0ffee",
            agent="host/1",
            head=head,
            floor=floor,
            places=places,
            registry=registry_of(names) if registry is None else registry,
        )
        self.hub.tick(self.now, self.at)

    @property
    def at(self) -> float:
        """The wall clock, which goes with the steady one."""
        return AT / 1_000 - 100.0 + self.now

    def play(self, *events: Event, failed: StorageFailed | None = None) -> list[Command]:
        """Run one batch and return what was decided."""
        self.hub.tick(self.now, self.at)
        for event in events:
            self.hub.handle(event)
        drafts = self.hub.drafts()
        if drafts and failed is not None:
            self.hub.unsettled(failed)
        elif drafts:
            self.hub.settle(self.log.append(drafts))
        return self.hub.commands()

    def receive(
        self, conn: int, *messages: FromClient, failed: StorageFailed | None = None
    ) -> list[Command]:
        """Run one batch in which a peer says these."""
        return self.play(Received(conn, messages), failed=failed)

    def enter(self, conn: int, name: str, hello: Hello | None = None) -> list[Command]:
        """Bring a person in; live and without a past unless the hello says otherwise."""
        return self.admit(conn, identity_of(name), hello)

    def admit(self, conn: int, identity: Identity, hello: Hello | None = None) -> list[Command]:
        """Bring the holder of a certificate in."""
        self.play(Opened(conn, identity, f"127.0.0.1:{conn}"))
        return self.receive(conn, hello if hello is not None else Hello(1))

    def obey(self, registry: Registry) -> list[Command]:
        """Let the hub hear of another registry and return what it decided."""
        self.hub.tick(self.now, self.at)
        self.hub.registry_changed(registry)
        return self.hub.commands()

    def wait(self, seconds: float) -> list[Command]:
        """Let time pass and return what was decided by it."""
        self.now += seconds
        return self.play()
