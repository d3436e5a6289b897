"""The first bytes of a client: what may go on to OpenSSL and what may not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.tls.guard import HEAD_BYTES, no_tls
from secure_chat.tls.vocabulary import Reason

HELLO = bytes.fromhex("160301010001")


@pytest.mark.parametrize("size", range(1, HEAD_BYTES + 1))
def test_every_beginning_of_a_hello_may_go_on(size: int) -> None:
    """A slow client's first byte is as good as its sixth."""
    assert no_tls(HELLO[:size]) is None


@pytest.mark.parametrize("minor", range(5))
def test_any_minor_version_may_go_on(minor: int) -> None:
    """The record's minor version says nothing (RFC 8446 section 5.1); an old TLS gets an alert."""
    assert no_tls(HELLO[:2] + bytes([minor]) + HELLO[3:]) is None


@pytest.mark.parametrize(
    ("length", "good"), [(3, False), (4, True), (16_384, True), (16_385, False)]
)
def test_a_record_has_a_length_a_hello_can_have(length: int, *, good: bool) -> None:
    """A hello has at least its header, a record at most 16 KiB."""
    head = HELLO[:3] + length.to_bytes(2, "big") + HELLO[5:]

    assert (no_tls(head) is None) is good
    assert (no_tls(head[:5]) is None) is good


@pytest.mark.parametrize("head", [b"GET / ", b"hello\n", b"\t\r\n", b"PROXY ", b"~"])
def test_text_is_told_from_garbage(head: bytes) -> None:
    """A person or a script on the wrong port is worth a word of its own."""
    assert no_tls(head) is Reason.PLAINTEXT
    assert no_tls(head[:5] + b"\x00") is Reason.GARBAGE


@given(st.binary(min_size=1, max_size=HEAD_BYTES))
def test_only_what_begins_like_a_hello_goes_on(head: bytes) -> None:
    """Everything else is plain text or garbage; no third answer exists."""
    answer = no_tls(head)

    assert answer in {None, Reason.PLAINTEXT, Reason.GARBAGE}
    if answer is None:
        assert head[0] == 0x16
        assert head[1:2] in {b"", b"\x03"}
        assert head[5:] in {b"", b"\x01"}
