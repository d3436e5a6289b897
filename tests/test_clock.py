"""Time as a value."""

import pytest

from secure_chat.clock import SystemClock, rfc3339


def test_the_computers_clocks_are_two_different_ones() -> None:
    """The wall clock counts from 1970, the monotonic one never goes back."""
    clock = SystemClock()
    assert clock.now() > 1_700_000_000
    first = clock.monotonic()
    assert clock.monotonic() >= first


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_348_800.25, "2026-11-22T12:00:00.250Z"),
        (1_795_348_800.0004, "2026-11-22T12:00:00.000Z"),
        (1_795_348_799.9996, "2026-11-22T12:00:00.000Z"),
    ],
)
def test_moments_are_written_with_milliseconds(seconds: float, text: str) -> None:
    """RFC 3339 in UTC, always with three digits."""
    assert rfc3339(seconds) == text
