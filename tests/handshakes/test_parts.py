"""A rotated file, read while it is written and rotated: each line once, and none left out."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes import parts as module
from secure_chat.handshakes.lines import LineFile
from secure_chat.handshakes.parts import (
    Part,
    Tail,
    backwards,
    bracket,
    forwards,
    numbered,
    opened,
    standing,
)

BIG = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of a file that does not exist yet, in a folder that does not either."""
    return tmp_path / "data" / "journal.jsonl"


def nothing(_size: int) -> None:
    """Be told of bytes, and do nothing about it."""


def line(number: int) -> bytes:
    """Return one of many lines, 8 bytes with its end."""
    return b"line %02d" % number


def written(path: Path, first: int, last: int, most_files: int = 9) -> LineFile:
    """Write some lines, two to a file, and return the writing end."""
    file = LineFile(path, 16, most_files)
    for number in range(first, last + 1):
        assert file.append(line(number) + b"\n")
    return file


def lines_in(parts: tuple[Part, ...]) -> Iterator[bytes]:
    """Yield the lines of parts from the newest, opening one after the other."""
    for part in parts:
        file = opened(part)
        if file is not None:
            with file:
                yield from (found for found in backwards(file, 0, part.size, nothing) if found)


# --- parts ---------------------------------------------------------------------------------


def test_what_stands_there_is_known_from_the_newest_to_the_oldest(path: Path) -> None:
    """With its number and its size; without any file there is nothing."""
    assert standing(path) == ()
    written(path, 0, 4).close()

    parts = standing(path)

    assert [(part.number, part.size) for part in parts] == [(0, 8), (1, 16), (2, 16)]
    assert {part.path for part in parts} == {path}
    assert standing(path / "below a file") == ()


@pytest.mark.parametrize("after", range(1, 7))
@pytest.mark.parametrize("rotations", [1, 2, 5])
def test_a_reader_amid_rotations_reads_what_stood_there_and_each_line_once(
    path: Path, after: int, rotations: int
) -> None:
    """Whenever it happens, also between two files, and however often."""
    file = written(path, 0, 5)
    reading = lines_in(standing(path))
    found = [next(reading) for _ in range(after)]

    for number in range(6, 6 + 2 * rotations):
        file.append(line(number) + b"\n")
    file.close()
    found += reading

    assert found == [line(number) for number in range(5, -1, -1)]


def test_what_was_deleted_meanwhile_is_left_out_and_nothing_else(path: Path) -> None:
    """The oldest file falls off while the newest one is read."""
    file = written(path, 0, 5, most_files=3)
    reading = lines_in(standing(path))
    found = [next(reading)]

    file.append(line(6) + b"\n")
    file.close()
    found += reading

    assert found == [line(number) for number in (5, 4, 3, 2)]


def test_a_rotation_seen_half_done_hides_no_file(path: Path) -> None:
    """While files are moved, one number has none; what is behind it is found all the same."""
    written(path, 0, 5).close()
    numbered(path, 1).rename(path.with_name("moving"))

    assert [part.number for part in standing(path)] == [0, 2]

    path.rename(numbered(path, 1))
    assert [part.number for part in standing(path)] == [1, 2]


def test_a_file_that_is_moved_while_it_is_looked_for_is_met_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation between two looks shows it again under the next number."""
    file = written(path, 0, 3)
    real = Path.stat

    def moving(self: Path) -> os.stat_result:
        about = real(self)
        if self == path:
            monkeypatch.setattr(Path, "stat", real)
            file.append(line(4) + b"\n")
        return about

    monkeypatch.setattr(Path, "stat", moving)
    parts = standing(path)
    file.close()

    assert list(lines_in(parts)) == [line(number) for number in (3, 2, 1, 0)]


def test_a_file_that_is_moved_while_it_is_opened_is_found_at_its_new_place(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between asking for it and opening it another one took its name."""
    file = written(path, 0, 3)
    newest, _ = standing(path)
    real = Path.open

    def moving(self: Path, mode: str) -> object:
        monkeypatch.setattr(Path, "open", real)
        file.append(line(4) + b"\n")
        return real(self, mode)

    monkeypatch.setattr(Path, "open", moving)
    found = opened(newest)
    file.close()

    assert found is not None
    with found:
        assert found.read() == b"line 02\nline 03\n"


