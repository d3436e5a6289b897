"""How an upload becomes whole: hashed to its end, compared, synced, sealed, told.

Owned by the depot's thread. Theory of operation: a job goes on whenever something that it waits
for is done (a step of hashing, a sync), and those that are ready in the same round are sealed
together, because that costs a few syncs whatever their number. A job belongs to the upload, not to
the connection: if that is lost meanwhile, the upload is whole all the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

from secure_chat.errors import StoreError
from secure_chat.hub.events import Uploaded
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.judging import Refusal
from secure_chat.server.depot.kit import Kit
from secure_chat.server.depot.partfiles import PartFiles
from secure_chat.wire.messages import Code

__all__ = ["Sealing"]


@dataclass(frozen=True, slots=True)
class _Job:
    row: Row
    sha256: str


class Sealing:
    """Uploads that are being verified.

    Args:
        kit: what the depot works with.
        files: the part files.
        fail: called with an upload that cannot be sealed, why, and whether its bytes are worth
            nothing.
    """

    def __init__(
        self, kit: Kit, files: PartFiles, fail: Callable[[Row, Refusal, bool], None]
    ) -> None:
        self._kit = kit
        self._files = files
        self._fail = fail
        self._jobs: dict[int, _Job] = {}
        # Those that wait until others are done, because each has a file open.
        self._later: dict[int, _Job] = {}
        self._ready: dict[int, _Job] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._jobs or number in self._later

    def begin(self, row: Row, sha256: str) -> None:
        """Verify an upload of which all bytes are here, and seal it; `settle` tells."""
        if len(self._jobs) >= self._kit.limits.transfers:
            self._later[row.number] = _Job(row, sha256)
        else:
            self._start(_Job(row, sha256))

    def _start(self, job: _Job) -> None:
        self._jobs[job.row.number] = job
        try:
            self._files.open(job.row)
        except OSError as error:
            self._give_up(job, self._kit.trouble.writing(error), worthless=False)
            return
        self.go_on(job.row.number)

    def go_on(self, number: int) -> None:
        """Look again what an upload waits for; one that is not being verified is passed over."""
        job = self._jobs.get(number)
        if job is None:
            return
        part = self._files.open(job.row)
        if part.hashed < part.length:
            return
        if part.digest() != job.sha256:
            text = "the bytes that came have another hash; they are thrown away, send them again"
            self._give_up(job, Refusal(Code.HASH_DIFFERS, text), worthless=True)
            return
        try:
            self._files.sync(number)
        except OSError as error:
            self._give_up(job, self._kit.trouble.writing(error), worthless=False)
            return
        if self._files.safe(number):
            self._ready[number] = job

    def cancel(self, number: int) -> None:
        """Verify an upload no further."""
        self._later.pop(number, None)
        self._ready.pop(number, None)
        self._jobs.pop(number, None)

    def settle(self) -> None:
        """Seal what is ready, tell the hub, then the senders; once a round."""
        ready, self._ready = list(self._ready.values()), {}
        if ready:
            self._seal(ready)
        while self._later and len(self._jobs) < self._kit.limits.transfers:
            number = next(iter(self._later))
            self._start(self._later.pop(number))

    @property
    def waiting(self) -> bool:
        """Whether `settle` has something to do at once."""
        return bool(self._ready)

    def _seal(self, ready: list[_Job]) -> None:
        sizes = [self._files.open(job.row).length for job in ready]
        batch = [(job.row, job.sha256, size) for job, size in zip(ready, sizes, strict=True)]
        try:
            self._kit.store.seal(batch)
        except (OSError, StoreError) as error:
            refusal = self._kit.trouble.writing(error)
            for job in ready:
                self._give_up(job, refusal, worthless=False)
            return
        for row, sha256, size in batch:
            self._tell(row, sha256, size)

    def _tell(self, row: Row, sha256: str, size: int) -> None:
        kit, number = self._kit, row.number
        self.cancel(number)
        self._files.close(number)
        if not row.within:
            # Before its sender hears of it: what they say next refers to it.
            kit.tell(Uploaded(row.person, row.up, size, sha256))
        kit.downloads.whole(number, size, sha256)
        incoming = kit.uploads.of(number)
        if incoming is not None:
            kit.uploads.sealed(incoming, size, sha256, kit.clock.monotonic())

    def _give_up(self, job: _Job, refusal: Refusal, *, worthless: bool) -> None:
        self.cancel(job.row.number)
        self._fail(job.row, refusal, worthless)
