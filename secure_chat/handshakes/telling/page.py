"""The story of a handshake as one page for a browser, to be kept, printed and shared.

Pure. The page loads nothing and runs nothing: its policy forbids everything but its own style, and
it has no script. Whatever a peer wrote stands in it as text: made printable by `story.tell`, then
escaped here, each piece in an element that keeps its writing direction to itself.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Final

import msgspec

from secure_chat.handshakes.record import End, encode
from secure_chat.handshakes.telling.page_style import STYLE
from secure_chat.handshakes.telling.particulars import bytes_words, moment
from secure_chat.handshakes.telling.sequence import Arrow, How
from secure_chat.handshakes.telling.sheets import Sheet
from secure_chat.handshakes.telling.story import Setting, Story

__all__ = ["page"]

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_COMMAND: Final = re.compile("`([^`]+)`")
_ENDS: Final[tuple[End, ...]] = ("host", "client")


def page(story: Story) -> str:
    """Return the whole page.

    Args:
        story: of `story.tell`.
    """
    uid = escape(story.asked.uid)
    parts = (
        _header(story),
        _diagram(story),
        *(() if story.good else (_account(story),)),
        _sheets(story.sheets),
        _settings(story.settings),
        _differences(story),
        _section("To find it again", _list(story.marks)),
        _raw(story),
    )
    return (
        "<!doctype html>\n"
        '<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Handshake {uid}: {escape(story.headline)}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in parts if part)
        + "\n<footer>This page has names, addresses and fingerprints of certificates in it, but no"
        " keys and nothing that was said behind the handshake. Letters that cannot be seen are"
        " written out.</footer>\n</main>\n</body>\n</html>\n"
    )


def _text(text: str) -> str:
    """Return a record's text; its writing direction stays its own."""
    return f"<bdi>{escape(text)}</bdi>"


def _words(text: str) -> str:
    """Return a sentence in which commands stand in backquotes."""
    return _COMMAND.sub(r"<code>\1</code>", escape(text))


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{body}\n</section>" if body else ""


def _list(rows: Iterable[tuple[str, str]]) -> str:
    items = "".join(
        f'<dt>{escape(name)}</dt><dd class="mono">{_text(value)}</dd>' for name, value in rows
    )
    return f"<dl>{items}</dl>" if items else ""


def _style(story: Story) -> str:
    return "good" if story.good else "bad"


def _header(story: Story) -> str:
    told = story.account
    facts = " ".join(_text(fact) for fact in (*told.particulars, *told.words))
    return (
        f"<header>\n<h1>Handshake {_text(story.asked.uid)} "
        f'<span class="badge {_style(story)}">{escape(story.headline)}</span></h1>\n'
        f'<p class="soft">{escape(moment(story.asked.ts))}, {escape(story.recorded_by)}</p>\n'
        f'<p class="lead">{_words(told.happened)} {facts}</p>\n</header>'
    )


# --- the messages ------------------------------------------------------------------------------


def _diagram(story: Story) -> str:
    heads = "".join(
        f"<div><strong>{_text(who)}</strong>{_span('mono', _text(where))}</div>"
        for who, where in (story.client, story.host)
    )
    rows = "\n".join(_rows(story))
    ending = story.sequence.ending
    sign = "\u2713" if ending.how is How.WELCOME else "\u2717"
    after = f"{ending.how} after {ending.duration_ms:,.1f} ms: "
    body = (
        f'<div class="diagram">\n<div class="heads">{heads}</div>\n'
        f'<ol class="lanes">\n{rows}\n</ol>\n'
        f'<p class="ending {_style(story)}">{sign} {escape(after)}{_text(ending.text)}</p>\n</div>'
    )
    return _section("Message by message", body)


def _rows(story: Story) -> Iterator[str]:
    yield _row("", "", _remark("milliseconds at each end, from its own beginning"), "ms", "ms")
    before: Iterable[bool] = (False, *(arrow.secret for arrow in story.sequence.arrows))
    for (was, now), arrow in zip(pairwise(before), story.sequence.arrows, strict=True):
        if now and not was:
            yield _row("", "", _remark("encrypted from here on"))
        yield _arrow(arrow)
    if story.sequence.note:
        yield _row("", "", _remark(story.sequence.note))


def _arrow(arrow: Arrow) -> str:
    kind = "client-sent" if arrow.by_client else "host-sent"
    kind += " alert" if arrow.alert else ""
    kind += " lost" if arrow.lost else ""
    size = "" if arrow.size is None else f" \u00b7 {bytes_words(arrow.size)}"
    gloss = _span("soft", escape(f" {arrow.gloss}")) if arrow.gloss else ""
    words = f"<strong>{_text(arrow.name)}</strong>{size}{gloss}"
    way = "from the client to the host" if arrow.by_client else "from the host to the client"
    return _row(
        kind,
        f"{arrow.name}, {way}",
        f'<div class="words">{words}</div><div class="line"></div>',
        _time(arrow.client_us),
        _time(arrow.host_us),
    )


