"""`securechat handshakes explain`: why a handshake ended as it did, or what a word means.

Parses, finds the records or the word, and leaves the words to `handshakes.telling.explaining`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.filters import End
from secure_chat.cli.options import Color, Data, Json, Quiet
from secure_chat.errors import UsageError

if TYPE_CHECKING:
    from secure_chat.cli.recalling import Recalled
    from secure_chat.handshakes.telling.explaining import Account, Entry

__all__ = ["EXAMPLES", "explain"]

EXAMPLES: Final = """Examples:

  securechat handshakes explain CHAtjQngeO6OkkrCR4

  securechat handshakes explain unknown-ca
"""


def explain(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="UID | WORD",
            help="A handshake's uid or hello, a reason, or an alert's name or number.",
            show_default=False,
        ),
    ] = "",
    every: Annotated[
        bool, typer.Option("--list", help="List all reasons and alerts.", show_default=False)
    ] = False,
    end: End = None,
    data: Data = None,
    json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Explain why a handshake ended as it did, and what to do.

    On both ends; or explain one of the words that stand in records.
    """
    if every == bool(wanted):
        raise UsageError(
            "nothing to explain" if not wanted else "--list takes no word",
            hint="Give a uid, a reason or an alert; --list shows all words.",
        )
    from secure_chat.handshakes.telling.explaining import entries, lookup

    console = Console(color, quiet)
    if every:
        _list(console, entries(), as_json=json)
        return
    known = lookup(wanted)
    if known is not None:
        _define(console, known, as_json=json)
    else:
        _explain(console, wanted, data, end.value if end else None, as_json=json)


def _list(console: Console, entries: "tuple[Entry, ...]", *, as_json: bool) -> None:
    from secure_chat.cli.handshakes_show import write_lines
    from secure_chat.handshakes.telling.plain import list_lines

    if not as_json:
        write_lines(console, list_lines(entries, console.paint))
        return
    for entry in entries:
        console.data_json(_entry_json(entry))


def _define(console: Console, entry: "Entry", *, as_json: bool) -> None:
    from secure_chat.cli.handshakes_show import write_lines
    from secure_chat.handshakes.telling.plain import entry_lines

    if as_json:
        console.data_json(_entry_json(entry))
    else:
        write_lines(console, entry_lines(entry, console.paint))


def _explain(console: Console, wanted: str, data: Path | None, end: Any, *, as_json: bool) -> None:
    from secure_chat.cli.handshakes_show import write_lines
    from secure_chat.cli.recalling import command, recall, rows
    from secure_chat.client.text import printable
    from secure_chat.folders import data_folder
    from secure_chat.handshakes.telling.plain import account_lines
    from secure_chat.handshakes.telling.story import tell

    found = recall(console, data_folder(data, ""), wanted, end)
    if as_json:
        for one in found:
            console.data_json(_account_json(one))
        return
    if len(found) > 1:
        write_lines(console, rows(found))
        console.talk(f"{len(found)} handshakes begin with {wanted}; give more letters")
        return
    story = tell(found[0].pair, found[0].viewer, printable)
    write_lines(console, account_lines(story.account, story.viewer, console.paint))
    if story.asked.uid != story.account.uid:
        console.talk(f"from the {story.account.end}'s record, which knows more")
    console.talk(f"message by message: {command('handshakes show', story.asked.uid, data)}")


def _entry_json(entry: "Entry") -> dict[str, Any]:
    text = entry.explanation
    return {
        "word": entry.word,
        "kind": "reason" if entry.number is None else "alert",
        "number": entry.number,
        "reason": entry.like or None,
        "brief": text.brief,
        "happened": text.read(text.happened),
        "why": text.read(text.why),
        "do": {owner: text.steps(owner)._asdict() for owner in text.owners},
        "sections": text.sections,
    }


def _account_json(found: "Recalled") -> dict[str, Any]:
    from secure_chat.handshakes.telling.explaining import account

    told: Account = account(found.pair.main, found.viewer)
    return {
        "uid": (found.pair.of(found.viewer or "host") or found.pair.main).uid,
        "told_by": told.uid,
        "end": told.end,
        "reason": told.reason,
        "about": told.owner,
        "alert": None if told.alert is None else told.alert.word,
        "verify_code": found.pair.main.verify_code,
        "brief": told.brief,
        "happened": told.happened,
        "particulars": told.particulars,
        "words": told.words,
        "why": told.why,
        "do": told.steps._asdict(),
        "sections": told.sections,
    }
