"""What follows from the log's answer."""

from secure_chat.hub.commands import Command, Deliver, Note, Send
from secure_chat.hub.events import Lost, Received, StorageFailed
from secure_chat.wire.messages import Ack, Error, Join, Say
from tests.hub.stage import AT, FULL, Stage, said


def ready() -> Stage:
    """Return a stage with alice on 1 and bob on 2; the log's head is 2."""
    stage = Stage()
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    return stage


def test_nothing_is_decided_before_the_log_has_answered() -> None:
    """Between `drafts` and `settle` nobody is told anything."""
    stage = ready()
    stage.hub.handle(Received(1, (Say("m", "m", room="lobby"),)))
    drafts = stage.hub.drafts()
    assert stage.hub.commands() == []
    stage.hub.settle(stage.log.append(drafts))
    assert stage.hub.commands() == [
        Send(1, Ack("m", 3, AT + 3)),
        Deliver((1, 2), (said(3, "alice", "m", room="lobby"),), 3),
    ]


def test_a_batch_is_acknowledged_and_then_delivered_as_one_piece() -> None:
    """Acks go to their authors, the messages of one room travel together."""
    stage = ready()
    commands = stage.play(
        Received(1, (Say("a", "a", room="lobby"), Say("b", "b", room="lobby"))),
        Received(2, (Say("c", "c", room="lobby"),)),
    )
    texts = ((3, "alice", "a"), (4, "alice", "b"), (5, "bob", "c"))
    assert commands == [
        Send(1, Ack("a", 3, AT + 3)),
        Send(1, Ack("b", 4, AT + 4)),
        Send(2, Ack("c", 5, AT + 5)),
        Deliver((1, 2), tuple(said(*text, room="lobby") for text in texts), 5),
    ]


def test_the_audience_object_stays_the_same_between_batches() -> None:
    """Workers may keep what they derive from it."""
    stage = ready()
    first, second = (
        command.conns
        for text in ("a", "b")
        for command in stage.receive(1, Say(text, text, room="lobby"))
        if isinstance(command, Deliver)
    )
    assert first is second


def test_an_id_used_for_something_else_is_an_error() -> None:
    """The first stays as it was, and nothing is delivered."""
    stage = ready()
    stage.receive(1, Say("m", "m", room="lobby"))
    for request in (Say("m", "other", room="lobby"), Say("m", "m", to="bob"), Join("m", "den")):
        (command,) = stage.receive(1, request)
        assert isinstance(command, Send)
        assert isinstance(command.message, Error)
        assert (command.message.code, command.message.id) == ("id-conflict", "m")
    assert stage.log.head == 3


def test_two_people_may_use_the_same_id() -> None:
    """An id is unique for its author only."""
    stage = ready()
    stage.receive(1, Say("m", "m", room="lobby"))
    assert stage.receive(2, Say("m", "m", room="lobby"))[0] == Send(2, Ack("m", 4, AT + 4))


def test_what_was_drafted_by_somebody_who_is_gone_is_delivered_without_an_ack() -> None:
    """It is committed like anything else; the author's other connections see it too."""
    stage = ready()
    stage.enter(3, "alice")
    commands = stage.play(
        Received(1, (Say("m", "m", room="lobby"),)), Lost(1, "silent", "the line was cut")
    )
    assert commands[1:] == [Deliver((3, 2), (said(3, "alice", "m", room="lobby"),), 3)]


def test_when_nothing_can_be_stored_every_author_is_told() -> None:
    """Nobody else hears of it, nothing is acknowledged, and the host says it once."""
    stage = ready()
    say = Say("m", "m", room="lobby")
    error = Send(1, Error("disk-full", "the host's disk is full", id="m"))
    assert stage.receive(1, say, failed=FULL) == [
        error,
        Note("storage", "", "the host's disk is full"),
    ]
    assert stage.receive(1, say, failed=FULL) == [error]


def test_when_storing_works_again_the_host_says_so_once() -> None:
    """The same message with the same id is stored then; a repetition proves nothing."""
    stage = ready()
    stage.receive(1, Say("a", "a", room="lobby"))
    stage.receive(1, Say("b", "b", room="lobby"), failed=FULL)
    assert stage.receive(1, Say("a", "a", room="lobby")) == [Send(1, Ack("a", 3, AT + 3))]
    recovered = Note("storage", "", "messages are stored again")
    assert stage.receive(1, Say("b", "b", room="lobby"))[-1] == recovered
    assert recovered not in stage.receive(1, Say("c", "c", room="lobby"))


def test_another_failure_after_recovery_is_said_again() -> None:
    """Each episode has its own line."""
    stage = ready()
    broken = StorageFailed("internal", "the host's disk failed")
    told = [
        notes(stage.receive(1, Say(f"m{number}", "x", room="lobby"), failed=failed))
        for number, failed in enumerate((FULL, None, broken))
    ]
    assert told == [
        [Note("storage", "", "the host's disk is full")],
        [Note("storage", "", "messages are stored again")],
        [Note("storage", "", "the host's disk failed")],
    ]


def test_an_author_who_is_gone_is_not_told_of_a_failure() -> None:
    """There is nobody to tell."""
    stage = ready()
    commands = stage.play(Received(1, (Say("m", "m", room="lobby"),)), Lost(1, "bye"), failed=FULL)
    assert [c for c in commands if isinstance(c, Send)] == []


def notes(commands: list[Command]) -> list[Note]:
    """Return the notes among commands."""
    return [command for command in commands if isinstance(command, Note)]
