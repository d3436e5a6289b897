"""The lab has a scenario for every failure, each with a name, a story and a lesson."""

import re

import pytest

from secure_chat.errors import UsageError
from secure_chat.handshakes.telling.about_enrolment import ENROLMENT
from secure_chat.lab.catalogue import SCENARIOS, chosen
from secure_chat.lab.scenario import Scenario
from secure_chat.tls.vocabulary import Reason

# Every failure that somebody who learns mutual TLS should have seen, and the success.
ASKED_FOR = {
    "success",
    "no-certificate",
    "foreign-authority",
    "same-name-authority",
    "expired",
    "not-yet-valid",
    "wrong-purpose",
    "revoked",
    "not-registered",
    "foreign-host",
    "expired-host",
    "wrong-name",
    "wrong-address",
    "old-tls",
    "other-protocol",
    "plaintext",
    "garbage",
    "silence",
    "cut-midway",
    "broken-chain",
    "tampered",
}

# These cannot be made on purpose with a correct host and client, or are no handshakes' fault.
LEFT_OUT = {
    Reason.CRL,
    Reason.NO_COMMON,
    Reason.VERSION,
    Reason.TOO_MANY_CONNECTIONS,
    Reason.HOST_FULL,
    Reason.PROTOCOL,
    Reason.SHUTDOWN,
    Reason.DROPPED,
    Reason.ALERT,
    Reason.OTHER,
} | {Reason(word) for word in ENROLMENT}  # where people have no certificate yet


def test_there_are_enough_and_each_has_its_own_name() -> None:
    """At least one for each failure that was asked for."""
    names = [scenario.name for scenario in SCENARIOS]
    assert len(names) >= 15
    assert len(set(names)) == len(names)
    assert set(names) >= ASKED_FOR
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in names)


def test_every_reason_occurs_that_can_be_made_on_purpose() -> None:
    """Who has seen the lab has seen the vocabulary."""
    ends = [end for scenario in SCENARIOS for end in scenario.expected if end is not None]
    assert {end.reason for end in ends} == set(Reason) - LEFT_OUT


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_story_is_short_and_has_a_lesson(scenario: Scenario) -> None:
    """Two to four sentences, none of them long, and a title that fits the list."""
    # An address has dots too, but no space behind them.
    sentences = re.split(r"(?<=[.?!]) ", scenario.story)
    assert 2 <= len(sentences) <= 4
    assert all(len(sentence) <= 190 for sentence in sentences)
    assert all(text.endswith(".") for text in (scenario.story, scenario.lesson))
    assert not scenario.title.endswith(".")
    assert len(scenario.title) <= 56
    assert "  " not in scenario.story + scenario.lesson + scenario.title


def test_some_are_chosen_by_name_each_once() -> None:
    """In the order in which they are asked for."""
    found = chosen(["silence", "success", "silence"])
    assert [scenario.name for scenario in found] == ["silence", "success"]


@pytest.mark.parametrize(("name", "why"), [("revokd", "did you mean revoked?"), ("zzz", "")])
def test_an_unknown_name_is_explained(name: str, why: str) -> None:
    """With the nearest one, if there is one that is near."""
    with pytest.raises(UsageError) as caught:
        chosen(["success", name])
    assert caught.value.why == why
    assert "lab list" in caught.value.hint
