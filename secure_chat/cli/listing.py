"""The table of handshakes: which records are wanted, and how they look on a terminal.

Behind `cli.handshakes`, in a module of its own so that its help need not load it.
Subjects and names are strangers' text and pass `client.text` before they reach a terminal.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from heapq import merge
from itertools import islice, takewhile
from pathlib import Path
from typing import Final

from secure_chat.cli.console import Console
from secure_chat.cli.moments import moment_of
from secure_chat.client.text import printable
from secure_chat.clock import SystemClock, rfc3339
from secure_chat.errors import SecureChatError
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Follower, read_records
from secure_chat.handshakes.record import HandshakeRecord, seconds

__all__ = ["Query", "journals", "newest", "show", "since_of"]

_LOOK_SECONDS: Final = 0.25
# Records are written when a handshake ends and ordered by when it began, which is this much
# earlier at most.
_SLACK_SECONDS: Final = 60
_LEAST_FINGERPRINT: Final = 6

# Width 80: the widest reason is too-many-connections.
_WIDTHS: Final = (11, 6, 21, 14, 20)
_HEAD: Final = ("TIME (UTC)", "END", "PEER", "WHO", "RESULT")

_PLACES: Final = ("host", "clients/*", "*/host", "*/clients/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records are wanted.

    Args:
        failed: only those that were not welcomed.
        peer: only those with this name, address, certificate fingerprint or uid; "" for all.
        since: only those that began then or later, RFC 3339; "" for all.
    """

    failed: bool = False
    peer: str = ""
    since: str = ""

    def wants(self, record: HandshakeRecord) -> bool:
        """Tell whether a record is wanted."""
        if (self.failed and record.established) or record.ts < self.since:
            return False
        return not self.peer or self._is_peer(record)

    def _is_peer(self, record: HandshakeRecord) -> bool:
        wanted = self.peer.lower()
        ends = ((record.orig_h, record.orig_p), (record.resp_h, record.resp_p))
        words = {record.name, record.uid.lower(), record.orig_h, record.resp_h}
        words |= {f"{host}:{port}" for host, port in ends}
        words |= {_common_name(subject) for subject in _subjects(record)}
        prints = record.client_cert_chain_fps + record.cert_chain_fps
        known = len(wanted) >= _LEAST_FINGERPRINT and any(f.startswith(wanted) for f in prints)
        return wanted in words or known


def show(
    console: Console, root: Path, query: Query, limit: int | None, *, follow: bool, as_json: bool
) -> None:
    """Show the newest records, and with `follow` each new one until interrupted.

    Args:
        console: where to.
        root: the folder with all data, one community's folder, or one end's own.
        query: which ones.
        limit: at most so many of those there are; None for all.
        follow: go on with new ones.
        as_json: one object a line instead of a table.

    Raises:
        SecureChatError: the journals cannot be read.
    """
    try:
        if follow:
            _follow(console, root, query, limit, as_json=as_json)
        else:
            _list(console, root, query, limit, as_json=as_json)
    except OSError as error:
        raise SecureChatError(
            f"cannot read the journals below {root}", why=error.strerror or str(error)
        ) from error


def journals(root: Path) -> list[Path]:
    """Return the folders below `root` that hold a journal: of the host and of each client.

    Args:
        root: the folder with all data, one community's folder, or one end's own.
    """
    folders = {folder for place in _PLACES for folder in root.glob(place)} | {root}
    return sorted(
        folder
        for folder in folders
        if any((folder / name).exists() for name in (ACCEPTED, REFUSED))
    )


def newest(folders: Iterable[Path], query: Query, limit: int | None) -> list[HandshakeRecord]:
    """Return the newest records that a query wants, the newest last.

    Args:
        folders: with a journal each.
        query: which ones.
        limit: at most so many; None for all.
    """
    streams = [_back_to(read_records(folder), query.since) for folder in folders]
    records = merge(*streams, key=lambda record: record.ts, reverse=True)
    found = list(islice(filter(query.wants, records), limit))
    found.reverse()
    return found


