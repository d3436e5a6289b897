"""Downloads as they go: what was planned in `downloads` is read from the disk and handed over.

Owned by the depot's thread. The right to a file was settled by the hub; here only what a message
says of it counts, never a hash alone. A file that cannot be read ends its downloads, not the host.
"""

from collections.abc import Callable, Iterable
from itertools import chain
from pathlib import Path

from secure_chat.errors import StoreError
from secure_chat.hub.commands import OpenFile
from secure_chat.log.blobs.rows import Row
from secure_chat.server.depot.downloads import Outgoing, Read, Source
from secure_chat.server.depot.handles import Handles
from secure_chat.server.depot.judging import Refusal
from secure_chat.server.depot.kit import Kit
from secure_chat.wire.codec import encode, encode_cut
from secure_chat.wire.messages import Code, Error, Fetch, Piece, Sent
from secure_chat.wire.messages import Sending as Begun

__all__ = ["Sending"]

_GONE = Refusal(Code.NO_FILE, "this file is not kept any more")
_STOPPED = Refusal(Code.STOPPED, "its sender stopped before its end")


class Sending:
    """Everything that goes out.

    Args:
        kit: what the depot works with.
        load: hands frames of files to a connection's worker.
    """

    def __init__(self, kit: Kit, load: Callable[[int, tuple[bytes, ...]], None]) -> None:
        self._kit = kit
        self._downloads = kit.downloads
        self._load = load
        self._handles = Handles(kit.limits.files_open)
        # Where the bytes of a download are; a stream's are in its part until it is sealed.
        self._rows: dict[Outgoing, Row] = {}

    def close(self) -> None:
        """Close all files."""
        self._handles.close()

    def open(self, order: OpenFile) -> None:
        """Begin a download, or say why not."""
        conn, fetch = order.conn, order.fetch
        try:
            found = self._found(order)
        except StoreError as error:
            found = self._kit.trouble.reading(error, order.author, order.file.up)
        refusal = found if isinstance(found, Refusal) else self._refused(conn, fetch, found)
        if refusal is not None or isinstance(found, Refusal):
            assert refusal is not None  # noqa: S101 - what was found is one, or was judged
            answer = Error(refusal.code, refusal.text, re=fetch.re)
            self._kit.uploads.out.append((conn, answer))
            return
        source = self._source(found)
        outgoing = Outgoing(conn, fetch.re, source, fetch.at, fetch.upto)
        self._rows[outgoing] = found
        self._kit.uploads.out.append((conn, Begun(fetch.re, found.size if found.sha256 else None)))
        self._downloads.open(outgoing)

    def _found(self, order: OpenFile) -> Row | Refusal:
        """Return the upload that a message's file, or a file of its folder, is."""
        rows, file, wanted = self._kit.store.rows, order.file, order.fetch.up
        row = rows.find(order.author, wanted or file.up)
        if row is None:
            return _GONE if file.sha256 or wanted else _STOPPED
        if wanted:
            if row.within != file.up or not row.sha256:
                return Refusal(Code.NO_FILE, "there is no such file in this folder")
        elif row.sha256 != file.sha256 and file.sha256:
            # The same id, used anew after the file of this message was forgotten.
            return _GONE
        elif not row.sha256 and row.declared is not None:
            return _GONE
        return row

    def _refused(self, conn: int, fetch: Fetch, row: Row) -> Refusal | None:
        kit, size = self._kit, self._size(row)
        most = kit.limits.transfers_per_connection
        if kit.uploads.count(conn) + kit.downloads.count(conn) >= most:
            return Refusal(Code.BUSY, f"a connection may have {most} transfers at once")
        if self._downloads.get(conn, fetch.re) is not None:
            return Refusal(Code.BAD_QUERY, "another download of yours has this number")
        if fetch.at > size:
            return Refusal(Code.WRONG_OFFSET, f"there are {size} bytes of it")
        return None

    def _size(self, row: Row) -> int:
        return row.size if row.sha256 else self._kit.store.length(row)

    def _source(self, row: Row) -> Source:
        if row.sha256:
            return Source(row.number, row.size, row.sha256)
        return self._downloads.source(row.number) or Source(row.number, self._size(row), "")

    # --- ends ----------------------------------------------------------------------------------

    def enough(self, conn: int, re: int) -> None:
        """End a download because its receiver said so."""
        outgoing = self._downloads.get(conn, re)
        if outgoing is not None:
            self._end(outgoing)

    def lost(self, conn: int) -> None:
        """End all downloads of a connection that is over."""
        for outgoing in self._downloads.on(conn):
            del self._rows[outgoing]
        self._downloads.lost(conn)

    def stop(self, number: int) -> None:
        """Tell all who follow a stream that it is over."""
        for outgoing in self._downloads.followers(number):
            error = Error(_STOPPED.code, _STOPPED.text, re=outgoing.re)
            self._kit.uploads.out.append((outgoing.conn, error))
            self._end(outgoing)

    def forget(self, paths: Iterable[Path]) -> None:
        """Read these files no more."""
        self._handles.forget(paths)

    def _end(self, outgoing: Outgoing) -> None:
        del self._rows[outgoing]
        self._downloads.end(outgoing)

    # --- reading -------------------------------------------------------------------------------

    def work(self) -> bool:
        """Read for every connection that has room; tells whether there is more at once."""
        for conn in self._downloads.due():
            plan = self._downloads.plan(conn)
            if plan:
                # One that failed has said so in a frame; what was planned behind that is empty.
                self._load(conn, tuple(chain.from_iterable(map(self._frames, plan))))
        return self._downloads.awake

    def _frames(self, read: Read) -> list[bytes]:
        """Return the pieces or the end of a download as frames; none when it is over already."""
        outgoing = read.outgoing
        row = self._rows.get(outgoing)
        if row is None:
            return []
        if not read.size:
            self._end(outgoing)
            return [encode(Sent(outgoing.re, outgoing.source.size, outgoing.source.sha256))]
        store, sha256 = self._kit.store, outgoing.source.sha256
        path = store.blob_path(sha256) if sha256 else store.part_path(row)
        try:
            data = self._handles.read(path, read.at, read.size)
        except OSError as error:
            self._end(outgoing)
            refusal = self._unread(error, row)
            return [encode(Error(refusal.code, refusal.text, re=outgoing.re))]
        first = Piece(outgoing.re, read.at, b"")
        return encode_cut(first, data, self._kit.limits.chunk_bytes)

    def _unread(self, error: OSError, row: Row) -> Refusal:
        """Return why a file cannot be read: it is gone as it should be, or the disk is broken."""
        try:
            if self._kit.store.rows.find(row.person, row.up) is None:
                return _GONE
        except StoreError:
            # The index is on the same disk; what happened first is said.
            pass
        return self._kit.trouble.reading(error, row.person, row.up)
