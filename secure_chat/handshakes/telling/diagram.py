"""The messages of a handshake drawn for a terminal: two lanes, an arrow for each message.

Pure: a `Sequence` in, lines of at most 80 columns out. Colour is the caller's, through `paint`;
what it says in colour it also says in words or signs.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from secure_chat.handshakes.telling.columns import fitted, padded, width, wrapped
from secure_chat.handshakes.telling.particulars import bytes_words
from secure_chat.handshakes.telling.sequence import Arrow, How, Sequence

__all__ = ["ASCII", "BOXES", "COLUMNS", "Paint", "Signs", "diagram"]

Paint: TypeAlias = Callable[[str, str], str]
"""Takes a text and a style of `bold dim red green yellow cyan`, returns it for the terminal."""

COLUMNS: Final = 80
_TIME: Final = 7
_BETWEEN: Final = COLUMNS - 2 * (_TIME + 1) - 2
"""Columns between the two lanes."""
_AROUND: Final = 4
"""Of these, the blanks around an arrow's words and its beginning."""
_MARGIN: Final = " " * (_TIME + 1)
_UNREAD: Final = "  not read "
_LEAST_LINE: Final = 3
"""An arrow is a line at least this long beside its words."""


class Signs(NamedTuple):
    """What lanes and arrows are drawn with.

    Args:
        lane: a lane.
        dash: the line of an arrow.
        right: the head of one to the host.
        left: the head of one to the client.
        start: where an arrow leaves the left lane.
        end: where an arrow leaves the right lane.
        lost: where an arrow that nobody read ends.
        good: before a good ending.
        bad: before a bad one.
        dot: between words.
    """

    lane: str
    dash: str
    right: str
    left: str
    start: str
    end: str
    lost: str
    good: str
    bad: str
    dot: str


BOXES: Final = Signs("│", "─", "▶", "◀", "├", "┤", "╳", "✓", "✗", " · ")  # noqa: RUF001 # no letter
ASCII: Final = Signs("|", "-", ">", "<", "|", "|", "x", "OK", "X", ", ")


def diagram(
    told: Sequence, client: tuple[str, str], host: tuple[str, str], signs: Signs, paint: Paint
) -> Iterator[str]:
    """Yield the lines of the diagram.

    Args:
        told: the messages.
        client: who the client is and its address, printable.
        host: the same of the host.
        signs: `BOXES`, or `ASCII` where a terminal cannot show them.
        paint: colours.
    """
    yield from _heads(client, host, paint)
    yield f"{padded('ms', _TIME, right=True)} {_between('', signs, paint)} ms"
    secret = False
    for arrow in told.arrows:
        if arrow.secret and not secret:
            yield _MARGIN + _between("encrypted from here on", signs, paint)
            secret = True
        yield _line(arrow, signs, paint)
    if told.note:
        yield _MARGIN + _between(told.note, signs, paint)
    yield from _ending(told, signs, paint)


def _heads(client: tuple[str, str], host: tuple[str, str], paint: Paint) -> Iterator[str]:
    half = (COLUMNS - 2 * len(_MARGIN)) // 2
    for number, (one, two) in enumerate(zip(client, host, strict=True)):
        row = (padded(one, half), padded(two, half, right=True))
        yield _MARGIN + "".join(paint(text, "bold") if number == 0 else text for text in row)


def _between(words: str, signs: Signs, paint: Paint) -> str:
    lane = paint(signs.lane, "dim")
    return f"{lane}{paint(f'{words:^{_BETWEEN}}', 'dim')}{lane}"


def _line(arrow: Arrow, signs: Signs, paint: Paint) -> str:
    """Return one message: the times of both ends outside the lanes, the arrow between them."""
    words = _words(arrow, signs)
    text = "".join(paint(word, style) if style else word for word, style in words)
    rest = _BETWEEN - _AROUND - sum(width(word) for word, _ in words)
    style = "red" if arrow.alert else "cyan"
    if arrow.by_client:
        head = f"{signs.lost}{_UNREAD}" if arrow.lost else signs.right
        line = paint(signs.dash * (rest - len(head)) + head, style)
        start = paint(signs.start + signs.dash * 2, style)
        lanes = f"{start} {text} {line}{paint(signs.lane, 'dim')}"
    else:
        head = f"{_UNREAD}{signs.lost}" if arrow.lost else signs.left
        line = paint(head + signs.dash * (rest - len(head)), style)
        end = paint(signs.dash * 2 + signs.end, style)
        lanes = f"{paint(signs.lane, 'dim')}{line} {text} {end}"
    left, right = _time(arrow.client_us), _time(arrow.host_us)
    return f"{padded(left, _TIME, right=True)} {lanes} {right}".rstrip()


def _words(arrow: Arrow, signs: Signs) -> list[tuple[str, str]]:
    """Return what stands on an arrow, piece by piece with its style."""
    size = "" if arrow.size is None else f"{signs.dot}{bytes_words(arrow.size)}"
    gloss = f"{signs.dot}{arrow.gloss}" if arrow.gloss else ""
    room = _BETWEEN - _AROUND - _LEAST_LINE - (len(_UNREAD) if arrow.lost else 0)
    if width(arrow.name) + len(size) + width(gloss) > room:
        gloss = ""
    name = fitted(arrow.name, room - len(size))
    return [(name, "red" if arrow.alert else "bold"), (size, ""), (gloss, "dim")]


def _time(microseconds: int | None) -> str:
    return "" if microseconds is None else fitted(f"{microseconds / 1_000:.1f}", _TIME)


def _ending(told: Sequence, signs: Signs, paint: Paint) -> Iterator[str]:
    good = told.ending.how is How.WELCOME
    sign, style = (signs.good, "green") if good else (signs.bad, "red")
    after = f"{told.ending.how} after {told.ending.duration_ms:,.1f} ms: {told.ending.text}"
    lines = list(wrapped(after, COLUMNS - len(_MARGIN) - len(sign) - 1))
    yield f"{_MARGIN}{paint(sign, style)} {paint(lines[0], style)}"
    for line in lines[1:]:
        yield f"{_MARGIN}{' ' * len(sign)} {paint(line, style)}"
