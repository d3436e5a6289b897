"""One encrypted file that holds others: written and read as a stream, whatever its size.

On the thread of whoever asks, with one more at the other end of a pipe that encrypts or decrypts.
It knows nothing of what is in it. It must never write a secret or a file's content to the disk in
clear, and never hand on what somebody changed.

The file is a tar of two members that other programs can open too: `key.age`, an age identity under
a passphrase, and `content.tar.age`, a tar encrypted to that identity (https://age-encryption.org):

    tar xf FILE && age -d -i key.age content.tar.age | tar x
"""

import io
import os
import tarfile
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, BinaryIO, Final, Self, TypeAlias

from secure_chat.errors import StoreError, UsageError
from secure_chat.pki.newfile import new_file
from secure_chat.server.archivekey import unlock

if TYPE_CHECKING:
    from pyrage.x25519 import Identity

__all__ = ["Archive", "Member", "write_archive"]

_KEY: Final = "key.age"
_CONTENT: Final = "content.tar.age"
_BLOCK: Final = 512
_KEY_BYTES: Final = 4_096
_PIECE: Final = 65_536
_Pipe: TypeAlias = io.BufferedReader | io.BufferedWriter
_REGULAR: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive.

    Args:
        name: its posix path in the archive.
        mode: its rights.
        size: its bytes.
        content: its content, at the beginning.
    """

    name: str
    mode: int
    size: int
    content: IO[bytes]

    @classmethod
    def of(cls, name: str, mode: int, data: bytes) -> "Member":
        """Return a member whose content is at hand."""
        return cls(name, mode, len(data), io.BytesIO(data))


def write_archive(path: Path, passphrase: bytes, members: Iterable[Member]) -> int:
    """Make an archive; it appears under its name when it is whole and safe on the disk.

    Args:
        path: where to; nothing may stand there.
        passphrase: what opens it again; text in UTF-8.
        members: what goes in, asked for one after the other.

    Returns:
        Its size in bytes.

    Raises:
        StoreError: something stands there, or it cannot be written.
        UsageError: the passphrase is no text.
    """
    text = _text(passphrase)
    with new_file(path) as file:
        _write(file, text, members)
        return file.tell()


class Archive:
    """An archive that is read; made by opening it with its passphrase.

    Args:
        path: the file.
        passphrase: what it was made with.

    Raises:
        StoreError: it cannot be read or is no archive of ours, or the passphrase is wrong.
        UsageError: the passphrase is no text.
    """

    def __init__(self, path: Path, passphrase: bytes) -> None:
        self._path = path
        text = _text(passphrase)
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise self._damaged(error) from error
        try:
            self._identity = self._unlock(text)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def read(self, take: Callable[[Member], None]) -> None:
        """Read all of it once; what came before an error must not be used.

        Args:
            take: called for each file in turn, whose content is there for that long; an error
                of the system that it meets itself is its own to explain.

        Raises:
            StoreError: it is damaged, cut short, or was tampered with.
        """
        import pyrage

        try:
            content = io.BufferedReader(_Part(self._file, self._begin(_CONTENT)), _PIECE)

            def decrypt(pipe: _Pipe) -> None:
                try:
                    pyrage.decrypt_io(content, pipe, [self._identity])
                except pyrage.DecryptError as error:
                    raise OSError(f"its content does not decrypt: {error}") from error

            with _flowing(decrypt, reading=True) as pipe:
                _hand_over(pipe, take)
        except (OSError, tarfile.TarError) as error:
            raise self._damaged(error) from error

    def _unlock(self, passphrase: str) -> "Identity":
        try:
            size = self._begin(_KEY)
            if size > _KEY_BYTES:
                raise tarfile.ReadError(f"{_KEY} is too long")
            key = self._file.read(size)
            self._file.read(-size % _BLOCK)
        except (OSError, tarfile.TarError) as error:
            raise self._damaged(error) from error
        return unlock(key, passphrase, self._path)

    def _begin(self, name: str) -> int:
        """Read where a member of the outer tar begins; return its size."""
        entry = tarfile.TarInfo.frombuf(self._file.read(_BLOCK), "ascii", "replace")
        if entry.name != name or entry.type not in _REGULAR or entry.size < 0:
            raise tarfile.ReadError("it is not one that securechat made")
        return entry.size

    def _damaged(self, error: Exception) -> StoreError:
        why = error.strerror if isinstance(error, OSError) else None
        return StoreError(
            f"{self._path} cannot be restored from",
            why=why or str(error) or "it is damaged",
            hint="name a file that `securechat certs backup` made, or another copy of it",
        )


def _write(file: BinaryIO, passphrase: str, members: Iterable[Member]) -> None:
    import pyrage

    identity = pyrage.x25519.Identity.generate()
    key = pyrage.passphrase.encrypt(str(identity).encode(), passphrase)
    file.write(_header(_KEY, len(key)) + key + _padding(len(key)))
    begin = file.tell()
    # The size stands in front of what has it, so room is left and it is written last.
    file.write(bytes(_BLOCK))
    sink = _Sink(file)

    def encrypt(pipe: _Pipe) -> None:
        try:
            pyrage.encrypt_io(pipe, sink, [identity.to_public()])
        except pyrage.EncryptError as error:
            raise sink.error or OSError(str(error)) from error

    with (
        _flowing(encrypt, reading=False) as pipe,
        tarfile.open(fileobj=pipe, mode="w|", format=tarfile.PAX_FORMAT) as inner,
    ):
        for member in members:
            entry = tarfile.TarInfo(member.name)
            entry.mode, entry.size = member.mode, member.size
            inner.addfile(entry, member.content)
    size = file.tell() - begin - _BLOCK
    file.write(_padding(size) + bytes(2 * _BLOCK))
    end = file.tell()
    file.seek(begin)
    file.write(_header(_CONTENT, size))
    file.seek(end)


def _hand_over(pipe: _Pipe, take: Callable[[Member], None]) -> None:
    with tarfile.open(fileobj=pipe, mode="r|") as inner:
        for entry in inner:
            content = inner.extractfile(entry) if entry.type in _REGULAR else None
            if content is None:
                raise tarfile.ReadError(f"{entry.name!r} in it is no file")
            take(Member(entry.name, entry.mode, entry.size, content))
    # The end of the tar is not yet the end of what is encrypted: the last piece of that proves
    # that nothing was cut off.
    while pipe.read(_PIECE):
        continue


@contextmanager
def _flowing(work: Callable[[_Pipe], None], *, reading: bool) -> Iterator[_Pipe]:
    """Give one end of a pipe while another thread works at its other end.

    Both libraries want to call the other side, so there are two threads. Of two errors the one is
    raised that was not the other's consequence.

    Args:
        work: what the other thread does with its end.
        reading: whether the block reads what the other thread writes; else it is the reverse.
    """
    out, into = os.pipe()
    ours, theirs = (out, into) if reading else (into, out)
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with _end_of(theirs, reading=not reading) as pipe:
                work(pipe)
        except BaseException as error:  # noqa: BLE001 - it is raised where somebody waits for it
            failed.append(error)

    thread = threading.Thread(target=run, name="archive", daemon=True)
    thread.start()
    pipe = _end_of(ours, reading=reading)
    try:
        yield pipe
        pipe.close()
    except (OSError, tarfile.TarError):
        _end(pipe, thread)
        if failed and not isinstance(failed[0], BrokenPipeError):
            raise failed[0] from None
        raise
    except BaseException:
        _end(pipe, thread)
        raise
    thread.join()
    if failed:
        raise failed[0]


def _end_of(descriptor: int, *, reading: bool) -> _Pipe:
    return os.fdopen(descriptor, "rb") if reading else os.fdopen(descriptor, "wb")


def _end(pipe: _Pipe, thread: threading.Thread) -> None:
    """Close our end, which ends the thread at the other one."""
    with suppress(OSError):
        pipe.close()
    thread.join()


class _Part(io.RawIOBase):
    """So many bytes of a file from where it is; what is missing of them ends it early.

    Args:
        file: at their beginning.
        size: how many.
    """

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Read as much as there is room for."""
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


class _Sink(io.BufferedIOBase):
    """A file to write to that remembers why it could not be written.

    Args:
        file: where to.

    Attributes:
        error: what the library that writes to us makes a sentence of.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def writable(self) -> bool:
        """Tell that it can be written."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """Write all of it."""
        try:
            return self._file.write(data)
        except OSError as error:
            self.error = error
            raise


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o600
    return entry.tobuf(format=tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)


def _text(passphrase: bytes) -> str:
    try:
        return passphrase.decode()
    except UnicodeDecodeError as error:
        raise UsageError(
            "the passphrase of a backup is text", why=str(error), hint="write it in UTF-8"
        ) from error
