"""A file that is still coming in: a hidden partial file, to go on with after any interruption.

Owned by whoever receives, on one thread at a time; made by `Inbox.begin` and `Staging.begin`. It is
for its owner only and never executable before it is whole. More than was announced never gets into
it. What it holds is hashed again by `rehash` before more is added: nobody vouches for a file that
lay on the disk meanwhile.
"""

import hashlib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from secure_chat.client.inbox.directory import Directory, identity, is_ours, telling
from secure_chat.errors import TransferError
from secure_chat.limits import Limits

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["ENDING", "HIDDEN", "Part", "exchanged", "open_part", "set_aside"]

HIDDEN: Final = ".securechat-"
"""How the names of all that is not whole begin; no received name can begin so."""
ENDING: Final = ".part"

_TRIES: Final = 3
_CHANCE_BYTES: Final = 8
_BEGUN: Final = "the partial file cannot be used"


class Part:
    """A partial file, open for going on; `Inbox.begin` makes one.

    Args:
        home: the folder it stands in.
        name: its hidden name.
        descriptor: the open file.
        most: how many bytes were announced; None when nobody knows.
        limits: how much is hashed in a row.
        landed: where it stands already, when a program killed at the very end has published it;
            then all that is left to do is to compare its hash.
    """

    def __init__(  # noqa: PLR0913 -- a file, its place, and what is known of it
        self,
        home: Directory,
        name: str,
        descriptor: int,
        most: int | None,
        limits: Limits,
        *,
        landed: Path | None = None,
    ) -> None:
        self.home = home
        self.name = name
        self.landed = landed
        self._descriptor = descriptor
        self._most = most
        self._chunk = limits.rehash_bytes
        found = os.fstat(descriptor)
        self.identity = identity(found)
        self._size = found.st_size

    @property
    def label(self) -> str:
        """What its hidden files are told apart by."""
        return self.name.removeprefix(HIDDEN).removesuffix(ENDING)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self._size

    def rehash(self) -> "_Hash":
        """Return SHA-256 over all it holds, to be updated with what is written next.

        Raises:
            TransferError: the system does not let us read it.
        """
        digest = hashlib.sha256()
        with telling(_BEGUN):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            left = self._size
            while left and (chunk := os.read(self._descriptor, min(left, self._chunk))):
                digest.update(chunk)
                left -= len(chunk)
        if left:
            raise TransferError(_BEGUN, why="it has become shorter", hint="get it again")
        return digest

    def write(self, data: bytes) -> None:
        """Add bytes at the end.

        Args:
            data: those that follow.

        Raises:
            TransferError: it would have more than was announced, and none of them was written; or
                the disk takes no more, and `size` tells how many it took.
        """
        if self._most is not None and self._size + len(data) > self._most:
            raise TransferError(
                "more bytes come than were announced",
                why=f"{self._most} were announced",
                hint="tell whoever sent it, and ask for it again",
            )
        with telling("what comes in cannot be written"):
            os.lseek(self._descriptor, self._size, os.SEEK_SET)
            rest = memoryview(data)
            while rest:
                written = os.write(self._descriptor, rest)
                self._size += written
                rest = rest[written:]

    def truncate(self, size: int) -> None:
        """Cut it, when what it holds turned out to be wrong from there on.

        Args:
            size: how many bytes to keep, not more than there are.

        Raises:
            TransferError: the system refuses.
        """
        with telling(_BEGUN):
            os.ftruncate(self._descriptor, min(size, self._size))
        self._size = min(size, self._size)

    def sync(self) -> None:
        """Make sure that what was written survives a loss of power.

        Raises:
            TransferError: the disk failed.
        """
        with telling("what has come in is not safe on the disk"):
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close it and leave it for another time; twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Close it and take it away; what was exchanged for it meanwhile stays.

        Raises:
            TransferError: the system refuses.
        """
        self.close()
        with telling("the partial file cannot be removed"):
            if self.landed is None and self.is_in_place():
                self.home.remove(self.name)

    def is_in_place(self) -> bool:
        """Tell whether this very file, under one name only, stands where it was begun."""
        found = self.home.look(self.name)
        return found is not None and identity(found) == self.identity and _is_fit(found)

    def settle(self, *, executable: bool) -> None:
        """Make it ready for its name: safe on the disk, its mode final; then nothing is added.

        Args:
            executable: whether its owner may run it.

        Raises:
            TransferError: another program has exchanged it or given it a second name.
        """
        with telling("what has come in is not safe on the disk"):
            if hasattr(os, "fchmod"):
                # What the umask left of 0600 when it was made; nothing else may have come to it.
                mode = os.fstat(self._descriptor).st_mode & (stat.S_IRUSR | stat.S_IWUSR)
                runs = stat.S_IXUSR if executable and mode & stat.S_IRUSR else 0
                os.fchmod(self._descriptor, mode | runs)
            os.fsync(self._descriptor)
            fit = self.is_in_place()
        if not fit:
            raise exchanged()
        if not self.home.by_descriptor:
            # Windows gives an open file no other name.
            self.close()


def open_part(home: Directory, name: str, most: int | None, limits: Limits) -> Part:
    """Open a partial file, or make it; what else stands there is set aside, untouched.

    Args:
        home: the folder it stands in.
        name: its hidden name.
        most: how many bytes were announced; one that has more is begun anew.
        limits: how much is hashed in a row.

    Raises:
        TransferError: the system refuses, or somebody puts something there again and again.
    """
    with telling(_BEGUN):
        for _ in range(_TRIES):
            descriptor = _opened(home, name)
            if descriptor is not None:
                part = Part(home, name, descriptor, most, limits)
                if most is not None and part.size > most:
                    part.truncate(0)
                return part
            set_aside(home, name)
    raise exchanged()


def set_aside(home: Directory, name: str) -> None:
    """Give what stands under one of our hidden names another hidden one, and leave it as it is."""
    if home.look(name) is not None:
        home.move(name, home, f"{HIDDEN}aside-{secrets.token_hex(_CHANCE_BYTES)}")


def exchanged() -> TransferError:
    """Return what a person is told when another program meddles with hidden files."""
    return TransferError(
        "what has come in was changed by another program",
        why="it does not stand where it was put, or has a second name",
        hint="see who else can write to this folder, or choose another one",
    )


def _opened(home: Directory, name: str) -> int | None:
    """Open the file under a name or make one; None when what is there cannot be ours."""
    found = home.look(name)
    if found is None:
        with suppress(FileExistsError):
            return home.open_file(name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        return None
    # Looked at first: to open a device may do something already. And again when it is open.
    if not _is_fit(found):
        return None
    try:
        descriptor = home.open_file(name, os.O_RDWR)
    except OSError:
        if (again := home.look(name)) is None or not _is_fit(again):
            return None  # a link or a device, put there in between
        raise
    if identity(opened := os.fstat(descriptor)) == identity(found) and _is_fit(opened):
        return descriptor
    os.close(descriptor)
    return None


def _is_fit(found: os.stat_result) -> bool:
    """Tell whether it is a plain file of ours that has no other name."""
    return stat.S_ISREG(found.st_mode) and is_ours(found) and found.st_nlink == 1
