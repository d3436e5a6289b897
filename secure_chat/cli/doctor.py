"""`securechat doctor`: what is wrong with a set-up, and what to do about it."""

import platform
import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import (
    As,
    At,
    Certs,
    Color,
    Data,
    Json,
    NoInput,
    PassphraseFile,
    Profile,
    Quiet,
)
from secure_chat.errors import Exit

if TYPE_CHECKING:
    from secure_chat.doctor.findings import Finding, Summary

__all__ = ["EXAMPLES", "doctor"]

EXAMPLES: Final = """Examples:

  securechat doctor

  securechat doctor chat.example:65432 --as alice

  securechat doctor --offline --json

The exit code is 0 when all is well, 1 with a warning or a fault; notes do not count.
"""

_WIDTH: Final = 80
_STYLES: Final = {"ok": "green", "note": "cyan", "warning": "yellow", "fault": "red"}
# Behind "  warning  ", the longest.
_INDENT: Final = 11


def doctor(
    target: Annotated[
        str | None,
        typer.Argument(metavar="HOST[:PORT]", help="The host, as with --at.", show_default=False),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not look for the host.", show_default=False)
    ] = False,
    thorough: Annotated[
        bool,
        typer.Option("--thorough", help="Read the log and the journals whole.", show_default=False),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Show also what is in order.", show_default=False),
    ] = False,
    profile: Profile = None,
    as_: As = None,
    at: At = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Say what is wrong with a set-up or a host, and what to do."""
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.client.choice import DEFAULT_TARGET
    from secure_chat.client.profiles import Profiles
    from secure_chat.doctor.examine import Request, examine
    from secure_chat.doctor.findings import Summary
    from secure_chat.net.dialer import split_target

    address = DEFAULT_TARGET
    if profile is not None:
        chosen = Profiles().get(profile)
        certs, as_, address = chosen.folder, chosen.name, chosen.address
    request = Request(
        certs=certs,
        data=data,
        target=split_target(target or (address if at is None else at)),
        offline=offline,
        wanted=as_,
        thorough=thorough,
        computer=platform.node(),
        passphrase=passphrase_from(passphrase_file, no_input=no_input),
        passphrase_file=passphrase_file,
    )
    console = Console(color, quiet)
    found = _shown(examine(request), console, as_json=as_json, verbose=verbose)
    summary = Summary.of(found)
    if as_json:
        console.data_json({"event": "summary", **_counts(summary), "well": summary.well})
    else:
        console.talk(_in_words(summary))
    if not summary.well:
        raise typer.Exit(Exit.OTHER)


def _shown(
    findings: Iterable["Finding"], console: Console, *, as_json: bool, verbose: bool
) -> list["Finding"]:
    """Show findings as they come, area by area, and return them all."""
    found: list[Finding] = []
    for area, group in groupby(findings, key=lambda finding: finding.area):
        these = []
        for finding in group:
            these.append(finding)
            if as_json:
                console.data_json(_as_json(finding))
        if not as_json:
            for line in _lines(area, these, console, verbose=verbose):
                console.data(line)
        found += these
    return found


def _as_json(finding: "Finding") -> dict[str, Any]:
    return {
        "event": "finding",
        "area": finding.area,
        "id": finding.id,
        "level": finding.level,
        "what": finding.what,
        "why": finding.why,
        "hint": finding.hint,
        "where": finding.where,
    }


def _lines(
    area: str, findings: list["Finding"], console: Console, *, verbose: bool
) -> Iterator[str]:
    """Yield one area as lines of text.

    What is in order is counted; about the host it is told, as that is what was asked.
    """
    shown = [finding for finding in findings if _is_shown(finding, console, verbose=verbose)]
    good = sum(finding.level == "ok" for finding in findings)
    if console.quiet and not shown:
        return
    heading = console.paint(area, "bold")
    yield heading if console.quiet else f"{heading}: {good} of {len(findings)} in order"
    for finding in shown:
        word = console.paint(finding.level.ljust(_INDENT - 4), _STYLES[finding.level])
        name = "" if finding.level == "ok" else f"{finding.id}: "
        first, *rest = _wrapped(name + finding.what)
        yield f"  {word}  {first}"
        for line in rest:
            yield " " * _INDENT + line
        if finding.level == "ok" and not verbose:
            continue
        yield from _told("why", finding.why, console)
        yield from _told("do", finding.hint, console)


def _is_shown(finding: "Finding", console: Console, *, verbose: bool) -> bool:
    if console.quiet:
        return finding.level in {"warning", "fault"}
    return verbose or finding.level != "ok" or finding.area == "network"


def _told(label: str, text: str, console: Console) -> Iterator[str]:
    if text:
        first, *rest = _wrapped(text)
        yield f"  {console.paint(label.rjust(_INDENT - 4), 'dim')}  {first}"
        for line in rest:
            yield " " * _INDENT + line


def _wrapped(text: str) -> list[str]:
    """Return a text in lines that fit; a path stays whole, so that it can be copied."""
    from secure_chat.client.text import printable

    return textwrap.wrap(
        printable(text), _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False
    )


def _counts(summary: "Summary") -> dict[str, int]:
    return {
        "ok": summary.ok,
        "notes": summary.notes,
        "warnings": summary.warnings,
        "faults": summary.faults,
    }


def _in_words(summary: "Summary") -> str:
    counts = [
        _many(summary.faults, "fault"),
        _many(summary.warnings, "warning"),
        _many(summary.notes, "note"),
    ]
    found = ", ".join(filter(None, counts))
    if summary.well:
        return f"all is well: {summary.ok} checks in order{f', {found}' if found else ''}"
    return f"{found}; {summary.ok} checks in order"


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}" if count else ""
