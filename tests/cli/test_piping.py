"""Lines come out of a descriptor however they went in, and none is too much for the memory."""

import os
import threading
from collections.abc import Sequence

import pytest

from secure_chat.cli.piping import lines_of


def read(chunks: Sequence[bytes]) -> list[bytes | None]:
    """Write chunks into a pipe and return the lines that come out."""
    ours, theirs = os.pipe()

    def write() -> None:
        for chunk in chunks:
            os.write(theirs, chunk)
        os.close(theirs)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return list(lines_of(ours))
    finally:
        os.close(ours)
        writer.join(20)


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([], []),
        ([b"one\ntwo\n"], [b"one", b"two"]),
        ([b"o", b"ne\nt", b"wo"], [b"one", b"two"]),
        ([b"\n\n"], [b"", b""]),
        ([b"last"], [b"last"]),
        ([b"x" * 3_000_000, b"\nnext\n"], [None, b"next"]),
        ([b"x" * 3_000_000], [None]),
        ([b"x" * 900_000 + b"\nnext"], [b"x" * 900_000, b"next"]),
    ],
)
def test_lines_are_whole_and_bounded(chunks: list[bytes], lines: list[bytes | None]) -> None:
    """One that is too long is left out whole, and only that one."""
    assert read(chunks) == lines