def _row(kind: str, label: str, between: str, client: str = "", host: str = "") -> str:
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' aria-label="{escape(label)}"' if label else ""
    return (
        f'<li{attributes}><span class="time">{client}</span>'
        f'<div class="between">{between}</div><span class="time host">{host}</span></li>'
    )


def _remark(text: str) -> str:
    return f'<div class="remark">{escape(text)}</div>'


def _span(kind: str, body: str) -> str:
    return f'<span class="{kind}">{body}</span>'


def _time(microseconds: int | None) -> str:
    return "" if microseconds is None else f"{microseconds / 1_000:.1f}"


# --- why it ended ------------------------------------------------------------------------------


def _account(story: Story) -> str:
    told = story.account
    alert = ""
    if told.alert is not None:
        name = f"The alert {told.alert.word} ({told.alert.number})"
        alert = f"<h3>{escape(name)}</h3><p>{_words(told.alert_says)}</p>"
    steps = "".join(
        f'<div class="card"><h3>What to do on the {end}</h3>'
        f"<div>{_words(getattr(told.steps, end))}</div></div>"
        for end in _ENDS
    )
    written = ", ".join(told.sections)
    where = f'<p class="soft">Written in {escape(written)}.</p>' if written else ""
    body = f'<p>{_words(told.why)}</p>{alert}<div class="cards">{steps}</div>{where}'
    return _section("Why, and what to do", body)


# --- what was shown, offered and chosen --------------------------------------------------------


def _sheets(sheets: tuple[Sheet, ...]) -> str:
    cards = "\n".join(map(_sheet, sheets))
    return _section("Certificates", f'<div class="cards">\n{cards}\n</div>' if cards else "")


def _sheet(sheet: Sheet) -> str:
    title = escape(sheet.title[:1].upper() + sheet.title[1:])
    style = "good" if sheet.good else "bad"
    verdict = f'<p class="{style}">{_text(sheet.verdict)}</p>' if sheet.verdict else ""
    return f'<article class="card"><h3>{title}</h3>{verdict}{_list(sheet.lines)}</article>'


def _settings(settings: tuple[Setting, ...]) -> str:
    tables = []
    for by_client, heads in (
        (False, ("the client offered", "the host chose")),
        (True, ("the host offered", "the client chose")),
    ):
        rows = [one for one in settings if one.by_client == by_client]
        rows = [one for one in rows if one.offered or one.chosen]
        if rows:
            head = "".join(f"<th>{escape(text)}</th>" for text in ("", *heads))
            body = "\n".join(map(_setting, rows))
            tables.append(f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>")
    return _section("Offered and chosen", "\n".join(tables))


def _setting(row: Setting) -> str:
    offered = "".join(
        f"<li{_TAKEN if name in row.chosen else ''}>{_text(name)}</li>" for name in row.offered
    )
    chosen = "".join(f"<li>{_text(name)}</li>" for name in row.chosen)
    return (
        f'<tr><th scope="row">{escape(row.name)}</th><td class="mono"><ul>{offered}</ul></td>'
        f'<td class="mono"><ul>{chosen}</ul></td></tr>'
    )


_TAKEN: Final = ' class="taken"'


def _differences(story: Story) -> str:
    if story.pair.apart:
        why = f"<p>Another record has the same hello, but {escape(story.pair.apart)}.</p>"
        return _section("Not joined with the other end's record", why)
    if not story.pair.joined:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row" class="mono">{escape(one.field)}</th>'
        f'<td class="mono">{_text(one.host)}</td><td class="mono">{_text(one.client)}</td>'
        f"<td>{escape(one.note)}</td></tr>"
        for one in story.pair.differences()
    )
    if not rows:
        return _section("Where the two ends differ", "<p>Nowhere: both recorded the same.</p>")
    head = "<tr><th></th><th>the host</th><th>the client</th><th>what it means</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>\n{rows}\n</tbody></table>"
    return _section("Where the two ends differ", table)


def _raw(story: Story) -> str:
    """Return the records as they are, for whoever wants every field."""
    blocks = []
    for record in story.pair.records:
        text = msgspec.json.format(encode(record), indent=2).decode()
        blocks.append(f"<h3>Recorded by the {escape(record.end)}</h3><pre>{escape(text)}</pre>")
    return f"<details><summary>Every field</summary>{''.join(blocks)}</details>"
