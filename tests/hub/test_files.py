"""Files: who may have one sent to them, and what the hub does with transfers of bytes (nothing)."""

import pytest

from secure_chat.hub.commands import Command, OpenFile, ReadFile, Send
from secure_chat.hub.events import FileRead
from secure_chat.limits import Limits
from secure_chat.log.base import Keep
from secure_chat.wire.messages import (
    Abandon,
    Ack,
    Attached,
    Chunk,
    Enough,
    Error,
    Fetch,
    FromClient,
    Hello,
    Join,
    Leave,
    More,
    Seal,
    Upload,
    Welcome,
)
from tests.hub.stage import AT, Stage

FILE = Attached("u", "a.txt", "text/plain", 5, "ab" * 32)
FETCH = Fetch(7, seq=3, at=2, upto=5)


def ready() -> Stage:
    """Return a stage with alice on 1 and bob on 2; the log's head is 2."""
    stage = Stage(limits=Limits(messages_per_second=0, file_bytes=1_000))
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    return stage


def error_of(commands: list[Command]) -> tuple[str, int | None]:
    """Return code and number of the only error, which is the only command."""
    (command,) = commands
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    return command.message.code, command.message.re


def test_a_welcome_tells_how_large_a_file_may_be() -> None:
    """So that a client can refuse one before it reads it."""
    welcomes = [
        command.message
        for command in ready().enter(3, "carol")
        if isinstance(command, Send) and isinstance(command.message, Welcome)
    ]
    assert [welcome.file_bytes for welcome in welcomes] == [1_000]


def test_a_fetch_goes_to_the_reader_with_its_rights_settled() -> None:
    """All rooms of the asker at this moment; a one-shot command may ask too."""
    stage = ready()
    stage.receive(1, Join("d", "den"), Join("a", "attic"))
    stage.receive(1, Leave("l", "attic"))
    assert stage.receive(1, FETCH) == [ReadFile(1, "alice", ("den", "lobby"), FETCH)]
    stage.enter(3, "bob", Hello(1, live=False))
    assert stage.receive(3, FETCH) == [ReadFile(3, "bob", ("lobby",), FETCH)]


def test_a_fetch_behind_a_request_is_judged_behind_it() -> None:
    """Whoever joins a room and asks for a file of it at once gets it."""
    commands = ready().receive(1, Join("d", "den"), FETCH)
    assert commands[0] == Send(1, Ack("d", 3, AT + 3))
    assert commands[-1] == ReadFile(1, "alice", ("den", "lobby"), FETCH)


def test_a_file_that_may_be_read_is_sent_by_the_depot() -> None:
    """The hub hands on whose it is, what the message says of it and what was asked."""
    event = FileRead(1, FETCH, Keep("bob", FILE))
    assert ready().play(event) == [OpenFile(1, "bob", FILE, FETCH)]


def test_no_message_and_one_of_others_and_one_without_a_file_look_the_same() -> None:
    """The reader gives one answer for all of them, and so does the hub."""
    assert error_of(ready().play(FileRead(1, FETCH, None))) == ("no-file", 7)


def test_nothing_is_sent_to_somebody_who_is_gone() -> None:
    """The reader's answer finds nobody."""
    assert ready().play(FileRead(9, FETCH, Keep("bob", FILE))) == []


def test_a_fetch_counts_as_one_message() -> None:
    """Whoever asks for more files than their share is read more slowly."""
    stage = Stage(limits=Limits(messages_per_second=1, message_burst=3))
    stage.enter(1, "alice")
    kinds = [type(command).__name__ for command in stage.receive(1, *[FETCH] * 5)]
    assert kinds == ["ReadFile"] * 5 + ["Pause", "Send", "Note"]


@pytest.mark.parametrize(
    "message",
    [
        Upload("u", 5),
        Chunk("u", 0, b"x"),
        Seal("u", 5, "ab" * 32),
        Abandon("u"),
        More(7, 9),
        Enough(7),
    ],
)
def test_what_moves_bytes_means_nothing_to_the_hub(message: FromClient) -> None:
    """It never arrives here in a host; if it did, nothing would happen."""
    assert ready().receive(1, message) == []
