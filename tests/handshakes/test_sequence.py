"""The messages of a handshake as arrows: from one record, from two, and how it ended."""

from typing import Any

import pytest
from msgspec.structs import replace

from secure_chat.handshakes.pairing import Pair
from secure_chat.handshakes.record import HandshakeRecord, MessageSeen
from secure_chat.handshakes.telling.sequence import Arrow, How, sequence
from secure_chat.limits import Limits
from tests.handshakes.records import refused
from tests.handshakes.stories import expired, full, said

REFUSED: dict[str, Any] = {"established": False, "reason": "not-registered"}


def names(pair: Pair) -> list[str]:
    """Return what the arrows are called."""
    return [arrow.name for arrow in sequence(pair).arrows]


def named(pair: Pair, name: str) -> Arrow:
    """Return the first arrow of a name."""
    return next(arrow for arrow in sequence(pair).arrows if arrow.name == name)


@pytest.mark.parametrize("end", ["host", "client"])
def test_one_record_tells_who_sent_what_and_when_it_was_seen_there(end: str) -> None:
    """Directions are the writing end's, and so are the times."""
    record = full(end)

    told = sequence(Pair(host=record) if end == "host" else Pair(client=record))

    assert [arrow.name for arrow in told.arrows] == [message.type for message in record.messages]
    assert [arrow.by_client for arrow in told.arrows] == [
        letter.isupper() for letter in record.ssl_history
    ]
    own, other = ("host_us", "client_us") if end == "host" else ("client_us", "host_us")
    assert [getattr(a, own) for a in told.arrows] == [m.at_us for m in record.messages]
    assert {getattr(arrow, other) for arrow in told.arrows} == {None}
    assert not any(arrow.lost for arrow in told.arrows)


def test_two_records_give_each_message_both_times() -> None:
    """But for those that OpenSSL does not report to their reader, which are not lost for that."""
    pair = Pair(host=full("host"), client=full("client"))

    arrows = sequence(pair).arrows

    assert [arrow.name for arrow in arrows if arrow.by_client] == [
        "ClientHello",
        "ChangeCipherSpec",
        "Certificate",
        "CertificateVerify",
        "Finished",
    ]
    assert len(arrows) == 12
    timed = [arrow for arrow in arrows if arrow.name != "ChangeCipherSpec"]
    assert all(None not in {arrow.client_us, arrow.host_us} for arrow in timed)
    assert (arrows[0].client_us, arrows[0].host_us) == (300, 400)
    assert not any(arrow.lost for arrow in arrows)


def test_what_was_sent_and_never_read_is_lost() -> None:
    """The host had refused before it came to the last two."""
    arrows = sequence(Pair(host=expired("host"), client=expired("client"))).arrows

    lost = [(arrow.name, arrow.by_client) for arrow in arrows if arrow.lost]
    assert lost == [("CertificateVerify", True), ("Finished", True)]
    assert arrows[-1].name == "Alert: certificate_expired"
    assert (arrows[-1].client_us, arrows[-1].host_us) == (4_000, 3_000)


def test_the_other_way_round_the_host_sent_what_the_client_did_not_read() -> None:
    """They stand where the host sent them."""
    alert = MessageSeen("sent", "Alert:unknown_ca", 2, 3_000)
    heard = replace(alert, direction="received", at_us=2_000)
    client = full("client", messages=(*full("client").messages[:5], alert))
    host = full("host", messages=(*full("host").messages[:8], heard))

    arrows = sequence(Pair(host=host, client=client)).arrows

    assert [arrow.name for arrow in arrows[-4:]] == [
        "Certificate",
        "CertificateVerify",
        "Finished",
        "Alert: unknown_ca",
    ]
    assert [arrow.lost for arrow in arrows[-4:]] == [False, True, True, False]


def test_an_alert_into_a_cut_line_is_read_by_nobody() -> None:
    """OpenSSL sends one when a line is cut; what was said before it was heard."""
    alert = ("client", "Alert:decode_error", 2, 5_000, None)
    cut = {"established": False, "messages": said("client", alert)}

    lost = [a.lost for a in sequence(Pair(client=full("client", reason="closed", **cut))).arrows]
    sent = [a.lost for a in sequence(Pair(client=full("client", reason="malformed", **cut))).arrows]

    assert (lost.count(True), lost[-1]) == (1, True)
    assert not any(sent)


