"""An archive gives back what went in, or nothing; and other programs can open it."""

import io
import os
import random
import shutil
import tarfile
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pyrage
import pytest

from secure_chat.errors import StoreError, UsageError
from secure_chat.server import archive
from secure_chat.server.archive import Archive, Member, write_archive
from secure_chat.server.archivekey import unlock
from tests.cli.processes import Terminal
from tests.disks import disk

PASSPHRASE = "gr\u00fcn correct horse".encode()
# Longer than a piece that is encrypted at once, and than what a pipe holds.
LONG = random.Random(5).randbytes(300_000)  # noqa: S311 - no secret
FILES = {"certs/ca.key": (0o600, b"key"), "certs/empty": (0o644, b""), "log": (0o600, LONG)}


def members(files: dict[str, tuple[int, bytes]] | None = None) -> Iterator[Member]:
    """Yield what goes in."""
    for name, (mode, data) in (files or FILES).items():
        yield Member.of(name, mode, data)


def content(path: Path, passphrase: bytes = PASSPHRASE) -> dict[str, tuple[int, bytes]]:
    """Return what comes out."""
    found: dict[str, tuple[int, bytes]] = {}

    def take(member: Member) -> None:
        data = member.content.read()
        assert len(data) == member.size
        found[member.name] = (member.mode, data)

    with Archive(path, passphrase) as opened:
        opened.read(take)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an archive, not to be changed."""
    path = tmp_path_factory.mktemp("archive") / "backup"
    assert write_archive(path, PASSPHRASE, members()) == path.stat().st_size
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what a passphrase opens remembered: to find it out takes a second each time."""
    monkeypatch.setattr(pyrage.passphrase, "decrypt", cache(pyrage.passphrase.decrypt))


