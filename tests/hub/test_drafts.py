"""What waits for the log."""

from secure_chat.hub.drafts import Drafts
from secure_chat.hub.rates import Bucket
from secure_chat.hub.session import Person, Session
from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Code, Rooms
from tests.hub.stage import identity_of


def test_a_batch_is_taken_once_and_forgotten_when_answered() -> None:
    """Drafts keep their order and owners; what waited behind comes out at the end, once."""
    person = Person("alice", Bucket(0, 0, 0, 0))
    session, drafts = Session(1, identity_of("alice"), "here", person), Drafts()
    text = Draft(Kind.SAID, "alice", "m1", "den", None, "hi")
    drafts.move(session, Kind.JOINED, "j1", "den")
    drafts.add(session, text)
    drafts.move(session, Kind.LEFT, "l1", "attic")
    drafts.behind.append((session, Rooms(1)))
    assert person.expected == {"den": True, "attic": False}
    joining = Draft(Kind.JOINED, "alice", "j1", "den", None, "")
    leaving = Draft(Kind.LEFT, "alice", "l1", "attic", None, "")
    assert drafts.take() == [joining, text, leaving]
    assert drafts.waiting == []
    assert drafts.owners == [session, session, session]
    assert drafts.clear() == [(session, Rooms(1))]
    assert person.expected == {}
    assert (drafts.owners, drafts.behind, drafts.taken) == ([], [], [])


def test_what_is_right_as_a_repetition_only_keeps_its_reason_until_it_is_answered() -> None:
    """Two drafts that are equal may be refused for different reasons."""
    person = Person("alice", Bucket(0, 0, 0, 0))
    session, drafts = Session(1, identity_of("alice"), "here", person), Drafts()
    one, other = (Draft(Kind.SAID, "alice", "m1", "den", None, "hi", again=True) for _ in range(2))
    drafts.add_again(session, one, (Code.MUTED, "you are muted"))
    drafts.add_again(session, other, (Code.ROOM_CLOSED, "it is closed"))
    assert drafts.take() == [one, other]
    assert drafts.fault(one) == (Code.MUTED, "you are muted")
    assert drafts.fault(other) == (Code.ROOM_CLOSED, "it is closed")
    drafts.clear()
    assert drafts.faults == {}