def test_messages_that_cross_on_the_way_are_each_told_once() -> None:
    """Each end has sent its own before it read the other's."""
    one = ("client", "Alert:user_canceled", 2, 5_000, 7_000)
    two = ("host", "Alert:close_notify", 2, 6_000, 5_000)
    client = full("client", messages=said("client", one, two))
    host = full("host", messages=said("host", two, one))

    arrows = sequence(Pair(host=host, client=client)).arrows

    assert len(arrows) == 14
    assert [(a.client_us, a.host_us) for a in arrows[-2:]] == [(5_000, 7_000), (6_000, 5_000)]
    assert not any(arrow.lost for arrow in arrows)


def test_records_that_disagree_lose_no_message() -> None:
    """Whatever a peer makes of it."""
    other = full("host", messages=(MessageSeen("received", "Finished", 9, 1),))

    arrows = sequence(Pair(host=other, client=full("client"))).arrows

    assert len(arrows) == len(full("client").messages) + 1


def test_under_tls_1_3_all_is_secret_behind_server_hello() -> None:
    """But for the message that means nothing; an older version hides less."""
    arrows = sequence(Pair(host=full("host"))).arrows
    older = sequence(Pair(host=full("host", version="TLSv12"))).arrows

    assert [arrow.name for arrow in arrows if not arrow.secret] == [
        "ClientHello",
        "ServerHello",
        "ChangeCipherSpec",
    ]
    assert not any(arrow.secret for arrow in older)


def test_an_empty_certificate_is_told_from_one() -> None:
    """It is how a client says that it has none."""
    message = MessageSeen("received", "Certificate", 8, 2_000)

    assert named(Pair(host=full("host", messages=(message,))), "Certificate").gloss == (
        "an empty list"
    )
    assert named(Pair(host=full("host")), "Certificate").gloss != "an empty list"


def test_a_refusal_behind_the_handshake_is_shown_before_the_farewell() -> None:
    """The host says it in a frame, and then close_notify."""
    farewell = ("host", "Alert:close_notify", 2, 5_000, None)
    client = full("client", messages=said("client", farewell), duration_ms=5.2, **REFUSED)
    host = full("host", **REFUSED)

    for pair in (Pair(client=client), Pair(host=host), Pair(host=host, client=client)):
        shown = [name for name in names(pair) if name != "Alert: close_notify"]
        assert shown[-2:] == ["Finished", "Close: not-registered"]
    assert names(Pair(host=host, client=client))[-1] == "Alert: close_notify"
    close = named(Pair(client=client), "Close: not-registered")
    assert (close.by_client, close.size, close.client_us) == (False, None, None)
    bare = full("client", duration_ms=5.2, **REFUSED)
    assert named(Pair(client=bare), "Close: not-registered").client_us == 5_200
    assert named(Pair(host=host), "Close: not-registered").host_us == 3_200


@pytest.mark.parametrize(
    "record",
    [full("host"), expired("host"), full("host", established=False, reason="closed")],
    ids=["welcomed", "refused by an alert", "cut"],
)
def test_without_such_a_refusal_none_is_shown(record: HandshakeRecord) -> None:
    """Nothing is made up."""
    assert not any(name.startswith("Close") for name in names(Pair(host=record)))


@pytest.mark.parametrize(
    ("reason", "how"),
    [
        ("expired", How.REFUSED),
        ("host-full", How.REFUSED),
        ("silent", How.GIVEN_UP),
        ("stalled", How.GIVEN_UP),
        ("dropped", How.GIVEN_UP),
        ("closed", How.CUT),
        ("plaintext", How.NO_TLS),
        ("garbage", How.NO_TLS),
        ("malformed", How.FAILED),
        ("other", How.FAILED),
        ("a-new-word", How.REFUSED),
    ],
)
def test_the_ending_is_told_from_the_reason(reason: str, how: How) -> None:
    """A deadline is no refusal, and a cut is no deadline."""
    ending = sequence(Pair(host=refused(reason=reason, duration_ms=12.5))).ending

    assert (ending.how, ending.duration_ms) == (how, 12.5)
    assert sequence(Pair(host=full("host"))).ending.how is How.WELCOME


def test_what_the_list_lacks_is_said() -> None:
    """No messages at all, or as many as a record holds."""
    most = Limits().messages_recorded
    many = (MessageSeen("received", "KeyUpdate", 5, 1),) * most

    assert sequence(Pair(host=refused())).note == "no message of TLS was recorded"
    assert str(most) in sequence(Pair(host=full("host", messages=many))).note
    assert sequence(Pair(host=full("host"))).note == ""
