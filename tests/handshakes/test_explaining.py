"""The explanations: one for every reason and every alert, from both sides, and true commands."""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
import typer

from secure_chat.cli.commands import ALL, load
from secure_chat.handshakes.record import Choice, End, HandshakeRecord, MessageSeen, Offer
from secure_chat.handshakes.telling.about_alerts import ALERTS
from secure_chat.handshakes.telling.explaining import (
    REASONS,
    account,
    entries,
    lookup,
    owner_of,
    refused_here,
)
from secure_chat.handshakes.telling.explanation import Explanation
from secure_chat.tls import names
from secure_chat.tls.vocabulary import Reason
from tests.handshakes.records import good, refused
from tests.handshakes.stories import expired, full

ENDS: Final[tuple[End, ...]] = ("host", "client")

# RFC 8446 section 6, AlertDescription.
RFC_8446: Final = frozenset(
    {0, 10, 20, 22, 40, *range(42, 52), 70, 71, 80, 86, 90}
    | {109, 110, 112, 113, 115, 116, 120}
)  # fmt: skip


def texts(explanation: Explanation) -> Iterator[str]:
    """Yield every sentence of an explanation, for every reader."""
    yield explanation.brief
    for owner in (None, *explanation.owners):
        for viewer in (None, *ENDS):
            yield explanation.read(explanation.happened, owner, viewer)
            yield explanation.read(explanation.why, owner, viewer)
    for owner in explanation.owners:
        yield from explanation.steps(owner)


def test_every_reason_is_explained_and_nothing_else() -> None:
    """The vocabulary is the host's and the client's own."""
    assert set(REASONS) == {str(reason) for reason in Reason}


def test_every_alert_is_explained_by_its_name_and_number() -> None:
    """Those of RFC 8446, and the older ones that a record can name."""
    assert {name: alert.number for name, alert in ALERTS.items()} == {
        name: number for number, name in names.ALERTS.items()
    }
    assert {alert.number for alert in ALERTS.values()} >= RFC_8446
    assert all(alert.like in REASONS for alert in ALERTS.values())


@pytest.mark.parametrize("word", [entry.word for entry in entries()])
def test_each_explanation_has_all_it_needs(word: str) -> None:
    """What happened, why, and what to do at both ends, in whole sentences with nobody missing."""
    entry = lookup(word)
    assert entry is not None
    known = entry.explanation
    assert known.owners
    for text in texts(known):
        assert text.strip() == text != ""
        assert "{" not in text
        assert "  " not in text
    assert not known.brief.endswith(".")
    for text in set(texts(known)) - {known.brief}:
        assert text.endswith((".", ")", "?")), text
        assert text[0].isupper() or text[0] == "`", text
    for section in known.sections:
        assert re.fullmatch(r"RFC \d{4}( (section|appendix) [B\d]+(\.\d+)*)?", section)


@pytest.mark.parametrize("word", [word for word in REASONS if word != "ok"])
def test_a_reason_reads_from_both_ends(word: str) -> None:
    """The end that reads is "this" one, the other is not."""
    known = REASONS[word]
    for owner in known.owners:
        for viewer, other in (ENDS, ENDS[::-1]):
            text = known.read(f"{known.happened} {known.why}", owner, viewer)
            assert f"this {other}" not in text.lower()
        assert known.steps(owner).host
        assert known.steps(owner).client


def commands() -> list[str]:
    """Return every command line that stands in an explanation."""
    found = {
        command
        for entry in entries()
        for text in texts(entry.explanation)
        for command in re.findall("`(securechat[^`]*)`", text)
    }
    return sorted(found)


def options_of(name: str) -> set[str]:
    """Return the options that a command has."""
    app = typer.Typer(add_completion=False)
    app.command()(load(name)[0])
    command: Any = typer.main.get_command(app)
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("line", commands())
def test_what_one_is_told_to_run_exists(line: str) -> None:
    """With the options it is told with; who is in trouble must not be sent astray."""
    words = line.split()[1:]
    if words == ["--version"]:
        return
    name = " ".join(words[:2]) if " ".join(words[:2]) in ALL else words[0]
    assert name in ALL, line
    for option in (word for word in words if word.startswith("--")):
        assert option in options_of(name), line


def test_some_commands_are_told() -> None:
    """The test above tests something."""
    assert len(commands()) >= 8


