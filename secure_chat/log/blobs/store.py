"""The files of a host: bytes by their content, uploads that refer to them, parts that become them.

Owned by the depot, on its thread. In its folder stand `index.sqlite`, `parts/NUMBER` and
`blobs/ab/HASH`. Theory of operation: a row is written only when its bytes are on the disk, and
bytes are deleted only when no row is left, so a kill between two steps leaves bytes without a row
at worst; those are looked for at the next start and deleted. A part gets its second name as a blob
before its row is written and loses the first one after that, so until then the upload goes on.
"""

import errno
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import StoreError
from secure_chat.log.blobs.part import Part
from secure_chat.log.blobs.rows import Row, Rows
from secure_chat.log.blobs.tally import Tally
from secure_chat.pki.files import create_folder, sync_folder

__all__ = ["BlobStore", "Whole"]

_FOLDERS: Final = 256
_NO_LINKS: Final = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)

Whole = tuple[Row, str, int]
"""An upload that is ready to be sealed: its row, the hash of its bytes, their number."""


class BlobStore:
    """The files of a host; one at a time in a folder, which the log's lock ensures.

    Args:
        folder: where; made when it is missing, its owner's only.
        clock: says how old uploads are.

    Attributes:
        rows: the index, for questions.
        tally: how much there is.
        leftovers: whether `rows.within_gone` may have something to take away.

    Raises:
        StoreError: the folder or the index cannot be used.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._clock = clock
        self._parts, self._blobs = folder / "parts", folder / "blobs"
        self._root = folder
        try:
            for each in (folder, self._parts, self._blobs):
                create_folder(each)
            lengths = self._lengths()
        except OSError as error:
            raise StoreError(
                f"the folder of the files, {folder}, cannot be used",
                why=error.strerror or str(error),
                hint="check that you may write there",
            ) from error
        self.rows = Rows(folder / "index.sqlite")
        self.tally = Tally()
        self.leftovers = False
        self._swept = 0
        self._count(lengths)

    def close(self) -> None:
        """Close the index; parts stay open until they are closed."""
        self.rows.close()

    def _count(self, lengths: dict[str, int]) -> None:
        """Count what there is, and delete part files that are nobody's."""
        tally, rows = self.tally, self.rows
        for person, size, uploads in rows.totals():
            tally.add(person, size, uploads)
        tally.stored = rows.stored()
        for row in rows.open():
            length = lengths.pop(str(row.number), 0)
            tally.written += length
            tally.declared += length if row.declared is None else row.declared
            if row.declared is None:
                tally.add(row.person, length, 0)
        for stray in lengths:
            with suppress(OSError):
                (self._parts / stray).unlink()

    def _lengths(self) -> dict[str, int]:
        with os.scandir(self._parts) as found:
            return {entry.name: entry.stat().st_size for entry in found}

    def sweep(self) -> bool:
        """Delete blob files that no row knows, a folder of 256 at a time.

        Returns:
            Whether there is more to look through.
        """
        first, self._swept = self._swept, self._swept + 1
        if first >= _FOLDERS:
            return False
        folder = self._blobs / f"{first:02x}"
        # It may not be there; if it cannot be read, the next start tries it again.
        with suppress(OSError):
            known = self.rows.blobs(first)
            for file in folder.iterdir():
                if file.name not in known:
                    with suppress(OSError):
                        file.unlink()
        return True

    # --- uploads -------------------------------------------------------------------------------

    def begin(self, person: str, up: str, within: str, declared: int | None) -> Row:
        """Begin an upload; a manifest that it is within counts as asked for just now.

        Raises:
            StoreFull: there is no room for the row.
            StoreBroken: the disk failed.
        """
        row = self.rows.begin(person, up, within, declared, self.now())
        self.tally.add(person, row.counted)
        self.tally.declared += row.counted
        return row

    def touch(self, *rows: Row) -> None:
        """Let uploads count as asked for just now, so that they are kept for longer."""
        self.rows.touch([row.number for row in rows], self.now())

    def length(self, row: Row) -> int:
        """Return how many bytes of an upload that is not sealed are here."""
        try:
            return self.part_path(row).stat().st_size
        except FileNotFoundError:
            return 0

    def part(self, row: Row) -> Part:
        """Open the file of an upload that is not sealed.

        Raises:
            OSError: it cannot be opened.
        """
        return Part(self.part_path(row))

    def grew(self, row: Row, size: int) -> None:
        """Count bytes that have come of an upload; negative when they were thrown away."""
        self.tally.written += size
        if row.declared is None:
            self.tally.declared += size
            self.tally.add(row.person, size, 0)

    def part_path(self, row: Row) -> Path:
        """Return where the bytes of an upload are that is not sealed."""
        return self._parts / str(row.number)

    def blob_path(self, sha256: str) -> Path:
        """Return where bytes are stored."""
        return self._blobs / sha256[:2] / sha256

    def free(self) -> int:
        """Return the bytes free on the disk; 0 when the system cannot tell."""
        with suppress(OSError):
            return shutil.disk_usage(self._root).free
        return 0

    def now(self) -> int:
        """Return the time as rows have it."""
        return int(self._clock.now() * 1000)

    # --- sealing -------------------------------------------------------------------------------

    def seal(self, batch: Sequence[Whole]) -> None:
        """Make uploads whole: all of them, or none, whose parts then stay as they are.

        Args:
            batch: their parts are synced, and have exactly these sizes and hashes.

        Raises:
            OSError: a file cannot be given its name.
            StoreFull: there is no room for the rows.
            StoreBroken: the disk failed; what is sealed is known after the next start.
        """
        placed: set[str] = set()
        try:
            for row, sha256, size in batch:
                if sha256 not in placed and not self._stored(sha256, size):
                    placed.add(sha256)
                    self._place(self.part_path(row), self.blob_path(sha256))
            for folder in {self.blob_path(sha256).parent for sha256 in placed}:
                sync_folder(folder)
            fresh = {sha256 for sha256 in placed if not self.rows.has_blob(sha256)}
            self.rows.seal([(row.number, sha256, size) for row, sha256, size in batch], self.now())
        except (OSError, StoreError):
            for sha256 in placed:
                self._unplace(sha256)
            raise
        for row, sha256, size in batch:
            self._settle(row, size, fresh=sha256 in fresh)
            fresh.discard(sha256)

    def _stored(self, sha256: str, size: int) -> bool:
        """Tell whether these bytes are here already; those that a broken disk lost are not."""
        if not self.rows.has_blob(sha256):
            return False
        try:
            return self.blob_path(sha256).stat().st_size == size
        except FileNotFoundError:
            return False

    def _place(self, part: Path, blob: Path) -> None:
        if not blob.parent.exists():
            create_folder(blob.parent)
            sync_folder(self._blobs)
        # Nobody's, because no row knows it: a kill has left it.
        blob.unlink(missing_ok=True)
        try:
            os.link(part, blob)
        except OSError as error:
            # Some file systems know one name a file; there a kill just now costs the upload.
            if error.errno not in _NO_LINKS:
                raise
            part.replace(blob)

    def _unplace(self, sha256: str) -> None:
        # Whether a row knows it is unknown after an error of the index; the next start sees.
        with suppress(OSError, StoreError):
            if not self.rows.has_blob(sha256):
                self.blob_path(sha256).unlink()

    def _settle(self, row: Row, size: int, *, fresh: bool) -> None:
        with suppress(OSError):
            self.part_path(row).unlink()
        tally = self.tally
        tally.written -= size
        tally.declared -= size if row.declared is None else row.declared
        tally.stored += size if fresh else 0

    # --- forgetting ----------------------------------------------------------------------------

    def forget(self, rows: Sequence[Row]) -> list[Path]:
        """Take uploads away with all bytes that nobody else refers to.

        What is within a manifest goes with further calls, of `rows.within_gone`.

        Returns:
            The files that were deleted.

        Raises:
            StoreFull: there is no room even to delete.
            StoreBroken: the disk failed.
        """
        if not rows:
            return []
        # Of these the bytes go first: nobody relies on them, and a full disk has room again.
        parts = [self._throw_away(row) for row in rows if not row.sha256]
        blobs = self.rows.forget(rows)
        self.leftovers = self.leftovers or any(not row.within for row in rows)
        self.tally.stored -= sum(size for _, size in blobs)
        for row in rows:
            self.tally.add(row.person, -row.counted, -1)
            if not row.sha256:
                self.tally.declared -= row.counted
        gone = [self.blob_path(sha256) for sha256, _ in blobs]
        for path in gone:
            with suppress(OSError):
                path.unlink()
        return gone + parts

    def _throw_away(self, row: Row) -> Path:
        """Delete what has come of an upload that is not sealed; its row says nothing of that."""
        path = self.part_path(row)
        with suppress(OSError):
            length = self.length(row)
            path.unlink()
            self.grew(row, -length)
        return path
