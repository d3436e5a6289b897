"""Where the bytes of an upload come from."""

import os
from pathlib import Path

import pytest

from secure_chat.client.transfer.sources import FileSource, MemorySource, single_file
from secure_chat.errors import TransferError


def chosen(path: Path, data: bytes = b"0123456789") -> FileSource:
    """Return the source of a file that was just written."""
    path.write_bytes(data)
    found = path.stat()
    return single_file(path, found.st_size, found.st_mtime_ns)


def test_any_part_of_a_file_can_be_read_again(tmp_path: Path) -> None:
    """Forwards and backwards; closing gives the file back and twice does nothing."""
    source = chosen(tmp_path / "x")
    assert source.read(0, 4) == b"0123"
    assert source.read(4, 6) == b"456789"
    assert source.read(2, 3) == b"234"
    source.check()
    source.close()
    source.close()
    assert source.read(9, 1) == b"9"
    source.close()


def test_an_empty_file_is_looked_at_too(tmp_path: Path) -> None:
    """It is never read, but must still be there in the end."""
    source = chosen(tmp_path / "x", b"")
    (tmp_path / "x").unlink()
    with pytest.raises(TransferError, match="cannot be read"):
        source.check()


@pytest.mark.parametrize("size", [4, 11])
def test_another_file_than_the_chosen_one_is_not_read(tmp_path: Path, size: int) -> None:
    """It has changed before its first byte was read."""
    source = chosen(tmp_path / "x")
    (tmp_path / "x").write_bytes(bytes(size))
    with pytest.raises(TransferError, match="has changed"):
        source.read(0, 1)


def test_a_file_that_becomes_shorter_is_noticed_while_it_is_read(tmp_path: Path) -> None:
    """There are no bytes to send."""
    source = chosen(tmp_path / "x")
    source.read(0, 4)
    os.truncate(tmp_path / "x", 5)
    with pytest.raises(TransferError, match="has changed"):
        source.read(4, 6)
    source.close()


def test_a_pipe_in_its_place_makes_nobody_wait(tmp_path: Path) -> None:
    """It is refused at once."""
    source = chosen(tmp_path / "x")
    (tmp_path / "x").unlink()
    os.mkfifo(tmp_path / "x")
    with pytest.raises(TransferError, match="has changed"):
        source.read(0, 1)


def test_memory_can_grow() -> None:
    """What is fed can be read, and never changes."""
    source = MemorySource(b"ab")
    assert source.feed(b"cd") == 4
    assert source.read(1, 2) == b"bc"
    source.check()
    source.close()
