"""The bucket of tokens."""

from hypothesis import given
from hypothesis import strategies as st

from secure_chat.hub.rates import Bucket


def full(rate: float = 10, burst: float = 100) -> Bucket:
    """Return a bucket nobody has used."""
    return Bucket(rate, burst, burst, 0.0)


def test_a_burst_costs_nothing_until_it_is_spent() -> None:
    """Exactly the burst may be said at once; one message more has to wait its turn."""
    bucket = full()
    assert bucket.take(100, 0.0) == 0.0
    assert bucket.take(1, 0.0) == 0.1


def test_debt_is_paid_by_waiting() -> None:
    """Who waits as long as told may go on, and who comes earlier waits the rest."""
    bucket = full()
    assert bucket.take(150, 0.0) == 5.0
    assert bucket.take(0, 2.0) == 3.0
    assert bucket.take(0, 5.0) == 0.0


def test_no_more_than_the_burst_is_saved_up() -> None:
    """A year of silence buys one burst."""
    bucket = full()
    assert bucket.take(101, 31e6) == 0.1


def test_a_rate_of_none_counts_nothing() -> None:
    """A rate of 0 lets everything pass."""
    bucket = full(rate=0)
    assert bucket.take(10**9, 0.0) == 0.0


def test_an_episode_ends_when_half_of_the_burst_is_back() -> None:
    """A flood that goes on after each pause stays one episode; a real rest ends it."""
    bucket = full()
    bucket.take(200, 0.0)
    bucket.slowed = True
    bucket.take(1, 10.0)
    assert bucket.slowed
    bucket.take(1, 16.0)
    assert not bucket.slowed


@given(st.lists(st.tuples(st.integers(1, 500), st.floats(0, 60)), min_size=1))
def test_who_obeys_never_exceeds_the_rate(steps: list[tuple[int, float]]) -> None:
    """Whoever pauses as told says at most the burst, the rate, and the last thing they said."""
    bucket, now, total, largest = full(), 0.0, 0, 0
    for amount, rest in steps:
        wait = bucket.take(amount, now)
        total, largest = total + amount, max(largest, amount)
        assert total <= 100 + 10 * now + largest + 1e-6
        now += max(wait, rest)
