"""What a certificate is worth, in one word."""

import pytest

from secure_chat.pki.identity import Role
from secure_chat.pki.registry import REPLACED, SUPERSEDED, Entry
from secure_chat.pki.state import State, is_passing, state_at, state_of

DAY = 86_400


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (-3_601, State.FUTURE),
        (-3_600, State.VALID),
        (0, State.VALID),
        (59 * DAY, State.VALID),
        (60 * DAY, State.EXPIRING),
        (90 * DAY, State.EXPIRING),
        (90 * DAY + 1, State.EXPIRED),
    ],
)
def test_a_life_has_its_times(now: float, state: State) -> None:
    """The last third of ninety days begins after sixty; the hour before does not count."""
    assert state_at(-3_600, 90 * DAY, now) is state
    assert state_of(entry(), now) is state


def entry(**more: str) -> Entry:
    """Return a certificate of the registry."""
    known = {"state": "valid", "reason": "", **more}
    return Entry("alice", Role.MEMBER, "a", "b", -3_600, 90 * DAY, **known)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("reason", "passing"),
    [(SUPERSEDED, True), (REPLACED, True), ("keyCompromise", False), ("", False)],
)
def test_revoked_it_is_that_and_nothing_else(reason: str, *, passing: bool) -> None:
    """Whatever its dates say; in the course of things or for a reason."""
    gone = entry(state="revoked", reason=reason)
    for now in (-DAY, 0, 100 * DAY):
        assert state_of(gone, now) is State.REVOKED
    assert is_passing(gone) is passing
    assert not is_passing(entry())
