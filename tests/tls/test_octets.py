"""Reading what a stranger wrote: never beyond the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.tls.octets import Cut, Octets


def test_numbers_and_vectors_are_read_in_order() -> None:
    """Each read moves forward by exactly what it took."""
    data = Octets(b"\x01\x02\x03\x02ab\x00\x04\x00\x01\x00\x02!")

    assert data.number(1) == 1
    assert data.number(2) == 0x0203
    assert data.vector(1).take(2) == b"ab"
    assert data.vector(2).numbers() == (1, 2)
    assert data
    assert data.take(1) == b"!"
    assert not data


@pytest.mark.parametrize("data", [b"", b"\x05abc", b"\x03\x00\x01\x00"])
def test_what_is_too_short_is_cut(data: bytes) -> None:
    """A vector that promises more than there is, and half a number, are refused."""
    with pytest.raises(Cut):
        Octets(data).vector(1).numbers()


@given(st.binary(max_size=40), st.lists(st.integers(0, 12), max_size=8))
def test_reading_gives_the_bytes_or_cut(data: bytes, sizes: list[int]) -> None:
    """Whatever is asked for, no byte is invented, skipped or read twice."""
    octets, taken = Octets(data), b""
    try:
        for size in sizes:
            taken += octets.take(size)
    except Cut:
        assert sum(sizes) > len(data)
    assert data.startswith(taken)