@pytest.fixture
def poor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make archives whose key is not encrypted at all, because that takes a second each time."""
    monkeypatch.setattr(pyrage.passphrase, "encrypt", lambda data, _: data)
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda data, _: data)


def spread(path: Path) -> tuple[int, int, int]:
    """Return where the key's age file, the content's header and its age file begin."""
    with tarfile.open(path) as outer:
        key, inner = outer.getmembers()
    return key.offset_data, inner.offset, inner.offset_data


def test_what_goes_in_comes_out(made: Path) -> None:
    """Names, rights and every byte; and the file is for its owner only."""
    assert content(made) == FILES
    if os.name == "posix":
        assert made.stat().st_mode & 0o777 == 0o600


def test_nothing_in_it_can_be_read(made: Path) -> None:
    """Neither content nor names nor how long they are."""
    data = made.read_bytes()
    assert not any(words in data for words in (b"ca.key", b"certs", LONG[:32], LONG[-32:]))
    assert b"AGE-SECRET-KEY" not in data


@pytest.mark.parametrize("passphrase", [b"wrong", PASSPHRASE + b" "])
def test_a_wrong_passphrase_opens_nothing(made: Path, passphrase: bytes) -> None:
    """And says so."""
    with pytest.raises(StoreError, match="does not open: the passphrase is wrong"):
        content(made, passphrase)


def test_a_passphrase_that_is_no_text_is_told(made: Path, tmp_path: Path) -> None:
    """Nobody could type it elsewhere; nothing is made with it."""
    with pytest.raises(UsageError, match="is text"):
        content(made, b"\xff")
    with pytest.raises(UsageError, match="is text"):
        write_archive(tmp_path / "new", b"\xff", members())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("quick")
def test_whatever_is_cut_off_is_noticed(made: Path, tmp_path: Path) -> None:
    """Only the two empty blocks at the end of a tar are not missed."""
    whole, path = made.read_bytes(), tmp_path / "cut"
    key, header, begin = spread(made)
    end = begin + tarfile_size(made)
    places = {0, 1, 511, 512, key, key + 50, header - 1, header, header + 300, begin, begin + 21}
    places |= {begin + 200, begin + 65_536 + 216, begin + 200_000, end - 600, *range(end - 8, end)}
    for cut in sorted(places):
        path.write_bytes(whole[:cut])
        with pytest.raises(StoreError):
            content(path)
    for cut in (end, len(whole) - 1_024, len(whole) - 1):
        path.write_bytes(whole[:cut])
        assert content(path) == FILES


def tarfile_size(path: Path) -> int:
    """Return how long the encrypted content is."""
    with tarfile.open(path) as outer:
        return outer.getmember("content.tar.age").size


@pytest.mark.usefixtures("quick")
def test_whatever_is_changed_is_noticed(made: Path, tmp_path: Path) -> None:
    """One bit in any part: the headers, the key's file, the content's file, its last piece."""
    whole, path = bytearray(made.read_bytes()), tmp_path / "changed"
    key, header, begin = spread(made)
    size = tarfile_size(made)
    places = {0, 3, 100, 124, 148, 156, 257, 345}
    places |= {key, key + 40, key + 200}
    places |= {header, header + 130, header + 150, header + 156}
    places |= {begin, begin + 22, begin + 40, begin + 80, begin + 140, begin + 180, begin + 250}
    places |= {begin + 65_700, begin + 150_000, begin + size - 17, begin + size - 1}
    for place in sorted(places):
        whole[place] ^= 0x01
        path.write_bytes(whole)
        with pytest.raises(StoreError):
            content(path)
        whole[place] ^= 0x01
    path.write_bytes(whole)
    assert content(path) == FILES


@pytest.mark.usefixtures("quick")
def test_pieces_that_change_places_are_noticed(made: Path, tmp_path: Path) -> None:
    """Also when one is left out, or something follows."""
    whole, path = made.read_bytes(), tmp_path / "changed"
    _, _, begin = spread(made)
    body = whole[begin : begin + tarfile_size(made)]
    # A header of lines, 16 bytes, then pieces of 64 KiB, each with a tag of 16 bytes.
    at = body.index(b"\n--- ") + 1
    at = body.index(b"\n", at) + 1 + 16
    piece = 65_536 + 16
    head, pieces = body[:at], [body[n : n + piece] for n in range(at, len(body), piece)]
    one, two, *rest = pieces
    assert len(rest) > 2
    for others in ([two, one, *rest], [two, *rest], pieces[:-1], [*pieces, rest[-1]]):
        header = archive._header("content.tar.age", len(head + b"".join(others)))
        front = whole[: begin - 512] + header
        path.write_bytes(front + head + b"".join(others) + bytes(2_048))
        with pytest.raises(StoreError):
            content(path)
    path.write_bytes(whole[:begin] + head + b"".join(pieces) + bytes(2_048))
    assert content(path) == FILES


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no archive",
        bytes(2_048),
        b"\xff" * 2_048,
        archive._header("other", 0) + bytes(1_024),
        archive._header("key.age", 5_000) + bytes(8_192),
        archive._header("key.age", 10**12) + bytes(8_192),
        archive._header("key.age", 0) + bytes(1_024),
    ],
)
def test_what_is_no_archive_is_told(tmp_path: Path, data: bytes) -> None:
    """In words, and at once."""
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot be restored from|does not open"):
        content(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And a folder in its place."""
    for path, told in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(StoreError, match=told):
            content(path)


