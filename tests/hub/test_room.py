"""Rooms and their audience."""

import pytest

from secure_chat.hub.rates import Bucket
from secure_chat.hub.room import LOBBY, LOBBY_ID, Room, is_room
from secure_chat.hub.session import Person


def someone(name: str, *live: int) -> Person:
    """Return a person with live connections."""
    return Person(name, Bucket(0, 0, 0, 0), live=live)


@pytest.mark.parametrize("name", [LOBBY, "a", "0", "ops.night-shift_2", "a" * 64])
def test_names_that_a_room_may_have(name: str) -> None:
    """Lower case, digits and single marks between them."""
    assert is_room(name)


@pytest.mark.parametrize(
    "name",
    ["", "A", "-a", "a-", "a--b", "a.b.", "a b", "a/b", "a\n", "é", "\u0430", "a" * 65, LOBBY_ID],
)
def test_names_that_a_room_may_not_have(name: str) -> None:
    """Nothing that is empty, long, ambiguous, or that looks like another name."""
    assert not is_room(name)


def test_the_audience_is_everybody_here_on_each_of_their_connections() -> None:
    """Members who are away or behind add nothing; others add every live connection."""
    room = Room("den")
    for person in (someone("alice", 1, 4), someone("bob", 2), someone("carol")):
        room.enter(person.name)
        room.arrive(person)
    room.enter("dave")
    assert room.audience() == (1, 4, 2)


def test_the_audience_stays_the_same_object_until_something_changes() -> None:
    """Workers may keep what they made of it; each kind of change makes a new one."""
    room, alice, bob = Room("den"), someone("alice", 1), someone("bob", 2)
    room.arrive(alice)
    first = room.audience()
    assert room.audience() is first
    room.arrive(bob)
    assert room.audience() == (1, 2)
    bob.live = ()
    assert room.audience() == (1, 2)
    room.forget_audience()
    assert room.audience() == (1,)
    assert room.depart(alice)
    assert room.audience() == ()


def test_who_was_not_here_does_not_depart() -> None:
    """Leaving while away is no change of presence."""
    assert not Room("den").depart(someone("alice"))


def test_names_are_sorted_and_follow_the_members() -> None:
    """The list for `who` is kept between questions and renewed with each change."""
    room = Room("den")
    for name in ("carol", "alice", "bob"):
        room.enter(name)
    assert room.names() == ["alice", "bob", "carol"]
    assert room.names() is room.names()
    room.leave("bob")
    assert room.names() == ["alice", "carol"]
