"""The log as plain Python lists: slow, obvious, and what the real one is compared with."""

from dataclasses import dataclass, field

from msgspec.structs import replace

from secure_chat.log.base import (
    Absent,
    Committed,
    Conflict,
    Draft,
    Keep,
    Kind,
    Outcome,
    Place,
    Query,
)
from secure_chat.wire.messages import Content, Said

__all__ = ["Entry", "ModelLog"]


@dataclass(slots=True)
class Entry:
    """One committed draft, what it says now, and whether something was done to it."""

    seq: int
    at: int
    draft: Draft
    text: str
    content: Content | None
    rewritten: bool = False

    @property
    def about(self) -> int:
        """Return the number of what it is about, 0 for nothing."""
        return 0 if self.draft.content is None else self.draft.content.of

    @property
    def kind(self) -> str:
        """Return the kind it has now."""
        return "" if self.content is None else self.content.kind

    def said(self) -> Said:
        """Return the message as it reads now."""
        d = self.draft
        return Said(self.seq, self.at, d.author, d.id, self.text, d.room, d.to, self.content)


@dataclass(slots=True)
class ModelLog:
    """What was committed, what retention took away, and who was where."""

    entries: list[Entry] = field(default_factory=list)
    gone: list[Entry] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    head: int = 0

    @property
    def floor(self) -> int:
        """Return the oldest number kept."""
        return len(self.gone) + 1

    def append(self, drafts: list[Draft], at: int) -> list[Outcome]:
        """Store a batch."""
        return [self._append(draft, at) for draft in drafts]

    def _append(self, draft: Draft, at: int) -> Outcome:
        for entry in self.gone:
            if (entry.draft.author, entry.draft.id) == (draft.author, draft.id):
                return Committed(entry.seq, entry.at, repeated=True)
        for entry in self.entries:
            if (entry.draft.author, entry.draft.id) == (draft.author, draft.id):
                return self._again(entry, draft)
        content = draft.content
        if draft.again or (content is not None and content.of and not self._may(draft, content)):
            return Absent()
        self.head += 1
        self.entries.append(Entry(self.head, at, draft, draft.text, content))
        self._move(draft, self.head)
        if content is not None and content.of:
            self._rewrite(content, self.head)
        return Committed(self.head, at)

    @staticmethod
    def _again(entry: Entry, draft: Draft) -> Outcome:
        one, other = entry.draft, replace(draft, again=False)
        if entry.rewritten:
            one = replace(one, text="", content=None)
            other = replace(other, text="", content=None)
        return (
            Committed(entry.seq, entry.at, repeated=True) if one == other else Conflict(entry.seq)
        )

    def _may(self, draft: Draft, content: Content) -> bool:
        for entry in self.entries:
            if entry.seq == content.of:
                break
        else:
            return False
        old = entry.draft
        if old.room is not None or draft.room is not None:
            near = old.room == draft.room
        else:
            near = {old.author, old.to} == {draft.author, draft.to}
        rewrites = ("edit", "deletion")
        mine = old.author == draft.author
        if old.kind is not Kind.SAID or entry.kind == "deleted" or not near:
            return False
        if content.kind in rewrites:
            return mine and entry.kind not in rewrites
        if content.kind == "stream-end":
            file = None if entry.content is None else entry.content.file
            same = None if file is None else file.up
            own = None if content.file is None else content.file.up
            return mine and entry.kind == "stream" and same == own
        return True

    def _rewrite(self, content: Content, by: int) -> None:
        if content.kind == "edit":
            for entry in self.entries:
                if entry.seq == content.of:
                    entry.text = self.entries[-1].draft.text
                    entry.content = replace(
                        entry.content or Content(),
                        format=content.format,
                        lang=content.lang,
                        edited=by,
                    )
                    entry.rewritten = True
        elif content.kind == "deletion":
            self._delete(content.of, by)

    def _delete(self, seq: int, by: int) -> None:
        for entry in self.entries:
            if entry.seq == seq:
                entry.text, entry.rewritten = "", True
                entry.content = Content(kind="deleted", of=by)
        for entry in self.entries:
            kind = "" if entry.draft.content is None else entry.draft.content.kind
            if entry.about == seq and kind in {"edit", "stream-end"}:
                self._delete(entry.seq, by)

    def referred(self) -> set[tuple[str, str]]:
        """Return every upload that an entry refers to."""
        return {
            (entry.draft.author, entry.content.file.up)
            for entry in self.entries
            if entry.content is not None and entry.content.file is not None
        }

    def file(self, person: str, rooms: tuple[str, ...], seq: int) -> Keep | None:
        """Return the file of a message that a person may read."""
        for entry in self.entries:
            content, room = entry.content, entry.draft.room
            if entry.seq != seq or content is None or content.file is None:
                continue
            if not (_direct(entry, person) if room is None else room in rooms):
                return None
            ends = [e.content for e in self.entries if e.about == seq and e.kind == "stream-end"]
            file = ends[0].file if content.kind == "stream" and ends and ends[0] else content.file
            return None if file is None else Keep(entry.draft.author, file)
        return None

    def _move(self, draft: Draft, seq: int) -> None:
        if draft.kind is Kind.SAID or draft.room is None:
            return
        for number, place in enumerate(self.places):
            if (place.person, place.room, place.left) == (draft.author, draft.room, None):
                if draft.kind is Kind.LEFT:
                    self.places[number] = Place(place.person, place.room, place.joined, seq)
                return
        if draft.kind is Kind.JOINED:
            self.places.append(Place(draft.author, draft.room, seq, None))

    def prune(self, before_ms: int, most: int) -> int:
        """Take away the oldest entries up to the first that is young enough."""
        count = 0
        while self.entries and count < most and self.entries[0].at < before_ms:
            self.gone.append(self.entries.pop(0))
            count += 1
        if count:
            self.places = [place for place in self.places if not self._forgotten(place)]
        return count

    def _forgotten(self, place: Place) -> bool:
        later = any(
            (other.person, other.room) == (place.person, place.room) and other.joined > place.joined
            for other in self.places
        )
        return later and place.left is not None and place.left < self.floor

    def missed(self, person: str, after: int) -> list[Entry]:
        """Return everything a person was due after a cursor."""
        return [
            entry
            for entry in self.entries
            if entry.seq > after and entry.draft.kind is Kind.SAID and self._due(entry, person)
        ]

    def _due(self, entry: Entry, person: str) -> bool:
        if entry.draft.room is None:
            return person in {entry.draft.author, entry.draft.to}
        return any(
            place.joined < entry.seq and (place.left is None or entry.seq < place.left)
            for place in self.places
            if (place.person, place.room) == (person, entry.draft.room)
        )

    def newest(self, person: str, count: int) -> list[Entry]:
        """Return the end of the history that a person may read."""
        rooms = {p.room for p in self.places if p.person == person and p.left is None}
        found = [
            entry
            for entry in self.entries
            if entry.draft.kind is Kind.SAID
            and (entry.draft.room in rooms or _direct(entry, person))
        ]
        return found[max(0, len(found) - count) :]

    def history(self, query: Query) -> list[Entry]:
        """Return everything that answers a question, without pages."""
        return [entry for entry in self.entries if _answers(entry, query)]


def _direct(entry: Entry, person: str) -> bool:
    return entry.draft.room is None and person in {entry.draft.author, entry.draft.to}


def _answers(entry: Entry, query: Query) -> bool:
    asked, draft = query.history, entry.draft
    if draft.kind is not Kind.SAID:
        return False
    if draft.room is not None:
        place = draft.room in query.rooms
    elif asked.with_ is not None:
        place = {draft.author, draft.to} == {query.person, asked.with_}
    else:
        place = asked.room is None and _direct(entry, query.person)
    words = None if asked.search is None else asked.search.split()
    # What is about another entry is not found by its words.
    spoken = set() if entry.about else set(entry.text.split())
    return (
        place
        and (not asked.files or (entry.content is not None and entry.content.file is not None))
        and (asked.author is None or draft.author == asked.author)
        and (asked.since is None or entry.at >= asked.since)
        and (asked.until is None or entry.at < asked.until)
        and (words is None or (bool(words) and set(words) <= spoken))
    )
