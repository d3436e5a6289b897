"""Sends what `send` was given files or a stream for, and tells what became of each.

Used on the main thread, which waits for the transfers.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Final, TypeAlias

from secure_chat.cli.clients import error_json
from secure_chat.cli.console import Console
from secure_chat.cli.meter import metered
from secure_chat.cli.parcel import Files, Stream
from secure_chat.client.events import Acked
from secure_chat.client.events import as_json as event_json
from secure_chat.client.inbox import gather
from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError, TransferIncomplete
from secure_chat.limits import Limits

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["carry", "left_out"]

Place: TypeAlias = tuple[str | None, str | None]

_AGAIN: Final = "The same command goes on from where it was."
_ANEW: Final = "What came through the pipe is not kept: pipe it again."
_COPY_BYTES: Final = 1_048_576


def carry(
    client: "Client", console: Console, parcel: Files | Stream, place: Place, *, as_json: bool
) -> None:
    """Send files or a stream, and say as what each is stored.

    Args:
        client: connected.
        console: where results and progress go.
        parcel: what.
        place: the room or the person.
        as_json: print acknowledgements instead of words.

    Raises:
        SecureChatError: one of them could not be sent; those behind it are not tried.
        KeyboardInterrupt: the person pressed Ctrl-C; how to go on has been said.
    """
    if isinstance(parcel, Stream):
        with _told(console, _ANEW, as_json=as_json):
            acked = _send_stream(client, console, parcel, place)
        _tell(console, acked, parcel.name, as_json=as_json)
        return
    caption = parcel.caption
    for path in parcel.paths:
        with (
            _told(console, _ANEW if path is None else _AGAIN, as_json=as_json),
            _spooled() if path is None else _itself(path) as found,
        ):
            name = parcel.name or found.resolve().name
            for line in left_out(found):
                console.warn(line)
            acked = _send(client, console, (found, name), place, caption)
        _tell(console, acked, name, as_json=as_json)
        caption = ""


def left_out(path: Path) -> Iterator[str]:
    """Yield what of a folder is not sent, and why; nothing for a file.

    Raises:
        TransferError: the folder cannot be looked through.
    """
    if path.is_dir():
        for skipped in gather(path, Limits()).skipped:
            yield printable(f"{skipped.path} is left out: {skipped.reason}")


def _send(
    client: "Client",
    console: Console,
    named: tuple[Path, str],
    place: Place,
    caption: str,
) -> Acked:
    path, name = named
    room, to = place
    with metered(console, name) as meter:
        return client.files.send(
            path,
            room=room,
            to=to,
            text=caption,
            name=None if path.is_dir() else name,
            told=meter,
        )


def _send_stream(client: "Client", console: Console, stream: Stream, place: Place) -> Acked:
    room, to = place
    with metered(console, stream.name) as meter:
        return client.files.send_stream(
            sys.stdin.buffer,
            name=stream.name,
            room=room,
            to=to,
            text=stream.caption,
            told=meter,
        )


def _tell(console: Console, acked: Acked, name: str, *, as_json: bool) -> None:
    if as_json:
        console.data_json(event_json(acked))
    else:
        console.talk(f"{printable(name)} is sent, stored as {acked.seq}")


@contextmanager
def _told(console: Console, again: str, *, as_json: bool) -> Iterator[None]:
    """Say how to go on when a transfer ends before its end."""
    try:
        yield
    except SecureChatError as error:
        if isinstance(error, TransferIncomplete) and again == _ANEW:
            error.hint = again
        if as_json:
            console.data_json(error_json(error))
        raise
    except KeyboardInterrupt:
        console.talk(f"stopped. {again}")
        raise


@contextmanager
def _itself(path: Path) -> Iterator[Path]:
    yield path


@contextmanager
def _spooled() -> Iterator[Path]:
    """Write what comes through stdin into a file of ours, which goes with the `with` statement."""
    with tempfile.TemporaryDirectory(prefix="securechat-") as folder:
        path = Path(folder) / "stdin"
        with path.open("xb") as file:
            copyfileobj(sys.stdin.buffer, file, _COPY_BYTES)
        yield path
