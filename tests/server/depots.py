"""A depot without threads: a test gives it items, and it does its rounds at once."""

import hashlib
from contextlib import ExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from secure_chat.hub.commands import OpenFile
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.limits import Limits
from secure_chat.log.blobs.store import BlobStore
from secure_chat.net import orders
from secure_chat.net.inbox import Inbox
from secure_chat.server.depot.depot import Depot, Item, Kept
from secure_chat.server.depot.items import Brought, Gone, Sift, Sifted, Unloaded
from secure_chat.server.depot.syncer import _synced
from secure_chat.server.depot.toll import Toll
from secure_chat.server.dispatch import Dispatch
from secure_chat.wire.codec import decode_from_host
from secure_chat.wire.framing import FrameReader
from secure_chat.wire.messages import (
    Attached,
    Chunk,
    Error,
    Fetch,
    FromHost,
    Grant,
    Piece,
    Placed,
    Seal,
    Sealed,
    Upload,
)
from tests.fakes import FakeClock
from tests.server.pieces import Told

__all__ = ["SMALL", "Bench", "sha256_of"]

Kind = TypeVar("Kind", bound=FromHost)

SMALL = replace(
    Limits(),
    chunk_bytes=10,
    transfer_window_bytes=40,
    bulk_bytes=400,
    bulk_low_bytes=100,
    sync_bytes=30,
    spare_bytes=0,
)


def sha256_of(data: bytes) -> str:
    """Return the hash as messages have it."""
    return hashlib.sha256(data).hexdigest()


class _Desk:
    """Stands where a worker stands and keeps its orders."""

    def __init__(self) -> None:
        self.inbox: Inbox[object] = Inbox(1_000)


