"""What is asked for is done in the room one is talking in, and what fails is told."""

import io
from collections.abc import Iterator

import pytest

from secure_chat.cli.acting import Actor
from secure_chat.cli.clients import EventWriter
from secure_chat.cli.console import Console
from secure_chat.client import Client
from secure_chat.client.acts import (
    Act,
    Enter,
    Exit,
    Help,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.client.events import Acked, Live, Message
from secure_chat.wire.messages import Measure
from tests.cli.processes import Program
from tests.client.hosting import Hosting


class Stage:
    """A connected client, an actor and what was said."""

    def __init__(self, hosting: Hosting, program: Program) -> None:
        places = program.environment
        self.client = Client(
            "alice",
            at=hosting.at,
            certs=places["SECURECHAT_CERTS"],
            data=places["SECURECHAT_DATA"],
            remember=False,
        )
        self.client.connect()
        self.said = io.StringIO()
        self.writer = EventWriter(Console(out=self.said, err=self.said), as_json=False)
        self.actor = Actor(self.client, self.writer)
        self.events = self.client.events()
        self.take(Live)

    def take(self, kind: type) -> None:
        """Let events happen up to one of a kind."""
        for event in self.events:
            self.writer.view.apply(event)
            if isinstance(event, kind):
                return

    def act(self, act: Act) -> str:
        """Do something and return what was said about it."""
        self.said.seek(0)
        self.said.truncate()
        assert self.actor.act(act)
        return self.said.getvalue()


@pytest.fixture
def stage(hosting: Hosting, program: Program) -> Iterator[Stage]:
    """Return alice, in the lobby."""
    made = Stage(hosting, program)
    yield made
    made.client.close()


def test_texts_go_where_one_is_talking(stage: Stage) -> None:
    """Going into a room makes it that one; leaving it leads back to the lobby."""
    view = stage.writer.view
    for act, room in (
        (Speak("1"), "lobby"),
        (Enter("tea"), "tea"),
        (Speak("2"), "tea"),
        (Exit("den"), "tea"),
        (Exit(), "lobby"),
        (Speak("3", to="bob"), "lobby"),
    ):
        assert stage.act(act) == ""
        assert view.room == room
    stage.client.finish()
    messages = [event for event in stage.events if isinstance(event, Message)]
    assert [(one.text, one.room, one.to) for one in messages] == [
        ("1", "lobby", None),
        ("2", "tea", None),
        ("3", None, "bob"),
    ]


def test_questions_are_answered(stage: Stage) -> None:
    """About the room one is talking in unless another is named."""
    assert "in lobby: alice (here)" in stage.act(ListPeople())
    assert "not done" in stage.act(ListPeople("tea"))
    assert "lobby: 1 members" in stage.act(ListRooms())
    assert "bob, member" in stage.act(Tell("bob"))
    assert "/whois NAME" in stage.act(Help())
    assert stage.act(Wrong("so what")) == "-- not done: so what (bad-input)\n"


def test_what_operators_may_do_is_asked_of_the_host(stage: Stage) -> None:
    """A member is told why not; the list of commands names them."""
    said = stage.act(Moderation(Measure.KICK, "bob", reason="spam"))
    assert said == "-- not done: the host refused that: only operators can do that (failed)\n"
    assert "/mute NAME [SPAN] [WHY]" in stage.act(Help())


def test_what_waits_for_the_host_is_told(stage: Stage, hosting: Hosting) -> None:
    """The line is kept and the person knows."""
    hosting.stop()
    stage.take(object)
    while stage.writer.view.connected:
        stage.take(object)
    assert "no connection just now" in stage.act(Speak("later"))
    assert "not done" in stage.act(Speak("x" * 100_000))
    hosting.start()
    stage.take(Acked)


def test_leaving_is_said_by_the_answer(stage: Stage) -> None:
    """Whoever reads the input stops then."""
    assert not stage.actor.act(Quit())
