"""The handshake records of one end on disk: accepted and refused ones apart, both bounded.

`Journal` is owned by the disk thread of a host or by a client's worker; readers are free
functions for any process. Rotating refused records on their own keeps a flood of strangers from
pushing out the good history, and beyond a rate they are only counted. It must never raise: a
record that the disk does not take is counted lost.
"""

import heapq
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import IO, Final, NamedTuple

from msgspec.structs import replace

from secure_chat.clock import Clock, rfc3339
from secure_chat.handshakes.lines import LineFile
from secure_chat.handshakes.parts import OnRead, Part, Tail, backwards, bracket, forwards, opened
from secure_chat.handshakes.parts import standing as parts_of
from secure_chat.handshakes.record import HandshakeRecord, decode, encode, seconds
from secure_chat.limits import Limits

__all__ = [
    "ACCEPTED",
    "ALWAYS",
    "FILES",
    "REFUSED",
    "SLACK_SECONDS",
    "Follower",
    "Journal",
    "Window",
    "journals",
    "lines_of",
    "read_records",
    "standing",
]

ACCEPTED: Final = "handshakes.jsonl"
REFUSED: Final = "handshakes-refused.jsonl"
FILES: Final = (ACCEPTED, REFUSED)

SLACK_SECONDS: Final = 60
"""A line is at most so much older than one before it, as long as nobody sets the clock back."""

_PLACES: Final = ("host", "clients/*", "*/host", "*/clients/*")
# As `encode` writes it; other lines are decoded to see their time.
_BEGINNING: Final = re.compile(rb'\{"ts":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"')
_MOST_HELD: Final = 5_000


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


class Window(NamedTuple):
    """A span of time, as times of records; "" where it has no bound.

    Args:
        since: from then on, RFC 3339.
        until: before then, RFC 3339.
    """

    since: str = ""
    until: str = ""


ALWAYS: Final = Window()


class Follower:
    """The reading end that goes on: what has been written since the last look.

    Args:
        folders: returns the data folders to look into; asked again before each look, as a client
            may join meanwhile.
        names: which of `FILES`.
    """

    def __init__(self, folders: Callable[[], Iterable[Path]], names: Iterable[str] = FILES) -> None:
        self._folders = folders
        self._names = tuple(names)
        self.stood = standing(folders(), self._names)
        """What there was when the follower was made; for `lines_of`, nothing of it comes again."""
        self._tails = {parts[0].path: Tail(parts[0].path, parts[0]) for parts in self.stood}

    def look(self) -> list[HandshakeRecord]:
        """Return the records written since the last look, or since the follower was made."""
        for folder in self._folders():
            for path in (folder / name for name in self._names):
                if path not in self._tails:
                    self._tails[path] = Tail(path)
        lines = (line for tail in self._tails.values() for line in tail.lines())
        found = [record for record in map(decode, lines) if record is not None]
        return sorted(found, key=lambda record: record.ts)

    def close(self) -> None:
        """Let go of the files."""
        for tail in self._tails.values():
            tail.close()


def journals(root: Path) -> list[Path]:
    """Return the folders below `root` that hold a journal: of the host and of each client.

    Args:
        root: the folder with all data, one community's folder, or one end's own.
    """
    folders = {folder for place in _PLACES for folder in root.glob(place)} | {root}
    return sorted(folder for folder in folders if any((folder / name).exists() for name in FILES))


def standing(folders: Iterable[Path], names: Iterable[str] = FILES) -> list[tuple[Part, ...]]:
    """Return the files of some journals as they stand now; next: `lines_of`.

    Args:
        folders: with a journal each.
        names: which of `FILES`.
    """
    paths = [folder / name for folder in folders for name in names]
    return [parts for parts in map(parts_of, paths) if parts]


def read_records(folder: Path, *, newest_first: bool = True) -> Iterator[HandshakeRecord]:
    """Yield the records of one data folder, accepted and refused ones in one order.

    Torn and unknown lines are left out. From the newest end, only what is asked for is read.

    Args:
        folder: where the journal's files are; an empty or missing one has no records.
        newest_first: from the newest to the oldest, or the other way round.
    """
    for _, line in lines_of(standing([folder]), newest_first=newest_first):
        record = decode(line)
        if record is not None:
            yield record


