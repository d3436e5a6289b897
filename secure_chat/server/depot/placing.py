"""Whether an upload may begin here or go on, and what its sender is told at once.

Owned by the depot's thread. Everything is judged before the first byte; an answer tells nothing of
what other people have stored.
"""

from secure_chat.errors import StoreError
from secure_chat.hub.events import Uploaded
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.judging import Refusal, id_refused, size_refused
from secure_chat.server.depot.kit import Kit
from secure_chat.server.depot.toll import Toll
from secure_chat.wire.messages import Code, Error, Sealed, Upload

__all__ = ["Placing"]


class Placing:
    """Judges requests for uploads.

    Args:
        kit: what the depot works with.
    """

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        # So a folder that takes weeks is kept, and its files cost no more writes than need be.
        self._touch_after = kit.limits.upload_keep_seconds * 1000 / 4

    def place(self, conn: int, toll: Toll, upload: Upload) -> tuple[Row, int] | None:
        """Judge a request.

        Returns:
            The upload, which is not sealed and may begin or go on, and how many bytes of it are
            here; None: its sender was told something else.
        """
        uploads, store = self._kit.uploads, self._kit.store
        try:
            found = self._found(conn, toll.person, upload)
            if isinstance(found, Refusal):
                uploads.out.append((conn, Error(found.code, found.text, up=upload.up)))
                return None
            if found.sha256:
                self._again(conn, found)
                return None
            if found.within:
                self._keep_manifest(found)
            elif found.declared is None:
                # A message may offer a stream from its beginning on.
                self._kit.tell(Uploaded(toll.person, found.up, 0, ""))
            if store.now() - found.at > self._touch_after:
                store.touch(found)
            length = store.length(found)
        except (OSError, StoreError) as error:
            refusal = self._kit.trouble.writing(error)
            uploads.out.append((conn, Error(refusal.code, refusal.text, up=upload.up)))
            return None
        return found, length

    def _found(self, conn: int, person: str, upload: Upload) -> Row | Refusal:
        kit = self._kit
        refusal = id_refused(upload) or self._busy(conn, upload.up)
        if refusal is not None:
            return refusal
        row = kit.store.rows.find(person, upload.up)
        if row is not None:
            if (row.declared, row.within) != (upload.size, upload.within):
                text = "this upload was begun with another size or for another folder"
                return Refusal(Code.ID_CONFLICT, text)
            return row
        refusal = self._place_refused(person, upload) or size_refused(
            upload, person, kit.store.tally, kit.store.free(), kit.limits
        )
        if refusal is not None:
            return refusal
        return kit.store.begin(person, upload.up, upload.within, upload.size)

    def _busy(self, conn: int, up: str) -> Refusal | None:
        kit = self._kit
        most = kit.limits.transfers_per_connection
        used = kit.uploads.count(conn) + kit.downloads.count(conn)
        if used < most or kit.uploads.on(conn, up) is not None:
            return None
        return Refusal(Code.BUSY, f"a connection may have {most} transfers at once")

    def _place_refused(self, person: str, upload: Upload) -> Refusal | None:
        """Judge where a new upload belongs."""
        rows = self._kit.store.rows
        if rows.is_gone(person, upload.up):
            return Refusal(Code.ID_CONFLICT, "this id was used for a folder that is forgotten")
        if not upload.within:
            return None
        if upload.size is None:
            return Refusal(Code.BAD_QUERY, "a stream is no part of a folder")
        manifest = rows.find(person, upload.within)
        if manifest is None or manifest.within or manifest.declared is None:
            return Refusal(Code.NO_UPLOAD, "there is no such folder of yours")
        return None

    def _again(self, conn: int, row: Row) -> None:
        """Answer for an upload that is sealed already."""
        # Whoever asks means to refer to it, so it is not to be forgotten just now.
        self._kit.store.touch(row)
        if not row.within:
            self._kit.tell(Uploaded(row.person, row.up, row.size, row.sha256))
        self._kit.uploads.out.append((conn, Sealed(row.up, row.size, row.sha256)))

    def _keep_manifest(self, row: Row) -> None:
        manifest = self._kit.store.rows.find(row.person, row.within)
        if manifest is not None and row.at - manifest.at > self._touch_after:
            self._kit.store.touch(manifest)
