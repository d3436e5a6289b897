"""When a certificate is renewed, how failures are waited out, and when its end is warned of.

Pure: every moment is an argument, in seconds since 1970 UTC, because certificates are judged by
the wall clock. Used on the client's worker thread. It asks nobody for anything and reads no file;
`client.renewing` does what is due, `client.papers` judges what comes back.
"""

from collections.abc import Callable
from typing import Final

from secure_chat.client.events import Expiring
from secure_chat.limits import Limits
from secure_chat.pki.identity import Identity
from secure_chat.pki.life import due_at, life_of

__all__ = ["Renewal"]

_DAY: Final = 86_400
_MARKS: Final = (14 * _DAY, 7 * _DAY, 1 * _DAY)

_SPREAD: Final = 1 / 20  # of its life, so that those issued together do not come together
_FIRST_WAIT: Final = 1 / 100  # of its life, where the limit is longer
_LONGEST_WAIT: Final = 1 / 20  # of its life, where the limit is longer
_LATEST_MARK: Final = 1 / 6  # of its life: the warning of one that lives too short for days

# Beyond that many doublings every wait is the longest one anyway.
_MOST_DOUBLINGS: Final = 30


class Renewal:
    """The timetable of one client's certificate.

    Call `failed` or `use` after each attempt at `due`; look at `warning` after a failure and now
    and then.

    Args:
        identity: the certificate in use.
        limits: the waits between attempts.
        jitter: gives a random number from 0 to below 1.
        now: the moment.
    """

    def __init__(
        self, identity: Identity, limits: Limits, jitter: Callable[[], float], now: float
    ) -> None:
        self._limits = limits
        self._jitter = jitter
        self._calm_until = now
        self._begin(identity)

    def _begin(self, identity: Identity) -> None:
        span = identity.not_before, identity.not_after
        self.identity = identity
        self._life = life_of(*span).total_seconds()
        self._due = due_at(*span) + self._life * _SPREAD * self._jitter()
        self._at = max(self._due, self._calm_until)
        self._failures = 0
        self._why = ""
        self._told: set[float] = set()

    @property
    def at(self) -> float:
        """When the next attempt is to be made."""
        return self._at

    def use(self, identity: Identity, now: float) -> None:
        """A connection is open with this certificate.

        Args:
            identity: what it says; the same as before when the client has only come back, and
                then an attempt that had to wait is made at once.
            now: the moment.
        """
        if identity.serial == self.identity.serial:
            if self._failures:
                self._at = max(now, self._calm_until)
            return
        # Whatever a host hands out, one renewal does not lead to the next at once.
        self._calm_until = now + self._wait(0)
        self._begin(identity)

    def hurry(self, now: float) -> None:
        """The host asks for it now; all its clients were asked in the same moment.

        Args:
            now: the moment.
        """
        spread = min(self._limits.renew_spread_seconds, self._life * _SPREAD)
        self._at = max(min(self._at, now + spread * self._jitter()), self._calm_until)

    def failed(self, now: float, why: str) -> None:
        """The attempt came to nothing.

        Args:
            now: the moment.
            why: the reason in words, for a warning.
        """
        self._why = why
        self._at = now + self._wait(self._failures) * (1 + self._jitter()) / 2
        self._failures += 1

    def warning(self, now: float) -> Expiring | None:
        """Return what a person must know of the end that comes near, once for each threshold.

        Thresholds are 14, 7 and 1 days, as far as they lie in the last third of the life; a
        certificate with none of them has one, a sixth of its life before its end. Nothing is
        said before an attempt has failed: a renewal in time is nobody's business.

        Args:
            now: the moment.
        """
        if not self._why or now < self._due:
            return None
        left = self.identity.not_after - now
        third, latest = self._life / 3, self._life * _LATEST_MARK
        marks = [float(mark) for mark in _MARKS if mark < third] or [latest]
        crossed = min((mark for mark in marks if left <= mark), default=None)
        if crossed is None or crossed in self._told:
            return None
        self._told.add(crossed)
        return Expiring(self.identity.not_after * 1_000, int(left), self._why)

    def _wait(self, failures: int) -> float:
        first = min(self._limits.renew_retry_first_seconds, self._life * _FIRST_WAIT)
        most = min(self._limits.renew_retry_most_seconds, self._life * _LONGEST_WAIT)
        return min(most, first * 2.0 ** min(failures, _MOST_DOUBLINGS))
