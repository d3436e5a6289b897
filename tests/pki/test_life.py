"""Lives of certificates, and when they are renewed."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.pki.authority import Authority
from secure_chat.pki.identity import Role
from secure_chat.pki.leaf import validity
from secure_chat.pki.life import due_at, is_due, life_of, next_life
from secure_chat.pki.registry import Entry

AT = 1_795_348_800.0


@given(
    st.floats(AT, AT + 1e6),
    st.integers(1, int(timedelta(days=397).total_seconds())),
)
def test_the_life_that_was_asked_for_is_found_again(now: float, seconds: int) -> None:
    """Whatever was set back at the begin, so that a hundred renewals later it is still the same."""
    begin, end = validity(now, timedelta(seconds=seconds))
    assert life_of(begin.timestamp(), end.timestamp()) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "life", [timedelta(minutes=3), timedelta(hours=10), timedelta(hours=11), timedelta(days=90)]
)
def test_it_is_due_when_two_thirds_of_it_are_over(life: timedelta) -> None:
    """Counted from when it was issued, not from its begin."""
    leaf = Authority.create(now=AT).issue_member("alice", now=AT, life=life).identity
    due = AT + life.total_seconds() * 2 / 3
    assert due_at(leaf.not_before, leaf.not_after) == pytest.approx(due)
    assert not is_due(leaf.not_before, leaf.not_after, due - 1)
    assert is_due(leaf.not_before, leaf.not_after, due)
    assert is_due(leaf.not_before, leaf.not_after, due + life.total_seconds())


def entry(serial: str, days: int, end: int, replaces: str = "") -> Entry:
    """Return a certificate of some days that ends at a moment."""
    begin = end - days * 86_400 - 3_600
    return Entry("alice", Role.MEMBER, serial, "", begin, end, replaces=replaces)


def test_a_renewal_lives_as_long_as_the_one_it_replaces() -> None:
    """Even when an earlier one lived longer: somebody has asked for less since."""
    old, present = entry("a", 90, 1_000_000_000), entry("b", 30, 1_000_000_001, "a")
    assert next_life(present, {"a": old, "b": present}, {2_000_000_000}) == timedelta(days=30)


def test_a_life_cut_by_the_authoritys_end_does_not_stay_short() -> None:
    """Its predecessors say what was asked for, as far as they are known."""
    end = 2_000_000_000
    old, cut = entry("a", 90, end - 5_000_000), entry("b", 20, end, "a")
    again = entry("c", 7, end, "b")
    entries = {one.serial: one for one in (old, cut, again)}
    assert next_life(again, entries, {end}) == timedelta(days=90)
    assert next_life(again, {"c": again, "b": cut}, {end}) == timedelta(days=20)
    assert next_life(again, {"c": again}, {end}) == timedelta(days=7)
    circle = {"a": replace(cut, serial="a", replaces="b"), "b": cut}
    assert next_life(cut, circle, {end}) == timedelta(days=20)
