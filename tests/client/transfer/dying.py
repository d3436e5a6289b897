"""A program of its own: sends or fetches, killed one step later each time, until it is through.

Called with the host, the folders and what to do; prints how often it was killed.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from secure_chat.client import Client
from secure_chat.client.inbox.landing import Inbox
from secure_chat.client.inbox.part import Part
from secure_chat.client.inbox.staging import Staging
from secure_chat.client.saying import Saying
from secure_chat.client.transfer.journal import Journal
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.receiving import Receiving
from secure_chat.client.transfer.sending import Sending
from secure_chat.limits import Limits

# Small steps, so that a small file has many.
LIMITS = Limits(chunk_bytes=1_000, transfer_window_bytes=1_000, rehash_bytes=1_000)

STEPS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Sending, ("begin", "take", "seal", "placed", "granted", "sealed")),
    (Receiving, ("begin", "sending", "piece", "sent")),
    (Outward, ("close",)),
    (Part, ("write", "rehash", "settle")),
    (Inbox, ("begin", "land")),
    (Staging, ("add", "land")),
    (Journal, ("begin", "forget")),
    (Saying, ("say", "unexpect")),
)


def stepping(before: Callable[[], None]) -> None:
    """Have something done before every step."""

    def stepped(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            before()
            return real(*words, **more)

        return call

    for kind, names in STEPS:
        for name in names:
            setattr(kind, name, stepped(getattr(kind, name)))


def transfer(at: str, certs: Path, data: Path, what: str, path: Path) -> None:
    """Send a path to bob, or fetch the newest thing that alice has sent him into it."""
    name = "alice" if what == "send" else "bob"
    client = Client(name, at=at, certs=certs, data=data, live=False, remember=False, limits=LIMITS)
    with client:
        if what == "send":
            client.files.send(path, to="bob", text="here")
            return
        (message,) = client.files.listing(with_="alice", most=1)
        with Inbox.open(path) as inbox:
            client.files.fetch(message, inbox)


def killed_at(step: int, *words: Any) -> bool:
    """Do it in a child that is killed before its n-th step; tell whether it came so far."""
    child = os.fork()
    if child == 0:
        steps = count(1)

        def before() -> None:
            if next(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)

        stepping(before)
        transfer(*words)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, status
    return os.WIFSIGNALED(status)


def main(at: str, certs: str, data: str, what: str, path: str) -> None:
    """Go on until nobody is killed any more."""
    kills = 0
    while killed_at(kills + 1, at, Path(certs), Path(data), what, Path(path)):
        kills += 1
    print(kills)  # noqa: T201 -- what the test reads


if __name__ == "__main__":
    main(*sys.argv[1:])
