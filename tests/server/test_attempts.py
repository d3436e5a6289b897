"""How often one may ask in vain."""

from secure_chat.server.attempts import Attempts


def test_one_address_may_ask_so_often_in_a_minute() -> None:
    """And again when the first of them is a minute old; another address may meanwhile."""
    attempts = Attempts(per_address=2, in_all=100)
    assert [attempts.charge("a", at) for at in (0.0, 30.0, 59.9)] == [True, True, False]
    assert attempts.charge("b", 59.9)
    assert [attempts.charge("a", at) for at in (60.0, 60.1)] == [True, False]


def test_all_together_may_ask_so_often() -> None:
    """Many addresses gain nothing."""
    attempts = Attempts(per_address=2, in_all=3)
    assert [attempts.charge(f"a{number}", 1.0) for number in range(4)] == [True, True, True, False]
    assert attempts.charge("a9", 61.0)


def test_what_was_not_in_vain_does_not_count() -> None:
    """A whole class behind one address can enrol in a minute."""
    attempts = Attempts(per_address=2, in_all=3)
    for _ in range(50):
        assert attempts.charge("a", 1.0)
        attempts.forgive("a")
    assert [attempts.charge("a", 2.0) for _ in range(3)] == [True, True, False]
    attempts.forgive("nobody")
    assert not attempts.charge("a", 3.0)
