"""Where messages part: what is about files goes to the depot, and only as much as was granted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.hub.commands import OpenFile
from secure_chat.hub.events import Forgotten, Lost, Received
from secure_chat.limits import Limits
from secure_chat.log.base import Absent, Committed, Conflict, Draft, Kind
from secure_chat.net.inbox import Inbox
from secure_chat.server.depot.depot import Depot, Kept
from secure_chat.server.depot.items import (
    Brought,
    Deleted,
    Gone,
    Referred,
    Sift,
    Sifted,
    Unloaded,
)
from secure_chat.server.depot.toll import Toll
from secure_chat.server.edge import Edge
from secure_chat.server.filing import Filing
from secure_chat.wire.messages import (
    Abandon,
    Attached,
    Chunk,
    Content,
    Enough,
    Fetch,
    FromClient,
    More,
    Say,
    Seal,
    Upload,
)
from tests.fakes import FakeClock
from tests.server.pieces import Told


class Scene:
    """An edge between two inboxes that nobody empties."""

    def __init__(self) -> None:
        limits = Limits(inbox_items=4)
        self.hub: Inbox[object] = Inbox(4)
        self.depot = Depot(Kept(Path("x"), None), Told(), print, limits, FakeClock())
        self.edge = Edge(self.hub, self.depot, None, 3)  # type: ignore[arg-type] # no records here
        self.edge.worker = self  # type: ignore[assignment] # only asked to close
        self.closed: list[tuple[int, str]] = []
        self.toll = self.depot.tolls[1] = Toll("alice")

    def close(self, conn: int, code: str, text: str) -> None:
        """Close a connection as a worker does."""
        assert text
        self.closed.append((conn, code))
        self.edge.lost(conn, code, text, None)

    def taken(self) -> list[object]:
        """Return what the depot was given."""
        return list(self.depot.inbox.take())


@pytest.fixture
def scene() -> Iterator[Scene]:
    """An edge with alice on connection 1, of whom three requests may wait."""
    made = Scene()
    yield made
    made.hub.close()
    made.depot.close()


def test_messages_without_files_go_to_the_hub_as_they_came(scene: Scene) -> None:
    """In one piece; a request for a file is the hub's too, because it knows who may read it."""
    messages: list[FromClient] = [Say("a", "x", room="lobby"), Fetch(1, 7)]
    scene.edge.received(1, list(messages))
    assert scene.hub.take() == [Received(1, tuple(messages))]
    assert scene.taken() == []


def test_what_is_about_files_goes_to_the_depot_and_the_rest_to_the_hub(scene: Scene) -> None:
    """Each in its order, with the name that the certificate says."""
    scene.toll.bound = 3
    files = (Upload("u", 3), Chunk("u", 0, b"abc"), Seal("u", 3, "x"))
    words = (Say("a", "x", room="lobby"), Say("b", "y", room="lobby"))
    scene.edge.received(1, [files[0], words[0], files[1], files[2], words[1]])
    assert scene.hub.take() == [Received(1, words)]
    assert scene.taken() == [Brought(1, scene.toll, files)]
    assert (scene.toll.person, scene.toll.came, scene.toll.asked) == ("alice", 3, 3)
    scene.toll.taken = 3
    rest = (Abandon("u"), More(1, 5), Enough(1))
    scene.edge.received(1, list(rest))
    assert scene.hub.take() == []
    assert scene.taken() == [Brought(1, scene.toll, rest)]


def test_more_than_was_granted_closes_the_connection(scene: Scene) -> None:
    """Before it lies in an inbox; what waited for the depot is not stored any more."""
    scene.toll.bound = 3
    scene.edge.received(1, [Chunk("u", 0, b"abc")])
    scene.edge.received(1, [Chunk("u", 3, b"d")])
    assert scene.closed == [(1, "protocol")]
    assert scene.toll.over
    assert [type(item) for item in scene.taken()] == [Brought, Gone]
    scene.edge.received(1, [Chunk("u", 4, b"e")])
    assert scene.taken() == []
    assert scene.closed == [(1, "protocol")]


