"""Every scenario of the lab leaves the records it says, and says so when it does not."""

import hashlib
import ssl
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from secure_chat.handshakes.journal import read_records
from secure_chat.lab.catalogue import SCENARIOS
from secure_chat.lab.checking import Outcome, judge
from secure_chat.lab.scenario import BOTH, HOSTS, Ends, Expected, Scenario, Shown
from secure_chat.lab.stage import Stage
from secure_chat.tls.vocabulary import Reason

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}

# Which file below `papers` each refused certificate stands in; written by hand.
REFUSED = {
    "foreign-authority": ("client", "foreign-client/clients/alice.crt"),
    "same-name-authority": ("client", "same-name.crt"),
    "forged-signature": ("client", "forged.crt"),
    "tampered": ("client", "tampered.crt"),
    "broken-chain": ("client", "below-unknown.crt"),
    "member-as-authority": ("client", "issued-by-member.crt"),
    "expired": ("client", "expired.crt"),
    "not-yet-valid": ("client", "not-yet-valid.crt"),
    "wrong-purpose": ("client", "community/host.crt"),
    "home-made": ("client", "home-made.crt"),
    "two-purposes": ("client", "both-purposes.crt"),
    "revoked": ("client", "community/clients/eve.crt"),
    "revoked-meanwhile": ("client", "community/clients/eve.crt"),
    "not-registered": ("client", "community/clients/carol.crt"),
    "foreign-host": ("host", "foreign-host/host.crt"),
    "expired-host": ("host", "expired-host.crt"),
    "wrong-name": ("host", "not-localhost/host.crt"),
    "wrong-address": ("host", "not-127.0.0.1/host.crt"),
    "member-as-host": ("host", "community/clients/bob.crt"),
}


@pytest.mark.parametrize("name", BY_NAME)
def test_both_ends_record_what_the_scenario_says(name: str, outcomes: dict[str, Outcome]) -> None:
    """The reason, the verify code, the alert, whose certificates, and one record for each end."""
    outcome = outcomes[name]
    assert outcome.differences == ()
    assert outcome.passed
    expected = [
        end
        for end, wanted in zip(("host", "client"), outcome.scenario.expected, strict=True)
        if wanted
    ]
    assert [record.end for record in outcome.records] == expected


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_certificate_is_the_one_on_the_disk(
    name: str, outcomes: dict[str, Outcome], kept: Path
) -> None:
    """Both ends name it by the fingerprint that its file has."""
    whose, file = REFUSED[name]
    pem = (kept / "papers" / file).read_text().partition("-----END CERTIFICATE-----\n")
    fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem[0] + pem[1])).hexdigest()
    for record in outcomes[name].records:
        chain = record.cert_chain_fps if whose == "host" else record.client_cert_chain_fps
        assert chain[0] == fingerprint


def test_every_refusal_of_a_certificate_was_looked_at(outcomes: dict[str, Outcome]) -> None:
    """The table above leaves out none in which an end judged a certificate by its content."""
    judged = {
        name
        for name, outcome in outcomes.items()
        if any(record.verify_code is not None for record in outcome.records)
    }
    assert judged <= REFUSED.keys()
    assert len(judged) == len(REFUSED) - len(
        {"two-purposes", "revoked-meanwhile", "not-registered"}
    )


def test_the_journals_hold_these_records_and_no_others(
    outcomes: dict[str, Outcome], kept: Path
) -> None:
    """What a scenario shows was really written, and nothing was written that it does not show."""
    folders = {path.parent for path in (kept / "data").rglob("handshakes*.jsonl")}
    written = {record.uid: record for folder in folders for record in read_records(folder)}
    shown = {record.uid: record for outcome in outcomes.values() for record in outcome.records}
    assert written == shown


CHANGES = {
    "reason": Expected(Reason.REVOKED, BOTH, 20, "unknown_ca"),
    "verify_code": Expected(Reason.UNKNOWN_CA, BOTH, 21, "unknown_ca"),
    "last_alert": Expected(Reason.UNKNOWN_CA, BOTH, 20, "bad_certificate"),
    "client_certificate": Expected(Reason.UNKNOWN_CA, HOSTS, 20, "unknown_ca"),
    "host_certificate": Expected(Reason.UNKNOWN_CA, BOTH - HOSTS, 20, "unknown_ca"),
    "established": Expected(Reason.OK, BOTH, 20, "unknown_ca"),
}


def played(stage: Stage, scenario: Scenario, expected: Ends) -> Outcome:
    """Play a scenario with another expectation."""
    wrong = replace(scenario, expected=expected)
    return judge(wrong, wrong.play(stage), stage.records())


@pytest.mark.parametrize("field", CHANGES)
def test_a_wrong_expectation_is_found(field: str, stage: Stage) -> None:
    """With what was expected and what was found, and only where it is wrong."""
    scenario = BY_NAME["foreign-authority"]
    outcome = played(stage, scenario, scenario.expected._replace(host=CHANGES[field]))
    assert not outcome.passed
    found = {difference.field: difference for difference in outcome.differences}
    assert found.keys() == ({field, "reason"} if field == "established" else {field})
    assert found[field].end == "host"
    assert found[field].expected != found[field].found


def test_a_record_too_many_or_too_few_is_found(stage: Stage) -> None:
    """A client that speaks plain text has none, and a member who joins has one."""
    plain, success = BY_NAME["plaintext"], BY_NAME["success"]
    missing = played(stage, plain, plain.expected._replace(client=Expected(Reason.PLAINTEXT)))
    unwanted = played(stage, success, success.expected._replace(client=None))
    for outcome, numbers in ((missing, (1, 0)), (unwanted, (0, 1))):
        (difference,) = outcome.differences
        assert (difference.end, difference.field) == ("client", "records")
        assert (difference.expected, difference.found) == numbers


def test_another_certificate_than_the_one_shown_is_found(stage: Stage) -> None:
    """A fingerprint is compared with the certificate of this run, not with any."""
    success = BY_NAME["success"]
    shown = success.play(stage)
    outcome = judge(success, shown._replace(client="00" * 32), stage.records())
    assert [(d.end, d.field) for d in outcome.differences] == [
        ("host", "client_certificate"),
        ("client", "client_certificate"),
    ]


def test_two_handshakes_are_not_taken_for_one(outcomes: dict[str, Outcome]) -> None:
    """The records of both ends belong together by the random of the ClientHello."""
    host, client = outcomes["success"].records
    scenario = BY_NAME["success"]
    shown_host, shown_client = host.cert_chain_fps[0], host.client_cert_chain_fps[0]
    shown = Shown(shown_host, shown_client)
    other = outcomes["cut-midway"].record("client")
    assert other is not None
    assert judge(scenario, shown, [host, client]).passed
    (difference,) = judge(scenario, shown, [host, changed(client, hello=other.hello)]).differences
    assert (difference.field, difference.expected) == ("hello", host.hello)
    twice = judge(scenario, shown, [host, host, client])
    assert [(d.end, d.field, d.found) for d in twice.differences] == [("host", "records", 2)]


def test_a_farewell_is_no_alert(outcomes: dict[str, Outcome]) -> None:
    """Whether a client has read it by then is chance; any other alert counts."""
    scenario = BY_NAME["not-registered"]
    host, client = outcomes["not-registered"].records
    shown = Shown(host.cert_chain_fps[0], host.client_cert_chain_fps[0])
    for alert, passed in ((None, True), ("close_notify", True), ("internal_error", False)):
        records = [host, changed(client, last_alert=alert)]
        assert judge(scenario, shown, records).passed is passed
