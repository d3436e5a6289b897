"""What goes wrong with a file while one chats is told, and harms nothing else."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from secure_chat.cli import carrying
from secure_chat.cli.carrying import carry
from secure_chat.cli.clients import EventWriter
from secure_chat.cli.console import Console
from secure_chat.cli.errands import Errands
from secure_chat.cli.fetching import Manner, fetch
from secure_chat.cli.parcel import Files, Stream
from secure_chat.cli.picturing import drawn
from secure_chat.client import Client
from secure_chat.client.acts import SendFile
from secure_chat.client.events import Acked, Message
from secure_chat.client.inbox import OnExists
from secure_chat.errors import SecureChatError, TransferIncomplete
from secure_chat.wire.messages import Attached, Content

OFFER = Message(3, 0, "bob", "b3", "", "lobby", None, Content("file", file=Attached("u", "a.txt")))


@dataclass
class Library:
    """A client and its files, whose every transfer comes to what a test says.

    Args:
        folder: the client's own.
        outcome: what a transfer returns, or raises.
    """

    folder: Path
    outcome: Any = None
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def files(self) -> "Library":
        """What it does with files."""
        return self

    def send(self, path: Path, **said: Any) -> Any:
        """Come to what was said."""
        return self._come((path, said))

    def send_stream(self, source: Any, **said: Any) -> Any:
        """Come to what was said."""
        return self._come((source, said))

    def fetch(self, message: Message, inbox: Any, **said: Any) -> Any:
        """Come to what was said, having asked about a name if that is to be."""
        if said.get("ask") is not None:
            self.asked.append((said["ask"](message.text),))
        return self._come((message, inbox))

    def _come(self, asked: tuple[Any, ...]) -> Any:
        self.asked.append(asked)
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


class Chat:
    """Errands of a client that is none, and what was told."""

    def __init__(self, folder: Path) -> None:
        self.library = Library(folder)
        self.said = io.StringIO()
        self.console = Console(out=self.said, err=self.said)
        writer = EventWriter(self.console, as_json=False)
        self.errands = Errands(self.client, writer, folder / "inbox", shows=True)

    @property
    def client(self) -> Client:
        """The client that is none."""
        return cast("Client", self.library)

    def told(self) -> str:
        """Return what was told once all are through."""
        self.errands.finish()
        return self.said.getvalue()


@pytest.fixture
def chat(tmp_path: Path) -> Chat:
    """Return a chat."""
    return Chat(tmp_path)


@pytest.mark.parametrize("path", ["", "missing", "~nobody-of-that-name/x", "a\0b", "/dev/null"])
def test_a_path_that_leads_nowhere(chat: Chat, path: str) -> None:
    """Is refused at once, whatever is wrong with it."""
    with pytest.raises(SecureChatError, match="no such file"):
        chat.errands.send(SendFile(path), "lobby")


@pytest.mark.parametrize(
    ("act", "room", "to"),
    [
        (SendFile("a.txt"), "tea", None),
        (SendFile("a.txt", room="den"), "den", None),
        (SendFile("a.txt", to="bob"), None, "bob"),
    ],
)
def test_a_file_goes_where_one_is_talking(
    chat: Chat,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: SendFile,
    room: str | None,
    to: str | None,
) -> None:
    """Unless somebody else is named."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("a")
    chat.library.outcome = Acked("a1", 5, 0)
    chat.errands.send(act, "tea")
    assert chat.told() == "-- sending a.txt\n-- a.txt is sent, stored as 5\n"
    said = chat.library.asked[0][1]
    assert (said["room"], said["to"]) == (room, to)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(13, "Permission denied"), "not done: Permission denied (failed)"),
        (OSError("odd"), "not done: odd (failed)"),
        (SecureChatError("no", hint="Do that."), "not done: no (Do that.) (failed)"),
        (SecureChatError("no", why="so"), "not done: no: so (failed)"),
    ],
)
def test_a_failure_is_a_line(chat: Chat, error: Exception, words: str) -> None:
    """With what to do, where there is something."""
    chat.library.outcome = error
    chat.errands.get(OFFER)
    assert chat.told().splitlines()[-1] == f"-- {words}"


def test_what_was_stopped_needs_no_second_line(chat: Chat) -> None:
    """That they are stopped was said."""
    chat.library.outcome = TransferIncomplete("stopped")
    chat.errands.stop()
    chat.errands.get(OFFER)
    assert chat.told() == "-- fetching 3, a.txt\n"


def test_what_is_skipped_is_not_told(chat: Chat) -> None:
    """Nothing has landed."""
    chat.errands.get(OFFER)
    assert chat.told() == "-- fetching 3, a.txt\n"


def test_a_question_is_asked_without_a_bar(chat: Chat, tmp_path: Path) -> None:
    """Where there is none too."""
    manner = Manner(into=tmp_path, on_exists=OnExists.ASK, ask=lambda _: OnExists.SKIP)
    assert fetch(chat.client, OFFER, manner) is None
    assert chat.library.asked[0] == (OnExists.SKIP,)


def test_a_picture_that_went_away_is_not_shown(tmp_path: Path) -> None:
    """And that is said."""
    assert drawn(tmp_path / "gone.png") == (
        "",
        "it cannot be shown here: No such file or directory",
    )


@pytest.mark.parametrize("parcel", [Stream("x.tar", ""), Files((None,), "x", "")])
def test_what_came_through_a_pipe_cannot_be_gone_on_with(
    chat: Chat, monkeypatch: pytest.MonkeyPatch, parcel: Files | Stream
) -> None:
    """So the hint says something else than usual; scripts get it as an event."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    chat.library.outcome = TransferIncomplete("it stopped", hint="The same command goes on.")
    with pytest.raises(TransferIncomplete) as failed:
        carry(chat.client, chat.console, parcel, ("lobby", None), as_json=True)
    assert "pipe it again" in failed.value.hint
    assert '"code":"incomplete"' in chat.said.getvalue()
    assert '"exit":7' in chat.said.getvalue()


def test_a_refusal_keeps_its_hint(chat: Chat, tmp_path: Path) -> None:
    """For it would be met again."""
    chat.library.outcome = SecureChatError("too large", hint="Send it in parts.")
    (tmp_path / "a.txt").write_text("a")
    parcel = Files((tmp_path / "a.txt",), None, "")
    with pytest.raises(SecureChatError) as failed:
        carry(chat.client, chat.console, parcel, (None, "bob"), as_json=False)
    assert failed.value.hint == "Send it in parts."
    assert chat.said.getvalue() == ""


def test_what_is_piped_is_copied_and_the_copy_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of it."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"bytes")))
    with carrying._spooled() as path:
        assert path.read_bytes() == b"bytes"
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()
