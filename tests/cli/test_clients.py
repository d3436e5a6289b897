"""What ended a command is an event for scripts too."""

import io
import threading
from collections.abc import Iterator

import pytest

from secure_chat.cli.clients import EventWriter, connected, error_json
from secure_chat.cli.console import Console
from secure_chat.client.events import Connected, Disconnected, Event, Live, Message
from secure_chat.errors import (
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    OutcomeUnknown,
    SecureChatError,
)


@pytest.mark.parametrize(
    ("error", "event", "code", "exit_code"),
    [
        (HostUnreachable("x"), "error", "unreachable", 4),
        (HostNotTrusted("x"), "refused", "not-trusted", 5),
        (HostRefused("revoked", "x"), "refused", "revoked", 6),
        (OutcomeUnknown("x"), "error", "unknown", 8),
        (SecureChatError("x"), "error", "failed", 1),
    ],
)
def test_an_error_as_an_event(
    error: SecureChatError, event: str, code: str, exit_code: int
) -> None:
    """`refused` is for what will be so the next time too."""
    told = error_json(error)
    assert (told["event"], told["code"], told["exit"]) == (event, code, exit_code)


WELCOME = Connected("al", "member", "c0", ("lobby",), 4, "why\x1b", "", "u1")


@pytest.mark.parametrize(
    ("event", "out", "err"),
    [
        (Message(1, 0, "bob", "b1", "hi", "lobby"), "[lobby] bob: hi\n", ""),
        (Live(4), "", ""),
        (Disconnected("closed", "x", 0, 1.0), "", "-- disconnected (x); trying again\n"),
        (
            WELCOME,
            "",
            "-- connected as al; in lobby\n-- the connection before was dropped: why\\x1b\n",
        ),
    ],
)
def test_messages_are_data_and_the_rest_is_talk(event: Event, out: str, err: str) -> None:
    """Every line of talk begins like no message does."""
    data, talk = io.StringIO(), io.StringIO()
    EventWriter(Console(out=data, err=talk), as_json=False).show(event)
    assert data.getvalue()[6:] == out
    assert talk.getvalue() == err


def test_everything_is_data_for_scripts() -> None:
    """One object a line, in ASCII, without a control character, and no talk."""
    data, talk = io.StringIO(), io.StringIO()
    writer = EventWriter(Console(out=data, err=talk), as_json=True)
    writer.show(Message(1, 0, "bob", "b1", "\x1b\x7f\u202eü", "lobby"))
    writer.aside("a word for people")
    assert '"text":"\\u001b\\u007f\\u202e\\u00fc"' in data.getvalue()
    assert data.getvalue().isascii()
    assert talk.getvalue() == ""


class Losing:
    """A client that shows no events, and whose host goes away."""

    live = False
    expiring = None

    def __init__(self) -> None:
        self.told = threading.Event()

    def connect(self) -> None:
        """Be there."""

    def close(self) -> None:
        """Go."""

    def events(self) -> Iterator[Event]:
        """Tell of the loss, and of an attempt that failed."""
        yield WELCOME
        yield Disconnected("closed", "the line was cut", 0, 0.2)
        yield Disconnected("unreachable", "nothing answers", 1, 0.4)
        self.told.set()


def test_who_waits_for_a_command_hears_that_the_host_is_gone() -> None:
    """Once for each loss; a bar at a terminal says so itself."""
    err, client = io.StringIO(), Losing()
    with connected(client, Console(err=err), as_json=False):  # type: ignore[arg-type] # stands in
        assert client.told.wait(10)
    assert err.getvalue() == "disconnected (the line was cut); trying again\n"


def test_a_terminal_hears_it_from_the_bar() -> None:
    """A line would stand in the middle of it."""
    err, client = io.StringIO(), Losing()
    err.isatty = lambda: True  # type: ignore[method-assign] # says that it is one
    with connected(client, Console(err=err), as_json=False):  # type: ignore[arg-type] # stands in
        assert client.told.wait(10)
    assert err.getvalue() == ""
