"""Merged presence, and the price of a crowd."""

from secure_chat.hub.commands import Command, Deliver
from secure_chat.hub.events import Event, Lost, Opened, Received
from secure_chat.hub.presence import Comings
from secure_chat.hub.rates import Bucket
from secure_chat.hub.room import Room
from secure_chat.hub.session import Person
from secure_chat.limits import Limits
from secure_chat.log.base import Place
from secure_chat.wire.messages import Hello, Join, Presence
from tests.hub.stage import Stage, identity_of

LIMITS = Limits(messages_per_second=0, presence_names=3)


def room_of(*names: str) -> Room:
    """Return a room whose members are all here."""
    room = Room("den")
    for conn, name in enumerate(names):
        room.enter(name)
        room.arrive(Person(name, Bucket(0, 0, 0, 0), live=(conn,)))
    return room


def test_changes_are_told_once_and_only_after_the_window() -> None:
    """Everybody who came and went within a window is named in one frame, in order of names."""
    out: list[Command] = []
    comings, room = Comings(LIMITS, out), room_of("alice", "bob")
    comings.changed(room, "bob", here=True, now=10.0)
    comings.changed(room, "alice", here=True, now=10.1)
    comings.changed(room, "carol", here=False, now=10.2)
    comings.flush(10.2)
    assert out == []
    comings.flush(10.25)
    assert out == [Deliver((0, 1), (Presence("den", 2, ["alice", "bob"], ["carol"]),), 0)]
    assert comings.due is None
    comings.flush(99.0)
    assert len(out) == 1


def test_who_comes_and_goes_within_a_window_is_not_mentioned() -> None:
    """A reconnect costs nobody a frame."""
    out: list[Command] = []
    comings, room = Comings(LIMITS, out), room_of("alice")
    for here in (False, True):
        comings.changed(room, "bob", here=here, now=10.0)
    comings.flush(11.0)
    assert out == []


def test_the_same_change_twice_is_one_change() -> None:
    """Coming is coming, however often it is said."""
    out: list[Command] = []
    comings, room = Comings(LIMITS, out), room_of("alice")
    for _ in range(2):
        comings.changed(room, "bob", here=True, now=10.0)
    comings.flush(11.0)
    assert out == [Deliver((0,), (Presence("den", 1, ["bob"], []),), 0)]


def test_nobody_is_told_when_nobody_is_here() -> None:
    """An empty audience gets no command."""
    out: list[Command] = []
    comings, room = Comings(LIMITS, out), room_of()
    comings.changed(room, "bob", here=False, now=10.0)
    comings.flush(11.0)
    assert out == []


def test_a_large_room_is_told_a_number_only() -> None:
    """With more members than the bound, and with as many, side by side."""
    out: list[Command] = []
    comings = Comings(LIMITS, out)
    for room in (room_of("a", "b", "c"), room_of("a", "b", "c", "d")):
        comings.changed(room, "a", here=True, now=10.0)
    comings.flush(11.0)
    frames = [command.messages[0] for command in out if isinstance(command, Deliver)]
    assert frames == [Presence("den", 3, ["a"], []), Presence("den", 4)]


def test_many_who_leave_a_room_are_a_number_too() -> None:
    """A room that a crowd has just left is small, but the frame would not be."""
    out: list[Command] = []
    comings, room = Comings(LIMITS, out), room_of("alice")
    for name in ("b", "c", "d", "e"):
        comings.changed(room, name, here=False, now=10.0)
    comings.flush(11.0)
    assert out == [Deliver((0,), (Presence("den", 1),), 0)]


def test_presence_follows_connections_and_memberships() -> None:
    """First connection, second connection, leaving a room, last connection gone."""
    stage = Stage()
    stage.enter(1, "alice")
    assert stage.wait(0.25) == [Deliver((1,), (Presence("lobby", 1, ["alice"], []),), 0)]
    stage.enter(2, "bob")
    stage.enter(3, "bob")
    assert stage.wait(0.25) == [Deliver((1, 2, 3), (Presence("lobby", 2, ["bob"], []),), 0)]
    stage.receive(2, Join("j1", "den"))
    stage.receive(1, Join("j2", "den"))
    assert stage.wait(0.25) == [
        Deliver((2, 3, 1), (Presence("den", 2, ["alice", "bob"], []),), 0),
    ]
    stage.play(Lost(2, "bye"))
    assert stage.hub.next_tick() is None
    stage.play(Lost(3, "bye"))
    assert stage.hub.next_tick() == stage.now + 0.25
    assert stage.wait(0.25) == [
        Deliver((1,), (Presence("lobby", 1, [], ["bob"]),), 0),
        Deliver((1,), (Presence("den", 1, [], ["bob"]),), 0),
    ]


def test_one_shot_commands_are_not_seen() -> None:
    """A connection that wants no messages does not make its person present."""
    stage = Stage()
    stage.enter(1, "alice", Hello(1, live=False))
    assert stage.hub.next_tick() is None


def test_two_thousand_people_join_one_room_for_a_bounded_number_of_frames() -> None:
    """The frames are as many as windows of time have passed, whatever the number of people.

    Each of 2,000 people connects and joins within 4 seconds. Counted are the presence frames that
    the room was told; encoded once each, they are all that presence costs besides the writes.
    """
    crowd = [f"p{number}" for number in range(2_000)]
    places = [Place(name, "lobby", 1, None) for name in crowd]
    limits = Limits(messages_per_second=0)
    stage = Stage(crowd, limits=limits, places=places, head=1)
    seconds, batch, told = 4.0, 20, []
    for start in range(0, len(crowd), batch):
        for conn in range(start, start + batch):
            stage.play(Opened(conn, identity_of(crowd[conn]), "here"))
            events: list[Event] = [
                Received(conn, (Hello(1, cursor=1),)),
                Received(conn, (Join("j", "plaza"),)),
            ]
            for event in events:
                told += frames_about("plaza", stage.play(event))
        told += frames_about("plaza", stage.wait(seconds * batch / len(crowd)))
    told += frames_about("plaza", stage.wait(limits.presence_seconds))
    assert told[-1].here == 2_000
    assert len(told) <= seconds / limits.presence_seconds + 1
    assert max(len(frame.joined) for frame in told) <= limits.presence_names


def frames_about(room: str, commands: list[Command]) -> list[Presence]:
    """Return the presence frames about a room."""
    return [
        message
        for command in commands
        if isinstance(command, Deliver)
        for message in command.messages
        if isinstance(message, Presence) and message.room == room
    ]
