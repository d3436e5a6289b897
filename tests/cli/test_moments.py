"""A moment on the command line is a span or a time."""

from datetime import UTC, datetime

import pytest

from secure_chat.cli.moments import moment_of
from secure_chat.errors import UsageError

NOW = 1_795_348_800.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", NOW - 7_200),
        ("7d", NOW - 7 * 86_400),
        ("2026-11-22T12:00:00Z", NOW),
        ("2026-11-22T13:00:00.5+01:00", NOW + 0.5),
        ("5000w", 0.0),
    ],
)
def test_a_moment_is_a_span_or_a_date(text: str, moment: float) -> None:
    """A span counts back from now, never beyond the beginning of time."""
    assert moment_of(text, NOW) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "-1h"])
def test_anything_else_is_explained(text: str) -> None:
    """With what may be written."""
    with pytest.raises(UsageError, match="neither a span nor a time"):
        moment_of(text, NOW)


def test_a_time_without_a_zone_is_in_the_one_that_the_command_shows() -> None:
    """UTC where the table says so, this computer's own where lines do."""
    assert moment_of("2026-11-22T12:00", NOW, UTC) == NOW
    assert moment_of("2026-11-22", NOW, UTC) == NOW - 12 * 3_600
    here = datetime.fromisoformat("2026-11-22T12:00").astimezone()
    assert moment_of("2026-11-22T12:00", NOW) == here.timestamp()
    assert moment_of("2026-11-22T12:00Z", NOW) == NOW
