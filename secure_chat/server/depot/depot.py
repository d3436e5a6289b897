"""The depot's thread: files come in, go out and go away, beside the hub and never through it.

It owns the store of files, all uploads and all downloads. Edges post what peers say, the hub's
thread which file may be sent to whom; answers go straight to the workers. Theory of operation: a
round takes all that waits, does it, seals what is ready, sends the answers, then reads for those
who have room, hashes a step of what must be hashed again, and looks after what nobody needs. So
nobody's transfer waits longer than for one round of everybody else's.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from secure_chat.clock import Clock
from secure_chat.errors import StoreError
from secure_chat.hub.commands import OpenFile
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.limits import Limits
from secure_chat.log.blobs.store import BlobStore
from secure_chat.net.inbox import Inbox
from secure_chat.net.reuse import keep_freed
from secure_chat.net.worker import Worker
from secure_chat.server.announce import Announcer
from secure_chat.server.depot.collecting import Collecting
from secure_chat.server.depot.downloads import Downloads
from secure_chat.server.depot.items import (
    Brought,
    Deleted,
    Gone,
    Referred,
    Sift,
    Sifted,
    Stop,
    Synced,
    Unloaded,
)
from secure_chat.server.depot.kit import Kit
from secure_chat.server.depot.receiving import Receiving
from secure_chat.server.depot.sending import Sending
from secure_chat.server.depot.syncer import Syncer
from secure_chat.server.depot.toll import Toll, Tolls
from secure_chat.server.depot.trouble import Trouble
from secure_chat.server.depot.uploads import Uploads
from secure_chat.server.dispatch import Dispatch
from secure_chat.wire.messages import Abandon, Chunk, Enough, More, Seal, Upload

__all__ = ["Depot", "Item", "Kept"]

_TICK_SECONDS: Final = 1.0
_PAGE: Final = 1_000

_Small = Upload | Seal | Abandon | More | Enough
Item = Brought | Gone | Unloaded | OpenFile | Referred | Deleted | Sifted | Synced | Stop


@dataclass(frozen=True, slots=True)
class Kept:
    """What a depot begins with.

    Args:
        folder: where the files are.
        keep_seconds: how long they are kept though messages refer to them; None for as long as
            those do.
    """

    folder: Path
    keep_seconds: float | None


class Depot:
    """The thread and its inbox.

    Args:
        kept: what it begins with.
        announcer: told when a disk fails.
        tell: gives the hub's thread something, from the depot's thread; must not block.
        limits: the bounds in force.
        clock: the time.

    Attributes:
        inbox: for everybody's `Item`.
        tolls: the accounts of all connections; edges add and take away.
        syncer: the thread that waits for the disk, to be run beside this one.
    """

    def __init__(
        self,
        kept: Kept,
        announcer: Announcer,
        tell: Callable[[Uploaded | Forgotten | Sift], None],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._kept = kept
        self._announcer = announcer
        self._tell = tell
        self._limits = limits
        self._clock = clock
        self.inbox: Inbox[Item] = Inbox(limits.inbox_items)
        self.tolls: Tolls = {}
        self.syncer = Syncer(limits, self.inbox.post)
        self._tick_at = 0.0
        self._going = True
        self._hurried = False

    # --- any thread ----------------------------------------------------------------------------

    def post(self, item: Item) -> None:
        """Have the depot take something in; never blocks."""
        self.inbox.post(item)

    def stop(self) -> None:
        """Let `run` return once everything posted before is done; what has come stays."""
        self.inbox.post(Stop())

    def close(self) -> None:
        """Give its descriptors back, after `run` or instead of it."""
        self.inbox.close()
        self.syncer.close()

    # --- its own thread ------------------------------------------------------------------------

    def run(self, workers: Iterable[Worker], ready: Callable[[], None]) -> None:
        """Open the files and serve until stopped; the thread's body.

        Args:
            workers: whose peers send and fetch files.
            ready: called once the hub was told of everything that messages may refer to.

        Raises:
            StoreError: the folder or the index of the files cannot be used.
        """
        keep_freed(self._limits.transfer_window_bytes)
        with ExitStack() as leaving:
            store = BlobStore(self._kept.folder, self._clock)
            leaving.callback(store.close)
            self._dispatch = Dispatch(list(workers))
            self._begin(store, leaving)
            ready()
            while self._going:
                self.inbox.wait(self._patience())
                self._round(self.inbox.take())

    def _begin(self, store: BlobStore, leaving: ExitStack) -> None:
        self._kit = kit = Kit(
            store=store,
            uploads=Uploads(self._limits),
            downloads=Downloads(self._limits),
            trouble=Trouble(self._announcer),
            tell=self._tell,
            limits=self._limits,
            clock=self._clock,
        )
        self._sending = Sending(kit, self._dispatch.load)
        leaving.callback(self._sending.close)
        self._receiving = Receiving(kit, self._sending, self.syncer.post)
        leaving.callback(self._receiving.close)
        self._collecting = Collecting(kit, self._receiving.drop, self._kept.keep_seconds)
        page = store.rows.whole((-1, 0), _PAGE)
        while page:
            for row in page:
                self._tell(Uploaded(row.person, row.up, row.size, row.sha256))
            page = store.rows.whole((page[-1].at, page[-1].number), _PAGE)

    def _round(self, items: list[Item]) -> None:
        for item in items:
            self._handle(item)
        now = self._clock.monotonic()
        if now >= self._tick_at:
            self._tick_at = now + _TICK_SECONDS
            self._receiving.tick(now)
        self._receiving.settle()
        self._send()
        # Further steps come at once when there are more; what has arrived meanwhile goes first.
        more = self._receiving.work()
        self._hurried = self._sending.work() or more
        self._collecting.work(now)
        self._send()

    def _patience(self) -> float:
        if self._hurried:
            return 0.0
        patience = self._collecting.patience(self._clock.monotonic())
        return min(patience, _TICK_SECONDS) if self._receiving.ticking else patience

    def _send(self) -> None:
        out = self._kit.uploads.out
        for conn, message in out:
            self._dispatch.answer(conn, message)
        out.clear()
        self._dispatch.send()

    def _handle(self, item: Item) -> None:
        if isinstance(item, Brought):
            self._brought(item)
        elif isinstance(item, Unloaded):
            self._kit.downloads.unloaded(item.conn)
        elif isinstance(item, Synced):
            self._receiving.synced(item)
        elif isinstance(item, OpenFile):
            # What is over before it began would never be told to be over.
            if item.conn in self.tolls:
                self._sending.open(item)
        elif isinstance(item, Gone):
            self._receiving.lost(item.conn)
            self._sending.lost(item.conn)
        elif isinstance(item, Stop):
            self._going = False
        else:
            self._upkeep(item)

    def _upkeep(self, item: Referred | Deleted | Sifted) -> None:
        if isinstance(item, Sifted):
            self._collecting.sifted(item)
        elif isinstance(item, Deleted):
            self._collecting.deleted(item.people)
        else:
            try:
                self._kit.store.rows.use(item.ups)
            except StoreError as error:
                self._kit.trouble.keeping(error)

    def _brought(self, item: Brought) -> None:
        conn, toll = item.conn, item.toll
        for kind, group in groupby(item.messages, type):
            # Of a connection that is over nothing is stored any more, though it came in time.
            if toll.over:
                break
            if kind is Chunk:
                self._receiving.chunks(conn, cast("list[Chunk]", list(group)))
            else:
                for message in cast("Iterable[_Small]", group):
                    self._take(conn, toll, message)
        toll.taken += len(item.messages)

    def _take(self, conn: int, toll: Toll, message: _Small) -> None:
        if isinstance(message, Upload):
            self._receiving.upload(conn, toll, message)
        elif isinstance(message, Seal):
            self._receiving.seal(conn, message)
        elif isinstance(message, More):
            self._kit.downloads.more(conn, message.re, message.upto)
        elif isinstance(message, Abandon):
            self._receiving.abandon(conn, toll, message)
        else:
            self._sending.enough(conn, message.re)