def forged(path: Path, write: Callable[[tarfile.TarFile], None]) -> Path:
    """Make an archive by hand, as somebody can who knows the passphrase."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as tar:
        write(tar)
    return sealed(path, inner.getvalue())


def sealed(path: Path, content: bytes) -> Path:
    """Encrypt what is to be the content."""
    identity = pyrage.x25519.Identity.generate()
    parts = {
        "key.age": pyrage.passphrase.encrypt(str(identity).encode(), PASSPHRASE.decode()),
        "content.tar.age": pyrage.encrypt(content, [identity.to_public()]),
    }
    with tarfile.open(path, mode="w") as outer:
        for name, data in parts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            outer.addfile(entry, io.BytesIO(data))
    return path


@pytest.mark.usefixtures("poor")
@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
)
def test_what_is_no_file_is_refused(tmp_path: Path, kind: bytes) -> None:
    """A link could lead anywhere."""

    def write(tar: tarfile.TarFile) -> None:
        entry = tarfile.TarInfo("certs/ca.key")
        entry.type, entry.linkname = kind, "/etc/passwd"
        tar.addfile(entry)

    with pytest.raises(StoreError, match=r"'certs/ca\.key' in it is no file"):
        content(forged(tmp_path / "file", write))


@pytest.mark.usefixtures("poor")
@pytest.mark.parametrize("data", [b"", b"no tar", archive._header("a", 4_096) + b"less"])
def test_content_that_is_no_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    """Never is a part of a file taken for the whole."""
    with pytest.raises(StoreError, match="cannot be restored from"):
        content(sealed(tmp_path / "file", data))


@pytest.mark.usefixtures("poor")
def test_an_empty_tar_gives_nothing(tmp_path: Path) -> None:
    """Whoever restores sees what is missing."""
    assert content(sealed(tmp_path / "file", bytes(1_024))) == {}


@pytest.mark.usefixtures("poor")
def test_a_key_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passphrase fits, and what it opens is of no use."""
    path = sealed(tmp_path / "file", b"")
    monkeypatch.setattr(pyrage.passphrase, "decrypt", lambda _data, _text: b"AGE-SECRET-KEY-1X")
    with pytest.raises(StoreError, match="does not open"):
        content(path)


@pytest.mark.usefixtures("poor")
def test_the_error_of_whoever_takes_is_the_one_raised(tmp_path: Path) -> None:
    """And nothing goes on behind it."""
    path = tmp_path / "file"
    write_archive(path, PASSPHRASE, members())
    for error in (StoreError("no"), KeyboardInterrupt(), ValueError()):

        def refuse(_member: Member, error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)) as raised, Archive(path, PASSPHRASE) as opened:
            opened.read(refuse)
        assert raised.value is error
        assert not [one for one in threading.enumerate() if one.name == "archive"]


@pytest.mark.usefixtures("poor")
@pytest.mark.parametrize("files", [1, 3])
def test_an_error_of_whoever_gives_leaves_nothing(tmp_path: Path, files: int) -> None:
    """A file that cannot be read, or that became shorter meanwhile."""

    def broken() -> Iterator[Member]:
        yield from [Member.of(str(n), 0o600, LONG) for n in range(files)]
        raise StoreError("it is gone")

    with pytest.raises(StoreError, match="it is gone"):
        write_archive(tmp_path / "file", PASSPHRASE, broken())
    short = Member("log", 0o600, len(LONG) + 1, io.BytesIO(LONG))
    with pytest.raises(StoreError, match="unexpected end of data"):
        write_archive(tmp_path / "file", PASSPHRASE, [short])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("poor")
def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    """Whoever presses Ctrl-C has no half backup."""

    def interrupted() -> Iterator[Member]:
        yield from members()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(tmp_path / "file", PASSPHRASE, interrupted())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("poor")
def test_a_full_disk_is_told_and_leaves_nothing() -> None:
    """In the middle of what is encrypted, and at its end."""
    with disk(1) as folder:
        for times in (1, 20):
            files = {str(n): (0o600, LONG + LONG) for n in range(times + 1)}
            with pytest.raises(StoreError, match="cannot be written: No space left on device"):
                write_archive(folder / "file", PASSPHRASE, members(files))
            assert list(folder.iterdir()) == []
        write_archive(folder / "file", PASSPHRASE, members())
        assert content(folder / "file") == FILES


