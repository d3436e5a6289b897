"""Who is where, as loaded from the log and as it changes."""

from secure_chat.hub.commands import Command
from secure_chat.hub.presence import Comings
from secure_chat.hub.roster import Roster
from secure_chat.hub.session import Phase
from secure_chat.limits import Limits
from secure_chat.log.base import Place
from secure_chat.wire.messages import Membership
from tests.hub.stage import identity_of


def roster(*places: Place) -> Roster:
    """Return a roster loaded from these memberships."""
    out: list[Command] = []
    limits = Limits()
    return Roster(limits, places, Comings(limits, out))


def test_the_latest_membership_of_each_room_counts_whatever_the_order_of_loading() -> None:
    """Joined, left and joined again is a member; joined and left is none."""
    stays = [Place("alice", "den", 1, 2), Place("alice", "den", 5, None)]
    for places in (stays, stays[::-1]):
        loaded = roster(*places, Place("bob", "den", 3, 4))
        assert loaded.people["alice"].rooms == {"den"}
        assert loaded.people["alice"].moves == {"den": Membership(5, 0, "den", member=True)}
        assert loaded.people["bob"].rooms == set()
        assert loaded.people["bob"].moves == {"den": Membership(4, 0, "den", member=False)}
        assert loaded.rooms["den"].members == {"alice"}


def test_the_lobby_is_always_there() -> None:
    """Also when nobody has ever been in it."""
    assert roster().room_names() == ["lobby"]


def test_the_names_of_rooms_follow_what_is_made_and_ended() -> None:
    """The list is kept between questions and renewed with each change."""
    rooms = roster()
    alice = rooms.person("alice")
    assert rooms.room_names() is rooms.room_names()
    assert rooms.moved(alice, Membership(1, 1, "den", member=True))
    assert not rooms.moved(rooms.person("bob"), Membership(2, 2, "den", member=True))
    assert rooms.room_names() == ["den", "lobby"]
    for person in ("alice", "bob"):
        assert not rooms.moved(rooms.person(person), Membership(3, 3, "den", member=False))
    assert rooms.room_names() == ["lobby"]


def test_the_audience_follows_the_phase_of_connections() -> None:
    """Behind is here but no audience, live is both, gone is neither."""
    rooms = roster(Place("alice", "den", 1, None))
    den = rooms.rooms["den"]
    first = rooms.admit(1, identity_of("alice"), "x")
    second = rooms.admit(2, identity_of("alice"), "x")
    assert (list(den.here), den.audience()) == ([], ())
    rooms.advance(first, Phase.READING)
    assert (list(den.here), den.audience()) == (["alice"], ())
    rooms.advance(first, Phase.LIVE)
    assert den.audience() == (1,)
    rooms.advance(second, Phase.LIVE)
    assert den.audience() == (1, 2)
    kept = den.audience()
    rooms.advance(second, Phase.LIVE)
    assert den.audience() is kept
    rooms.forget(first)
    assert (list(den.here), den.audience()) == (["alice"], (2,))
    rooms.forget(second)
    assert (list(den.here), den.audience()) == ([], ())
    assert rooms.sessions == {}


def test_a_room_left_in_the_past_does_not_hear_of_the_person() -> None:
    """Only members are here."""
    rooms = roster(Place("alice", "den", 1, 2), Place("bob", "den", 1, None))
    rooms.advance(rooms.admit(1, identity_of("alice"), "x"), Phase.LIVE)
    assert list(rooms.rooms["den"].here) == []
