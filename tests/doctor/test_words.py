"""How long things are, what counts as soon, and how findings are counted."""

import pytest

from secure_chat.doctor.dates import Written, check_clock, expires_soon, in_words
from secure_chat.doctor.findings import Area, Finding, Level, Summary, settled

DAY = 86_400.0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (2 * DAY - 1, "1 day"),
        (2 * DAY, "2 days"),
        (400 * DAY, "400 days"),
    ],
)
def test_a_span_is_told_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    """People do not want to divide."""
    assert in_words(seconds) == words


@pytest.mark.parametrize(
    ("life", "left"),
    [(397 * DAY, 30 * DAY), (90 * DAY, 30 * DAY), (30 * DAY, 10 * DAY), (180, 60)],
)
def test_soon_is_a_month_or_a_third_of_a_life(life: float, left: float) -> None:
    """Whichever is less, so that a certificate for a day is not always about to end."""
    assert not expires_soon(0.0, life, life - left - 1)
    assert expires_soon(0.0, life, life - left + 1)
    assert expires_soon(0.0, life, life + 1)


def test_the_clock_is_judged_by_the_youngest_thing() -> None:
    """Up to a minute is nothing."""
    past, ahead = Written("a stone", 100.0), Written("a letter", 5_000.0)

    (good,) = check_clock([past, Written("a note", 1_060.0)], 1_000.0)
    (bad,) = check_clock([past, ahead, Written("a note", 1_061.0)], 1_000.0)

    assert good.level is Level.OK
    assert bad.level is Level.WARNING
    assert bad.what.startswith("a letter is from 1970-01-01T01:23:20.000Z, 1 hour from now")
    assert check_clock([], 0.0)[0].level is Level.OK


def findings() -> list[Finding]:
    """Return one finding of each level, and another good one."""
    here = Area.DATA
    return [
        here.ok("a", "good"),
        here.note("b", "known"),
        here.warning("c", "harmful"),
        here.fault("d", "broken"),
        here.ok("e", "good"),
    ]


def test_a_summary_counts_each_level() -> None:
    """Notes leave everything well, warnings and faults do not."""
    good, note, warning, fault, other = findings()

    assert Summary.of(findings()) == Summary(ok=2, notes=1, warnings=1, faults=1)
    assert Summary.of([]).well
    assert Summary.of([good, note, other]).well
    assert not Summary.of([good, warning]).well
    assert not Summary.of([fault]).well


def test_a_good_answer_stands_where_nothing_is_bad() -> None:
    """And only there."""
    good, note, *_ = findings()

    assert settled([], good) == [good]
    assert settled(iter([note]), good) == [note]
