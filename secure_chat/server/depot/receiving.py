"""Uploads as they come: what was decided in `uploads` is done here to the disk.

Owned by the depot's thread. Chunks are written and hashed as they come. It must never tell anybody
that bytes are here which the system has not taken, nor keep a stream whose sender stays away.
"""

from collections.abc import Callable, Sequence

from secure_chat.errors import StoreError
from secure_chat.hub.events import Forgotten, Uploaded
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.items import Synced
from secure_chat.server.depot.judging import Refusal, overgrown
from secure_chat.server.depot.kit import Kit
from secure_chat.server.depot.partfiles import PartFiles
from secure_chat.server.depot.placing import Placing
from secure_chat.server.depot.sealing import Sealing
from secure_chat.server.depot.sending import Sending
from secure_chat.server.depot.toll import Toll
from secure_chat.server.depot.uploads import Incoming, Phase
from secure_chat.wire.messages import Abandon, Chunk, Code, Seal, Upload

__all__ = ["Receiving"]


class Receiving:
    """Everything that comes in.

    Args:
        kit: what the depot works with.
        sending: told of streams that others follow.
        sync: has a descriptor synced and closed; answered by `Synced`.
    """

    def __init__(self, kit: Kit, sending: Sending, sync: Callable[[int, int], None]) -> None:
        self._kit = kit
        self._uploads = kit.uploads
        self._sending = sending
        self._files = PartFiles(kit, sync)
        self._placing = Placing(kit)
        self._sealing = Sealing(kit, self._files, self._failed)
        # Streams without a sender, and when they are over, on the monotonic clock.
        self._orphans: dict[int, tuple[Row, float]] = {}
        for row in kit.store.rows.open():
            if row.declared is None:
                self._orphan(row)
                kit.tell(Uploaded(row.person, row.up, 0, ""))

    def close(self) -> None:
        """Close all files; what has come stays."""
        self._files.close_all()

    # --- what peers say ------------------------------------------------------------------------

    def upload(self, conn: int, toll: Toll, upload: Upload) -> None:
        """Let an upload begin or go on, or say why not."""
        placed = self._placing.place(conn, toll, upload)
        if placed is None:
            return
        row, length = placed
        # Whoever begins again has nothing verified that was sealed before.
        self._sealing.cancel(row.number)
        self._orphans.pop(row.number, None)
        incoming = self._uploads.place(conn, toll, row, length, self._now())
        if not incoming.turn:
            # What is open is bounded by the turns.
            self._files.close(row.number)

    def chunks(self, conn: int, chunks: Sequence[Chunk]) -> None:
        """Store chunks that came together, each if it may come."""
        done = 0
        while done < len(chunks):
            up = chunks[done].up
            incoming = self._uploads.on(conn, up)
            fitting = incoming and self._uploads.fitting(incoming, chunks[done:])
            if incoming is not None and fitting:
                # As one: hashed and written in one go each, which lets go of the GIL twice.
                self._store(incoming, b"".join(chunk.data for chunk in fitting))
                done += len(fitting)
            else:
                self._refuse(conn, incoming, chunks[done])
                done += 1

    def _store(self, incoming: Incoming, data: bytes) -> None:
        now, row = self._now(), incoming.row
        try:
            self._files.append(row, data)
        except OSError as error:
            refusal = self._kit.trouble.writing(error)
            self._uploads.refuse(incoming, refusal, now, spent=len(data))
            if incoming.stream:
                # It fills the disk with what nobody can send to its end.
                self.drop([row])
            else:
                self._rest(row)
            return
        self._uploads.wrote(incoming, len(data), now)
        if incoming.stream:
            self._mind_stream(incoming)
        if self._files.crowded(row.number):
            self._uploads.hold(incoming, holding=True)

    def _refuse(self, conn: int, incoming: Incoming | None, chunk: Chunk) -> None:
        self._uploads.unfit(conn, incoming, chunk, self._now())
        if incoming is not None and incoming.phase is not Phase.SEALING:
            self._left(incoming)

    def _mind_stream(self, incoming: Incoming) -> None:
        kit, row = self._kit, incoming.row
        refusal = overgrown(incoming.at, row.person, kit.store.tally, kit.limits)
        if refusal is None and kit.store.free() < kit.limits.spare_bytes:
            refusal = Refusal(Code.DISK_FULL, "the host's disk has no room for more")
        if refusal is None:
            kit.downloads.grew(row.number, incoming.at)
            return
        self._uploads.refuse(incoming, refusal, self._now())
        self.drop([row])

    def seal(self, conn: int, seal: Seal) -> None:
        """Verify an upload and make it whole, or say why not."""
        before = self._uploads.on(conn, seal.up)
        incoming = self._uploads.seal(conn, seal, self._now())
        if incoming is not None:
            self._sealing.begin(incoming.row, seal.sha256)
        elif before is not None and before.phase is not Phase.SEALING:
            self._left(before)

    def abandon(self, conn: int, toll: Toll, abandon: Abandon) -> None:
        """Forget an upload that is not sealed; whatever else is named is passed over."""
        self._uploads.forgive(conn, toll, abandon.up)
        incoming = self._uploads.on(conn, abandon.up)
        if incoming is not None:
            self._uploads.abandon(incoming, self._now())
        try:
            row = self._kit.store.rows.find(toll.person, abandon.up)
        except StoreError as error:
            self._kit.trouble.writing(error)
            return
        if row is not None and not row.sha256:
            self.drop([row])

    def lost(self, conn: int) -> None:
        """End what a connection was sending; its bytes stay."""
        for incoming in self._uploads.lost(conn, self._now()):
            self._left(incoming)

    # --- what the disk says --------------------------------------------------------------------

    def synced(self, item: Synced) -> None:
        """Go on with an upload whose bytes are on the disk."""
        incoming = self._uploads.of(item.number)
        self._files.synced(item.number)
        if item.error is not None:
            self._unsynced(item.number, item.error)
            return
        if incoming is not None and incoming.held:
            self._uploads.hold(incoming, holding=self._files.crowded(item.number))
        self._sealing.go_on(item.number)

    def _unsynced(self, number: int, error: OSError) -> None:
        """After a failed sync nobody knows which bytes are there, so none are."""
        refusal = self._kit.trouble.writing(error)
        try:
            row = self._kit.store.rows.numbered(number)
        except StoreError as broken:
            self._kit.trouble.writing(broken)
            return
        if row is not None:
            self._sealing.cancel(number)
            self._failed(row, refusal, worthless=True)

    def work(self) -> bool:
        """Hash a step of what was written before; tells whether there is more at once."""
        if self._files.behind:
            row, error = self._files.hash_on()
            if error is None:
                self._sealing.go_on(row.number)
            else:
                self._sealing.cancel(row.number)
                self._failed(row, self._kit.trouble.writing(error), worthless=True)
        return self._files.behind or self._sealing.waiting

    def settle(self) -> None:
        """Seal what is ready; once a round."""
        self._sealing.settle()

    # --- what time says ------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """End uploads that stand still, and streams whose sender stays away."""
        for incoming in self._uploads.stalled(now):
            self._left(incoming)
        self.drop([row for row, due in self._orphans.values() if now >= due])

    @property
    def ticking(self) -> bool:
        """Whether `tick` may have something to do soon."""
        return self._uploads.busy or bool(self._orphans)

    # --- ends ----------------------------------------------------------------------------------

    def drop(self, rows: Sequence[Row]) -> bool:
        """Forget uploads and the bytes that nobody else refers to.

        Returns:
            Whether that could be done; if not it may be tried again.
        """
        for row in rows:
            self._withdraw(row)
        try:
            gone = self._kit.store.forget(rows)
        except StoreError as error:
            self._kit.trouble.keeping(error)
            for row in rows:
                if row.declared is None and not row.sha256:
                    self._orphan(row)
            return False
        self._sending.forget(gone)
        ups = tuple((row.person, row.up) for row in rows if not row.within)
        if ups:
            self._kit.tell(Forgotten(ups))
        return True

    def _withdraw(self, row: Row) -> None:
        """Let nobody send or follow an upload any more."""
        incoming = self._uploads.of(row.number)
        if incoming is not None:
            refusal = Refusal(Code.NO_UPLOAD, "this upload was forgotten")
            self._uploads.refuse(incoming, refusal, self._now())
        self._sealing.cancel(row.number)
        self._files.close(row.number)
        self._orphans.pop(row.number, None)
        self._sending.stop(row.number)

    def _failed(self, row: Row, refusal: Refusal, worthless: bool) -> None:  # noqa: FBT001 - said by name
        """Hear that an upload cannot be made whole."""
        incoming = self._uploads.of(row.number)
        if incoming is not None:
            self._uploads.refuse(incoming, refusal, self._now())
        if worthless and row.declared is None:
            # Nobody can send a stream again from its beginning.
            self.drop([row])
            return
        if worthless:
            try:
                self._files.clear(row)
            except OSError as error:
                self._kit.trouble.writing(error)
        self._rest(row)

    def _left(self, incoming: Incoming) -> None:
        """Put an upload aside that is on no connection any more."""
        if incoming.row.number not in self._sealing:
            self._rest(incoming.row)

    def _rest(self, row: Row) -> None:
        self._files.close(row.number)
        if row.declared is None:
            self._orphan(row)

    def _orphan(self, row: Row) -> None:
        self._orphans[row.number] = (row, self._now() + self._kit.limits.stream_grace_seconds)

    def _now(self) -> float:
        return self._kit.clock.monotonic()
