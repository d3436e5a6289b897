"""Reading DER: what it allows, and nothing else."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.tls.der import (
    INTEGER,
    SEQUENCE,
    content_of,
    dotted,
    element,
    elements,
    moment,
    number,
)
from secure_chat.tls.octets import Cut, Octets
from tests.pki.forge import oid, tlv

UTC_TIME, GENERALIZED_TIME = 0x17, 0x18


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 70_000])
def test_an_element_of_any_length_is_read(size: int) -> None:
    """Short and long lengths; what follows is left."""
    data = Octets(tlv(0x04, bytes(size)) + b"rest")

    assert element(data) == (0x04, bytes(size))
    assert data.take(4) == b"rest"


@pytest.mark.parametrize(
    "data", [b"", b"\x30", b"\x30\x80\x00\x00", b"\x30\x85\x01\x00\x00\x00\x00", b"\x30\x02\x05"]
)
def test_what_der_does_not_allow_is_cut(data: bytes) -> None:
    """Nothing at all, endless lengths, lengths of lengths, and too little."""
    with pytest.raises(Cut):
        element(Octets(data))


def test_another_tag_than_the_wanted_one_is_cut() -> None:
    """A reader says what it expects."""
    assert content_of(SEQUENCE, Octets(tlv(SEQUENCE, b"x"))) == b"x"
    with pytest.raises(Cut):
        content_of(INTEGER, Octets(tlv(SEQUENCE, b"x")))


def test_elements_come_one_after_the_other_up_to_what_is_broken() -> None:
    """What is whole is given first."""
    rest = elements(tlv(0x02, b"a") + tlv(0x04) + b"\x30\x09")

    assert [next(rest), next(rest)] == [(0x02, b"a"), (0x04, b"")]
    with pytest.raises(Cut):
        next(rest)


@pytest.mark.parametrize(
    ("content", "value"), [(b"\x00", 0), (b"\x7f", 127), (b"\x00\x80", 128), (b"\x80", -128)]
)
def test_numbers_have_a_sign(content: bytes, value: int) -> None:
    """A serial number may be negative where none should be."""
    assert number(content) == value


def test_a_number_of_nothing_is_cut() -> None:
    """X.690 section 8.3.1: at least one octet."""
    with pytest.raises(Cut):
        number(b"")


@given(st.lists(st.integers(0, 2**40), min_size=0, max_size=5), st.integers(0, 2))
def test_identifiers_are_read_as_they_were_written(rest: list[int], root: int) -> None:
    """Whatever the arcs are."""
    text = ".".join(map(str, [root, 39, *rest][: 2 + len(rest)]))
    content = oid(text)[2:]

    if len(content) <= 32:
        assert dotted(content) == text


@pytest.mark.parametrize("content", [b"", b"\x2a\x86", b"\x80" * 8, b"\x2a" * 33])
def test_a_broken_or_endless_identifier_is_cut(content: bytes) -> None:
    """Python would refuse to print a number of thousands of digits, with an error of its own."""
    with pytest.raises(Cut):
        dotted(content)


def test_the_root_2_may_have_large_arcs() -> None:
    """X.690 section 8.19.4: only there is the second arc above 39."""
    assert dotted(b"\x88\x37\x03") == "2.999.3"


@given(st.datetimes(datetime(1950, 1, 1), datetime(2049, 12, 31, 23, 59, 59)))  # noqa: DTZ001
def test_both_kinds_of_time_mean_the_same(when: datetime) -> None:
    """Two digits mean the years 1950 to 2049."""
    when = when.replace(microsecond=0, tzinfo=UTC)
    written = f"{when:%Y-%m-%dT%H:%M:%S}.000Z"

    assert moment(UTC_TIME, f"{when:%y%m%d%H%M%SZ}".encode()) == written
    assert moment(GENERALIZED_TIME, f"{when:%Y%m%d%H%M%SZ}".encode()) == written


def test_the_first_and_the_last_year_are_read() -> None:
    """The year 9999 is what RFC 5280 writes for no end at all."""
    assert moment(GENERALIZED_TIME, b"99991231235959Z") == "9999-12-31T23:59:59.000Z"
    assert moment(GENERALIZED_TIME, b"00010101000000Z") == "0001-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (UTC_TIME, b"2611221200Z"),
        (UTC_TIME, b"261122120000+0100"),
        (UTC_TIME, b"20261122120000Z"),
        (UTC_TIME, b"26112212000 Z"),
        (UTC_TIME, b"261122120000z"),
        (UTC_TIME, b"261122126000Z"),
        (UTC_TIME, b"260230120000Z"),
        (UTC_TIME, b"261122120060Z"),
        (UTC_TIME, b""),
        (GENERALIZED_TIME, b"261122120000Z"),
        (GENERALIZED_TIME, b"20261122120000.5Z"),
        (GENERALIZED_TIME, b"00000101000000Z"),
        (GENERALIZED_TIME, b"\xef\xbc\x92\xef\xbc\x90261122120Z"),
        (0x0C, b"20261122120000Z"),
    ],
)
def test_every_other_form_of_time_is_cut(tag: int, text: bytes) -> None:
    """RFC 5280 section 4.1.2.5 allows one form of each; days must exist."""
    with pytest.raises(Cut):
        moment(tag, text)


@given(st.sampled_from([UTC_TIME, GENERALIZED_TIME]), st.binary(max_size=16))
def test_no_time_raises_anything_else(tag: int, text: bytes) -> None:
    """Whatever bytes stand there."""
    with suppress(Cut):
        assert len(moment(tag, text)) == len("2026-11-22T12:00:00.000Z")
