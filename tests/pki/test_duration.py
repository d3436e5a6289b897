"""Spans of time as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.errors import UsageError
from secure_chat.pki.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("45s", 45),
        ("3m", 180),
        ("24h", 86_400),
        ("90d", 90 * 86_400),
        ("2w", 14 * 86_400),
        ("1h30m", 5_400),
        ("1w2d3h4m5s", 788_645),
        (" 90D ", 90 * 86_400),
        ("1M", 60),
        ("36600d", 36_600 * 86_400),
    ],
)
def test_a_span_is_the_sum_of_its_parts(text: str, seconds: int) -> None:
    """Numbers with w, d, h, m for minutes and s add up; capitals and space around are fine."""
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "text",
    ["", "90", "d", "-1d", "1.5h", "90 d", "1y", "30m1h", "1d1d", "0s", "0d0h", "36601d",
     "9999999999d", "1d\n2h", "\u0661d", "1d;", "infinity"],
)  # fmt: skip
def test_anything_else_is_a_friendly_usage_error(text: str) -> None:
    """What is no span is refused with an example of one."""
    with pytest.raises(UsageError) as refusal:
        parse_duration(text)
    assert "90d" in refusal.value.hint
    assert refusal.value.exit_code == 2


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.9, "0s"), (5_400, "1h30m"), (90 * 86_400, "90d"), (86_401, "1d1s")]
)
def test_a_span_is_written_in_its_largest_units(seconds: float, text: str) -> None:
    """Days, hours, minutes and seconds that are not zero are written."""
    assert format_duration(timedelta(seconds=seconds)) == text


@given(st.integers(1, 3_000_000_000))
def test_what_is_written_is_read_back(seconds: int) -> None:
    """Writing and reading a span gives the same span."""
    span = timedelta(seconds=seconds)
    assert parse_duration(format_duration(span)) == span
