"""A certificate is renewed in time, failures are waited out, and its end is warned of."""

import pytest

from secure_chat.client.events import Expiring
from secure_chat.client.renewal import Renewal
from secure_chat.limits import Limits
from tests.client.certificates import DAY, NOW, identity

LIMITS = Limits()


def renewal(days: float = 90, jitter: float = 0.0) -> Renewal:
    """Return the timetable of a certificate that was issued now."""
    return Renewal(identity(days=days), LIMITS, lambda: jitter, NOW)


@pytest.mark.parametrize("days", [90, 1, 180 / DAY, 10 / DAY])
def test_it_is_due_when_two_thirds_are_lived(days: float) -> None:
    """A twentieth more at most, so that those who were issued together do not come together."""
    life = days * DAY
    assert renewal(days).at - NOW == pytest.approx(life * 2 / 3, abs=1)
    assert renewal(days, 1.0).at - NOW == pytest.approx(life * (2 / 3 + 1 / 20), abs=1)


def test_failures_are_waited_out_longer_and_longer() -> None:
    """From a minute to six hours, or in small for one that lives for minutes only."""
    for days, first, longest in ((90, 60.0, 21_600.0), (180 / DAY, 1.8, 9.0)):
        one, now, waits = renewal(days, 0.999_999), float(NOW), []
        for _ in range(20):
            one.failed(now, "no")
            waits.append(one.at - now)
            now = one.at
        assert waits[0] == pytest.approx(first, rel=0.01)
        assert waits[1] == pytest.approx(2 * first, rel=0.01)
        assert waits == sorted(waits)
        assert waits[-1] == pytest.approx(longest, rel=0.01)


def test_a_new_connection_is_a_reason_to_try_again_at_once() -> None:
    """What had failed may have been the line; nothing that is not due is done by that."""
    one = renewal()
    one.use(identity(), NOW + 5)
    assert one.at > NOW + 59 * DAY
    one.failed(NOW + 70 * DAY, "no")
    one.use(identity(), NOW + 70 * DAY + 1)
    assert one.at == NOW + 70 * DAY + 1


def test_another_certificate_has_its_own_timetable() -> None:
    """Failures of the one before do not count."""
    one = renewal()
    one.failed(NOW + 80 * DAY, "no")
    one.use(identity("b2", begin=NOW + 80 * DAY), NOW + 80 * DAY)
    assert one.at - NOW == pytest.approx(140 * DAY, abs=1)
    assert one.identity.serial == "b2"
    assert one.warning(NOW + 169 * DAY) is None


def test_a_host_that_asks_for_it_gets_it_soon_but_not_again_and_again() -> None:
    """Spread over two seconds; right after a renewal it has to wait a minute."""
    one = renewal(jitter=0.5)
    one.hurry(NOW + 5)
    assert one.at == NOW + 6
    one.use(identity("b2", begin=NOW + 6), NOW + 6)
    one.hurry(NOW + 7)
    assert one.at == NOW + 66


def test_a_failure_is_not_forgotten_by_being_asked() -> None:
    """Being asked brings the next attempt forward and never puts it off."""
    one = renewal(jitter=0.999)
    one.failed(NOW + 70 * DAY, "no")
    at = one.at
    one.hurry(NOW + 70 * DAY + 58)
    assert one.at <= at


def test_the_end_is_warned_of_once_at_each_threshold() -> None:
    """14, 7 and 1 days before, with the reason, and not as long as nothing has failed."""
    one, end = renewal(), NOW + 90 * DAY
    assert one.warning(end - DAY) is None
    one.failed(NOW + 61 * DAY, "this host cannot issue (no-authority)")
    assert one.warning(end - 20 * DAY) is None
    told = []
    for hours in range(20 * 24, 0, -1):
        warning = one.warning(end - hours * 3_600)
        if warning is not None:
            told.append((hours, warning))
    assert [hours for hours, _ in told] == [14 * 24, 7 * 24, 24]
    assert told[0][1] == Expiring(end * 1_000, 14 * DAY, "this host cannot issue (no-authority)")


def test_a_start_near_the_end_is_one_warning() -> None:
    """Not one for each threshold that has passed."""
    one, end = renewal(), NOW + 90 * DAY
    one.failed(end - 3 * DAY, "no")
    assert one.warning(end - 3 * DAY) is not None
    assert one.warning(end - 2 * DAY) is None
    assert one.warning(end - DAY) is not None


@pytest.mark.parametrize(("days", "marks"), [(30, [7 * DAY, DAY]), (180 / DAY, [30])])
def test_thresholds_lie_in_the_last_third(days: float, marks: list[int]) -> None:
    """A certificate that lives for minutes has one of its own."""
    one, end = renewal(days), NOW + round(days * DAY)
    one.failed(end - days * DAY / 3 + 1, "no")
    steps = range(int(days * DAY / 3) - 1, 0, -max(1, int(days)))
    told = [left for left in steps if one.warning(end - left) is not None]
    assert told == [pytest.approx(mark, abs=days) for mark in marks]
