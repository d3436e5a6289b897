"""The first look at a certificate, octet by octet."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.pki.der import common_names, outline
from tests.pki.forge import member_draft, name, tlv


def test_the_outline_shows_serial_and_names() -> None:
    """Serial and names are the octets that stand in the certificate."""
    draft = member_draft()
    seen = outline(draft.der())
    assert seen.serial == draft.serial
    assert tlv(0x30, seen.issuer) == draft.issuer
    assert seen.subject == draft.subject


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x31\x00",
        b"\x30\x00",
        b"\x30\x02\x02\x00",
        b"\x30\x02\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x01\x01\x01\x01\x01",
        b"\x30\x82\x01",
        b"\x30\x05\x30\x00",
        b"\x30\x02\x30\x00\x00",
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    """Cuts, wrong tags, indefinite and huge lengths and trailing octets are refused."""
    with pytest.raises(ValueError, match=r"."):
        outline(data)


@pytest.mark.parametrize(
    "fields",
    [
        {"version": b""},
        {"version": bytes.fromhex("a003020101")},
        {"unique": tlv(0x81, b"\x00\x01")},
        {"extensions": {}},
        {"after": b"\x00"},
    ],
    ids=["v1", "v2", "unique", "no-extensions", "after"],
)
def test_other_fields_than_ours_are_refused(fields: dict[str, object]) -> None:
    """Only version 3 with exactly our eight fields has an outline."""
    with pytest.raises(ValueError, match=r"."):
        outline(replace(member_draft(), **fields).der())  # type: ignore[arg-type]


def test_common_names_are_found_wherever_they_stand() -> None:
    """Every common name counts, so that two cannot pass for one."""
    pairs = name(("2.5.4.10", b"o"), ("2.5.4.3", b"a"), ("2.5.4.3", b"b" * 200))
    header = 3
    assert common_names(pairs[header:]) == [b"a", b"b" * 200]
    assert common_names(b"") == []
    with pytest.raises(ValueError, match="set"):
        common_names(tlv(0x30))


@given(data=st.binary(max_size=200))
def test_arbitrary_octets_raise_nothing_else(data: bytes) -> None:
    """Whatever the octets are, the answer is an outline or ValueError."""
    for look in (outline, common_names):
        try:
            look(data)
        except ValueError:
            continue
