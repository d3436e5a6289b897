"""The table of handshakes: it fits its terminal, and its short words are exact."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.cli.rows import Table, _width
from secure_chat.client.text import printable
from secure_chat.handshakes.record import HandshakeRecord
from tests.handshakes.records import good, refused

TODAY = "2026-11-22"
TLS: dict[str, Any] = {"version": "TLSv13", "cipher": "TLS_AES_256_GCM_SHA384", "curve": "x25519"}


def row(record: HandshakeRecord, columns: int = 80, today: str = TODAY) -> str:
    """Return one row."""
    return Table(columns, today).row(record)


def test_a_row_says_all_that_is_asked_for_in_80_columns() -> None:
    """Cells stand below their heads."""
    table = Table(80, TODAY)
    shown = table.row(good(59, **TLS, duration_ms=4.125))

    assert table.head == (
        "TIME (UTC)  WHO       PEER            RESULT          TLS CIPHER     GROUP    MS"
    )
    assert shown == (
        "12:00:59    alice     127.0.0.1       ok              1.3 AES256-GCM X25519  4.1"
    )
    assert len(shown) == 80


def test_a_wide_terminal_shows_more() -> None:
    """The whole date, which end it was, the port; names have what room is left."""
    table = Table(130, TODAY)

    assert table.head.split() == [
        *("TIME", "(UTC)", "END", "WHO", "PEER", "RESULT", "TLS", "CIPHER", "GROUP", "MS")
    ]
    assert table.row(good(59, **TLS, name="x" * 23)).split() == [
        *("2026-11-22", "12:00:59", "host", "x" * 23, "127.0.0.1:50000"),
        *("ok", "1.3", "AES256-GCM", "X25519", "0.0"),
    ]
    assert "[::1]:65432" in table.row(good(end="client", resp_h="::1"))


def test_today_shows_the_time_and_another_day_the_date() -> None:
    """Eleven columns are enough for what one looks for."""
    assert row(good(59))[:12] == "12:00:59    "
    assert row(good(59), today="2026-11-23")[:12] == "11-22 12:00 "


def test_a_clients_own_record_is_marked_where_there_is_no_room_for_a_word() -> None:
    """It went out to the address, a host's came in from there."""
    assert " 127.0.0.1 " in row(good(resp_h="192.0.2.1"))
    assert " >192.0.2.1 " in row(good(end="client", resp_h="192.0.2.1"))


def test_a_refused_one_is_who_it_claims_to_be() -> None:
    """In its subject's own form; a proven name stands alone."""
    assert " CN=alice " in row(refused())
    assert " - " in row(refused(client_subject=None))
    assert " alice " in row(good())


def test_a_counted_record_says_how_many_it_stands_for() -> None:
    """A flood is one row with its number."""
    assert "1234 of them" in row(refused(reason="silent", count=1_234, client_subject=None))


@pytest.mark.parametrize(
    ("cipher", "short"),
    [
        ("TLS_AES_256_GCM_SHA384", "AES256-GCM"),
        ("TLS_AES_128_GCM_SHA256", "AES128-GCM"),
        ("TLS_CHACHA20_POLY1305_SHA256", "CHACHA20"),
        ("TLS_AES_128_CCM_SHA256", "AES128-CCM"),
        ("TLS_AES_128_CCM_8_SHA256", "AES128-CCM8"),
        ("TLS_RSA_WITH_NULL_MD5", "RSA_WITH_NULL_MD5"),
        ("1301", "1301"),
        (None, "-"),
    ],
)
def test_ciphers_have_short_words_that_cannot_be_mistaken(cipher: str | None, short: str) -> None:
    """Those of TLS 1.3; others keep their names."""
    assert f" {short} " in row(good(cipher=cipher))


@pytest.mark.parametrize(
    ("curve", "short"),
    [
        ("x25519", "X25519"),
        ("secp256r1", "P-256"),
        ("secp521r1", "P-521"),
        ("X25519MLKEM768", "X25519MLKEM768"),
        ("SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
        (None, "-"),
    ],
)
def test_groups_are_whole_also_where_their_column_is_narrow(curve: str | None, short: str) -> None:
    """They take room that other cells do not need."""
    shown = row(good(**{**TLS, "curve": curve}))

    assert f" {short} " in shown
    assert len(shown) == 80


@pytest.mark.parametrize(
    ("version", "short"), [("TLSv13", "1.3"), ("TLSv12", "1.2"), ("SSLv3", "SSLv3"), (None, "-")]
)
def test_versions_are_told_by_their_number(version: str | None, short: str) -> None:
    """Below a head that says TLS."""
    assert f" {short} " in row(good(version=version))


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(0.04, "0.0"), (4.125, "4.1"), (99.94, "99.9"), (123.4, "123"), (10_003, "10003")],
)
def test_times_end_at_the_edge(ms: float, shown: str) -> None:
    """With a decimal while that says something."""
    assert row(good(duration_ms=ms)).endswith(f" {shown}")
    assert len(row(good(duration_ms=ms))) == 80


def test_the_longest_words_are_whole_and_strangers_text_is_cut() -> None:
    """The result is what one looks for; what is cut ends in two dots."""
    shown = row(
        refused(
            reason="too-many-connections",
            client_subject="CN=" + "y" * 200,
            orig_h="2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff",
            duration_ms=10_003,
            **{**TLS, "curve": "X25519MLKEM768"},
        )
    )

    assert len(shown) == 80
    assert " CN=" in shown
    assert ".. " in shown
    assert "too-many-connections 1.3" in shown


WORDS = (
    st.none() | st.text(max_size=60) | st.sampled_from(["x25519", "\u65e5\u672c" * 9, "e\u0301"])
)


@given(
    st.builds(
        HandshakeRecord,
        ts=st.sampled_from([good().ts, "T", "2026-W47-7"]) | st.text(max_size=40),
        uid=st.just("C"),
        orig_h=st.text(max_size=50),
        orig_p=st.integers(0, 99_999),
        resp_h=st.text(max_size=50),
        resp_p=st.integers(0, 99_999),
        end=st.sampled_from(["host", "client"]) | st.text(max_size=40),
        established=st.booleans(),
        reason=st.text(max_size=40),
        name=WORDS,
        client_subject=WORDS,
        version=WORDS,
        cipher=WORDS,
        curve=WORDS,
        duration_ms=st.floats(0, 99_999) | st.just(1e60),
        count=st.integers(1, 10**9),
    ),
    st.sampled_from([20, 80, 81, 100, 122, 123, 124, 200]),
)
def test_a_row_fits_its_terminal_whatever_stands_in_a_record(
    record: HandshakeRecord, columns: int
) -> None:
    """Letters of any width, on one line, nothing that a terminal would obey."""
    shown = row(record, columns)

    assert _width(shown) == max(80, columns)
    assert printable(shown) == shown


@pytest.mark.parametrize("columns", [80, 100, 123, 160])
def test_the_head_is_as_wide_as_the_rows(columns: int) -> None:
    """Cells that fit their columns stand below their heads."""
    table = Table(columns, TODAY)
    shown = table.row(good(**TLS))

    assert len(table.head) == len(shown) == columns
    for head, cell in (
        ("WHO", "alice"),
        ("PEER", "127.0.0.1"),
        ("RESULT", "ok"),
        ("GROUP", "X25519"),
    ):
        assert table.head.index(head) == shown.index(cell)
