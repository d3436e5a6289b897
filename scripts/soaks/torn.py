"""Tears the tail of a write-ahead log as a power cut would: only behind the last commit."""

import random
from pathlib import Path

__all__ = ["last_commit", "tear_wal"]

_HEADER = 32
_FRAME = 24


def last_commit(wal: bytes) -> int:
    """Return the offset behind the last committed frame (SQLite file format, section 4)."""
    if len(wal) < _HEADER:
        return len(wal)
    page = int.from_bytes(wal[8:12], "big")
    salts = wal[16:24]
    end = _HEADER
    for at in range(_HEADER, len(wal) - _FRAME - page + 1, _FRAME + page):
        if wal[at + 8 : at + 16] != salts:
            break
        if int.from_bytes(wal[at + 4 : at + 8], "big"):
            end = at + _FRAME + page
    return end


def tear_wal(path: Path) -> None:
    """Cut a random part of what follows the last commit, and leave half a frame of garbage."""
    if not path.exists():
        return
    wal = path.read_bytes()
    end = last_commit(wal)
    keep = random.randint(end, len(wal))
    garbage = random.randbytes(random.randrange(4_000))
    with path.open("r+b") as file:
        file.truncate(keep)
        file.seek(keep)
        file.write(garbage)