@pytest.mark.parametrize(
    "word", ["certificate_expired", "certificate-expired", "45", "CERTIFICATE_EXPIRED"]
)
def test_an_alert_is_found_however_it_is_written(word: str) -> None:
    """By the name of the standard, as we write reasons, or by its number."""
    entry = lookup(word)

    assert entry is not None
    assert (entry.word, entry.number, entry.like) == ("certificate_expired", 45, "expired")


def test_an_alert_without_steps_has_those_of_its_reason() -> None:
    """They are the same thing, said by the other end."""
    entry = lookup("unknown_ca")

    assert entry is not None
    assert entry.explanation.steps("client") == REASONS["unknown-ca"].steps("client")


def test_what_is_no_word_is_not_explained() -> None:
    """Nor guessed."""
    assert [lookup(word) for word in ("", "nonsense", "255", "expire")] == [None] * 4


def alerted(end: str, direction: str, alert: str, **changes: Any) -> HandshakeRecord:
    """Return a record that ended with an alert."""
    message = MessageSeen(direction, f"Alert:{alert}", 2, 1)
    return refused(end=end, last_alert=alert, messages=(message,), **changes)


# Who wrote the record, what it says, and whom it is about.
OWNERS: Final[tuple[tuple[HandshakeRecord, End], ...]] = (
    (expired("host"), "client"),
    (expired("client"), "client"),
    (alerted("client", "sent", "certificate_expired", verify_code=10), "host"),
    (alerted("host", "received", "certificate_expired"), "host"),
    # A certificate that ended meanwhile is refused in a frame.
    (refused(end="client", reason="expired", text="the certificate has expired"), "client"),
    (refused(end="client", reason="not-registered", text="not in the registry"), "client"),
    (refused(end="client", reason="host-full", text="full"), "host"),
    (refused(end="host", reason="name-mismatch"), "host"),
    (refused(end="host", reason="no-alpn", text="this host speaks only"), "client"),
    (refused(end="client", reason="no-alpn", text="this host speaks only"), "client"),
    (refused(end="client", reason="no-alpn", text=""), "host"),
    (refused(end="host", reason="plaintext"), "client"),
    (refused(end="client", reason="garbage"), "host"),
    (refused(end="client", reason="silent"), "host"),
    (alerted("host", "received", "close_notify", reason="closed"), "client"),
    (alerted("host", "sent", "decode_error", reason="malformed"), "client"),
    (alerted("host", "received", "illegal_parameter", reason="malformed"), "host"),
    (refused(end="host", reason="old-tls", offered=Offer(versions=("TLSv12",))), "client"),
    (refused(end="client", reason="old-tls", offered=Offer(versions=("TLSv13",))), "host"),
    (refused(end="host", reason="other"), "client"),
)


@pytest.mark.parametrize(
    ("record", "owner"), OWNERS, ids=lambda value: getattr(value, "reason", value)
)
def test_it_is_known_whom_a_refusal_is_about(record: HandshakeRecord, owner: End) -> None:
    """Whose certificate, whose behaviour; from either end's record."""
    assert owner_of(record) == owner


def test_who_refused_is_known_by_code_alert_or_frame() -> None:
    """An alert that was received was sent by the other end."""
    assert refused_here(expired("host"))
    assert not refused_here(expired("client"))
    assert not refused_here(refused(end="client", reason="revoked", text="revoked by alice"))
    assert refused_here(refused(end="host", reason="silent"))


def test_the_same_refusal_reads_from_each_side() -> None:
    """With the facts of the record, and the alert explained."""
    at_host = account(expired("host"), "host")
    at_client = account(expired("client"), "client")

    assert at_host.happened == "The client showed a certificate whose last day has passed."
    assert at_client.happened == "This client showed a certificate whose last day has passed."
    assert "this host compares" in at_host.why
    assert "and the host compares" in at_client.why
    assert at_host.particulars == (
        "The time of CN=alice ended on 2026-11-20 11:00:00 UTC, 2 days before.",
    )
    assert at_host.words == (
        "OpenSSL says: certificate has expired (verify code 10).",
        "The host sent the alert certificate_expired (45).",
    )
    assert at_client.words[0] == "OpenSSL says: SSLV3_ALERT_CERTIFICATE_EXPIRED."
    assert at_host.alert is not None
    assert at_host.alert.word == "certificate_expired"
    assert "this host" in at_host.alert_says
    assert at_host.steps == at_client.steps == REASONS["expired"].client
    assert at_host.in_full.startswith(f"{at_host.happened} The time of CN=alice")


