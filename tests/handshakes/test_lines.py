"""A growing, rotated file of lines, as it is written, on bad days too."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from secure_chat.handshakes.lines import LineFile
from secure_chat.handshakes.parts import backwards, numbered, opened, standing

BIG = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet, in a folder that does not either."""
    return tmp_path / "data" / "journal.jsonl"


def rotated(path: Path) -> list[Path]:
    """Return the files there are, the newest first."""
    return [numbered(path, part.number) for part in standing(path)]


def read(path: Path) -> list[bytes]:
    """Return the lines of all files, the oldest first."""
    return [line for part in reversed(rotated(path)) for line in part.read_bytes().splitlines(True)]


def test_lines_are_appended_to_a_private_file(path: Path) -> None:
    """The file and its folder are for their owner alone."""
    file = LineFile(path, BIG, 3)

    assert file.append(b"one\n")
    assert file.append(b"two\n")
    file.close()

    assert path.read_bytes() == b"one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_file_that_would_grow_too_large_is_rotated(path: Path) -> None:
    """The newest lines are kept, the oldest file falls off, and no line is split."""
    file = LineFile(path, 16, 3)

    for number in range(10):
        assert file.append(b"line %02d\n" % number)
    file.close()

    assert [part.name for part in rotated(path)] == [path.name, f"{path.name}.1", f"{path.name}.2"]
    assert all(part.stat().st_size <= 16 for part in rotated(path))
    assert read(path) == [b"line %02d\n" % number for number in range(4, 10)]


def test_one_file_is_emptied_instead(path: Path) -> None:
    """With nowhere to rotate to, the file begins again."""
    file = LineFile(path, 16, 1)

    for number in range(5):
        assert file.append(b"line %02d\n" % number)
    file.close()

    assert rotated(path) == [path]
    assert read(path) == [b"line 04\n"]


def test_a_line_longer_than_a_file_is_still_written(path: Path) -> None:
    """An empty file is not rotated for it."""
    file = LineFile(path, 4, 2)

    assert file.append(b"far too long\n")
    file.close()

    assert rotated(path) == [path]


def test_two_writers_do_not_rotate_twice(path: Path) -> None:
    """Who finds its file moved away goes on in the new one, and no line is lost."""
    one, two = LineFile(path, 16, 4), LineFile(path, 16, 4)

    for number in range(6):
        writer = (one, two)[number % 2]
        assert writer.append(b"line %02d\n" % number)
    one.close()
    two.close()

    assert sorted(read(path)) == [b"line %02d\n" % number for number in range(6)]


def test_a_torn_last_line_does_not_spoil_the_next(path: Path) -> None:
    """What a crash left is ended before the next line begins."""
    path.parent.mkdir()
    path.write_bytes(b"whole\ntor")
    file = LineFile(path, BIG, 2)

    assert file.append(b"next\n")
    assert file.append(b"after\n")
    file.close()

    assert path.read_bytes() == b"whole\ntor\nnext\nafter\n"


def test_a_full_disk_loses_the_line_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing raises, nothing is written by halves, and writing goes on with the space."""
    file = LineFile(path, BIG, 2)
    assert file.append(b"before\n")

    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        assert not file.append(b"lost\n")

    assert file.append(b"after\n")
    file.close()
    assert path.read_bytes() == b"before\nafter\n"


@pytest.fixture
def half_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes the next write take half of its bytes, as a disk that fills up does."""
    whole = os.write

    def half(file: int, data: bytes) -> int:
        monkeypatch.setattr(os, "write", whole)
        return whole(file, data[: len(data) // 2])

    return lambda: monkeypatch.setattr(os, "write", half)


def test_half_a_line_is_taken_back(path: Path, half_write: Callable[[], None]) -> None:
    """A disk that filled up in the middle of a line keeps none of it."""
    file = LineFile(path, BIG, 2)
    assert file.append(b"before\n")
    half_write()

    assert not file.append(b"lost\n")
    assert file.append(b"after\n")
    file.close()

    assert path.read_bytes() == b"before\nafter\n"


def test_half_a_line_that_cannot_be_taken_back_is_ended(
    path: Path, half_write: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the next line at least begins at a line's beginning."""
    file = LineFile(path, BIG, 2)
    assert file.append(b"before\n")
    half_write()

    def refuse(_file: int, _size: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "ftruncate", refuse)
    assert not file.append(b"lost\n")
    assert file.append(b"after\n")
    file.close()

    assert path.read_bytes() == b"before\nlo\nafter\n"


def test_half_a_line_behind_a_torn_one_is_taken_back_and_the_tear_remembered(
    path: Path, half_write: Callable[[], None]
) -> None:
    """The line end that was still owed is still owed then."""
    path.parent.mkdir()
    path.write_bytes(b"tor")
    file = LineFile(path, BIG, 2)
    half_write()

    assert not file.append(b"lost\n")
    assert file.append(b"after\n")
    file.close()

    assert path.read_bytes() == b"tor\nafter\n"


def test_a_folder_that_cannot_be_made_loses_lines_only(tmp_path: Path) -> None:
    """A journal below a plain file can never be written; that is counted, not raised."""
    (tmp_path / "file").touch()

    assert not LineFile(tmp_path / "file" / "journal", BIG, 2).append(b"lost\n")


def test_a_file_that_cannot_be_rotated_goes_on_growing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a reader holds the file (Windows), lines are worth more than the bound."""
    file = LineFile(path, 8, 2)
    assert file.append(b"line 00\n")

    def held(_self: Path, _target: Path) -> Path:
        raise PermissionError(errno.EACCES, "in use")

    monkeypatch.setattr(Path, "replace", held)
    assert file.append(b"line 01\n")
    file.close()

    assert path.read_bytes() == b"line 00\nline 01\n"


def test_closing_a_file_that_is_broken_raises_nothing(path: Path) -> None:
    """A descriptor that somebody else has closed is gone all the same."""
    file = LineFile(path, BIG, 2)
    assert file.append(b"one\n")
    assert file._file is not None
    os.close(file._file)

    file.close()
    file.close()

    assert file.append(b"two\n")
    file.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's full device")
def test_a_device_that_is_really_full_takes_nothing_and_raises_nothing() -> None:
    """The system's own answer is understood, not only what a test makes of it."""
    file = LineFile(Path("/dev/full"), BIG, 2)

    assert not file.append(b"lost\n")
    assert not file.append(b"lost\n")
    file.close()


def test_the_files_there_are_can_be_named_and_read_from_their_ends(path: Path) -> None:
    """The newest first, and each from its last line."""
    file = LineFile(path, 16, 3)
    for number in range(6):
        file.append(b"line %02d\n" % number)
    file.close()

    found: list[bytes] = []
    for part in standing(path):
        read = opened(part)
        assert read is not None
        with read:
            found += filter(None, backwards(read, 0, part.size, lambda _size: None))

    assert found == [b"line %02d" % number for number in range(5, -1, -1)]
