"""Texts, joining and leaving, as asked by a client."""

import dataclasses

import pytest

from secure_chat.hub.commands import Command, Deliver, Feed, Note, Send
from secure_chat.hub.events import Received
from secure_chat.limits import Limits
from secure_chat.wire.messages import Ack, Error, Hello, Join, Leave, Membership, Say
from tests.hub.stage import AT, FULL, Stage, said

LIMITS = Limits(messages_per_second=0)


def error_of(commands: list[Command]) -> tuple[str, str | None]:
    """Return code and id of the only error, which is the only command."""
    (command,) = commands
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    return command.message.code, command.message.id


def ready(limits: Limits = LIMITS) -> Stage:
    """Return a stage with alice on 1 and bob on 2; the log's head is 2."""
    stage = Stage(limits=limits)
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    return stage


def test_a_text_for_a_room_is_acknowledged_and_delivered_once_committed() -> None:
    """The author is acknowledged and, like everybody else there, gets the message."""
    stage = ready()
    assert stage.receive(1, Say("m", "m", room="lobby")) == [
        Send(1, Ack("m", 3, AT + 3)),
        Deliver((1, 2), (said(3, "alice", "m", room="lobby"),), 3),
    ]


def test_a_text_for_a_person_reaches_both_and_nobody_else() -> None:
    """On all their connections; carol, who is here too, gets nothing."""
    stage = ready()
    stage.enter(3, "carol")
    stage.enter(4, "alice")
    assert stage.receive(1, Say("m", "m", to="bob")) == [
        Send(1, Ack("m", 4, AT + 4)),
        Deliver((1, 4, 2), (said(4, "alice", "m", to="bob"),), 4),
    ]


def test_a_text_for_oneself_arrives_once() -> None:
    """Writing to one's own name is a note to one's own connections."""
    stage = ready()
    assert stage.receive(1, Say("m", "m", to="alice")) == [
        Send(1, Ack("m", 3, AT + 3)),
        Deliver((1,), (said(3, "alice", "m", to="alice"),), 3),
    ]


def test_a_text_for_somebody_who_never_came_waits_in_the_log() -> None:
    """They have a certificate, so it is committed; only the author is there to see it."""
    stage = ready()
    assert stage.receive(1, Say("m", "m", to="dave")) == [
        Send(1, Ack("m", 3, AT + 3)),
        Deliver((1,), (said(3, "alice", "m", to="dave"),), 3),
    ]


@pytest.mark.parametrize("ident", ["", "a b", "a/b", "\u00e9", "a\n", "x" * 65])
def test_an_id_outside_of_the_grammar_is_refused(ident: str) -> None:
    """For every request that has one; the id comes back so that the client can tell which."""
    stage = ready()
    for request in (Say(ident, "x", room="lobby"), Join(ident, "den"), Leave(ident, "lobby")):
        assert error_of(stage.receive(1, request)) == ("bad-id", ident)
    assert stage.log.head == 2


@pytest.mark.parametrize("ident", ["a", "A.b:c-d_9", "x" * 64])
def test_an_id_inside_of_the_grammar_is_taken(ident: str) -> None:
    """The twin of the test above, up to the last character allowed."""
    stage = ready()
    assert stage.receive(1, Say(ident, "x", room="lobby"))[0] == Send(1, Ack(ident, 3, AT + 3))


@pytest.mark.parametrize("text", ["", " ", "\n\t \u2003"])
def test_a_text_that_says_nothing_is_refused(text: str) -> None:
    """Spaces of every kind are nothing."""
    assert error_of(ready().receive(1, Say("m", text, room="lobby"))) == ("empty", "m")


@pytest.mark.parametrize("text", ["x" * 11, "\u00e9" * 6, "\U0001f600" * 3])
def test_a_text_longer_than_the_limit_is_refused(text: str) -> None:
    """Counted are bytes of UTF-8 and not characters."""
    stage = ready(dataclasses.replace(LIMITS, message_bytes=10))
    assert error_of(stage.receive(1, Say("m", text, room="lobby"))) == ("too-long", "m")


@pytest.mark.parametrize("text", ["x" * 10, "\u00e9" * 5, "\U0001f600" * 2])
def test_a_text_as_long_as_the_limit_is_taken(text: str) -> None:
    """The twin of the test above."""
    stage = ready(dataclasses.replace(LIMITS, message_bytes=10))
    assert stage.receive(1, Say("m", text, room="lobby"))[0] == Send(1, Ack("m", 3, AT + 3))


