"""What `--since` and `--until` mean: a span back from now, or a date and time.

Pure functions, used on the main thread.
"""

from datetime import datetime, tzinfo

from secure_chat.errors import UsageError
from secure_chat.pki.duration import parse_duration

__all__ = ["moment_of"]


def moment_of(text: str, now: float, zone: tzinfo | None = None) -> float:
    """Return a moment in seconds since 1970 UTC.

    Args:
        text: a span before now such as 24h, or an RFC 3339 time; a date alone is its beginning.
        now: seconds since 1970 UTC.
        zone: where a time without a zone is meant: the one in which the command shows times, None
            for this computer's own.

    Raises:
        UsageError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (
            moment if moment.tzinfo or zone is None else moment.replace(tzinfo=zone)
        ).timestamp()
    except (ValueError, OverflowError):
        pass
    try:
        return max(0.0, now - parse_duration(text).total_seconds())
    except UsageError as error:
        raise UsageError(
            f"{text!r} is neither a span nor a time",
            hint="Write a span such as 90d, 24h or 15m, or a time such as 2026-11-22T12:00:00Z.",
        ) from error
