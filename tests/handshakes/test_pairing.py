"""Two ends' records of one handshake: when they are joined, when not, and where they differ."""

from typing import Any

import pytest
from msgspec.structs import replace

from secure_chat.handshakes.pairing import Difference, Pair, differences, pairs, why_apart
from secure_chat.handshakes.record import HandshakeRecord, Offer, Schemes
from tests.handshakes.stories import CLIENT_PRINT, HOST_PRINT, expired, full


def joined(*records: HandshakeRecord) -> list[tuple[str | None, str | None]]:
    """Return the uids of host and client of each pair."""
    return [
        (pair.host.uid if pair.host else None, pair.client.uid if pair.client else None)
        for pair in pairs(records)
    ]


def fields(found: tuple[Difference, ...]) -> set[str]:
    """Return what differs."""
    return {difference.field for difference in found}


def test_two_ends_of_one_handshake_are_joined() -> None:
    """The same hello, and the same certificates seen by both."""
    host, client = full("host"), full("client")

    (pair,) = pairs([client, host])

    assert (pair.host, pair.client, pair.apart) == (host, client, "")
    assert pair.joined
    assert pair.records == (host, client)


def test_a_refused_handshake_is_joined_as_well() -> None:
    """A refused client's certificate was seen by both."""
    assert joined(expired("host"), expired("client")) == [
        ("Chost0000000000000", "Cclient00000000000")
    ]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"client_cert_chain_fps": ("cc" * 32,)}, "certificate of the client"),
        # A stranger who replays a member's hello and shows nothing.
        ({"client_cert_chain_fps": ()}, "the host saw no certificate of the client"),
        ({"cert_chain_fps": ()}, "the host saw no certificate of the host"),
        ({"cert_chain_fps": ("cc" * 32,)}, "certificate of the host"),
        ({"cert_chain_fps": (HOST_PRINT, "dd" * 32)}, "certificate of the host"),
    ],
)
def test_the_same_hello_alone_joins_nothing(changes: dict[str, Any], why: str) -> None:
    """A peer chooses its hello, so the certificates must agree, and it is said why not."""
    host, client = expired("host", **changes), full("client")

    found = pairs([host, client])

    assert [pair.records for pair in found] == [(host,), (client,)]
    assert all(why in pair.apart for pair in found)
    assert found[0].differences() == ()


def test_without_any_certificate_nothing_proves_that_it_is_the_same() -> None:
    """An old client's hello is refused before anybody shows anything."""
    bare = {"cert_chain_fps": (), "client_cert_chain_fps": ()}

    found = pairs([full("host", **bare), full("client", **bare)])

    assert ["proves nothing" in pair.apart for pair in found] == [True, True]


def test_a_client_that_was_welcomed_was_not_refused() -> None:
    """Somebody else showed the same certificate with the same hello, and failed."""
    assert "welcomed" in why_apart(expired("host"), full("client"))
    # The other way round the welcome was lost on its way.
    assert why_apart(full("host"), expired("client")) == ""


def test_what_fits_twice_is_joined_with_neither() -> None:
    """Hello and certificates can be sent again by whoever has seen them."""
    hosts = full("host"), full("host", uid="Cagain000000000000")

    found = pairs([*hosts, full("client")])

    assert [len(pair.records) for pair in found] == [1, 1, 1]
    assert all("more than one" in pair.apart for pair in found)


def test_a_stranger_with_our_hello_does_not_part_the_two_ends() -> None:
    """What does not fit does not count as a rival."""
    stranger = expired("host", uid="Cstranger000000000", client_cert_chain_fps=())

    found = pairs([full("host"), stranger, full("client")])

    assert [pair.joined for pair in found] == [True, False]
    assert "certificate of the client" in found[1].apart


def test_records_without_a_hello_stand_alone() -> None:
    """Plain text has none, and two such records have nothing in common."""
    host, client = full("host", hello=None), full("client", hello=None)

    assert [pair.apart for pair in pairs([host, client])] == ["", ""]


def test_different_handshakes_stay_apart_and_in_order() -> None:
    """Without a word, as nothing suggests that they are one."""
    one, two = full("host"), full("client", hello="00" * 32)

    assert joined(two, one) == [(None, two.uid), (one.uid, None)]
    assert [pair.apart for pair in pairs([two, one])] == ["", ""]


def test_the_record_that_knows_most_is_of_the_end_that_judged() -> None:
    """The other one heard an alert only; without a judged certificate the host decides."""
    host, client = expired("host"), expired("client")
    turned = replace(client, verify_code=62), replace(host, verify_code=None)

    assert Pair(host=host, client=client).main is host
    assert Pair(host=turned[1], client=turned[0]).main is turned[0]
    assert Pair(host=full("host"), client=full("client")).main == full("host")
    assert Pair(client=client).main is client


def test_equal_records_do_not_differ() -> None:
    """Not even in what one end cannot see, or in small differences of time."""
    assert differences(full("host"), full("client")) == ()


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("established", {"established": False}),
        ("reason", {"reason": "not-yet-valid"}),
        ("last_alert", {"last_alert": "bad_certificate"}),
        ("verify_code", {"verify_code": 9}),
        ("version", {"version": "TLSv12"}),
        ("cipher", {"cipher": "TLS_AES_128_GCM_SHA256"}),
        ("curve", {"curve": "secp256r1"}),
        ("next_protocol", {"next_protocol": None}),
        ("ja4", {"ja4": None}),
        ("offered", {"offered": Offer(ciphers=("TLS_AES_128_GCM_SHA256",))}),
        ("sigalgs", {"sigalgs": Schemes(host="ed25519")}),
        ("server_name", {"server_name": None}),
        ("name", {"name": None}),
        ("keylog", {"keylog": True}),
        ("id.orig", {"orig_p": 40_000}),
        ("id.resp", {"resp_h": "10.0.0.1"}),
        ("ssl_history", {"ssl_history": "CsiorxyfX"}),
        ("ts", {"ts": "2026-11-22T12:00:01.500Z"}),
        ("duration_ms", {"duration_ms": 10_000.0}),
    ],
)
def test_where_they_differ_is_named_with_both_values(field: str, changes: dict[str, Any]) -> None:
    """One difference for each, and what to make of it."""
    (found,) = differences(full("host", **changes), full("client"))

    assert found.field == field
    assert found.host != found.client
    assert found.note


def test_what_was_not_recorded_or_cannot_be_seen_is_no_difference() -> None:
    """An older version has no offer, nobody names an address, some Pythons hear no messages."""
    old = differences(full("host", offered=None), full("client"))
    dialled = differences(full("host", server_name=None), full("client", server_name="::1"))
    unheard = differences(full("host", ssl_history=""), full("client"))

    assert (old, dialled, unheard) == ((), (), ())


def test_a_farewell_behind_a_refusal_is_no_difference() -> None:
    """The host has written its record before it says goodbye."""
    refusal = {"established": False, "reason": "not-registered"}
    client = full("client", ssl_history="CsorxyfIXYFl", last_alert="close_notify", **refusal)

    assert differences(full("host", **refusal), client) == ()


def test_a_refusal_is_told_apart_from_its_echo() -> None:
    """The host knows the code, the client the alert alone."""
    found = fields(differences(expired("host"), expired("client")))

    assert found == {"verify_code", "ssl_history"}
    assert CLIENT_PRINT in expired("host").client_cert_chain_fps
