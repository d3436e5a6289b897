"""What can be fetched: the files that were sent, as rows of a table or as JSON.

Pure. Names and types are whatever somebody wrote, and pass `client.text` on their way to a
terminal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from secure_chat.client.events import Message
from secure_chat.client.events import as_json as event_json
from secure_chat.client.text import printable
from secure_chat.client.wording import of_size
from secure_chat.handshakes.telling.columns import padded, width
from secure_chat.wire.messages import Attached, Content, ContentKind

__all__ = ["Offer", "offers_of", "table"]

_HEAD: Final = ("NUMBER", "WHEN", "FROM", "WHERE", "NAME", "SIZE", "TYPE")
_NAME: Final = 4
_SIZE: Final = 5
_LEAST_NAME: Final = 12
_MOST: Final = 32
_GAP: Final = "  "
# Only a host whose clock is out of its mind says anything later.
_LAST_MOMENT: Final = 253_402_128_000
_NOTHING: Final = Attached("", "")


@dataclass(frozen=True, slots=True)
class Offer:
    """A file, folder or stream that somebody has sent.

    Args:
        message: what offers it.
        end: what has ended a stream; None for one that is still being sent, or was given up, and
            for whatever is no stream.
    """

    message: Message
    end: Message | None = None

    @property
    def open(self) -> bool:
        """Whether it is a stream of which nobody knows the end."""
        return self._content.kind == ContentKind.STREAM and self.end is None

    @property
    def name(self) -> str:
        """What its sender calls it."""
        return (self._content.file or _NOTHING).name

    @property
    def size(self) -> int | None:
        """How many bytes it has; None when nobody knows yet."""
        if self._content.kind == ContentKind.FOLDER:
            return self._content.total
        end = self.end.content if self.end is not None else None
        file = (end or self._content).file or _NOTHING
        return None if self.open else file.size

    @property
    def type(self) -> str:
        """What it is, by its sender's word."""
        content = self._content
        if content.kind == ContentKind.FOLDER:
            return f"folder, {content.entries} files" if content.entries != 1 else "folder, 1 file"
        if self.open:
            return "stream"
        return (content.file or _NOTHING).type

    def for_scripts(self) -> dict[str, Any]:
        """Return it as the message that it is, with its size."""
        return event_json(self.message) | {"size": self.size}

    @property
    def _content(self) -> Content:
        return self.message.content or Content()


def offers_of(messages: Sequence[Message]) -> list[Offer]:
    """Return what messages offer, in their order; the end of a stream goes to its beginning.

    Args:
        messages: with files, in the order of their numbers.
    """
    ends = {
        one.content.of: one
        for one in messages
        if one.content is not None and one.content.kind == ContentKind.STREAM_END
    }
    return [
        Offer(one, ends.get(one.seq))
        for one in messages
        if one.content is not None and one.content.kind != ContentKind.STREAM_END
    ]


def table(offers: Sequence[Offer], columns: int, zone: tzinfo | None = None) -> Iterator[str]:
    """Yield the lines of a table; where it does not fit, names are cut.

    Args:
        offers: in the order they are shown.
        columns: how wide the terminal is.
        zone: of the time that is shown; None for this computer's.
    """
    rows = [_HEAD, *(_cells(offer, zone) for offer in offers)]
    widths = [min(_MOST, max(map(width, column))) for column in zip(*rows, strict=True)]
    longest = widths[_NAME] = max(width(row[_NAME]) for row in rows)
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - columns
    widths[_NAME] = max(min(longest, _LEAST_NAME), longest - max(0, excess))
    for row in rows:
        cells = (
            padded(cell, columns_, right=at in {0, _SIZE})
            for at, (cell, columns_) in enumerate(zip(row, widths, strict=True))
        )
        yield _GAP.join(cells).rstrip()


def _cells(offer: Offer, zone: tzinfo | None) -> tuple[str, ...]:
    message = offer.message
    moment = datetime.fromtimestamp(min(message.at // 1_000, _LAST_MOMENT), UTC).astimezone(zone)
    place = f"to {message.to}" if message.room is None else f"[{message.room}]"
    size = "" if offer.size is None else of_size(offer.size)
    return (
        str(message.seq),
        moment.strftime("%Y-%m-%d %H:%M"),
        printable(message.author),
        printable(place),
        printable(offer.name),
        size,
        printable(offer.type),
    )
