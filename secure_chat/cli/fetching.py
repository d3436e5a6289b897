"""Fetches the file of a message into the inbox and judges what has landed.

Used on the thread that waits for the transfer, by `get` and by the chat. It opens nothing that has
landed but to read its first bytes.
"""

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_chat.cli.meter import Meter
from secure_chat.client.events import Message
from secure_chat.client.inbox import FIRST_BYTES, Ask, Inbox, OnExists, media_type, mismatch
from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["Landed", "Manner", "fetch", "name_of"]

_MOST_WARNINGS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How files are to land.

    Args:
        into: the inbox.
        on_exists: what to do when a name is taken.
        executable: whether what its sender could run may be run here.
        ask: asks the person about a name that is taken; None where there is nobody.
    """

    into: Path
    on_exists: OnExists = OnExists.RENAME
    executable: bool = False
    ask: Ask | None = None


@dataclass(frozen=True, slots=True)
class Landed:
    """What has landed.

    Args:
        path: where.
        type: its media type by its first bytes, "" for a folder.
        warnings: what a person should know before they open it, printable.
    """

    path: Path
    type: str = ""
    warnings: list[str] = field(default_factory=list)


def fetch(
    client: "Client",
    message: Message,
    manner: Manner,
    meter: Meter | None = None,
    cancel: threading.Event | None = None,
) -> Landed | None:
    """Fetch the file of a message, and look at what has come.

    Args:
        client: connected.
        message: one with a file.
        manner: where and how it lands.
        meter: hears how far it is.
        cancel: set to stop it.

    Returns:
        What has landed; None when the name is taken and that one was to be skipped.

    Raises:
        SecureChatError: it cannot be fetched, or is not what its sender has sent.
        StoreError: the inbox cannot be used.
    """
    name = name_of(message)
    ask = None if manner.ask is None else _asking(manner.ask, meter)
    with Inbox.open(manner.into) as inbox:
        path = client.files.fetch(
            message,
            inbox,
            on_exists=manner.on_exists,
            executable=manner.executable,
            ask=ask,
            told=meter,
            cancel=cancel,
        )
    return None if path is None else _judged(path, name)


def name_of(message: Message) -> str:
    """Return what the file of a message is called by its sender.

    Raises:
        SecureChatError: it has none.
    """
    if message.content is None or message.content.file is None:
        raise SecureChatError(
            f"message {message.seq} has no file", hint="`securechat get` lists those that have one."
        )
    return message.content.file.name


def _asking(ask: Ask, meter: Meter | None) -> Ask:
    """Let a person be asked where nothing is drawn any more."""

    def asked(name: str) -> OnExists:
        if meter is not None:
            meter.clear()
        return ask(name)

    return asked


def _judged(path: Path, name: str) -> Landed:
    if path.is_dir():
        return Landed(path, "", list(_of_folder(path)))
    kind = _kind(path)
    found = mismatch(name, kind)
    return Landed(path, kind, [f"{printable(path.name)}: {found}"] if found else [])


def _of_folder(folder: Path) -> Iterator[str]:
    """Yield warnings about the files of a folder, the first few of them."""
    count = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            found = mismatch(name, _kind(path))
            if not found:
                continue
            count += 1
            if count <= _MOST_WARNINGS:
                yield f"{printable(str(path.relative_to(folder.parent)))}: {found}"
    if count > _MOST_WARNINGS:
        yield f"and {count - _MOST_WARNINGS} more of them"


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        return media_type(file.read(FIRST_BYTES))