def test_too_many_requests_close_the_connection(scene: Scene) -> None:
    """As many as the bound may wait, counted from what the depot has looked at."""
    scene.edge.received(1, [Abandon("u")] * 3)
    assert scene.closed == []
    scene.toll.taken = 1
    scene.edge.received(1, [Abandon("u")])
    assert scene.closed == []
    scene.edge.received(1, [Abandon("u")])
    assert scene.closed == [(1, "protocol")]


def test_an_end_is_told_to_both_and_room_to_the_depot(scene: Scene) -> None:
    """A connection whose certificate was refused has no account, so the depot never knew it."""
    scene.edge.unloaded(1)
    scene.edge.lost(1, "bye", "", None)
    scene.edge.lost(2, "certificate", "", None)
    assert scene.taken() == [Unloaded(1), Gone(1)]
    assert scene.hub.take() == [Lost(1, "bye", ""), Lost(2, "certificate", "")]
    assert scene.depot.tolls == {}


def test_reading_stops_while_hub_or_depot_have_too_much_to_do(scene: Scene) -> None:
    """It goes on when whoever was behind has taken what waited."""
    edge = scene.edge
    for inbox in (scene.hub, scene.depot.inbox):
        for _ in range(4):
            inbox.post(Gone(1))
        assert edge.crowded()
        edge.wait_for_room(0)
        inbox.take()
        assert not edge.crowded()
        edge.wait_for_room(0)


# --- what the hub's thread tells the depot -------------------------------------------------------


class Log:
    """Knows what is referred to."""

    def referred(self, ups: tuple[tuple[str, str], ...]) -> set[tuple[str, str]]:
        """Return those of alice."""
        return {up for up in ups if up[0] == "alice"}


class Hub:
    """Notes what it is to forget."""

    def __init__(self) -> None:
        self.told: list[Forgotten] = []

    def forgotten(self, forgotten: Forgotten) -> None:
        """Note it."""
        self.told.append(forgotten)


def draft(content: Content | None, author: str = "alice") -> Draft:
    """Return an entry that waits."""
    return Draft(Kind.SAID, author, "x", "lobby", None, "x", content=content)


def test_what_is_committed_of_files_is_told_and_nothing_else() -> None:
    """A message that was refused has referred to nothing."""
    told: list[Referred | Deleted | Sifted] = []
    filing = Filing(Log(), Hub(), told.append)  # type: ignore[arg-type] # only asked for this
    done = Committed(1, 1)
    filing.committed([draft(None), draft(None)], [done, done])
    filing.committed([draft(Content(kind="reaction", of=1))], [done])
    file = Content(kind="file", file=Attached("u", "x"))
    filing.committed([draft(file), draft(file, "bob")], [Conflict(1), Absent()])
    assert told == []
    deletion = Content(kind="deletion", of=1)
    filing.committed(
        [draft(file), draft(None), draft(file, "bob"), draft(deletion), draft(deletion, "bob")],
        [done] * 5,
    )
    assert told == [
        Referred((("alice", "u"), ("bob", "u"))),
        Deleted(frozenset({"alice", "bob"})),
    ]


def test_what_nothing_refers_to_is_forgotten_before_it_is_answered() -> None:
    """Once each, in the order of the questions."""
    told: list[Referred | Deleted | Sifted] = []
    hub = Hub()
    filing = Filing(Log(), hub, told.append)  # type: ignore[arg-type] # only asked for this
    filing.take(Sift((("alice", "u"), ("bob", "u"))))
    assert told == []
    filing.answer()
    filing.answer()
    assert hub.told == [Forgotten((("bob", "u"),))]
    assert told == [Sifted(frozenset({("alice", "u")}))]


def test_a_file_to_be_sent_is_given_to_the_depot_of_a_living_connection(scene: Scene) -> None:
    """What the hub decides goes there as it is."""
    order = OpenFile(1, "alice", Attached("u", "x"), Fetch(1, 7))
    scene.depot.post(order)
    assert scene.taken() == [order]
