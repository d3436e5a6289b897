"""The handshakes that a person names by the beginning of a uid or a hello, both ends together.

Behind `handshakes show`, `handshakes explain` and a failed `join`. Reads the journals on the main
thread and changes nothing.
"""

import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from secure_chat.cli.console import Console
from secure_chat.cli.listing import progress_of, readable
from secure_chat.client.text import printable
from secure_chat.errors import SecureChatError
from secure_chat.handshakes.finding import matching
from secure_chat.handshakes.journal import journals, standing
from secure_chat.handshakes.pairing import Pair, pairs
from secure_chat.handshakes.record import End, HandshakeRecord
from secure_chat.handshakes.telling.particulars import moment

__all__ = ["Recalled", "command", "recall", "rows"]


class Recalled(NamedTuple):
    """A handshake that was named.

    Args:
        pair: its records.
        viewer: the end whose record was named; None when both were.
    """

    pair: Pair
    viewer: End | None


def recall(console: Console, root: Path, wanted: str, end: End | None = None) -> list[Recalled]:
    """Return the handshakes that begin so, the newest first.

    Args:
        console: shows how far the reading is.
        root: the folder with all data, one community's folder, or one end's own.
        wanted: the beginning of a uid or a hello.
        end: look at the records of this end only.

    Raises:
        UsageError: it is too short for a name.
        SecureChatError: there is none, or the journals cannot be read.
    """
    with readable(root):
        named = _of_end(_read(console, root, wanted), end)
        if not named:
            raise SecureChatError(
                f"no handshake begins with {wanted}",
                why=f"no record below {root} has such a uid or hello"
                + (f" at the end of the {end}" if end else ""),
                hint="`securechat handshakes` lists what there is; old records are deleted."
                " Words that are explained without one: `securechat handshakes explain --list`.",
            )
        known = {record.uid: record for record in named}
        for hello in dict.fromkeys(record.hello for record in named if record.hello):
            # Who named a uid also wants to know what the other end saw.
            for record in _of_end(_read(console, root, hello), end):
                known.setdefault(record.uid, record)
    uids = {record.uid for record in named}
    together = (Recalled(pair, _viewer(pair, uids)) for pair in pairs(known.values()))
    return [one for one in together if any(record.uid in uids for record in one.pair.records)]


def command(words: str, wanted: str, data: Path | None) -> str:
    """Return a command to go on with, as one types it.

    Args:
        words: `handshakes show` or the like.
        wanted: a uid.
        data: what `--data` says.
    """
    named = data is None or str(data) == os.environ.get("SECURECHAT_DATA")
    place = "" if named else f" --data {shlex.quote(str(data))}"
    return printable(f"securechat {words} {wanted}{place}")


def rows(found: list[Recalled]) -> Iterator[str]:
    """Yield one line for each record of several handshakes, to choose from."""
    for one in found:
        for record in one.pair.records:
            who = record.name or record.client_subject or "-"
            line = f"{record.uid}  {moment(record.ts)}  {record.end:<6}  {record.reason}  {who}"
            yield printable(line)


def _read(console: Console, root: Path, wanted: str) -> list[HandshakeRecord]:
    stood = standing(journals(root))
    progress = progress_of(console, stood)
    try:
        return matching(stood, wanted, progress.read)
    finally:
        progress.clear()


def _of_end(records: list[HandshakeRecord], end: End | None) -> list[HandshakeRecord]:
    return [record for record in records if end is None or record.end == end]


def _viewer(pair: Pair, uids: set[str]) -> End | None:
    """Return the end whose record alone was named."""
    ends: list[End] = [
        "client" if record.end == "client" else "host"
        for record in pair.records
        if record.uid in uids
    ]
    return ends[0] if len(ends) == 1 else None
