"""What the client commands share: making a client from options, showing what it tells.

Parses, asks the person and prints; decides nothing about the conversation.
"""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from secure_chat.cli.console import Console
from secure_chat.cli.passphrase import passphrase_from
from secure_chat.errors import (
    HostNotTrusted,
    HostRefused,
    HostUnreachable,
    OutcomeUnknown,
    SecureChatError,
    TransferError,
    TransferIncomplete,
)

if TYPE_CHECKING:
    from secure_chat.client.events import Event
    from secure_chat.client.runtime import Client

__all__ = ["EventWriter", "Who", "connected", "error_json", "go_into_room", "make_client"]


# What every line of talk begins with, so that none can be taken for a message.
_TALK: Final = "-- "
_COLUMNS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who a command is and where its host is; the options that every client command has.

    Args:
        profile: what `--profile` says.
        name: what `--as` says.
        at: what `--at` says.
        certs: the certificates folder.
        data: what `--data` says.
        passphrase_file: what `--passphrase-file` says.
        no_input: never ask.
    """

    profile: str | None
    name: str | None
    at: str | None
    certs: Path
    data: Path | None
    passphrase_file: Path | None
    no_input: bool


def make_client(
    who: Who,
    *,
    history: int = 0,
    live: bool = False,
    remember: bool = False,
    keylog: Path | None = None,
) -> "Client":
    """Return a client that is not connected yet.

    Args:
        who: the options.
        history: on a first run, how many earlier messages to show.
        live: be present and be given messages.
        remember: use the disk's queue and cursor.
        keylog: where the keys of every connection are written; None for nowhere.
    """
    from secure_chat.client.runtime import Client

    asking = not who.no_input and sys.stdin.isatty() and sys.stderr.isatty()
    return Client(
        who.name,
        at=who.at,
        profile=who.profile,
        certs=who.certs,
        data=who.data,
        history=history,
        live=live,
        remember=remember,
        passphrase=passphrase_from(who.passphrase_file, no_input=who.no_input),
        ask=_ask if asking else None,
        keylog=keylog,
    )


@contextmanager
def connected(client: "Client", console: Console, *, as_json: bool) -> Iterator["Client"]:
    """Connect for the length of a `with` statement and leave at its end.

    A client that shows no events tells at its end what a person must know of their certificate.

    Raises:
        SecureChatError: why there is no connection; scripts get it as an event too.
    """
    try:
        client.connect()
    except SecureChatError as error:
        if as_json:
            console.data_json(error_json(error))
        raise
    if not client.live:
        threading.Thread(target=_tell_losses, args=(client, console), daemon=True).start()
    try:
        yield client
    finally:
        client.close()
        if not client.live and client.expiring is not None:
            from secure_chat.client.view import describe

            console.warn(describe(client.expiring) or "")


def _tell_losses(client: "Client", console: Console) -> None:
    """Say that the host is gone, for a client that shows no events; a thread's body.

    A bar at a terminal says so itself.
    """
    from secure_chat.client.events import Disconnected

    for event in client.events():
        if isinstance(event, Disconnected) and not console.err.isatty():
            # Most commands end before they need words for it.
            from secure_chat.client.view import describe

            words = describe(event)
            if words:
                console.talk(words)


def go_into_room(client: "Client", room: str) -> None:
    """Become a member of a room if we are not; what is said next is said behind that."""
    if room not in client.rooms:
        client.join(room)


class EventWriter:
    """Shows events: all of them as JSON, or messages as lines of data and the rest as talk.

    Args:
        console: where to.
        as_json: one object a line instead of words.
    """

    def __init__(self, console: Console, *, as_json: bool) -> None:
        from secure_chat.client.view import ViewState

        self._console = console
        self._as_json = as_json
        self.view = ViewState()

    def show(self, event: "Event") -> None:
        """Show one event."""
        from secure_chat.client.events import Message, as_json
        from secure_chat.client.view import describe, line_of

        self.view.apply(event)
        if self._as_json:
            self._console.data_json(as_json(event))
        elif isinstance(event, Message):
            self._console.data(line_of(event))
        else:
            told = describe(event, self.view.name)
            if told is not None:
                self.aside(told)

    def aside(self, text: str) -> None:
        """Say something that is no event, where it cannot be taken for a message; not in JSON."""
        if not self._as_json:
            for line in text.split("\n"):
                self._console.talk(f"{_TALK}{line}")

    def tell(self, value: dict[str, Any], text: str) -> None:
        """Tell of something that is no event of the host.

        Args:
            value: as scripts get it.
            text: as people do, printable.
        """
        if self._as_json:
            self._console.data_json(value)
        else:
            self.aside(text)

    def draw(self, picture: str) -> None:
        """Show a picture below what was said last; at a terminal only.

        Args:
            picture: what draws it, from `client.picture` and from nowhere else.
        """
        self._console.data(picture)

    @property
    def columns(self) -> int:
        """How wide a line of talk may be."""
        import shutil

        return max(_COLUMNS, shutil.get_terminal_size((_COLUMNS, 24)).columns) - len(_TALK)

    def use_standard_streams(self) -> None:
        """Write to what stdout and stderr are now: a prompt has put its own in their place."""
        self._console = replace(self._console, out=sys.stdout, err=sys.stderr)


def error_json(error: SecureChatError) -> dict[str, Any]:
    """Return what ended a command as an event: `refused` for exit codes 5 and 6, else `error`."""
    final = isinstance(error, HostRefused | HostNotTrusted)
    code = error.code if isinstance(error, HostRefused) else _CODES.get(type(error), "failed")
    told = {
        "event": "refused" if final else "error",
        "code": code,
        "text": error.what,
        "why": error.why,
        "hint": error.hint,
        "exit": int(error.exit_code),
    }
    # Only where there was a handshake; `handshakes show` takes it.
    return told | {"uid": error.uid} if error.uid else told


_CODES: Final[dict[type, str]] = {
    HostNotTrusted: "not-trusted",
    HostUnreachable: "unreachable",
    OutcomeUnknown: "unknown",
    TransferIncomplete: "incomplete",
    TransferError: "incomplete",
}


def _ask(names: Sequence[str]) -> str:
    """Let the person at the terminal choose an identity."""
    import typer

    typer.echo(f"Identities here: {', '.join(names)}", err=True)
    return str(typer.prompt("Who are you?", default=names[0], err=True)).strip()
