"""People and their connections."""

from secure_chat.hub.rates import Bucket
from secure_chat.hub.session import Person, Phase, Session
from secure_chat.wire.messages import Membership
from tests.hub.stage import identity_of


def alice() -> Person:
    """Return somebody nobody knows yet."""
    return Person("alice", Bucket(0, 0, 0, 0))


def connect(person: Person, conn: int, phase: Phase) -> Session:
    """Give a person a connection."""
    session = Session(conn, identity_of(person.name), "here", person, phase)
    person.sessions[conn] = session
    return session


def test_only_welcomed_connections_that_want_messages_count_as_here() -> None:
    """Being behind is being here; greeted, waiting and quiet connections are not."""
    person = alice()
    for conn, phase in enumerate(Phase):
        connect(person, conn, phase)
    person.count()
    assert person.here == 3
    assert person.live == (list(Phase).index(Phase.LIVE),)


def test_welcomed_means_told_and_still_here() -> None:
    """Before the welcome and after the end nobody is welcomed."""
    welcomed = {phase for phase in Phase if connect(alice(), 1, phase).welcomed()}
    assert welcomed == {Phase.QUIET, Phase.READING, Phase.DRAINING, Phase.LIVE}


def test_what_waits_for_the_log_counts_in_advance() -> None:
    """A drafted joining lets somebody speak, a drafted leaving does not, the rest is as it was."""
    person = alice()
    person.rooms = {"den", "hall"}
    assert person.is_member("den")
    assert not person.is_member("attic")
    person.expected = {"attic": True, "den": False}
    assert person.is_member("attic")
    assert not person.is_member("den")
    assert person.is_member("hall")
    assert person.rooms_expected() == 2


def test_the_last_move_of_each_room_is_remembered() -> None:
    """Joining and leaving again leaves one memory, of the leaving."""
    person = alice()
    person.moved(Membership(1, 1, "den", member=True), 10)
    assert person.rooms == {"den"}
    person.moved(Membership(2, 2, "den", member=False), 10)
    assert person.rooms == set()
    assert person.moves == {"den": Membership(2, 2, "den", member=False)}


def test_the_longest_left_room_is_forgotten_first() -> None:
    """Memory of past rooms is bounded, and a room somebody is in is never forgotten."""
    person = alice()
    person.moved(Membership(1, 1, "home", member=True), 2)
    person.moved(Membership(2, 2, "a", member=False), 2)
    person.moved(Membership(3, 3, "b", member=False), 2)
    assert list(person.moves) == ["home", "b"]
    person.moved(Membership(4, 4, "c", member=True), 2)
    person.moved(Membership(5, 5, "d", member=True), 2)
    assert list(person.moves) == ["home", "c", "d"]
