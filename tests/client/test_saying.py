"""Everything a message can be, between two real clients over a real host."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.client import Client
from secure_chat.client.events import Event, Message
from secure_chat.errors import SecureChatError, UsageError
from secure_chat.wire.messages import Content, ContentKind, Format
from tests.client.community import until
from tests.client.hosting import Hosting


@pytest.fixture(scope="module")
def hosting(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosting]:
    """Return a running host."""
    host = Hosting(certs, tmp_path_factory.mktemp("host")).start()
    yield host
    host.stop()


@pytest.fixture
def pair(hosting: Hosting, certs: Path, tmp_path: Path) -> Iterator[tuple[Client, Client]]:
    """Return alice and bob, connected and live."""
    alice, bob = (
        Client(name, at=hosting.at, certs=certs, data=tmp_path, remember=False)
        for name in ("alice", "bob")
    )
    with alice, bob:
        yield alice, bob


def heard(client: Client, id_: str) -> Message:
    """Return the message with an id as a client hears it."""

    def wanted(event: Event) -> bool:
        return isinstance(event, Message) and event.id == id_

    found = until(client.events(), wanted)[-1]
    assert isinstance(found, Message)
    return found


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("*hi*", Content(format=Format.MARKDOWN)),
        ("print(1)", Content(format=Format.CODE, lang="python")),
        ('{"a": 1}', Content(format=Format.JSON)),
    ],
)
def test_a_text_has_its_format(pair: tuple[Client, Client], text: str, content: Content) -> None:
    """It arrives as it was said, and history has it too."""
    alice, bob = pair
    message = heard(bob, alice.say(text, to="bob", content=content))
    assert (message.text, message.content) == (text, content)
    assert bob.files.message(message.seq) == message


def test_a_value_that_is_none_is_not_said(pair: tuple[Client, Client]) -> None:
    """Neither at once nor waited for."""
    alice, _ = pair
    for say in (alice.say, alice.deliver):
        with pytest.raises(UsageError, match="no JSON value"):
            say("{", to="bob", content=Content(format=Format.JSON))


def test_a_reply_names_what_it_answers(pair: tuple[Client, Client]) -> None:
    """In a room and to a person."""
    alice, bob = pair
    for where in ({"room": "lobby"}, {"to": "bob"}):
        message = heard(bob, alice.say("who?", **where))  # type: ignore[arg-type]
        answer = heard(alice, bob.reply(message, "me"))
        assert answer.content == Content(reply=message.seq)
        assert (answer.room, answer.to) == (message.room, message.to and "alice")


@pytest.mark.parametrize("where", ["room", "to"])
def test_a_message_is_reacted_to_edited_and_deleted(
    pair: tuple[Client, Client], where: str
) -> None:
    """Each is a message of its own about another one, and changes what history tells."""
    alice, bob = pair
    there = {"room": "lobby"} if where == "room" else {"to": "bob"}
    back = {"room": "lobby"} if where == "room" else {"to": "alice"}
    seq = alice.deliver("frist", **there).seq  # type: ignore[arg-type]
    reaction = heard(alice, bob.react(seq, "+1", **back))
    assert reaction.content == Content(ContentKind.REACTION, of=seq)
    edit = heard(bob, alice.edit(seq, "first", format=Format.MARKDOWN, **there))
    assert edit.content == Content(ContentKind.EDIT, format=Format.MARKDOWN, of=seq)
    edited = bob.files.message(seq)
    assert edited.text == "first"
    assert edited.content == Content(format=Format.MARKDOWN, edited=edit.seq)
    deletion = heard(bob, alice.delete(seq, **there))
    assert deletion.content == Content(ContentKind.DELETION, of=seq)
    deleted = bob.files.message(seq)
    assert (deleted.text, deleted.content) == ("", Content(ContentKind.DELETED, of=deletion.seq))


def test_what_is_about_nothing_is_refused(pair: tuple[Client, Client]) -> None:
    """The host knows no such message."""
    alice, _ = pair
    with pytest.raises(SecureChatError, match="refused"):
        alice.deliver("x", to="bob", content=Content(ContentKind.REACTION, of=99_999))