@pytest.mark.parametrize(
    ("say", "code"),
    [
        (Say("m", "x"), "bad-target"),
        (Say("m", "x", room="lobby", to="bob"), "bad-target"),
        (Say("m", "x", room="den"), "not-a-member"),
        (Say("m", "x", to="mallory"), "nobody"),
    ],
)
def test_a_text_needs_exactly_one_target_that_it_may_have(say: Say, code: str) -> None:
    """No target, two targets, a foreign room, an unknown person."""
    stage = ready()
    assert error_of(stage.receive(1, say)) == (code, "m")
    assert stage.log.head == 2


def test_the_same_text_again_is_acknowledged_as_before_and_not_delivered() -> None:
    """A client that missed the ack may repeat itself safely, within a batch too."""
    stage = ready()
    say = Say("m", "m", room="lobby")
    assert stage.receive(1, say, say) == [
        Send(1, Ack("m", 3, AT + 3)),
        Send(1, Ack("m", 3, AT + 3)),
        Deliver((1, 2), (said(3, "alice", "m", room="lobby"),), 3),
    ]
    assert stage.receive(1, say) == [Send(1, Ack("m", 3, AT + 3))]


def test_the_same_text_again_is_acknowledged_after_the_author_left_the_room() -> None:
    """What was right when it was committed stays right, but only the very same message."""
    stage = ready()
    stage.receive(1, Say("m", "m", room="lobby"), Leave("l", "lobby"))
    assert stage.receive(1, Say("m", "m", room="lobby")) == [Send(1, Ack("m", 3, AT + 3))]
    assert error_of(stage.receive(1, Say("m", "other", room="lobby"))) == ("id-conflict", "m")
    assert error_of(stage.receive(1, Say("n", "m", room="lobby"))) == ("not-a-member", "n")


def test_joining_makes_the_room_and_is_told_to_all_of_the_person() -> None:
    """The ack, a note for the first who joins, and the membership on both connections."""
    stage = ready()
    stage.enter(3, "alice")
    assert stage.receive(1, Join("j", "den")) == [
        Send(1, Ack("j", 3, AT + 3)),
        Note("room", "alice", "den"),
        Deliver((1, 3), (Membership(3, AT + 3, "den", member=True),), 3),
    ]
    assert stage.receive(2, Join("j", "den")) == [
        Send(2, Ack("j", 4, AT + 4)),
        Deliver((2,), (Membership(4, AT + 4, "den", member=True),), 4),
    ]


def test_a_text_may_follow_its_own_joining_in_one_batch() -> None:
    """The audience is judged entry by entry: bob joins in between and gets the second only."""
    stage = ready()
    stage.receive(1, Join("j", "den"))
    commands = stage.play(
        Received(1, (Say("a", "a", room="den"),)),
        Received(
            2,
            (
                Join("j", "den"),
                Say("b", "b", room="den"),
            ),
        ),
        Received(2, (Leave("l", "den"),)),
        Received(1, (Say("c", "c", room="den"),)),
    )
    assert [command for command in commands if isinstance(command, Deliver)] == [
        Deliver((1,), (said(4, "alice", "a", room="den"),), 4),
        Deliver((2,), (Membership(5, AT + 5, "den", member=True),), 5),
        Deliver((1, 2), (said(6, "bob", "b", room="den"),), 6),
        Deliver((2,), (Membership(7, AT + 7, "den", member=False),), 7),
        Deliver((1,), (said(8, "alice", "c", room="den"),), 8),
    ]


def test_a_text_behind_its_own_leaving_is_refused() -> None:
    """The negative twin: the drafted leaving counts in advance."""
    stage = ready()
    commands = stage.receive(1, Leave("l", "lobby"), Say("m", "x", room="lobby"))
    assert error_of(commands[1:2]) == ("not-a-member", "m")
    assert stage.log.head == 3


def test_joining_again_is_acknowledged_with_the_first_time() -> None:
    """Also under another id, and also while the first is still waiting for the log."""
    stage = ready()
    commands = stage.receive(1, Join("j1", "den"), Join("j2", "den"))
    assert commands[0] == Send(1, Ack("j1", 3, AT + 3))
    assert commands[-1] == Send(1, Ack("j2", 3, AT + 3))
    assert stage.receive(1, Join("j3", "den")) == [Send(1, Ack("j3", 3, AT + 3))]
    assert stage.log.head == 3


