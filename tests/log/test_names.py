"""Names and their numbers: without gaps, and only those that are in the file."""

from secure_chat.log.names import Numbers


def test_a_new_name_gets_the_next_number_once() -> None:
    """Known names keep theirs, a new one is noted for the file."""
    numbers = Numbers([("lobby", 1), ("alice", 2)])
    assert [numbers[name] for name in ("alice", "bob", "tea", "bob")] == [2, 3, 4, 3]
    assert numbers.fresh == [(3, "bob"), (4, "tea")]


def test_asking_politely_invents_nothing() -> None:
    """`get` is for names that may be unknown."""
    numbers = Numbers([])
    assert numbers.get("bob") is None
    assert not numbers.fresh


def test_what_was_committed_stays() -> None:
    """After `keep` a later failure does not take the name away."""
    numbers = Numbers([("lobby", 1)])
    assert numbers["bob"] == 2
    numbers.keep()
    assert numbers["tea"] == 3
    numbers.forget()
    assert dict(numbers) == {"lobby": 1, "bob": 2}
    assert numbers["carol"] == 3
    assert numbers.fresh == [(3, "carol")]