def _back_to(records: Iterator[HandshakeRecord], since: str) -> Iterator[HandshakeRecord]:
    """Stop reading where everything further back is certainly older."""
    start = seconds(since) if since else None
    if start is None:
        return records
    limit = rfc3339(max(0.0, start - _SLACK_SECONDS))
    return takewhile(lambda record: record.ts >= limit, records)


def since_of(text: str) -> str:
    """Return the RFC 3339 time that `--since` means.

    Raises:
        UsageError: it is neither a span nor a time.
    """
    # The table shows UTC, so that is what a time without a zone means.
    return rfc3339(moment_of(text, SystemClock().now(), UTC)) if text else ""


def _list(console: Console, root: Path, query: Query, limit: int | None, *, as_json: bool) -> None:
    found = newest(journals(root), query, limit)
    _show(console, found, as_json=as_json, head=bool(found))
    if not found:
        console.talk(f"no such handshake is recorded below {root}")
    elif not as_json:
        _explain(console, found)


def _follow(
    console: Console, root: Path, query: Query, limit: int | None, *, as_json: bool
) -> None:
    """Show the newest records and then each one as it comes, until interrupted."""
    pause = threading.Event()
    # Made before the first list is read, so that nothing falls between the two.
    follower = Follower(lambda: journals(root))
    try:
        found = newest(journals(root), query, limit)
        _show(console, found, as_json=as_json, head=True)
        shown = {record.uid for record in found}
        while not pause.wait(_LOOK_SECONDS):
            fresh = [r for r in follower.look() if query.wants(r) and r.uid not in shown]
            _show(console, fresh, as_json=as_json, head=False)
    finally:
        follower.close()


def _show(console: Console, records: list[HandshakeRecord], *, as_json: bool, head: bool) -> None:
    if head and not as_json:
        console.data(console.paint(_row(_HEAD), "bold"))
    for record in records:
        if as_json:
            console.data_json(record)
        else:
            _as_row(console, record)


def _as_row(console: Console, record: HandshakeRecord) -> None:
    peer = (
        (record.orig_h, record.orig_p) if record.end == "host" else (record.resp_h, record.resp_p)
    )
    row = _row((_time(record), record.end, f"{peer[0]}:{peer[1]}", _who(record), record.reason))
    console.data(row if record.established else console.paint(row, "red"))


def _row(cells: tuple[str, ...]) -> str:
    """Return one line of the table; a cell that is too wide ends in a dot-dot."""
    fitted = []
    for cell, width in zip(cells, _WIDTHS, strict=True):
        text = printable(cell)
        fitted.append((text if len(text) <= width else text[: width - 2] + "..").ljust(width))
    return "  ".join(fitted).rstrip()


def _time(record: HandshakeRecord) -> str:
    """Return the time of day, or the date where it was not today."""
    today, _, _ = rfc3339(SystemClock().now()).partition("T")
    day, _, clock = record.ts.partition("T")
    return clock[:8] if day == today else f"{day[5:]} {clock[:5]}"


def _who(record: HandshakeRecord) -> str:
    """Return the proven name, or in its subject's own form what a refused one claims to be."""
    if record.count > 1:
        return f"{record.count} of them"
    return record.name or record.client_subject or "-"


def _subjects(record: HandshakeRecord) -> list[str]:
    return [text for text in (record.client_subject, record.subject) if text is not None]


def _common_name(subject: str) -> str:
    """Return the first common name of a subject in small letters, "" when it has none."""
    return subject.lower().partition("cn=")[2].partition(",")[0]


def _explain(console: Console, found: list[HandshakeRecord]) -> None:
    """Say what the newest refusal among them means; the rest is in the records."""
    refused = [record for record in found if not record.established]
    if not refused:
        return
    last = refused[-1]
    text = f" ({last.text})" if last.text else ""
    console.talk(printable(f"last refusal ({last.uid}): {last.sentence}{text}"))
    console.talk(printable(f"  {last.advice}"))
