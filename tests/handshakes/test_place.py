"""Addresses and networks as people write them, and what is in them."""

import pytest

from secure_chat.errors import UsageError
from secure_chat.handshakes.place import place_of


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("192.0.2.7", ("192.0.2.7", 1), ("192.0.2.8", 1)),
        ("192.0.2.7:50000", ("192.0.2.7", 50_000), ("192.0.2.7", 50_001)),
        ("192.0.2.0/24", ("192.0.2.255", 1), ("192.0.3.0", 1)),
        ("192.0.2.77/24", ("192.0.2.255", 1), ("192.0.3.0", 1)),
        ("192.0.2.0/24:50000", ("192.0.2.1", 50_000), ("192.0.2.1", 1)),
        ("::1", ("::1", 1), ("::2", 1)),
        ("[::1]", ("::1", 1), ("127.0.0.1", 1)),
        ("[::1]:50000", ("::1", 50_000), ("::1", 50_001)),
        ("2001:DB8::/32", ("2001:db8:ffff::1", 1), ("2001:db9::", 1)),
        ("fe80::1%eth0", ("fe80::1%eth1", 1), ("fe80::2%eth0", 1)),
        ("192.0.2.7", ("::ffff:192.0.2.7", 1), ("::ffff:192.0.2.8", 1)),
        ("::ffff:192.0.2.7", ("192.0.2.7", 1), ("::1", 1)),
        ("0.0.0.0/0", ("192.0.2.7", 1), ("", 0)),
        ("::/0", ("::1", 1), ("no address", 1)),
    ],
)
def test_a_place_holds_what_is_in_it_and_nothing_else(
    text: str, inside: tuple[str, int], outside: tuple[str, int]
) -> None:
    """With a port only that port; an IPv4 address may be written as IPv6."""
    place = place_of(text)

    assert place.holds(*inside)
    assert not place.holds(*outside)


@pytest.mark.parametrize(
    "text",
    [
        *("", "alice", "1:2", "[]", "\n192.0.2.7", "192.0.2", "192.0.2.0/33"),
        *("192.0.2.7:", "192.0.2.7:x", "192.0.2.7:65536", "192.0.2.7:\u0661"),
        *("[::1", "[::1]x", "[::1]:", "::1]"),
    ],
)
def test_what_is_no_address_is_explained(text: str) -> None:
    """With the ways to write one."""
    with pytest.raises(UsageError, match="is no address") as caught:
        place_of(text)
    assert "192.0.2.0/24" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("192.0.2.7:5", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.0/24", ""),
        ("::1", ""),
    ],
)
def test_one_ipv4_address_is_written_in_one_way(text: str, plain: str) -> None:
    """That can be looked for as text; an IPv6 address has several ways."""
    assert place_of(text).plain == plain
