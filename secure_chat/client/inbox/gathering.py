"""A local folder looked through for sending: what is in it, and what cannot be sent and why.

Owned by whoever sends, on one thread. Plain files and folders only; it follows no link, opens no
pipe and no device. A file that changes between the look and the reading is noticed: `open_found`
refuses another file than the one seen, `check_unchanged` one that was written to meanwhile.
"""

import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from secure_chat.client.inbox.directory import Directory, identity, is_folder, telling
from secure_chat.client.inbox.layout import Layout
from secure_chat.client.inbox.manifest import File, Folder, Manifest
from secure_chat.client.inbox.part import HIDDEN
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

__all__ = ["Found", "Gathered", "Skipped", "check_unchanged", "gather", "open_found"]

_CHANGED: Final = "a file of the folder changes while it is sent"


@dataclass(frozen=True, slots=True)
class Found:
    """A plain file that can be sent.

    Args:
        path: where it is in the folder, with `/`.
        size: how many bytes it had.
        mtime_ns: when it was written last, nanoseconds since 1970 UTC.
        executable: whether its owner can run it.
        own: what no other file has.
    """

    path: str
    size: int
    mtime_ns: int
    executable: bool
    own: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not sent.

    Args:
        path: where it is in the folder; to be shown with `client.text.printable`.
        reason: why, in our own words.
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a folder has; `manifest` makes the list of it once all files are uploaded.

    Args:
        root: the folder.
        name: what it is called.
        files: those that can be sent.
        folders: the empty ones, as paths with `/`.
        skipped: what is not sent.
    """

    root: Path
    name: str
    files: tuple[Found, ...]
    folders: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    @property
    def size(self) -> int:
        """How many bytes all files have together."""
        return sum(found.size for found in self.files)

    def manifest(self, uploads: Mapping[str, tuple[str, str]]) -> Manifest:
        """Return the list that goes to the receivers.

        Args:
            uploads: of each file's path: the upload's id and SHA-256 in lower-case hex. A file that
                is not in it is left out.
        """
        files = tuple(
            File(
                found.path,
                found.size,
                uploads[found.path][1],
                uploads[found.path][0],
                found.executable,
            )
            for found in self.files
            if found.path in uploads
        )
        size = sum(file.size for file in files)
        return Manifest(self.name, size, (*files, *map(Folder, self.folders)))


def gather(folder: Path, limits: Limits) -> Gathered:
    """Look through a folder; `open_found` then opens one file after the other.

    Args:
        folder: it; what the person named may be a link itself, nothing in it may.
        limits: how deep it may be, and how many entries it may have.

    Raises:
        TransferError: it cannot be looked through, or has too many entries.
    """
    search = _Search(limits)
    with telling("the folder cannot be sent"):
        whole = folder.resolve()
        with Directory.open(whole) as root:
            search.look_through(root, "")
    return Gathered(
        whole, whole.name, tuple(search.files), tuple(search.folders), tuple(search.skipped)
    )


def open_found(gathered: Gathered, found: Found) -> BinaryIO:
    """Open a file that was found, if it is still the same; the caller closes it.

    Args:
        gathered: the folder.
        found: one of its files.

    Raises:
        TransferError: it is another one now, was written to, or cannot be opened.
    """
    *folders, name = found.path.split("/")
    with telling("a file of the folder cannot be opened"), ExitStack() as opened:
        inner = opened.enter_context(Directory.open(gathered.root))
        for folder in folders:
            inner = opened.enter_context(inner.enter(folder))
        file = os.fdopen(inner.open_file(name, os.O_RDONLY), "rb")
    try:
        check_unchanged(file, found)
    except TransferError:
        file.close()
        raise
    return file


def check_unchanged(file: BinaryIO, found: Found) -> None:
    """Refuse a file that is not as it was found; asked again when all of it has been read.

    Args:
        file: open, from `open_found`.
        found: what it was.

    Raises:
        TransferError: it is another one, or was written to.
    """
    with telling(_CHANGED):
        now = os.fstat(file.fileno())
    same = identity(now) == found.own and stat.S_ISREG(now.st_mode)
    if not same or (now.st_size, now.st_mtime_ns) != (found.size, found.mtime_ns):
        raise TransferError(
            _CHANGED,
            why="it is not as it was when the folder was looked through",
            hint="send the folder again when nothing writes to it",
        )


class _Search:
    """What was found so far.

    Args:
        limits: how deep the folder may be, and how many entries it may have.
    """

    def __init__(self, limits: Limits) -> None:
        self.files: list[Found] = []
        self.folders: list[str] = []
        self.skipped: list[Skipped] = []
        self._layout = Layout(limits)
        self._most = limits.manifest_entries

    def look_through(self, folder: Directory, before: str) -> bool:
        """Look through one folder and those within; tell whether there is anything to send."""
        anything = False
        for name in folder.names():
            found = folder.look(name)
            if found is None:
                continue  # gone since its name was read
            path = before + name
            if reason := self._unfit(name, path, found):
                self.skipped.append(Skipped(path, reason))
                continue
            anything = True
            if is_folder(found):
                self._enter(folder, name, path)
            else:
                runs = bool(found.st_mode & stat.S_IXUSR)
                self.files.append(
                    Found(path, found.st_size, found.st_mtime_ns, runs, identity(found))
                )
            if len(self.files) + len(self.folders) > self._most:
                raise TransferError(
                    "the folder cannot be sent",
                    why=f"it has more than {self._most} files and empty folders",
                    hint="make one archive of it and send that",
                )
        return anything

    def _enter(self, folder: Directory, name: str, path: str) -> None:
        try:
            inner = folder.enter(name)
        except OSError as error:
            self.skipped.append(Skipped(path, error.strerror or str(error)))
            return
        with inner:
            if not self.look_through(inner, f"{path}/"):
                self.folders.append(path)

    def _unfit(self, name: str, path: str, found: os.stat_result) -> str:
        """Return why something is not sent, "" when it is."""
        if name.startswith(HIDDEN):
            return "it is still coming in"
        if stat.S_ISLNK(found.st_mode):
            return "it is a link"
        if not is_folder(found) and not stat.S_ISREG(found.st_mode):
            return "it is neither a file nor a folder"
        try:
            self._layout.add(path, is_file=not is_folder(found))
        except UnicodeEncodeError:
            return "its name is not valid Unicode"
        except TransferError as error:
            return error.why
        return ""
