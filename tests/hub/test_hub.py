"""The hub as a whole: dispatch, rates, time."""

from secure_chat.hub.commands import Deliver, Note, Pause, Send
from secure_chat.hub.events import Drained, Lost, Received
from secure_chat.limits import Limits
from secure_chat.wire.messages import Ack, Notice, Ping, Say
from tests.hub.stage import AT, Stage, said

SLOWED = Notice(
    "slowed", "you send faster than this host allows; it reads more slowly, nothing is lost"
)


def flooded() -> Stage:
    """Return a stage that allows 10 messages a second and 4 at once; alice is on 1 and 2."""
    stage = Stage(limits=Limits(messages_per_second=10, message_burst=4))
    stage.enter(1, "alice")
    stage.enter(2, "alice")
    stage.wait(1.0)
    return stage


def say(*texts: str) -> tuple[Say, ...]:
    """Return texts for alice's own notes."""
    return tuple(Say(text, text, to="alice") for text in texts)


def test_events_of_unknown_connections_are_ignored() -> None:
    """Whoever is gone cannot be heard any more."""
    stage = Stage()
    assert stage.play(Received(9, say("m")), Drained(9), Lost(9, "bye")) == []


def test_messages_without_meaning_for_the_hub_are_ignored() -> None:
    """The connection answers pings itself."""
    stage = Stage()
    stage.enter(1, "alice")
    assert stage.receive(1, Ping()) == []


def test_commands_are_handed_out_once() -> None:
    """A second asking finds nothing."""
    stage = Stage()
    assert stage.enter(1, "alice") != []
    assert stage.hub.commands() == []


def test_within_the_rate_nobody_is_slowed() -> None:
    """The burst is everybody's right."""
    stage = flooded()
    commands = stage.receive(1, *say("a", "b", "c", "d"))
    assert not any(isinstance(command, Pause | Note) for command in commands)


def test_whoever_says_more_is_read_more_slowly_and_loses_nothing() -> None:
    """All 6 are committed and delivered, in order; the reading stops for what is owed."""
    stage = flooded()
    commands = stage.receive(1, *say("a", "b", "c", "d", "e", "f"))
    assert commands[:3] == [
        Pause(1, 0.2),
        Send(1, SLOWED),
        Note("slowed", "alice", "127.0.0.1:1"),
    ]
    assert commands[3:9] == [
        Send(1, Ack(text, seq, AT + seq)) for seq, text in enumerate("abcdef", 2)
    ]
    texts = tuple(said(seq, "alice", text, to="alice") for seq, text in enumerate("abcdef", 2))
    assert commands[9:] == [Deliver((1, 2), texts, 7)]


def test_the_rate_is_the_persons_and_not_the_connections() -> None:
    """A second connection shares the debt, is paused too, and is not told a second time."""
    stage = flooded()
    stage.receive(1, *say("a", "b", "c", "d", "e"))
    assert stage.receive(2, *say("f"))[0] == Pause(2, 0.2)
    assert stage.receive(2, *say("f"))[1] == Send(2, Ack("f", 7, AT + 7))


def test_after_a_rest_a_new_episode_is_told_again() -> None:
    """The note and the notice come once for each."""
    stage = flooded()
    stage.receive(1, *say("a", "b", "c", "d", "e"))
    stage.wait(1.0)
    assert stage.receive(1, *say("f", "g", "h", "i", "j"))[1] == Send(1, SLOWED)


def test_time_matters_only_while_something_is_pending() -> None:
    """A quiet hub asks for no wake-up; presence asks for one and is done by it."""
    stage = Stage()
    assert stage.hub.next_tick() is None
    stage.enter(1, "alice")
    assert stage.hub.next_tick() == stage.now + 0.25
    assert stage.wait(0.2) == []
    assert stage.wait(0.05) != []
    assert stage.hub.next_tick() is None