def test_an_error_at_the_other_end_is_not_overlooked() -> None:
    """Although all that was written went into the pipe and nobody was told meanwhile."""

    def fail(pipe: io.BufferedReader | io.BufferedWriter) -> None:
        pipe.read()
        raise OSError(28, "No space left on device")

    def write() -> None:
        with archive._flowing(fail, reading=False) as pipe:
            pipe.write(b"a little")

    with pytest.raises(OSError, match="No space left"):
        write()


def test_what_is_there_stays(made: Path) -> None:
    """No archive is written over another."""
    before = made.read_bytes()
    with pytest.raises(StoreError, match="is there already"):
        write_archive(made, PASSPHRASE, members())
    assert made.read_bytes() == before


class Zeros(io.RawIOBase):
    """Content without end."""

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # of what it is called with
        """Leave the buffer as it is."""
        return len(buffer)


@pytest.mark.usefixtures("poor")
def test_what_goes_through_is_never_held_as_a_whole(tmp_path: Path) -> None:
    """A log may be larger than memory."""
    path, size, got = tmp_path / "file", 40_000_000, 0

    def take(member: Member) -> None:
        nonlocal got
        while piece := member.content.read(65_536):
            got += len(piece)

    tracemalloc.start()
    try:
        endless = io.BufferedReader(Zeros())
        write_archive(path, PASSPHRASE, [Member("log", 0o600, size, endless)])
        with Archive(path, PASSPHRASE) as opened:
            opened.read(take)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
    assert got == size


def test_others_open_it_by_hand(made: Path, tmp_path: Path) -> None:
    """In the steps that are documented: with tar, and with age or a library of it."""
    shutil.copy(made, tmp_path / "FILE")
    if shutil.which("age") is None:
        by_library(tmp_path)
    else:
        steps = "tar xf FILE && age -d -i key.age content.tar.age | tar x"
        assert steps in (archive.__doc__ or "")
        with Terminal(("sh", "-c", steps), dict(os.environ), tmp_path) as terminal:
            terminal.until("passphrase")
            terminal.type(PASSPHRASE.decode() + "\r")
            assert terminal.end() == 0, terminal.seen
    for name, (mode, data) in FILES.items():
        assert (tmp_path / name).read_bytes() == data
        assert (tmp_path / name).stat().st_mode & 0o777 == mode


def by_library(folder: Path) -> None:
    """Take the same steps with pyrage alone."""
    with tarfile.open(folder / "FILE") as outer:
        outer.extractall(folder, filter="data")
    identity = unlock((folder / "key.age").read_bytes(), PASSPHRASE.decode(), folder)
    inner = pyrage.decrypt((folder / "content.tar.age").read_bytes(), [identity])
    with tarfile.open(fileobj=io.BytesIO(inner)) as tar:
        tar.extractall(folder, filter="data")


def test_the_library_s_way_works_too(made: Path, tmp_path: Path) -> None:
    """Where no age is installed."""
    shutil.copy(made, tmp_path / "FILE")
    by_library(tmp_path)
    assert (tmp_path / "log").read_bytes() == LONG


def test_a_computer_that_is_busy_for_a_moment_tries_again(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What age thinks of its speed changes with its load."""
    decrypt, refusals = pyrage.passphrase.decrypt, iter([True, True, False])

    def measured(key: bytes, passphrase: str) -> bytes:
        if next(refusals):
            raise pyrage.DecryptError("Excessive work parameter for passphrase.")
        return decrypt(key, passphrase)

    monkeypatch.setattr(pyrage.passphrase, "decrypt", measured)
    shutil.copy(made, tmp_path / "FILE")
    by_library(tmp_path)

    assert list(refusals) == []


def test_a_passphrase_that_age_will_not_try_is_not_called_wrong(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the computer that is too slow."""

    def refused(*_: object) -> bytes:
        raise pyrage.DecryptError("Excessive work parameter for passphrase.")

    monkeypatch.setattr(pyrage.passphrase, "decrypt", refused)
    shutil.copy(made, tmp_path / "FILE")
    with pytest.raises(StoreError, match="too slow"):
        by_library(tmp_path)