class Bench:
    """A depot, its peers and the hub, all on the test's thread.

    Args:
        folder: where the files are.
        limits: the bounds in force.
        clock: the time.
        keep_seconds: how long files are kept.
    """

    def __init__(
        self,
        folder: Path,
        limits: Limits = SMALL,
        clock: FakeClock | None = None,
        keep_seconds: float | None = None,
    ) -> None:
        self.folder = folder
        self.limits = limits
        self.clock = clock or FakeClock()
        self.told = Told()
        self.hub: list[Uploaded | Forgotten | Sift] = []
        # What messages refer to, as the log would know it.
        self.referred: set[tuple[str, str]] = set()
        self.syncing = True
        self._desk = _Desk()
        self._heard: dict[int, list[FromHost]] = {}
        self._leaving = ExitStack()
        kept = Kept(folder, keep_seconds)
        self.depot = Depot(kept, self.told, self.hub.append, limits, self.clock)
        store = BlobStore(folder, self.clock)
        self._leaving.callback(store.close)
        self.depot._dispatch = Dispatch([self._desk])  # type: ignore[list-item] # an inbox each
        self.depot._begin(store, self._leaving)
        self.store = store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._leaving.close()
        self.depot.close()
        self._desk.inbox.close()

    # --- what happens to it --------------------------------------------------------------------

    def enter(self, conn: int, person: str) -> Toll:
        """Let somebody connect."""
        toll = self.depot.tolls[conn] = Toll(person)
        return toll

    def say(self, conn: int, *messages: Any) -> None:
        """Let a peer say something, as its edge passes it on."""
        toll = self.depot.tolls[conn]
        toll.came += sum(len(each.data) for each in messages if isinstance(each, Chunk))
        self.give(Brought(conn, toll, messages))

    def leave(self, conn: int) -> None:
        """Let a connection end."""
        toll = self.depot.tolls.pop(conn)
        toll.over = True
        self.give(Gone(conn))

    def fetch(self, conn: int, author: str, file: Attached, **asked: Any) -> None:
        """Let a peer fetch a file of a message that they may read."""
        fetch = Fetch(**{"re": 1, "seq": 7, "upto": 1_000_000, **asked})
        self.give(OpenFile(conn, author, file, fetch))

    def give(self, *items: Item) -> None:
        """Give it items, and go on until it has nothing to do at once."""
        self.depot._round(list(items))
        for _ in range(2_000):
            further = [*self.depot.inbox.take(), *self._synced(), *self._sifted()]
            if not further and self.depot._patience() > 0:
                return
            self.depot._round(further)
        raise AssertionError("it never rests")

    def _synced(self) -> list[Item]:
        inbox = self.depot.syncer._inbox
        if not self.syncing:
            return []
        return [_synced(*item) for item in inbox.take() if isinstance(item, tuple)]

    def _sifted(self) -> list[Item]:
        asked = [item for item in self.hub if isinstance(item, Sift)]
        self.hub[:] = [item for item in self.hub if not isinstance(item, Sift)]
        return [Sifted(frozenset(self.referred.intersection(sift.ups))) for sift in asked]

    def rest(self, seconds: float = 0.0) -> None:
        """Let time pass and the depot look around."""
        self.clock.advance(seconds)
        self.give()

    def unload(self, conn: int) -> None:
        """Let a peer have room for more pieces."""
        self.give(Unloaded(conn))

    # --- what comes of it ----------------------------------------------------------------------

    def heard(self, conn: int) -> list[FromHost]:
        """Return what a peer was told since the last time."""
        for order in self._desk.inbox.take():
            data = b"".join(order.data) if isinstance(order, orders.Bulk) else b""
            data = order.data if isinstance(order, orders.Frames) else data
            assert isinstance(order, orders.Bulk | orders.Frames)
            frames = FrameReader(65_536).feed(data)
            self._heard.setdefault(order.conn, []).extend(map(decode_from_host, frames))
        return self._heard.pop(conn, [])

    def errors(self, conn: int) -> list[tuple[str, str | None]]:
        """Return the codes of the errors that a peer was told, each with its upload."""
        return [(each.code, each.up) for each in self.heard(conn) if isinstance(each, Error)]

    def data(self, conn: int, re: int = 1) -> bytes:
        """Return the bytes of a download's pieces, which must come without a gap."""
        pieces = [each for each in self.heard(conn) if isinstance(each, Piece) and each.re == re]
        for before, after in pairwise(pieces):
            assert before.at + len(before.data) == after.at
        return b"".join(each.data for each in pieces)

    def files(self) -> list[str]:
        """Return all files but those of the index."""
        found = [path for path in self.folder.rglob("*") if path.is_file()]
        return sorted(
            str(path.relative_to(self.folder)) for path in found if "index" not in path.name
        )

    # --- whole uploads -------------------------------------------------------------------------

    def send(self, conn: int, up: str, data: bytes, at: int = 0, upto: int = 0) -> None:
        """Send chunks as far as granted, and go on with every grant."""
        while at < len(data):
            while at < min(upto, len(data)):
                end = min(at + self.limits.chunk_bytes, upto, len(data))
                self.say(conn, Chunk(up, at, data[at:end]))
                at = end
            for each in self.heard(conn):
                assert isinstance(each, Grant), each
                upto = each.upto
            assert upto > at or at == len(data)

    def begin(self, conn: int, up: str, size: int | None, within: str = "") -> Placed:
        """Ask for an upload and return where it was placed."""
        self.say(conn, Upload(up, size, within))
        *grants, placed = self.heard(conn)
        assert isinstance(placed, Placed), placed
        assert all(isinstance(each, Grant) for each in grants), grants
        return placed

    def upload(self, conn: int, up: str, data: bytes, within: str = "") -> Sealed:
        """Send a whole file."""
        placed = self.begin(conn, up, len(data), within)
        self.send(conn, up, data, placed.at, placed.upto)
        return self.finish(conn, up, data)

    def finish(self, conn: int, up: str, data: bytes) -> Sealed:
        """Seal an upload of which everything was sent."""
        self.say(conn, Seal(up, len(data), sha256_of(data)))
        *grants, sealed = self.heard(conn)
        assert isinstance(sealed, Sealed), sealed
        assert all(isinstance(each, Grant) for each in grants), grants
        return sealed
