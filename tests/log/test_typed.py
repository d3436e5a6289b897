"""Whatever is said, changed, deleted, pruned and asked: the log and a list always agree."""

from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from secure_chat.limits import Limits
from secure_chat.log import searching
from secure_chat.log.base import Draft, Kind, Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import Content, History, Said
from tests.fakes import FakeClock
from tests.log.index import check_index
from tests.log.model import Entry, ModelLog
from tests.log.speech import attached, delete, edit, give, offer, over, privately, react, say

NOW = 1_795_348_800_000
PEOPLE = ("alice", "bob", "carol")
ROOMS = ("lobby", "tea")
WORDS = ("tea", "milk", "sugar", "ö", "tea milk", "")
UPS = ("u1", "u2", "u3")


class Crowd:
    """People who say, change and delete things by chance, mostly things that they may.

    Args:
        chance: decides.
    """

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._ids = count()
        self.said: list[Draft] = []

    def _some(self, *choices: str) -> str:
        return self._chance.choice(choices)

    def batch(self, model: ModelLog) -> list[Draft]:
        """Return a batch of new drafts, and now and then an earlier one again."""
        drafts = []
        for ahead in range(self._chance.randrange(1, 6)):
            if self.said and self._chance.random() < 0.15:
                drafts.append(replace(self._chance.choice(self.said), again=ahead == 1))
                continue
            new = not model.entries or self._chance.random() < 0.4
            drafts.append(self._new() if new else self._about(model, ahead))
        self.said += drafts
        return drafts

    def _new(self) -> Draft:
        who, room, up = self._some(*PEOPLE), self._some(*ROOMS), self._some(*UPS)
        id_, text = str(next(self._ids)), self._some(*WORDS)
        draft = self._chance.choice(
            [
                say(who, id_, text, room),
                give(who, id_, up, room, text),
                offer(who, id_, up, room),
                offer(who, id_, up, room),
                Draft(Kind.JOINED, who, id_, room, None, ""),
            ]
        )
        direct = draft.kind is Kind.SAID and self._chance.random() < 0.3
        return privately(draft, self._some(*PEOPLE)) if direct else draft

    def _about(self, model: ModelLog, ahead: int) -> Draft:
        """Return a draft about an entry, or about one that the same batch may bring."""
        of = max(1, model.head + ahead - self._chance.randrange(8))
        old = next((e.draft for e in model.entries if e.seq == of), say("alice", "none"))
        author = self._some(old.author, old.author, old.author, *PEOPLE)
        id_, file = str(next(self._ids)), None if old.content is None else old.content.file
        up = self._some(file.up, file.up, *UPS) if file else "u1"
        draft = self._chance.choice(
            [
                edit(author, id_, of, self._some(*WORDS)),
                delete(author, id_, of),
                react(author, id_, of, self._some(*WORDS)),
                over(author, id_, of, up),
            ]
        )
        if old.room is None:
            draft = privately(draft, old.to or "" if author == old.author else old.author)
        elif self._chance.random() < 0.9:
            draft = replace(draft, room=old.room)
        return draft

    def question(self) -> Query:
        """Return a question for history."""
        rooms = tuple(room for room in ROOMS if self._chance.random() < 0.6)
        history = History(
            re=1,
            with_=self._some(*PEOPLE) if self._chance.random() < 0.3 else None,
            newest=self._chance.random() < 0.5,
            limit=self._chance.randrange(1, 9),
        )
        how = self._chance.randrange(4)
        if how == 0:
            history = replace(history, files=True)
        elif how == 1:
            history = replace(history, search=self._some(*WORDS))
        elif how == 2:
            history = replace(history, author=self._some(*PEOPLE))
        return Query(self._some(*PEOPLE), rooms, history)


def same(found: list[Said], expected: list[Entry]) -> None:
    """Check that messages are those of the model, each once and in order."""
    assert found == [entry.said() for entry in expected]


def compare(log: SqliteLog, path: Path, model: ModelLog, crowd: Crowd) -> None:
    """Check that everything that can be asked is answered as the model answers it."""
    while log.index(100):
        pass
    check_index(log._db)
    asked = [(who, up) for who in PEOPLE for up in UPS]
    assert log.referred(asked) == model.referred()
    with closing(SqliteReader.open(path, Limits())) as reader:
        for person in PEOPLE:
            same(list(reader.missed(person, 0, 1_000).messages), model.missed(person, 0))
            for seq in range(model.head + 2):
                for allowed in ((), ("lobby",), ROOMS):
                    assert reader.file(person, allowed, seq) == model.file(person, allowed, seq)
        for _ in range(20):
            query = crowd.question()
            found: list[Said] = []
            page = reader.history(query)
            while page.more:
                found = [*page.messages, *found] if query.history.newest else found + page.messages
                query = replace_bounds(query, page.messages)
                page = reader.history(query)
            found = [*page.messages, *found] if query.history.newest else found + page.messages
            same(found, model.history(query))


def replace_bounds(query: Query, messages: list[Said]) -> Query:
    """Return the question for the next page."""
    history = query.history
    if history.newest:
        history = replace(history, before=messages[0].seq)
    else:
        history = replace(history, after=messages[-1].seq)
    return Query(query.person, query.rooms, history)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_contents_edits_and_deletions_agree_with_a_list(seed: int) -> None:
    """Outcomes, messages, words found, files and what is referred to are the model's."""
    chance = Random(seed)  # noqa: S311 - chance in a test is no secret
    clock, model = FakeClock(), ModelLog()
    crowd = Crowd(chance)
    few = chance.choice([1, 3, 16])
    with TemporaryDirectory() as folder, patch.object(searching, "_FEW", few):
        path = Path(folder) / "log.db"
        limits = Limits(index_entries=chance.choice([2, 7, 1_000]))
        log = SqliteLog.open(path, clock, limits)
        for _ in range(25):
            drafts = crowd.batch(model)
            assert log.append(drafts) == model.append(drafts, NOW)
            assert (log.head, log.floor) == (model.head, model.floor)
            match chance.randrange(8):
                case 0 | 1:
                    log.index(chance.randrange(9))
                case 2:
                    log.scrub()
                    log.merge(1)
                case 3:
                    most = chance.randrange(3)
                    assert log.prune(NOW + 1, most) == model.prune(NOW + 1, most)
                case 4:
                    log.close()
                    log = SqliteLog.open(path, clock, limits)
                case _:
                    pass
        with closing(log):
            compare(log, path, model, crowd)
            while not log.scrub():
                pass
            compare(log, path, model, crowd)


def test_the_model_itself_can_tell(tmp_path: Path) -> None:
    """A list that forgot what a deletion does would not agree."""
    model = ModelLog()
    batch = [give("alice", "1"), delete("alice", "2", 1)]
    with closing(SqliteLog.open(tmp_path / "log.db", FakeClock(), Limits())) as log:
        assert log.append(batch) == model.append(batch, NOW)
        assert model.referred() == log.referred([("alice", "up")]) == set()
        model.entries[0].content = Content("file", file=attached())
        assert model.referred() != log.referred([("alice", "up")])
