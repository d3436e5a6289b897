"""What the lab shows a person: one page for each scenario, as lines that fit 80 columns.

Pure: outcomes in, lines with the name of a style out; who prints decides about colour. Whatever
comes out of a certificate passes `client.text` here, before it can reach a terminal.
"""

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Final, NamedTuple

from secure_chat.client.text import printable
from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import CertificateSeen, HandshakeRecord
from secure_chat.handshakes.telling.explaining import account
from secure_chat.lab.checking import ENDS, Outcome
from secure_chat.lab.scenario import Expected, Scenario
from secure_chat.tls.vocabulary import End

__all__ = ["Line", "contents", "page"]

_WIDTH: Final = 78
_LABEL: Final = 10
_SPEAKER: Final = 8
_NAME: Final = 22

_DATE: Final = len("2026-11-22")

_REFUSED_BY: Final = {
    "host": "The host refuses.",
    "client": "The client refuses.",
    "both": "Both ends refuse.",
}


class Line(NamedTuple):
    """One line of at most 80 columns.

    Args:
        text: without an end of line.
        style: "" or a style that the console knows.
    """

    text: str = ""
    style: str = ""


def contents(scenario: Scenario) -> Line:
    """Return a scenario as one line of the list."""
    return Line(f"{scenario.name:<{_NAME}}{scenario.title}")


def page(outcome: Outcome, number: int, total: int) -> Iterator[Line]:
    """Yield the page of a scenario that was played.

    Args:
        outcome: how it went.
        number: which one it is, from 1 on.
        total: of how many.
    """
    scenario = outcome.scenario
    head = f"{number} of {total}: {scenario.title} ({scenario.name})"
    yield Line(head, "bold")
    yield Line("=" * len(head), "dim")
    yield Line()
    yield from _text(scenario.story)
    yield Line()
    yield from _expectation(scenario)
    described: set[str] = set()
    for end in ENDS:
        yield Line()
        yield from _record(end, outcome, described)
    yield Line()
    yield Line("What happened, and why", "bold")
    yield from _text(_explanation(outcome))
    yield Line()
    yield Line("What this teaches", "bold")
    yield from _text(scenario.lesson)
    yield Line()
    yield from _verdict(outcome)
    yield Line()


def _expectation(scenario: Scenario) -> Iterator[Line]:
    yield Line("What is expected", "bold")
    if scenario.refused_by is not None:
        yield from _text(_REFUSED_BY[scenario.refused_by])
    for end, expected in zip(ENDS, scenario.expected, strict=True):
        yield from _row(end, _in_words(expected))


def _in_words(expected: Expected | None) -> str:
    if expected is None:
        return "no record"
    words = [str(expected.reason)]
    if expected.verify_code is not None:
        words.append(f"verify code {expected.verify_code}")
    if expected.alert is not None:
        words.append(f"alert {expected.alert}")
    return ", ".join(words)


def _record(end: End, outcome: Outcome, described: set[str]) -> Iterator[Line]:
    """Yield what an end recorded.

    Args:
        end: which one.
        outcome: how it went.
        described: fingerprints of the certificates that were described before; each is once.
    """
    record = outcome.record(end)
    if record is None:
        yield Line(f"The {end} has no record of it", "bold")
        return
    yield Line(f"The record of the {end}", "bold")
    yield from _row("time", f"{record.ts}, {record.duration_ms:.1f} ms long")
    yield from _row("host", _holder(record.subject, record.issuer))
    yield from _described(record.host_chain, described)
    yield from _row("client", _holder(record.client_subject, record.client_issuer))
    yield from _described(record.client_chain, described)
    result = "established" if record.established else f"failed: {record.reason}"
    yield from _row("result", result, "green" if record.established else "red")
    if record.verify_code is not None:
        yield from _row("verify", f"{record.verify_code}, {record.text}")
    elif record.text:
        yield from _row("text", record.text)
    if record.last_alert is not None:
        yield from _row("alert", record.last_alert)
    yield from _messages(record)
    yield from _row("meaning", record.sentence)
    if record.advice:
        yield from _row("to do", record.advice)


def _explanation(outcome: Outcome) -> str:
    """Return what `handshakes explain` says of the record that knows most."""
    pair = Pair(host=outcome.record("host"), client=outcome.record("client"))
    if not pair.records:
        return "Nothing was recorded, so there is nothing to explain."
    told = account(pair.main)
    return f"{told.happened} {told.why}"


def _holder(subject: str | None, issuer: str | None) -> str:
    return "no certificate seen" if subject is None else f"{subject}, issued by {issuer}"


def _described(chain: tuple[CertificateSeen, ...], described: set[str]) -> Iterator[Line]:
    """Yield when and what for a certificate is valid, and what was sent with it."""
    if not chain or chain[0].fingerprint in described:
        return
    leaf, *above = chain
    described.add(leaf.fingerprint)
    if leaf.not_before is not None and leaf.not_after is not None:
        span = f"valid from {leaf.not_before[:_DATE]} to {leaf.not_after[:_DATE]}"
        yield from _row("", f"{span}, for {', '.join(leaf.purposes) or 'no named purpose'}")
    if leaf.names:
        yield from _row("", f"names {', '.join(leaf.names)}")
    for seen in above:
        signer = "itself" if seen.subject == seen.issuer else seen.issuer
        yield from _row("", f"sent with it: {seen.subject}, issued by {signer}")


def _messages(record: HandshakeRecord) -> Iterator[Line]:
    """Yield what was said, in order, a line for each turn of one of the ends."""
    there = "client" if record.end == "host" else "host"
    label = "messages"
    for direction, turn in groupby(record.messages, key=lambda seen: seen.direction):
        speaker = record.end if direction == "sent" else there
        said = ", ".join(seen.type for seen in turn)
        yield from _row(label, said, speaker=speaker)
        label = ""


def _verdict(outcome: Outcome) -> Iterator[Line]:
    if outcome.passed:
        yield Line("Both ends recorded what was expected.", "green")
        return
    yield Line("This is not what was expected:", "red")
    for difference in outcome.differences:
        what = f"{difference.field} is {difference.found}, expected {difference.expected}"
        yield from _row(difference.end, what, "red")


def _text(text: str) -> Iterator[Line]:
    indent = "  "
    for line in textwrap.wrap(
        printable(text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,
    ):
        yield Line(line)


def _row(label: str, value: str, style: str = "", speaker: str = "") -> Iterator[Line]:
    """Yield a value behind its label and perhaps a speaker, wrapped below itself."""
    head = f"  {label:<{_LABEL}}"
    if speaker:
        head += f"{speaker:<{_SPEAKER}}"
    lines = textwrap.wrap(
        printable(value),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )
    for line in lines:
        yield Line(line, style)
