"""Grouping committed messages into deliveries."""

from secure_chat.hub.commands import Command, Deliver
from secure_chat.hub.fanout import FanOut
from tests.hub.stage import said

ONE, TWO, THREE = (said(seq, "bob", str(seq), room="den") for seq in (1, 2, 3))


def test_neighbours_with_one_audience_travel_together() -> None:
    """Equal audiences count as one even when they are two objects."""
    out: list[Command] = []
    fanout = FanOut(out)
    fanout.add((1, 2), ONE)
    fanout.add((*(1, 2),), TWO)
    assert out == []
    fanout.flush()
    assert out == [Deliver((1, 2), (ONE, TWO), 2)]
    fanout.flush()
    assert len(out) == 1


def test_a_message_for_others_ends_the_group() -> None:
    """Whoever is in both audiences gets the log's order."""
    out: list[Command] = []
    fanout = FanOut(out)
    for audience, message in (((1, 2), ONE), ((2, 3), TWO), ((1, 2), THREE)):
        fanout.add(audience, message)
    fanout.flush()
    assert out == [
        Deliver((1, 2), (ONE,), 1),
        Deliver((2, 3), (TWO,), 2),
        Deliver((1, 2), (THREE,), 3),
    ]


def test_a_message_for_nobody_changes_nothing() -> None:
    """It neither ends a group nor makes a command, in the middle and at the start."""
    out: list[Command] = []
    fanout = FanOut(out)
    fanout.add((), ONE)
    fanout.flush()
    assert out == []
    for audience, message in (((1, 2), ONE), ((), TWO), ((1, 2), THREE)):
        fanout.add(audience, message)
    fanout.flush()
    assert out == [Deliver((1, 2), (ONE, THREE), 3)]
