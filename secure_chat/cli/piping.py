"""`securechat join` without a person at a terminal: lines or JSON in, lines or JSON out.

The main thread shows events; a thread of its own reads the input and acts on it. The end of the
input means: wait until all files are through and all is acknowledged, then leave.
"""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from secure_chat.cli.acting import Actor
from secure_chat.cli.clients import EventWriter
from secure_chat.client.acts import Act, Wrong
from secure_chat.client.events import Refused
from secure_chat.client.scripted import read_json
from secure_chat.client.speech import Typing
from secure_chat.limits import Limits

if TYPE_CHECKING:
    from secure_chat.client.runtime import Client

__all__ = ["converse", "lines_of"]

_CHUNK = 65_536
_LONGEST = 1_048_576


def converse(
    client: "Client", writer: EventWriter, *, as_json: bool, into: Path | None = None
) -> None:
    """Take part until the input ends and all is acknowledged, or the host keeps us out.

    Args:
        client: connected.
        writer: where events go.
        as_json: whether the input is objects.
        into: what `--into` says.

    Raises:
        HostRefused: the host keeps us out from now on.
        HostNotTrusted: what answers now is not our host.
    """
    actor = Actor(client, writer, threading.TIMEOUT_MAX, into=into)
    typing = None if as_json else Typing(Limits())

    def read() -> None:
        for line in lines_of(sys.stdin.fileno()):
            act = _act(line, typing)
            if act is not None and not actor.act(act):
                break
        else:
            act = typing.end() if typing is not None else None
            if act is not None:
                actor.act(act)
        actor.finish()
        client.finish()

    threading.Thread(target=read, name="input", daemon=True).start()
    try:
        for event in client.events():
            writer.show(event)
            if isinstance(event, Refused):
                raise event.error
    except KeyboardInterrupt:
        actor.stop()
        raise


def _act(line: bytes | None, typing: Typing | None) -> Act | None:
    if line is None:
        return Wrong("this line is too long")
    if typing is None:
        return read_json(line) if line.strip() else None
    return typing.read(line.decode("utf-8", "replace").removesuffix("\r"))


def lines_of(descriptor: int) -> Iterator[bytes | None]:
    """Yield the lines of a descriptor without their ends; None for one that is too long.

    It reads the descriptor itself: a thread that waits inside `sys.stdin` holds a lock that the
    interpreter wants at its end, and ends it with a fatal error.

    Args:
        descriptor: an open file, pipe or terminal.
    """
    held, skipping = b"", False
    while chunk := os.read(descriptor, _CHUNK):
        *whole, held = (held + chunk).split(b"\n")
        for line in whole:
            if not skipping:
                yield line
            skipping = False
        if len(held) > _LONGEST:
            if not skipping:
                yield None
            held, skipping = b"", True
    if held and not skipping:
        yield held