# --- lines between two offsets -------------------------------------------------------------


@given(
    st.lists(st.binary(max_size=20).map(lambda b: b.replace(b"\n", b"")), max_size=12),
    st.integers(1, 9),
    st.sampled_from([b"", b"\n"]),
    st.data(),
)
def test_lines_are_the_same_from_both_ends(
    tmp_path_factory: pytest.TempPathFactory,
    some: list[bytes],
    block: int,
    end: bytes,
    data: st.DataObject,
) -> None:
    """Whatever the lengths of lines and blocks, nothing is lost, split or doubled."""
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"\n".join(some) + end)
    begins = [0, *(at + 1 for at, byte in enumerate(path.read_bytes()) if byte == 10)]
    first = data.draw(st.sampled_from(begins))
    size = path.stat().st_size
    last = data.draw(st.sampled_from([*(at for at in begins if at >= first), size]))
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr(module, "_BLOCK", block)
        back = list(backwards(file, first, last, told.append))
        forth = list(forwards(file, first, last, told.append))

    wanted = [found for found in path.read_bytes()[first:last].split(b"\n") if found]
    assert [found for found in reversed(back) if found] == wanted
    assert [found for found in forth if found] == wanted
    assert sum(told) == 2 * (last - first)


def test_only_what_is_asked_for_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line from the end of a large file costs one block."""
    path.parent.mkdir()
    path.write_bytes(b"".join(line(number % 100) + b"\n" for number in range(1_000)))
    monkeypatch.setattr(module, "_BLOCK", 64)
    told: list[int] = []
    with path.open("rb") as file:
        reading = backwards(file, 0, 8_000, told.append)
        assert [next(reading) for _ in range(2)] == [b"", line(99)]

    assert told == [64]


# --- looking for a place -------------------------------------------------------------------


def numbers(found: bytes) -> int | None:
    """Return the number in a line, None when there is none."""
    return int(found) if found.strip().isdigit() else None


def later(limit: int) -> Callable[[bytes], bool | None]:
    """Return what tells whether a line's number is at least the limit."""

    def tell(found: bytes) -> bool | None:
        number = numbers(found)
        return None if number is None else number >= limit

    return tell


@given(
    st.lists(st.one_of(st.integers(0, 999), st.sampled_from(["junk", "", "x" * 50])), max_size=60),
    st.integers(0, 1_000),
    st.integers(1, 40),
    st.booleans(),
)
def test_a_bracket_leaves_out_nothing_that_might_be_wanted(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[int | str],
    limit: int,
    block: int,
    torn: bool,  # noqa: FBT001 # drawn
) -> None:
    """All late lines are behind the first offset, all early ones before the second."""
    in_order = iter(sorted(value for value in values if isinstance(value, int)))
    texts = [str(next(in_order)) if isinstance(value, int) else value for value in values]
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes("\n".join(texts).encode() + (b"" if torn else b"\n"))
    data = path.read_bytes()
    with pytest.MonkeyPatch.context() as patch, path.open("rb") as file:
        patch.setattr(module, "_BLOCK", block)
        early, late = bracket(file, len(data), later(limit))

    assert all(at in {0, len(data)} or data[at - 1 : at] == b"\n" for at in (early, late))
    before = [numbers(found) for found in data[:early].split(b"\n")]
    behind = [numbers(found) for found in data[late:].split(b"\n")]
    assert all(number < limit for number in before if number is not None)
    assert all(number >= limit for number in behind if number is not None)


