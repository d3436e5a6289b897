"""The newest entries in memory."""

import dataclasses

from secure_chat.hub.rates import Bucket
from secure_chat.hub.session import Person
from secure_chat.hub.tail import Moved, Tail, weight
from secure_chat.limits import Limits
from secure_chat.wire.messages import Membership
from tests.hub.stage import said

LIMITS = Limits()


def alice(*rooms: str) -> Person:
    """Return a listener who is a member of these rooms now."""
    return Person("alice", Bucket(0, 0, 0, 0), rooms=set(rooms))


def test_what_was_committed_before_is_not_covered() -> None:
    """A cursor at the head the tail began with needs the log no more, one below it does."""
    tail = Tail(7, LIMITS)
    assert tail.covers(7)
    assert not tail.covers(6)
    tail.append(said(8, "bob", "x", room="den"))
    assert tail.head == 8
    assert tail.covers(7)


def test_the_oldest_go_by_number() -> None:
    """With room for two entries the third pushes the first out."""
    tail = Tail(0, dataclasses.replace(LIMITS, tail_entries=2))
    for seq in (1, 2, 3):
        tail.append(said(seq, "bob", "x", room="den"))
    tail.trim()
    assert not tail.covers(0)
    assert tail.covers(1)
    assert [message.seq for message in tail.heard(alice("den"), 1, 0)] == [2, 3]


def test_the_oldest_go_by_weight() -> None:
    """Bytes count too, those of texts beyond ASCII at their worst; a move counts as a frame."""
    light, heavy = said(1, "bob", "x", room="den"), said(2, "bob", "\u00e9" * 100, room="den")
    assert weight(heavy) == weight(light) + 399
    assert weight(Membership(3, 3, "den", member=True)) == weight(light) - 1
    tail = Tail(0, dataclasses.replace(LIMITS, tail_bytes=weight(heavy)))
    tail.append(light)
    tail.append(heavy)
    tail.trim()
    assert tail.covers(1)
    assert not tail.covers(0)
    tail.append(said(3, "bob", "\u00e9" * 101, room="den"))
    tail.trim()
    assert tail.covers(3)
    assert not tail.covers(2)


def test_each_message_is_judged_by_the_rooms_of_its_moment() -> None:
    """Messages before joining, after leaving and of others' rooms and letters are left out."""
    tail = Tail(0, LIMITS)
    joined = Membership(3, 3, "den", member=True)
    left = Membership(6, 6, "den", member=False)
    for entry in (
        said(1, "bob", "before", room="den"),
        said(2, "bob", "lobby", room="lobby"),
        Moved("alice", joined),
        Moved("bob", Membership(4, 4, "attic", member=True)),
        said(5, "bob", "between", room="den"),
        Moved("alice", left),
        said(7, "bob", "after", room="den"),
        said(8, "bob", "to me", to="alice"),
        said(9, "alice", "mine", to="bob"),
        said(10, "bob", "secret", to="carol"),
    ):
        tail.append(entry)
    heard = tail.heard(alice("lobby"), 0, 0)
    assert [message.seq for message in heard] == [2, 3, 5, 6, 8, 9]
    assert heard[1] == joined
    assert [message.seq for message in tail.heard(alice("lobby"), 0, 4)] == [2, 5, 6, 8, 9]
    assert [message.seq for message in tail.heard(alice("lobby"), 5, 0)] == [6, 8, 9]
