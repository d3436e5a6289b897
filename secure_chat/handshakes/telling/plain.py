"""The story of a handshake, and explanations, as lines for a terminal of 80 columns.

Pure. Every text that comes here is printable already; colour is the caller's, through `paint`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Final

from secure_chat.handshakes.pairing import Difference
from secure_chat.handshakes.record import End
from secure_chat.handshakes.telling.columns import fitted, padded, width, wrapped
from secure_chat.handshakes.telling.diagram import COLUMNS, Paint, Signs, diagram
from secure_chat.handshakes.telling.explaining import Account, Entry
from secure_chat.handshakes.telling.particulars import moment
from secure_chat.handshakes.telling.sheets import Sheet
from secure_chat.handshakes.telling.story import Setting, Story

__all__ = ["account_lines", "entry_lines", "list_lines", "paragraph", "story_lines"]

_INDENT: Final = "  "
_UID: Final = 20
_LABEL: Final = 14
_OFFERED: Final = 33
_CHOSEN: Final = COLUMNS - len(_INDENT) - _LABEL - _OFFERED - 1
_MOST: Final = 4
"""So many entries of a list are shown, and how many more there are."""

_ENDS: Final[tuple[End, ...]] = ("host", "client")
_COMMAND: Final = re.compile("`[^`]+`")
_BLANK: Final = "\0"
# Of a certificate that was only sent along.
_BRIEF: Final = frozenset({"who", "issued by", "holds", "SHA-256"})


def story_lines(story: Story, signs: Signs, paint: Paint) -> Iterator[str]:
    """Yield everything there is to see about one handshake.

    Args:
        story: of `story.tell`.
        signs: what the diagram is drawn with.
        paint: colours.
    """
    style = "green" if story.good else "red"
    uid = fitted(story.asked.uid, _UID)
    headline = fitted(story.headline, COLUMNS - len("Handshake   ") - width(uid))
    yield f"Handshake {paint(uid, 'bold')}  {paint(headline, style)}"
    yield fitted(f"{moment(story.asked.ts)}, {story.recorded_by}", COLUMNS)
    yield ""
    yield from diagram(story.sequence, story.client, story.host, signs, paint)
    yield from _settings(story.settings, paint)
    for sheet in story.sheets:
        yield from _sheet(sheet, paint)
    yield from _apart(story, paint)
    yield from _headed("To find it again", paint)
    for name, value in story.marks:
        yield from _labelled(name, value, paint)
    if not story.good:
        yield from _headed("Why", paint)
        yield from paragraph(story.account.in_full)


def account_lines(told: Account, viewer: End | None, paint: Paint) -> Iterator[str]:
    """Yield why a handshake ended as it did, and what to do.

    Args:
        told: of `explaining.account`.
        viewer: whose steps come first; None for the host's.
        paint: colours.
    """
    for line in wrapped(f"{told.reason}: {told.brief}", COLUMNS):
        yield paint(line, "bold")
    yield from _headed("What happened", paint)
    yield from paragraph(told.in_full)
    yield from _headed("Why", paint)
    yield from paragraph(told.why)
    if told.alert is not None:
        yield from _headed(f"The alert {told.alert.word} ({told.alert.number})", paint)
        yield from paragraph(told.alert_says)
    yield from _headed("What to do", paint)
    for end in _ENDS if viewer != "client" else _ENDS[::-1]:
        yield from _labelled(f"on the {end}", getattr(told.steps, end), paint)
    yield from _sections(told.sections, paint)


def entry_lines(entry: Entry, paint: Paint) -> Iterator[str]:
    """Yield what a reason or an alert means, whoever it is about.

    Args:
        entry: of `explaining.lookup`.
        paint: colours.
    """
    text = entry.explanation
    kind = "reason" if entry.number is None else f"alert {entry.number}"
    for line in wrapped(f"{entry.word} ({kind}): {text.brief}", COLUMNS):
        yield paint(line, "bold")
    yield from _headed("What happened", paint)
    yield from paragraph(text.read(text.happened))
    yield from _headed("Why", paint)
    yield from paragraph(text.read(text.why))
    for owner in text.owners:
        about = f", when it is about the {owner}" if len(text.owners) > 1 else ""
        yield from _headed(f"What to do{about}", paint)
        for end in _ENDS:
            yield from _labelled(f"on the {end}", getattr(text.steps(owner), end), paint)
    if entry.like:
        yield from _headed("In a record", paint)
        yield from paragraph(f"It mostly goes with the reason {entry.like}.")
    yield from _sections(text.sections, paint)


def list_lines(entries: Iterable[Entry], paint: Paint) -> Iterator[str]:
    """Yield what there is to be explained, each in one line or two.

    Args:
        entries: of `explaining.entries`.
        paint: colours.
    """
    entries = tuple(entries)
    yield paint("Reasons", "bold")
    yield from _columns([entry for entry in entries if entry.number is None])
    yield from _headed("Alerts", paint)
    yield from _columns([entry for entry in entries if entry.number is not None])


def _columns(entries: list[Entry]) -> Iterator[str]:
    label = max(width(_numbered(entry)) for entry in entries) + 1
    for entry in entries:
        brief = wrapped(entry.explanation.brief, COLUMNS - len(_INDENT) - label)
        for head, line in zip_longest([_numbered(entry)], brief, fillvalue=""):
            yield f"{_INDENT}{padded(head, label)}{line}"


def _numbered(entry: Entry) -> str:
    return entry.word if entry.number is None else f"{entry.number:>3} {entry.word}"


def paragraph(text: str, indent: str = _INDENT) -> Iterator[str]:
    """Yield a text in indented lines.

    Args:
        text: printable.
        indent: before each line.
    """
    for line in _wrapped(text, COLUMNS - len(indent)):
        yield indent + line


def _wrapped(text: str, columns: int) -> Iterator[str]:
    """Wrap a text, but not inside what is to be typed, which stands in backquotes."""
    whole = _COMMAND.sub(lambda found: found.group().replace(" ", _BLANK), text)
    for line in wrapped(whole, columns):
        yield line.replace(_BLANK, " ")


def _headed(text: str, paint: Paint) -> Iterator[str]:
    yield ""
    yield paint(text, "bold")


def _labelled(label: str, text: str, paint: Paint) -> Iterator[str]:
    room = COLUMNS - len(_INDENT) - _LABEL
    for number, line in enumerate(_wrapped(text, room)):
        head = padded(label if number == 0 else "", _LABEL)
        yield f"{_INDENT}{paint(head, 'dim')}{line}"


def _sections(sections: Iterable[str], paint: Paint) -> Iterator[str]:
    if sections:
        yield from _headed("Where it is written", paint)
        yield from paragraph(", ".join(sections))


def _settings(settings: tuple[Setting, ...], paint: Paint) -> Iterator[str]:
    """Yield what was offered and what was chosen, side by side."""
    for by_client, heads in (
        (False, ("the client offered", "the host chose")),
        (True, ("the host offered", "the client chose")),
    ):
        rows = [one for one in settings if one.by_client == by_client]
        rows = [one for one in rows if one.offered or one.chosen]
        if rows:
            yield ""
            head = f"{_INDENT}{' ' * _LABEL}{padded(heads[0], _OFFERED)} {heads[1]}"
            yield paint(head, "bold")
        for row in rows:
            yield from _setting(row, paint)


def _setting(row: Setting, paint: Paint) -> Iterator[str]:
    lists = zip_longest(_shortened(row.offered), _shortened(row.chosen), fillvalue="")
    for number, (offered, chosen) in enumerate(lists):
        name = padded(row.name if number == 0 else "", _LABEL)
        left, right = padded(offered, _OFFERED), padded(chosen, _CHOSEN).rstrip()
        line = f"{_INDENT}{paint(name, 'dim')}{left} {right}"
        yield line.rstrip()


def _shortened(names: tuple[str, ...]) -> list[str]:
    if len(names) <= _MOST + 1:
        return list(names)
    return [*names[:_MOST], f"and {len(names) - _MOST} more"]


def _sheet(sheet: Sheet, paint: Paint) -> Iterator[str]:
    title = sheet.title[:1].upper() + sheet.title[1:]
    yield from _headed(title, paint)
    if sheet.verdict:
        style = "green" if sheet.good else "red"
        yield from (paint(line, style) for line in paragraph(sheet.verdict))
    for label, text in sheet.lines:
        if sheet.own or label in _BRIEF:
            yield from _labelled(label, text, paint)


def _apart(story: Story, paint: Paint) -> Iterator[str]:
    """Yield where the two ends do not say the same, or why they were not joined."""
    if story.pair.apart:
        yield from _headed("Not joined with the other end's record", paint)
        yield from paragraph(f"One has the same hello, but {story.pair.apart}.")
    if story.pair.joined:
        yield from _headed("Where the two ends differ", paint)
    for difference in story.pair.differences():
        yield from _difference(difference, paint)
    if story.pair.joined and not story.pair.differences():
        yield from paragraph("Nowhere: both recorded the same.")


def _difference(difference: Difference, paint: Paint) -> Iterator[str]:
    for end in _ENDS:
        label = difference.field if end == "host" else ""
        yield from _labelled(label, f"{end}: {getattr(difference, end)}", paint)
    yield from _labelled("", f"({difference.note})", paint)
