"""A growing, rotated file of lines, written and read at the same time, on bad days too."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes import lines as module
from secure_chat.handshakes.lines import LineFile, Tail, backwards, forwards, rotated

BIG = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet, in a folder that does not either."""
    return tmp_path / "data" / "journal.jsonl"


def read(path: Path) -> list[bytes]:
    """Return the lines of all files, the oldest first."""
    return [line for part in reversed(rotated(path)) for line in forwards(part)]


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


@given(
    st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=12),
    st.integers(1, 9),
    st.sampled_from([b"", b"\n"]),
)
def test_backwards_gives_the_same_lines_from_the_end(
    tmp_path_factory: pytest.TempPathFactory, written: list[bytes], block: int, end: bytes
) -> None:
    """Whatever the lengths of lines and blocks, nothing is lost, split or doubled."""
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"\n".join(written) + end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", block)
        found = list(backwards(path))

    assert [line for line in reversed(found) if line] == [line for line in written if line]


def test_a_tail_gives_each_line_once_and_whole(path: Path) -> None:
    """Half a line waits for its other half."""
    tail = Tail(path)
    assert tail.lines() == []
    path.parent.mkdir()
    with path.open("ab") as file:
        file.write(b"one\ntw")
        file.flush()
        assert tail.lines() == [b"one"]
        assert tail.lines() == []
        file.write(b"o\n")
        file.flush()
        assert tail.lines() == [b"two"]
    tail.close()
    tail.close()


def test_a_tail_follows_a_rotation(path: Path) -> None:
    """The rest of the old file comes before the new one."""
    file = LineFile(path, 16, 3)
    file.append(b"line 00\n")
    tail = Tail(path)
    tail.skip()
    for number in range(1, 4):
        file.append(b"line %02d\n" % number)

    assert tail.lines() == [b"line 01", b"line 02", b"line 03"]
    file.close()
    tail.close()


def test_a_tail_of_a_file_that_vanishes_waits_for_the_next(path: Path) -> None:
    """Between moving and making, there is no file for a moment."""
    file = LineFile(path, BIG, 3)
    file.append(b"one\n")
    file.close()
    tail = Tail(path)
    tail.skip()
    path.unlink()
    assert tail.lines() == []
    file.append(b"two\n")
    file.close()

    assert tail.lines() == [b"two"]
    tail.close()


def test_skipping_what_does_not_exist_skips_nothing(path: Path) -> None:
    """A journal that begins later is read from its beginning."""
    tail = Tail(path)
    tail.skip()
    file = LineFile(path, BIG, 2)
    file.append(b"one\n")
    file.close()

    assert tail.lines() == [b"one"]
    tail.close()