def test_a_bracket_is_narrow_and_found_without_reading_everything(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred thousand lines take some looks; the last hundred are read one by one."""
    path.parent.mkdir()
    path.write_bytes(b"".join(b"%06d\n" % number for number in range(100_000)))
    monkeypatch.setattr(module, "_BLOCK", 700)
    asked: list[bytes] = []

    def tell(found: bytes) -> bool:
        asked.append(found)
        return int(found) >= 31_415

    with path.open("rb") as file:
        early, late = bracket(file, 700_000, tell)

    assert (early, late) == (31_414 * 7, 31_415 * 7)
    assert len(asked) < 20 + 100


# --- the tail ------------------------------------------------------------------------------


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


@pytest.mark.parametrize("rotations", [1, 2, 4])
def test_a_tail_follows_any_number_of_rotations(path: Path, rotations: int) -> None:
    """The rest of the old file comes first, then every file up to the new one."""
    file = written(path, 0, 0)
    tail = Tail(path, standing(path)[0])
    for number in range(1, 2 * rotations + 1):
        file.append(line(number) + b"\n")

    assert tail.lines() == [line(number) for number in range(1, 2 * rotations + 1)]
    assert tail.lines() == []
    file.close()
    tail.close()


def test_a_tail_goes_on_with_what_is_left_when_its_file_was_deleted(path: Path) -> None:
    """With few files and much written between two looks, the oldest lines are gone."""
    file = written(path, 0, 0, most_files=2)
    tail = Tail(path, standing(path)[0])
    for number in range(1, 8):
        file.append(line(number) + b"\n")
    file.close()

    assert tail.lines() == [line(1), *(line(number) for number in range(4, 8))]
    tail.close()


def test_a_tail_reads_what_was_written_between_its_reading_and_the_rotation(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of the old file comes when the reader has just found its end."""
    file = written(path, 0, 0)
    tail = Tail(path, standing(path)[0])
    real = module.standing

    def moving(of: Path) -> tuple[Part, ...]:
        monkeypatch.setattr(module, "standing", real)
        for number in (1, 2):
            file.append(line(number) + b"\n")
        return real(of)

    monkeypatch.setattr(module, "standing", moving)

    assert tail.lines() == [line(1), line(2)]
    file.close()
    tail.close()


def test_a_tail_begins_behind_what_stood_there(path: Path) -> None:
    """Also when it was rotated before the tail was made; a torn line comes when it is whole."""
    file = written(path, 0, 0)
    with path.open("ab") as torn:
        torn.write(b"to")
    (before,) = standing(path)
    with path.open("ab") as torn:
        torn.write(b"rn\n")
    file.append(line(1) + b"\n")

    tail = Tail(path, before)

    assert tail.lines() == [b"torn", line(1)]
    file.close()
    tail.close()


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 200])
def test_a_tail_behind_a_torn_line_of_any_length_begins_at_its_beginning(
    path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The beginning may be blocks before the end, or at the beginning of the file."""
    monkeypatch.setattr(module, "_BLOCK", 64)
    path.parent.mkdir()
    for head in (b"", b"whole\n"):
        path.write_bytes(head + b"x" * size)
        tail = Tail(path, standing(path)[0])
        with path.open("ab") as file:
            file.write(b"y\n")

        assert tail.lines() == [b"x" * size + b"y"]
        tail.close()


def test_a_tail_of_a_file_that_vanishes_waits_for_the_next(path: Path) -> None:
    """Between moving and making, there is no file for a moment."""
    file = written(path, 0, 0)
    tail = Tail(path, standing(path)[0])
    file.close()
    path.unlink()
    assert tail.lines() == []
    file.append(line(1) + b"\n")
    file.close()

    assert tail.lines() == [line(1)]
    tail.close()


def test_a_tail_of_what_is_deleted_in_this_moment_tries_again_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It neither fails nor looks for ever."""
    written(path, 0, 0).close()
    tail = Tail(path)
    with monkeypatch.context() as patch:
        patch.setattr(module, "opened", lambda _part: None)
        assert tail.lines() == []

    assert tail.lines() == [line(0)]
    tail.close()


def test_lists_and_a_tail_beside_a_busy_writer_miss_and_double_nothing(path: Path) -> None:
    """A thread writes and rotates all the while; nobody waits for anybody."""
    total = 1_500
    file = LineFile(path, 400, 1_000)
    assert file.append(b"%06d\n" % 0)
    tail = Tail(path)

    def write() -> None:
        for number in range(1, total):
            assert file.append(b"%06d\n" % number)

    writer = threading.Thread(target=write)
    writer.start()
    followed: list[bytes] = []
    lists: list[list[bytes]] = []
    while writer.is_alive() or not lists:
        followed += tail.lines()
        lists.append(list(lines_in(standing(path))))
    writer.join()
    followed += tail.lines()
    file.close()
    tail.close()

    wanted = [b"%06d" % number for number in range(total)]
    assert followed == wanted
    for found in lists:
        whole = [one for one in reversed(found) if len(one) == 6]
        assert whole == wanted[: len(whole)]
