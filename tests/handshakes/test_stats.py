"""Counts and times of many handshakes: exact where they can be, near enough where they say so."""

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.handshakes.stats import PERCENTILES, PRECISION, Durations, Stats
from tests.handshakes.records import good, refused


def durations(*values: float) -> Durations:
    """Return what is known of some times."""
    found = Durations()
    for value in values:
        found.add(value)
    return found


def test_handshakes_are_counted_by_result_reason_and_end() -> None:
    """A line that stands for a flood counts as many."""
    stats = Stats()
    for record in (
        good(5),
        good(1, end="client"),
        refused(3, reason="silent", count=40),
        refused(9, end="client"),
    ):
        stats.add(record)

    assert stats.handshakes == 43
    assert stats.records == 4
    assert stats.results == {"ok": 2, "refused": 41}
    assert stats.reasons == {"ok": 2, "silent": 40, "expired": 1}
    assert stats.ends == {"host": 41, "client": 2}
    assert (stats.first, stats.last) == (good(1).ts, good(9).ts)


def test_only_those_that_were_welcomed_have_a_time() -> None:
    """How long a refusal took says nothing about the others."""
    stats = Stats()
    stats.add(good(duration_ms=4.0))
    stats.add(refused(duration_ms=10_000))

    assert stats.durations.count == 1
    assert stats.durations.longest_ms == 4.0


def test_the_same_as_one_value_for_scripts() -> None:
    """Names are whole words, times are milliseconds, nothing is left out."""
    stats = Stats()
    for number in range(1, 101):
        stats.add(good(duration_ms=number))
    stats.add(refused(60))

    value = stats.as_json()

    assert value["handshakes"] == value["records"] == 101
    assert value["results"] == {"ok": 100, "refused": 1}
    assert value["established_ms"]["count"] == 100
    assert value["established_ms"]["max"] == 100
    assert value["established_ms"]["p50"] == pytest.approx(50, rel=0.01)
    assert sum(bar["count"] for bar in value["histogram"]) == 100
    assert value["histogram"][0]["from_ms"] <= 1
    assert value["histogram"][-1]["below_ms"] > 100


def test_nothing_has_no_times() -> None:
    """An empty journal is no error."""
    value = Stats().as_json()

    assert value["handshakes"] == 0
    assert value["first"] is None
    assert value["histogram"] == []
    assert value["established_ms"]["p99"] == 0


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200), st.sampled_from(PERCENTILES))
def test_a_percentile_is_as_near_as_it_says(values: list[float], percent: int) -> None:
    """Against the exact one, by the nearest rank."""
    exact = sorted(values)[ceil(len(values) * percent / 100) - 1]

    assert durations(*values).percentile(percent) == pytest.approx(exact, rel=PRECISION * 1.001)


def test_the_longest_is_exact_and_no_percentile_is_beyond_it() -> None:
    """One time is all of them."""
    found = durations(7.3)

    assert found.longest_ms == 7.3
    assert found.percentile(50) <= found.percentile(99) <= 7.3
    assert found.percentile(50) == pytest.approx(7.3, rel=PRECISION)


@pytest.mark.parametrize("value", [0.0, -1.0, 1e-9])
def test_a_time_that_is_none_counts_as_the_shortest(value: float) -> None:
    """A clock that jumped must not end the reading."""
    found = durations(value, 5.0)

    assert found.count == 2
    assert found.percentile(50) == pytest.approx(0.001, rel=PRECISION)


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=100), st.integers(8, 20))
def test_a_histogram_has_every_time_in_its_bar(values: list[float], most: int) -> None:
    """The bars touch each other, none at the ends is empty, and there are not too many."""
    bars = durations(*values).bars(most)

    assert len(bars) <= most
    assert sum(bar.handshakes for bar in bars) == len(values)
    assert bars[0].handshakes
    assert bars[-1].handshakes
    for bar, following in pairwise(bars):
        assert bar.high_ms == following.low_ms
    for bar in bars:
        inside = [v for v in values if bar.low_ms * 1.000_001 < v < bar.high_ms * 0.999_999]
        assert bar.handshakes >= len(inside)


def test_a_histogram_of_ordinary_times_is_fine_and_of_all_kinds_is_coarse() -> None:
    """Bars are an eighth of an octave where that is enough for all."""
    fine = durations(3.0, 3.5, 4.0).bars(12)
    coarse = durations(0.01, 10_000).bars(12)

    assert len(fine) in {4, 5}
    assert fine[0].high_ms / fine[0].low_ms == pytest.approx(2 ** (1 / 8))
    assert coarse[0].high_ms / coarse[0].low_ms == pytest.approx(4)
    assert durations().bars(12) == []


def test_a_million_times_take_no_more_room_than_a_few_thousand() -> None:
    """What is kept depends on how much they differ, not on how many there are."""
    found = Durations()
    for number in range(200_000):
        found.add(1 + number % 4_001 / 1_000)

    assert found.count == 200_000
    assert len(found._buckets) < 160
