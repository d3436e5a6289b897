"""The handshake journals on the disk: whether they can be read, and whose keys were written out.

`read_journal` reads, from the newest end and no more than is needed; the rest is pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from secure_chat.doctor.findings import Area, Finding, settled
from secure_chat.handshakes.journal import ACCEPTED, REFUSED
from secure_chat.handshakes.parts import backwards, opened, standing
from secure_chat.handshakes.record import decode, seconds

__all__ = ["JournalLook", "check_journals", "read_journal"]

_HERE: Final = Area.DATA
# Some days of an ordinary host; all of it is for `--thorough`.
_MOST_LINES: Final = 2_000
_FRESH_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLook:
    """What is known of one end's journal.

    Args:
        folder: whose it is: the folder that it stands in.
        read: how many lines were read.
        torn: how many of them are no records.
        trouble: why it cannot be read, "" when it can.
        newest: when the newest record began, seconds since 1970 UTC; 0 without one.
        keylogged: how many of the connections had their keys written to a file.
        fresh: whether one of these began within the last day.
    """

    folder: Path
    read: int = 0
    torn: int = 0
    trouble: str = ""
    newest: float = 0.0
    keylogged: int = 0
    fresh: bool = False


def read_journal(folder: Path, now: float, *, thorough: bool) -> JournalLook:
    """Return what is known of the journal in a folder.

    Args:
        folder: one end's data folder.
        now: seconds since 1970 UTC.
        thorough: read all of it.
    """
    most = None if thorough else _MOST_LINES
    read = torn = keylogged = 0
    newest, latest = 0.0, 0.0
    try:
        for name in (ACCEPTED, REFUSED):
            for line in islice(_lines(folder / name), most):
                record = decode(line)
                read += 1
                if record is None:
                    torn += 1
                    continue
                at = seconds(record.ts) or 0.0
                newest = max(newest, at)
                if record.keylog:
                    keylogged, latest = keylogged + 1, max(latest, at)
    except OSError as error:
        return JournalLook(folder=folder, trouble=str(error))
    return JournalLook(
        folder=folder,
        read=read,
        torn=torn,
        newest=newest,
        keylogged=keylogged,
        fresh=bool(keylogged) and now - latest < _FRESH_SECONDS,
    )


def check_journals(journals: Sequence[JournalLook]) -> list[Finding]:
    """Judge the journals of the host and of the clients.

    Args:
        journals: what is known of each.
    """
    if not journals:
        return []
    lines = sum(journal.read for journal in journals)
    return [
        *settled(
            _unreadable(journals),
            _HERE.ok("unreadable-journal", f"the journals can be read; lines looked at: {lines}"),
        ),
        *settled(_torn(journals), _HERE.ok("torn-journal", "no record is damaged")),
        *settled(
            _keylogged(journals), _HERE.ok("key-log", "no connection's keys were written out")
        ),
    ]


def _unreadable(journals: Sequence[JournalLook]) -> Iterator[Finding]:
    for journal in journals:
        if journal.trouble:
            yield _HERE.fault(
                "unreadable-journal",
                f"the handshake journal of {journal.folder.name} cannot be read",
                why=journal.trouble,
                hint="correct its owner and its rights, or move it away",
                where=journal.folder,
            )


def _torn(journals: Sequence[JournalLook]) -> Iterator[Finding]:
    for journal in journals:
        if journal.torn:
            yield _HERE.note(
                "torn-journal",
                f"lines in the journal of {journal.folder.name} that are no records:"
                f" {journal.torn} of {journal.read}",
                why="a crash or a full disk cut them; the others are not hurt",
                hint="nothing; they vanish when the file is rotated away",
                where=journal.folder,
            )


def _keylogged(journals: Sequence[JournalLook]) -> Iterator[Finding]:
    for journal in journals:
        if not journal.keylogged:
            continue
        say = _HERE.warning if journal.fresh else _HERE.note
        yield say(
            "key-log",
            f"connections of {journal.folder.name} whose keys were written to a file:"
            f" {journal.keylogged}",
            why="who has that file and a capture of the packets reads everything that was said",
            hint="run without --keylog, and delete the file when you are done with it",
            where=journal.folder,
        )


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a journal from its newest end; a file may be rotated away meanwhile."""
    for part in standing(path):
        if (file := opened(part)) is not None:
            with file:
                read = backwards(file, 0, part.size, lambda _size: None)
                yield from (line for line in read if line.strip())
