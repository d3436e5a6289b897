"""Each event leaves by one way: to whoever waits for just it, or by the queue."""

import queue
from dataclasses import replace

from secure_chat.client.effects import Show
from secure_chat.client.events import (
    Acked,
    Connected,
    Done,
    Event,
    Expiring,
    Message,
    People,
    Problem,
    Refused,
)
from secure_chat.client.outlet import Outlet, Slot
from secure_chat.errors import HostUnreachable
from secure_chat.limits import Limits

WELCOME = Connected("alice", "member", "c0", ("tea",), 0, "", "", "")


def drained(outlet: Outlet) -> list[Event | None]:
    """Return what stands in the queue."""
    found: list[Event | None] = []
    while not outlet.events.empty():
        show = outlet.events.get()
        found.append(None if show is None else show.event)
    return found


def slot() -> Slot:
    """Return a place for one answer."""
    return queue.SimpleQueue()


def test_an_answer_goes_to_who_asked_and_nobody_else() -> None:
    """Answers and problems find their question; everything else goes by the queue."""
    outlet = Outlet(Limits())
    first, second, third = slot(), slot(), slot()
    outlet.answers.update({1: first, 2: second, 3: third})
    answer, problem, done = People(1, "lobby", []), Problem("nobody", "no", re=2), Done(3)
    for event in (answer, problem, done, People(1, "lobby", []), Problem("slow", "x")):
        outlet.put(Show(event))
    assert (first.get_nowait(), second.get_nowait()) == (answer, problem)
    assert third.get_nowait() == done
    assert drained(outlet) == [People(1, "lobby", []), Problem("slow", "x")]


def test_an_outcome_goes_to_who_waits_for_it() -> None:
    """An ack or a problem settles it; one's own message with the same id does not."""
    outlet = Outlet(Limits())
    first, second = slot(), slot()
    outlet.outcomes.update({"a1": first, "a2": second})
    echo = Message(5, 0, "alice", "a1", "hi", "lobby")
    for event in (echo, Acked("a1", 5, 0), Problem("empty", "no", "a2"), Acked("a1", 5, 0)):
        outlet.put(Show(event))
    assert first.get_nowait() == Acked("a1", 5, 0)
    assert second.get_nowait() == Problem("empty", "no", "a2")
    assert drained(outlet) == [echo, Acked("a1", 5, 0)]


def test_the_first_decision_is_told() -> None:
    """A welcome or a refusal ends the waiting for one."""
    welcomed = Outlet(Limits())
    welcomed.put(Show(WELCOME))
    assert welcomed.decided.is_set()
    welcomed.put(Show(replace(WELCOME, rooms=("den",))))
    assert welcomed.rooms == ("tea",)
    assert welcomed.error is None
    refused = Outlet(Limits())
    error = HostUnreachable("nothing answers")
    refused.put(Show(Refused("closed", error)))
    assert not refused.decided.is_set()
    refused.end()
    assert refused.decided.is_set()
    assert refused.error is error


def test_the_last_warning_is_kept_for_those_who_show_no_events() -> None:
    """It goes by the queue all the same."""
    outlet = Outlet(Limits())
    warning = Expiring(1_000, 60, "no")
    outlet.put(Show(warning))
    assert outlet.expiring == warning
    assert drained(outlet) == [warning]


def test_the_end_reaches_everybody_who_waits() -> None:
    """Nobody is left waiting for an answer that cannot come."""
    outlet = Outlet(Limits())
    first, second = slot(), slot()
    outlet.answers[1] = first
    outlet.outcomes["a1"] = second
    outlet.end()
    assert outlet.ended
    assert first.get_nowait() is None
    assert second.get_nowait() is None
    assert drained(outlet) == [None]


def test_full_and_eased_are_apart() -> None:
    """Between the two nothing changes, so reading is not switched for every event."""
    outlet = Outlet(Limits(client_events=4))
    told = []
    for _ in range(4):
        told.append((outlet.full, outlet.eased))
        outlet.put(Show(WELCOME))
    assert told == [(False, True), (False, True), (False, True), (False, False)]
    assert (outlet.full, outlet.eased) == (True, False)
