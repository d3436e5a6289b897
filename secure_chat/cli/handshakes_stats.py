"""`securechat handshakes stats`: how many handshakes ended how, and how long the good ones took.

Reads what the list would show, one record after the other, and keeps only counts.
"""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.filters import (
    Address,
    End,
    Failed,
    Peer,
    Reasons,
    Result,
    Since,
    Until,
    query_of,
)
from secure_chat.cli.options import Color, Data, Json, Quiet

if TYPE_CHECKING:
    from secure_chat.handshakes.stats import Bar, Durations, Stats

__all__ = ["EXAMPLES", "stats"]

EXAMPLES: Final = """Examples:

  securechat handshakes stats --since 7d --end host

  securechat handshakes stats --failed --json
"""

_BARS: Final = 12
_BAR_COLUMNS: Final = 40
_EIGHTHS: Final = " ▏▎▍▌▋▊▉"
_WHOLE: Final = "█"
_PLAIN: Final = "#"


def stats(
    failed: Failed = False,
    result: Result = None,
    reason: Reasons = None,
    peer: Peer = "",
    address: Address = "",
    end: End = None,
    since: Since = "",
    until: Until = "",
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Count handshakes by result, reason and end, and show how long the good ones took.

    With host and client on one computer a handshake counts at each; --end host counts it once.
    """
    from secure_chat.cli.listing import journals, progress_of, readable
    from secure_chat.folders import data_folder
    from secure_chat.handshakes.journal import standing
    from secure_chat.handshakes.query import find
    from secure_chat.handshakes.stats import Stats

    console = Console(colour=color, quiet=quiet)
    query = query_of(
        failed=failed,
        result=result,
        reasons=reason,
        peer=peer,
        address=address,
        end=end,
        since=since,
        until=until,
    )
    root = data_folder(data, "")
    counted = Stats()
    with readable(root):
        stood = standing(journals(root), query.names)
        progress = progress_of(console, stood)
        try:
            for record in find(stood, query, on_read=progress.read):
                counted.add(record)
        finally:
            progress.clear()
    if json:
        console.data_json(counted.as_json())
    elif counted.records:
        for line in _lines(console, counted):
            console.data(line)
    else:
        console.talk(f"no such handshake is recorded below {root}")


def _lines(console: Console, counted: "Stats") -> Iterator[str]:
    first, last = (text[:19].replace("T", " ") for text in (counted.first, counted.last))
    yield f"{counted.handshakes:,} handshakes, {first} to {last} UTC"
    for head, counts in (
        ("RESULT", counted.results),
        ("REASON", counted.reasons),
        ("END", counted.ends),
    ):
        yield ""
        yield console.paint(head, "bold")
        yield from _counts(counts)
    if counted.durations.count:
        yield ""
        yield console.paint("MILLISECONDS, OF THOSE WELCOMED", "bold")
        yield from _durations(counted.durations, _letters(console))


def _counts(counts: Counter[str]) -> Iterator[str]:
    from secure_chat.client.text import printable

    total = counts.total()
    for word, number in counts.most_common():
        yield f"{printable(word):<20}  {number:>11,}  {100 * number / total:>5.1f} %"


def _durations(durations: "Durations", letters: str) -> Iterator[str]:
    from secure_chat.handshakes.stats import PERCENTILES, PRECISION

    percentiles = [f"p{p} {durations.percentile(p):.2f}" for p in PERCENTILES]
    within = f"within {100 * PRECISION:.1f} %"
    yield f"{'  '.join(percentiles)} ({within})  max {durations.longest_ms:.2f}"
    bars = durations.bars(_BARS)
    most = max(bar.handshakes for bar in bars)
    for bar in bars:
        drawn = _drawn(bar.handshakes / most, letters)
        yield f"{_span(bar)}  {bar.handshakes:>11,}  {drawn}".rstrip()


def _span(bar: "Bar") -> str:
    return f"{bar.low_ms:>8.2f} to {bar.high_ms:>8.2f}"


def _drawn(part: float, letters: str) -> str:
    """Return a bar; whatever is not nothing can be seen."""
    if letters == _PLAIN:
        return _PLAIN * max(round(part * _BAR_COLUMNS), 1 if part else 0)
    eighths = max(round(part * _BAR_COLUMNS * 8), 1 if part else 0)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def _letters(console: Console) -> str:
    """Return what bars are drawn with: blocks where the stream's encoding has them."""
    blocks = _EIGHTHS + _WHOLE
    try:
        blocks.encode(getattr(console.out, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN
    return blocks
