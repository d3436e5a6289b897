"""Who may refer to an upload, who may say what is more than a text, and what comes again."""

import pytest
from msgspec.structs import replace

from secure_chat.hub.commands import Send
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import Ack, Content, Error, Join, Leave, Say
from tests.hub.saying import FILE, LIMITS, REFERRING, RIGHT, SHA, STREAM, error_of, ready, say
from tests.hub.stage import AT, Stage, entry_of


@pytest.mark.parametrize(
    "content",
    [
        Content("file", file=replace(FILE, up="unknown")),
        Content("file", file=replace(FILE, up="s")),
        Content("folder", file=replace(FILE, up="s")),
        Content("stream", file=replace(STREAM, up="u")),
        Content("stream", file=replace(STREAM, up="unknown")),
        Content("stream-end", of=3, file=STREAM),
    ],
)
def test_an_upload_that_does_not_fit_is_no_upload(content: Content) -> None:
    """Unknown, not finished, or finished when it is to be offered as a stream."""
    stage = ready()
    assert error_of(stage.receive(1, say("", content))).code == "no-upload"
    assert stage.log.head == 3


def test_nobody_can_refer_to_what_somebody_else_has_uploaded() -> None:
    """Not even by its hash; the answer is the one for an id that nobody uses."""
    stage = ready()
    lie = Content("file", file=replace(FILE, size=5, sha256=SHA))
    assert error_of(stage.receive(2, say("", lie))).code == "no-upload"
    assert stage.receive(2, say("", lie)) == stage.receive(
        2, say("", replace(lie, file=replace(FILE, up="nobodys")))
    )


def test_a_repetition_is_acknowledged_after_its_upload_was_forgotten() -> None:
    """What was right then is right for ever; something new under that id is a conflict."""
    stage = ready()
    content = Content("file", file=FILE)
    stage.receive(1, say("", content))
    stage.hub.forgotten(Forgotten((("alice", "u"),)))
    again = [Send(1, Ack("m", 4, AT + 4))]
    assert stage.receive(1, say("", content)) == again
    other = replace(content, file=replace(FILE, name="b.txt"))
    assert error_of(stage.receive(1, say("", other))).code == "id-conflict"
    new = Say("new", "", room="lobby", content=content)
    (command,) = stage.receive(1, new)
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    assert (command.message.code, command.message.id) == ("no-upload", "new")
    assert stage.log.head == 4


def test_the_offer_of_a_stream_may_come_again_after_its_end() -> None:
    """It was made while the stream was open; a new offer is not."""
    stage = ready()
    offer = say("", Content("stream", file=STREAM))
    stage.receive(1, offer)
    stage.hub.uploaded(Uploaded("alice", "s", 9, SHA))
    assert stage.receive(1, offer) == [Send(1, Ack("m", 4, AT + 4))]


MUTED = Registry({"5ealice": entry_of("alice")}, mutes={"alice": 2_000_000_000})
CLOSED = Registry({"5ealice": entry_of("alice")}, closed_rooms=frozenset({"den"}))


def in_den(registry: Registry) -> Stage:
    """Return a stage on which alice said number 3 in the den, and then this was decreed."""
    stage = Stage(limits=LIMITS)
    stage.enter(1, "alice")
    stage.hub.uploaded(Uploaded("alice", "u", 5, SHA))
    stage.receive(1, Join("d", "den"))
    stage.wait(1.0)
    stage.receive(1, Say("three", "three", room="den"))
    stage.obey(registry)
    assert stage.log.head == 3
    return stage


@pytest.mark.parametrize(("registry", "code"), [(MUTED, "muted"), (CLOSED, "room-closed")])
@pytest.mark.parametrize(("text", "content"), [*RIGHT[:-1], *REFERRING])
def test_who_may_not_speak_says_nothing_of_any_kind(
    registry: Registry, code: str, text: str, content: Content
) -> None:
    """Reactions and edits are speaking, and so are files."""
    stage = in_den(registry)
    asked = Say("m", text, room="den", content=content)
    assert error_of(stage.receive(1, asked)).code == code
    assert stage.log.head == 3


@pytest.mark.parametrize("registry", [MUTED, CLOSED])
def test_who_may_not_speak_may_take_back_what_they_said(registry: Registry) -> None:
    """That is not to speak."""
    stage = in_den(registry)
    asked = Say("m", "", room="den", content=Content("deletion", of=3))
    assert stage.receive(1, asked)[0] == Send(1, Ack("m", 4, AT + 4))


def test_who_has_left_a_room_takes_nothing_back_there() -> None:
    """Only members do anything in a room."""
    stage = in_den(Registry(MUTED.entries))
    stage.receive(1, Leave("l", "den"))
    asked = Say("m", "", room="den", content=Content("deletion", of=3))
    assert error_of(stage.receive(1, asked)).code == "not-a-member"


@pytest.mark.parametrize("registry", [MUTED, CLOSED])
def test_a_repetition_is_acknowledged_whatever_was_decreed_since(registry: Registry) -> None:
    """A file that was said before is still said, and one with another upload is not."""
    stage = in_den(Registry(MUTED.entries))
    asked = Say("m", "", room="den", content=Content("file", file=FILE))
    stage.receive(1, asked)
    stage.obey(registry)
    assert stage.receive(1, asked) == [Send(1, Ack("m", 4, AT + 4))]
    other = replace(asked, content=Content("file", file=replace(FILE, up="v")))
    assert error_of(stage.receive(1, other)).code == "id-conflict"
