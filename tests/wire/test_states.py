"""The table of transitions says, for every end, state and type, what is legal and what follows."""

from itertools import product

import pytest

from secure_chat.wire.messages import Close, Greeting, Hello, Part, Ping, Pong, Welcome
from secure_chat.wire.states import TRANSITIONS, Role, State, legal, plain
from tests.wire.examples import kinds_of

KINDS = sorted(kinds_of(Role.HOST) | kinds_of(Role.CLIENT), key=lambda kind: kind.__name__)
OPENING = {Greeting, Hello, Welcome}


def expected(role: Role, state: State, kind: type[Part]) -> State | None:
    """Say the rules once more, as a person would: what follows, or None for illegal."""
    if state is State.CLOSED or kind not in kinds_of(role):
        return None
    if kind is Close:
        return None if (role, state) == (Role.CLIENT, State.START) else State.CLOSED
    if kind in {Ping, Pong}:
        return None if state is State.START else state
    if kind in OPENING:
        return {
            (State.START, Greeting): State.GREETED,
            (State.GREETED, Hello): State.HELLO,
            (State.HELLO, Welcome): State.OPEN,
        }.get((state, kind))
    return State.OPEN if state is State.OPEN else None


@pytest.mark.parametrize(
    ("role", "state", "kind"),
    [*product(Role, State, KINDS)],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value),
)
def test_every_end_state_and_type_is_decided(role: Role, state: State, kind: type[Part]) -> None:
    """The table agrees with the rules for every end, state and type, legal or not."""
    assert TRANSITIONS.get((role, state, kind)) == expected(role, state, kind)
    assert legal(role, state).get(kind) == expected(role, state, kind)


def test_nobody_says_anything_when_it_is_closed() -> None:
    """No end may send anything behind a Close."""
    assert not legal(Role.HOST, State.CLOSED)
    assert not legal(Role.CLIENT, State.CLOSED)


def test_a_client_says_nothing_before_it_has_heard_the_host() -> None:
    """At the start only the host speaks, and only a greeting or a refusal."""
    assert not legal(Role.CLIENT, State.START)
    assert set(legal(Role.HOST, State.START)) == {Greeting, Close}


def test_plain_types_move_nothing_and_are_many_only_when_open() -> None:
    """What needs no second look is legal, keeps the state, and is neither Ping, Pong nor Close."""
    for role, state in product(Role, State):
        for kind in plain(role, state):
            assert legal(role, state)[kind] is state
        assert not plain(role, state) & {Ping, Pong, Close}
    assert plain(Role.HOST, State.OPEN) == kinds_of(Role.HOST) - OPENING - {Ping, Pong, Close}
    assert plain(Role.CLIENT, State.OPEN) == kinds_of(Role.CLIENT) - OPENING - {Ping, Pong, Close}
    assert not plain(Role.CLIENT, State.HELLO)


def test_each_end_is_the_peer_of_the_other() -> None:
    """The peer of the peer is oneself."""
    assert Role.HOST.peer is Role.CLIENT
    assert Role.CLIENT.peer is Role.HOST


def test_crossing_frames_are_legal_where_they_arrive() -> None:
    """A state that one end has left by its own message still takes what the other was free to say.

    While a message that moves the state travels, the other end may say what is legal in the old
    state. All of that must be legal in the new state too, unless the new state takes nothing.
    """
    for (sender, state, _), after in TRANSITIONS.items():
        if after not in {state, State.CLOSED}:
            assert set(legal(sender.peer, state)) <= set(legal(sender.peer, after))


def test_every_state_is_reached_and_every_type_has_its_place() -> None:
    """Nothing in the vocabulary is dead: each state follows from something, each type is legal."""
    assert {State.START, *TRANSITIONS.values()} == set(State)
    for role in Role:
        assert {kind for sender, _, kind in TRANSITIONS if sender is role} == kinds_of(role)
