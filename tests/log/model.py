"""The log as plain Python lists: slow, obvious, and what the real one is compared with."""

from dataclasses import dataclass, field

from secure_chat.log.base import Committed, Conflict, Draft, Kind, Outcome, Place, Query

__all__ = ["Entry", "ModelLog"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One committed draft."""

    seq: int
    at: int
    draft: Draft


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
                same = entry.draft == draft
                return (
                    Committed(entry.seq, entry.at, repeated=True) if same else Conflict(entry.seq)
                )
        self.head += 1
        self.entries.append(Entry(self.head, at, draft))
        self._move(draft, self.head)
        return Committed(self.head, at)

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
    return (
        place
        and (asked.author is None or draft.author == asked.author)
        and (asked.since is None or entry.at >= asked.since)
        and (asked.until is None or entry.at < asked.until)
        and (words is None or (bool(words) and set(words) <= set(draft.text.split())))
    )