def lines_of(
    stood: Iterable[tuple[Part, ...]],
    window: Window = ALWAYS,
    *,
    newest_first: bool = True,
    on_read: OnRead = lambda _size: None,
) -> Iterator[tuple[str, bytes]]:
    """Yield the lines of some journals in the order of time, each with the time of its record.

    Records are written when a handshake ends and their time is when it began, so lines are held
    back until `SLACK_SECONDS` of the journal beyond them are read, or `_MOST_HELD` lines.

    Args:
        stood: which files, from `standing` or a `Follower`.
        window: what lies outside may be passed over without a look, and need not be.
        newest_first: from the newest to the oldest, or the other way round.
        on_read: told of bytes read or passed over.
    """
    streams = [_stamped(parts, window, newest_first, on_read) for parts in stood]
    merged = heapq.merge(*streams, key=itemgetter(0), reverse=newest_first)
    return _in_order(merged, -1 if newest_first else 1)


def _in_order(lines: Iterable[tuple[str, bytes]], sign: int) -> Iterator[tuple[str, bytes]]:
    """Sort lines that are sorted but for the slack; `sign` is -1 for the newest first."""
    held: list[tuple[float, int, str, bytes]] = []
    furthest = -math.inf
    for number, (time, line) in enumerate(lines):
        at = sign * _since_1970(time)
        furthest = max(furthest, at)
        heapq.heappush(held, (at, number, time, line))
        while held and (held[0][0] <= furthest - SLACK_SECONDS or len(held) > _MOST_HELD):
            yield heapq.heappop(held)[2:]
    while held:
        yield heapq.heappop(held)[2:]


def _since_1970(time: str) -> float:
    """Return the seconds since 1970 of a record's time; most of it is that of the one before."""
    return _minute(time[:17]) + float(time[17:-1])


@lru_cache(maxsize=256)
def _minute(beginning: str) -> float:
    return seconds(f"{beginning}00Z") or 0.0


def _stamped(
    parts: tuple[Part, ...],
    window: Window,
    newest_first: bool,  # noqa: FBT001 # handed down
    on_read: OnRead,
) -> Iterator[tuple[str, bytes]]:
    read = backwards if newest_first else forwards
    for part in parts if newest_first else reversed(parts):
        # One that has been deleted since has nothing to tell any more.
        if (file := opened(part)) is not None:
            with file:
                begin, end = _within(file, part.size, window)
                on_read(part.size - (end - begin))
                for line in read(file, begin, end, on_read):
                    if time := _time(line):
                        yield time, line


def _within(file: IO[bytes], size: int, window: Window) -> tuple[int, int]:
    """Return where in a file everything lies that is in a window."""
    begin, end = 0, size
    if window.since:
        begin, _ = bracket(file, size, _from(window.since, -SLACK_SECONDS))
    if window.until:
        _, end = bracket(file, size, _from(window.until, SLACK_SECONDS))
    return begin, max(begin, end)


def _from(time: str, by: float) -> Callable[[bytes], bool | None]:
    """Return what tells whether a line is of a time, moved by some seconds, or later."""
    moved = _moved(time, by) or time

    def tell(line: bytes) -> bool | None:
        found = _time(line)
        return found >= moved if found else None

    return tell


def _time(line: bytes) -> str:
    """Return the time in a record's line as `rfc3339` writes it, "" when it is none."""
    if found := _BEGINNING.match(line):
        return found[1].decode("ascii")
    record = decode(line)
    return "" if record is None else _moved(record.ts, 0)


def _moved(time: str, by: float) -> str:
    """Return a time moved by some seconds, "" when it is none or leaves the calendar."""
    with suppress(ValueError, OverflowError, OSError):
        at = seconds(time)
        return "" if at is None else rfc3339(max(0.0, at + by))
    return ""
