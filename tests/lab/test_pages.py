"""The pages of the lab fit a terminal, say everything, and let nothing through to it."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from secure_chat.handshakes.record import CertificateSeen
from secure_chat.handshakes.telling.explaining import account
from secure_chat.lab.catalogue import SCENARIOS
from secure_chat.lab.checking import Difference, Outcome
from secure_chat.lab.pages import contents, page


def text(outcome: Outcome) -> str:
    """Return a page without styles."""
    return "\n".join(line.text for line in page(outcome, 1, 30))


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_a_page_tells_all_of_it_within_80_columns(name: str, outcomes: dict[str, Outcome]) -> None:
    """The story, the expectation, each record in words, what it means, and the lesson."""
    outcome = outcomes[name]
    shown = text(outcome)
    assert max(map(len, shown.splitlines())) <= 80
    flat = " ".join(shown.split())
    assert outcome.scenario.story in flat
    assert outcome.scenario.lesson in flat
    assert outcome.scenario.title in flat
    for record in outcome.records:
        assert f"The record of the {record.end}" in flat
        for said in (record.ts, record.reason, record.sentence, record.advice, record.text):
            assert said in flat or said == "ok"
        assert record.last_alert in {None, "close_notify"} or f"alert {record.last_alert}" in flat
        if record.verify_code is not None:
            assert f"verify {record.verify_code}" in flat
        for seen in record.messages:
            assert seen.type in flat
    assert "What happened, and why" in flat
    assert "Both ends recorded what was expected." in flat


def test_a_page_explains_the_record_that_knows_most(outcomes: dict[str, Outcome]) -> None:
    """That of the end which refused, in the words that `handshakes explain` has for it."""
    flat = " ".join(text(outcomes["not-yet-valid"]).split())
    assert account(outcomes["not-yet-valid"].records[0]).happened in flat
    flat = " ".join(text(outcomes["wrong-name"]).split())
    assert account(outcomes["wrong-name"].records[1]).happened in flat
    nothing = text(replace(outcomes["wrong-name"], records=()))
    assert "there is nothing to explain" in nothing


def test_an_end_without_a_record_is_said_so(outcomes: dict[str, Outcome]) -> None:
    """A browser keeps none, and a web server is no host."""
    assert "The client has no record of it" in text(outcomes["plaintext"])
    assert "The host has no record of it" in text(outcomes["wrong-port"])
    assert "has no record" not in text(outcomes["success"])


def test_messages_stand_in_turns(outcomes: dict[str, Outcome]) -> None:
    """Who speaks is named, whichever end wrote it down."""
    lines = [line.split() for line in text(outcomes["old-tls"]).splitlines()]
    assert lines.count(["messages", "client", "ClientHello"]) == 2
    assert lines.count(["host", "Alert:protocol_version"]) == 2


def test_a_difference_is_shown_with_both_sides(outcomes: dict[str, Outcome]) -> None:
    """And the page does not say that all is well."""
    wrong = Difference("host", "verify_code", 20, 10)
    shown = text(replace(outcomes["expired"], differences=(wrong,)))
    assert "host      verify_code is 10, expected 20" in shown
    assert "what was expected." not in shown
    styles = {line.style for line in page(replace(outcomes["expired"], differences=(wrong,)), 1, 1)}
    assert "red" in styles


def test_a_certificate_is_described_once(outcomes: dict[str, Outcome]) -> None:
    """Its dates, purposes and names stand where it is seen first, hostile ones written out."""
    outcome = outcomes["expired"]
    leaf = CertificateSeen(
        fingerprint="ab",
        size=1,
        not_before="2026-07-25T12:00:00Z",
        not_after="2026-08-24T12:00:00Z",
        names=("email:a@b", "DNS:\x1b[31m\u202e"),
        purposes=("clientAuth",),
    )
    above = CertificateSeen(fingerprint="cd", size=1, subject="CN=x", issuer="CN=x")
    records = tuple(
        changed(
            record, client_chain=(leaf, above), host_chain=(), client_subject="CN=\x1b]0;hi\x07"
        )
        for record in outcome.records
    )
    shown = text(replace(outcome, records=records))
    assert shown.count("valid from 2026-07-25 to 2026-08-24, for clientAuth") == 1
    assert "sent with it: CN=x, issued by itself" in shown
    assert shown.replace("\n", "").isprintable()
    assert "\\x1b" in shown


def test_the_list_has_a_line_for_each() -> None:
    """Its name first, so that it can be copied."""
    lines = [contents(scenario).text for scenario in SCENARIOS]
    assert all(len(line) <= 80 for line in lines)
    assert [line.split()[0] for line in lines] == [scenario.name for scenario in SCENARIOS]