def test_a_farewell_is_not_taken_for_the_reason() -> None:
    """Behind a refusal in words the host says goodbye with close_notify."""
    said = alerted("client", "received", "close_notify", reason="not-registered", text="unknown")
    cut = alerted("client", "received", "close_notify", reason="closed")

    assert account(said).alert is None
    assert account(said).words == ("The record says: unknown.",)
    assert account(cut).alert is not None


def test_a_word_of_the_future_is_explained_by_its_record() -> None:
    """Braces in it are only letters."""
    told = account(refused(reason="new-word", sentence="it {broke}", advice="mend it"))

    assert told.happened == "It {broke}."
    assert told.steps == ("mend it", "mend it")
    assert told.sections == ()


@pytest.mark.parametrize(
    ("record", "fact"),
    [
        (
            full("client", established=False, reason="name-mismatch", server_name="chat.example"),
            "chat.example. The certificate is made for DNS:localhost, IP:127.0.0.1.",
        ),
        (
            full("host", established=False, reason="wrong-purpose", verify_code=26),
            "It is made for clientAuth.",
        ),
        (
            full("host", established=False, reason="unknown-ca", verify_code=20),
            "The certificate is of CN=alice, issued by CN=ours.",
        ),
        (
            refused(reason="old-tls", offered=Offer(versions=("TLSv12", "TLSv11"))),
            "The client offered TLS 1.2, TLS 1.1.",
        ),
        (
            refused(reason="unknown-ca", chosen=Choice(authorities=("CN=ours", "CN=old"))),
            "The host asked for one issued by CN=ours, CN=old.",
        ),
        (refused(reason="no-alpn", offered=Offer()), "The client offered no protocol."),
        (refused(reason="no-alpn"), "did not agree to speak securechat/1"),
        (
            refused(reason="no-common-settings", offered=Offer(groups=tuple("abcdefgh"))),
            "The client offered the groups a, b, c, d, e, f and 2 more.",
        ),
        (
            refused(reason="plaintext", text="the first bytes are 474554202f0d"),
            'It began with "GET /.".',
        ),
        (refused(reason="silent", duration_ms=10_004.0), "it lasted 10 seconds in all."),
        (
            refused(reason="stalled", messages=(MessageSeen("sent", "ServerHello", 122, 1),)),
            "The last message was ServerHello, sent by the host.",
        ),
        (
            refused(
                reason="closed",
                messages=(
                    MessageSeen("received", "ClientHello", 235, 1),
                    MessageSeen("sent", "Alert:decode_error", 2, 2),
                ),
                text="[SSL: UNEXPECTED_EOF_WHILE_READING] EOF occurred",
            ),
            "received by the host. It lasted less than a second in all. OpenSSL says: [SSL",
        ),
        (
            refused(reason="name-mismatch", verify_code=62, text="not valid for 'x'."),
            "OpenSSL says: not valid for 'x' (verify code 62).",
        ),
        (refused(reason="silent", count=1_234), "stands for 1,234 handshakes"),
        (
            alerted("client", "sent", "unknown_ca", reason="unknown-ca"),
            "The client sent the alert unknown_ca (48).",
        ),
        (refused(last_alert="0x0099"), "The alert 0x0099 ended it."),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_what_the_record_knows_is_told(record: HandshakeRecord, fact: str) -> None:
    """Dates, names, bytes: what makes a general sentence a particular one."""
    assert fact in account(record).in_full


@pytest.mark.parametrize(
    ("not_before", "not_after", "fact"),
    [
        (
            "2026-11-22T18:00:00Z",
            "2027-01-01T00:00:00Z",
            "begins on 2026-11-22 18:00:00 UTC, 6 hours",
        ),
        ("2026-01-01T00:00:00Z", "2026-11-22T11:59:00Z", "11:59:00 UTC, 1 minute before"),
        (None, None, ""),
    ],
)
def test_dates_are_compared_with_the_handshake(
    not_before: str | None, not_after: str | None, fact: str
) -> None:
    """Not with now; and an unreadable one is passed over."""
    record = expired("host")
    leaf = record.client_chain[0]
    changed = type(leaf)(
        fingerprint=leaf.fingerprint, size=1, not_before=not_before, not_after=not_after
    )

    assert fact in account(expired("host", client_chain=(changed,))).in_full


def test_a_good_handshake_is_explained_too() -> None:
    """There is nothing to do then."""
    told = account(good())

    assert "accepted" in told.happened
    assert told.steps == ("There is nothing to do.", "There is nothing to do.")