def test_leaving_again_is_acknowledged_with_the_first_time() -> None:
    """The same for leaving; the rest of the room does not hear of it."""
    stage = ready()
    assert stage.receive(1, Leave("l1", "lobby"), Leave("l2", "lobby")) == [
        Send(1, Ack("l1", 3, AT + 3)),
        Deliver((1,), (Membership(3, AT + 3, "lobby", member=False),), 3),
        Send(1, Ack("l2", 3, AT + 3)),
    ]
    assert stage.receive(1, Leave("l3", "lobby")) == [Send(1, Ack("l3", 3, AT + 3))]


def test_leaving_a_room_never_joined_is_refused() -> None:
    """There is nothing to end."""
    assert error_of(ready().receive(1, Leave("l", "den"))) == ("not-a-member", "l")


def test_a_joining_repeated_after_leaving_changes_nothing() -> None:
    """The id was used up; a new one is needed to come in again."""
    stage = ready()
    stage.receive(1, Join("j", "den"))
    stage.receive(1, Leave("l", "den"))
    assert stage.receive(1, Join("j", "den")) == [Send(1, Ack("j", 3, AT + 3))]
    assert error_of(stage.receive(1, Say("m", "x", room="den"))) == ("not-a-member", "m")
    commands = stage.receive(1, Join("j", "den"), Join("k", "den"))
    assert commands[0] == Send(1, Ack("j", 3, AT + 3))
    assert error_of(commands[1:]) == ("id-conflict", "k")


def test_a_move_that_relied_on_a_repeated_one_changes_nothing() -> None:
    """Alice's phone repeats an old leaving, so the joining behind it finds her still inside.

    It is committed, but it must not look like the moment she came in: whoever catches up from the
    memory of the newest entries would miss what was said before it.
    """
    stage = ready()
    stage.enter(3, "alice")
    stage.receive(1, Leave("l1", "lobby"))
    stage.receive(3, Join("j1", "lobby"))
    stage.receive(2, Say("m", "m", room="lobby"))
    assert stage.receive(1, Leave("l1", "lobby"), Join("j2", "lobby")) == [
        Send(1, Ack("l1", 3, AT + 3)),
        Send(1, Ack("j2", 6, AT + 6)),
    ]
    commands = stage.enter(4, "alice", Hello(1, cursor=3))
    assert Feed(4, (said(5, "bob", "m", room="lobby"),), 6, live=True) in commands


def test_a_text_that_slips_through_behind_a_repeated_joining_reaches_the_members() -> None:
    """The room may even be gone; the text is committed and nobody is there to get it."""
    stage = ready()
    stage.receive(1, Join("j", "den"))
    stage.receive(1, Leave("l", "den"))
    assert stage.receive(1, Join("j", "den"), Say("m", "m", room="den")) == [
        Send(1, Ack("j", 3, AT + 3)),
        Send(1, Ack("m", 5, AT + 5)),
    ]


@pytest.mark.parametrize("room", ["", "Den", "a b", "x" * 65])
def test_a_room_outside_of_the_grammar_cannot_be_made(room: str) -> None:
    """Names of rooms have one spelling."""
    assert error_of(ready().receive(1, Join("j", room))) == ("bad-room", "j")


def test_nobody_joins_more_rooms_than_allowed() -> None:
    """Waiting joinings count, leaving makes room again."""
    stage = ready(dataclasses.replace(LIMITS, rooms_per_person=2))
    commands = stage.receive(1, Join("a", "a"), Join("b", "b"))
    assert error_of(commands[:1]) == ("too-many-rooms", "b")
    assert stage.receive(1, Leave("l", "lobby"), Join("c", "b"))[1] == Send(1, Ack("c", 5, AT + 5))


def test_no_more_rooms_are_made_than_allowed() -> None:
    """Rooms that exist can still be joined."""
    stage = ready(dataclasses.replace(LIMITS, rooms=2))
    stage.receive(1, Join("a", "a"))
    assert error_of(stage.receive(2, Join("b", "b"))) == ("too-many-rooms", "b")
    assert stage.receive(2, Join("a", "a"))[0] == Send(2, Ack("a", 4, AT + 4))


def test_an_unsettled_joining_takes_what_relied_on_it_along() -> None:
    """The drafted one and the one that waited behind it hear the same reason."""
    stage = ready()
    commands = stage.receive(1, Join("j1", "den"), Join("j2", "den"), failed=FULL)
    assert error_of(commands[:1]) == ("disk-full", "j1")
    assert error_of(commands[-1:]) == ("disk-full", "j2")
    assert error_of(stage.receive(1, Say("m", "x", room="den"))) == ("not-a-member", "m")
