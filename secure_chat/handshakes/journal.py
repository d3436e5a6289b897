"""The handshake records of one end on disk: accepted and refused ones apart, both bounded.

`Journal` is owned by the disk thread of a host or by a client's worker; readers are free
functions for any process. Rotating refused records on their own keeps a flood of strangers from
pushing out the good history, and beyond a rate they are only counted. It must never raise: a
record that the disk does not take is counted lost.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from secure_chat.clock import Clock
from secure_chat.handshakes.lines import LineFile, Tail, backwards, forwards, rotated
from secure_chat.handshakes.record import HandshakeRecord, decode, encode
from secure_chat.limits import Limits

__all__ = ["ACCEPTED", "REFUSED", "Follower", "Journal", "read_records"]

ACCEPTED: Final = "handshakes.jsonl"
REFUSED: Final = "handshakes-refused.jsonl"


class Journal:
    """The writing end.

    Args:
        accepted: the file for welcomed connections, usually `ACCEPTED` in a data folder.
        refused: the file for all others, usually `REFUSED` beside it.
        limits: sizes, numbers of files and how many refused ones a second are written out.
        clock: tells one second from the next.
    """

    def __init__(self, accepted: Path, refused: Path, limits: Limits, clock: Clock) -> None:
        self.lost = 0
        """How many records the disk did not take."""
        self._accepted = LineFile(accepted, limits.journal_bytes, limits.journal_files)
        self._refused = LineFile(refused, limits.journal_bytes, limits.journal_files)
        self._most = limits.refusals_per_second
        self._clock = clock
        self._second = int(clock.monotonic())
        self._written = 0
        # Beyond the rate: the first record of each reason in this second, and how many there were.
        self._beyond: dict[str, tuple[HandshakeRecord, int]] = {}

    def write(self, record: HandshakeRecord) -> None:
        """Append a record, or count it when too many were refused in this second.

        Next: `settle` once a second while `owed`, so that counted ones are not kept back.
        """
        self.settle()
        if record.established:
            self._append(self._accepted, record)
        elif self._written < self._most:
            self._written += 1
            self._append(self._refused, record)
        else:
            first, number = self._beyond.get(record.reason, (record, 0))
            self._beyond[record.reason] = first, number + record.count

    @property
    def owed(self) -> bool:
        """Whether counted records wait for their second to end."""
        return bool(self._beyond)

    def settle(self) -> None:
        """Write the counted records of a second that has passed; one for each reason."""
        second = int(self._clock.monotonic())
        if second != self._second:
            self._second, self._written = second, 0
            self._flush()

    def close(self) -> None:
        """Write what was counted and let go of the files."""
        self._flush()
        self._accepted.close()
        self._refused.close()

    def _flush(self) -> None:
        beyond, self._beyond = self._beyond, {}
        for first, number in beyond.values():
            self._append(self._refused, replace(first, count=number))

    def _append(self, file: LineFile, record: HandshakeRecord) -> None:
        if not file.append(encode(record)):
            self.lost += record.count


class Follower:
    """The reading end that goes on: what has been written since the last look.

    Args:
        folders: returns the data folders to look into; asked again before each look, as a client
            may join meanwhile.
    """

    def __init__(self, folders: Callable[[], Iterable[Path]]) -> None:
        self._folders = folders
        self._tails: dict[Path, Tail] = {}
        for path in _files(folders()):
            self._tails[path] = Tail(path)
            self._tails[path].skip()

    def look(self) -> list[HandshakeRecord]:
        """Return the records written since the last look, or since the follower was made."""
        for path in _files(self._folders()):
            if path not in self._tails:
                self._tails[path] = Tail(path)
        lines = (line for tail in self._tails.values() for line in tail.lines())
        found = [record for record in map(decode, lines) if record is not None]
        return sorted(found, key=lambda record: record.ts)

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._tails.values():
            tail.close()


def read_records(folder: Path, *, newest_first: bool = True) -> Iterator[HandshakeRecord]:
    """Yield the records of one data folder, accepted and refused ones in one order.

    Torn and unknown lines are left out. From the newest end, only what is asked for is read.

    Args:
        folder: where the journal's files are; an empty or missing one has no records.
        newest_first: from the newest to the oldest, or the other way round.
    """
    streams = [_stream(folder / name, newest_first=newest_first) for name in (ACCEPTED, REFUSED)]
    return heapq.merge(*streams, key=lambda record: record.ts, reverse=newest_first)


def _files(folders: Iterable[Path]) -> list[Path]:
    return [folder / name for folder in folders for name in (ACCEPTED, REFUSED)]


def _stream(path: Path, *, newest_first: bool) -> Iterator[HandshakeRecord]:
    paths = rotated(path)
    for part in paths if newest_first else reversed(paths):
        # A file may be rotated away between finding and opening it.
        with suppress(FileNotFoundError):
            for line in backwards(part) if newest_first else forwards(part):
                record = decode(line)
                if record is not None:
                    yield record
