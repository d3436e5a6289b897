"""Two people, a host, and files between them."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from secure_chat.client import Client
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.progress import Progress
from secure_chat.limits import Limits
from secure_chat.wire.messages import Placed

__all__ = ["MANY", "People", "Stopper", "Watch", "bytes_of", "client_of"]

MANY = 3_000_000
"""Bytes of a file that needs several windows."""


def bytes_of(size: int, seed: int = 1) -> bytes:
    """Return bytes that repeat nowhere near a chunk's length."""
    return b"".join((seed * 1_000_003 + i * i).to_bytes(8, "big") for i in range(size // 8 + 1))[
        :size
    ]


def client_of(
    name: str, at: str, certs: Path, data: Path, *, limits: Limits | None = None, live: bool = False
) -> Client:
    """Return a client that remembers nothing but its uploads."""
    return Client(name, at=at, certs=certs, data=data, live=live, remember=False, limits=limits)


class People:
    """Alice and bob, connected, with a folder each.

    Args:
        alice: who sends.
        bob: who fetches.
        folder: for files.
    """

    def __init__(self, alice: Client, bob: Client, folder: Path) -> None:
        self.alice, self.bob, self.folder = alice, bob, folder

    def file(self, data: bytes, name: str = "a file.bin") -> Path:
        """Return a file with these bytes."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    @property
    def journal(self) -> list[Path]:
        """What alice remembers of uploads that are not over."""
        return list(self.folder.glob("data/**/alice/transfers/*"))


class Watch:
    """Notes progress, and how much of an upload the host had when it was placed."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[Progress] = []
        self.placed: list[int] = []
        told = Outward.told

        def noted(load: Outward, message: Any) -> None:
            if isinstance(message, Placed):
                self.placed.append(message.at)
            told(load, message)

        monkeypatch.setattr(Outward, "told", noted)

    def __call__(self, progress: Progress) -> None:
        """Hear of progress."""
        self.seen.append(progress)


class Stopper:
    """Does something at the n-th word of the host about a transfer, and lets no later one through.

    Args:
        monkeypatch: puts it between the host and the transfer, and takes it away.
        kind: `Outward` or `Inward`.
        number: which word, from 1.
        act: what is done then.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        kind: type[Outward] | type[Inward],
        number: int,
        act: Callable[[], None],
    ) -> None:
        self.reached = threading.Event()
        told: Callable[..., None] = kind.told
        words = 0

        def stopping(load: Any, message: Any) -> None:
            nonlocal words
            words += 1
            if words < number:
                told(load, message)
            elif words == number:
                self.reached.set()
                act()

        monkeypatch.setattr(kind, "told", stopping)
