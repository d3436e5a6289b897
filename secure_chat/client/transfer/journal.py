"""What a sender remembers of an upload between two runs: under which ids it began it.

Used on the thread of whoever sends; one small file for each transfer in the client's own data
folder, written whole or not at all. The same file for the same people finds its ids again, so a
second run goes on where the first one was, and says nothing twice. What is written here is never
believed to be anything but ids: where to go on from, the host says.
"""

import hashlib
import secrets
from pathlib import Path
from typing import Final

from msgspec import DecodeError, Struct
from msgspec.json import decode, encode

from secure_chat.client.outgoing import new_id
from secure_chat.clock import Clock
from secure_chat.errors import StoreError
from secure_chat.limits import Limits
from secure_chat.pki.files import create_file, create_folder

__all__ = ["Entry", "Errand", "Journal"]

_ENDING: Final = ".json"
_DRAFT: Final = ".part"


class Errand(Struct, frozen=True):
    """What makes a transfer the same one; whatever of it changes, it is another.

    Args:
        path: the file or folder, absolute.
        size: its bytes, for a folder those of all its files.
        mtime_ns: when it was changed, nanoseconds since 1970; 0 for a folder.
        listing: what tells that nothing in a folder has changed; "" for a file.
        room: the room, or None.
        to: the person, or None.
        name: what it is called for others.
        text: what is said with it.
    """

    path: str
    size: int
    mtime_ns: int
    listing: str = ""
    room: str | None = None
    to: str | None = None
    name: str = ""
    text: str = ""


class Entry(Struct, frozen=True):
    """The ids of one transfer.

    Args:
        errand: what it is about.
        up: the upload; those of a folder's files begin with it.
        id: the message that offers it.
    """

    errand: Errand
    up: str
    id: str


class Journal:
    """One identity's unfinished uploads.

    Args:
        folder: where they stand; made when the first one begins.
        limits: `upload_keep_seconds` is used.
        clock: the time.
    """

    def __init__(self, folder: Path, limits: Limits, clock: Clock) -> None:
        self._folder = folder
        self._keep = limits.upload_keep_seconds
        self._clock = clock

    def begin(self, errand: Errand, *, anew: bool = False) -> Entry:
        """Return the ids of a transfer: those of an earlier run, or new ones, written down.

        Args:
            errand: what it is about.
            anew: True to forget what an earlier run began.

        Raises:
            StoreError: it cannot be written.
        """
        path = self._path(errand)
        known = None if anew else self._read(path)
        if known is not None and known.errand == errand:
            return known
        entry = Entry(errand, new_id(), new_id())
        try:
            create_folder(self._folder)
            self._sweep()
            draft = path.with_name(f"{path.stem}.{secrets.token_hex(4)}{_DRAFT}")
            create_file(draft, encode(entry), 0o600)
            draft.replace(path)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written",
                why=error.strerror or str(error),
                hint="Without it an interrupted upload could not go on. Make room, or name"
                " another folder with --data.",
            ) from error
        return entry

    def forget(self, entry: Entry) -> None:
        """Take away what is acknowledged.

        Raises:
            StoreError: the folder cannot be changed.
        """
        path = self._path(entry.errand)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be taken away", why=str(error)) from error

    def _path(self, errand: Errand) -> Path:
        return self._folder / (hashlib.sha256(encode(errand)).hexdigest()[:32] + _ENDING)

    def _read(self, path: Path) -> Entry | None:
        """Return what an earlier run wrote; whatever is damaged was never there."""
        try:
            if self._clock.now() - path.stat().st_mtime > self._keep:
                return None
            return decode(path.read_bytes(), type=Entry)
        except (OSError, DecodeError, UnicodeDecodeError):
            return None

    def _sweep(self) -> None:
        """Take away what the host has forgotten by now, and what killed runs left half written."""
        for path in self._folder.iterdir():
            age = self._clock.now() - path.stat().st_mtime
            if path.suffix in {_ENDING, _DRAFT} and age > self._keep:
                path.unlink(missing_ok=True)
