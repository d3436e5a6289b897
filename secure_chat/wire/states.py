"""The states of a connection and the table of who may send what in which of them.

Pure data, read from every thread, never changed after import. What is not in the table is illegal;
no other place knows a rule about order. Both ends keep the same state and move it by the messages
themselves, the sender when it sends, the other end when it reads:

    START ──Greeting (host)──▶ GREETED ──Hello (client)──▶ HELLO ──Welcome (host)──▶ OPEN
      └───────────────────────────┴───── Close ────────────────┴─────────────────────┴──▶ CLOSED

The two ends may see a different state while a message travels. That is harmless: each sender
leaves a state only by its own message or by one it has read, and what an end may still send in the
state it has left behind (Ping, Pong, Close) is legal in the next one too. Only Close crosses
everything, therefore what arrives in CLOSED is not judged any more.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import get_args

from secure_chat.wire.messages import (
    Close,
    FromClient,
    FromHost,
    Greeting,
    Hello,
    Part,
    Ping,
    Pong,
    Welcome,
)

__all__ = ["TRANSITIONS", "Role", "State", "legal", "plain"]


class Role(StrEnum):
    """Which end of a connection."""

    HOST = "host"
    CLIENT = "client"

    @property
    def peer(self) -> "Role":
        """Return the other end."""
        return Role.CLIENT if self is Role.HOST else Role.HOST


class State(StrEnum):
    """How far a connection is; see the drawing above."""

    START = "start"
    GREETED = "greeted"
    HELLO = "hello"
    OPEN = "open"
    CLOSED = "closed"


_OPENING: frozenset[type[Part]] = frozenset({Greeting, Hello, Welcome})
_KINDS: Mapping[Role, tuple[type[Part], ...]] = {
    Role.HOST: get_args(FromHost),
    Role.CLIENT: get_args(FromClient),
}


def _transitions() -> dict[tuple[Role, State, type[Part]], State]:
    """Write the table down."""
    table: dict[tuple[Role, State, type[Part]], State] = {
        (Role.HOST, State.START, Greeting): State.GREETED,
        (Role.CLIENT, State.GREETED, Hello): State.HELLO,
        (Role.HOST, State.HELLO, Welcome): State.OPEN,
        # A host may refuse before it greets. A client writes nothing before it has heard the
        # host: what it writes first can overtake the alert that says why it was refused.
        (Role.HOST, State.START, Close): State.CLOSED,
    }
    for role, kinds in _KINDS.items():
        for state in (State.GREETED, State.HELLO, State.OPEN):
            table[role, state, Ping] = table[role, state, Pong] = state
            table[role, state, Close] = State.CLOSED
        for kind in kinds:
            if kind not in _OPENING:
                table.setdefault((role, State.OPEN, kind), State.OPEN)
    return table


TRANSITIONS: Mapping[tuple[Role, State, type[Part]], State] = MappingProxyType(_transitions())

# The same table cut for speed: one look-up by type for each message, none by role and state.
_LEGAL: Mapping[tuple[Role, State], Mapping[type[Part], State]] = {
    (role, state): {
        kind: after for (r, s, kind), after in TRANSITIONS.items() if (r, s) == (role, state)
    }
    for role in Role
    for state in State
}
_PLAIN: Mapping[tuple[Role, State], frozenset[type[Part]]] = {
    (role, state): frozenset(kinds) - {Ping, Pong, Close} if state is State.OPEN else frozenset()
    for (role, state), kinds in _LEGAL.items()
}


def legal(sender: Role, state: State) -> Mapping[type[Part], State]:
    """Return what `sender` may send in `state`, each with the state that follows."""
    return _LEGAL[sender, state]


def plain(sender: Role, state: State) -> frozenset[type[Part]]:
    """Return what `sender` may send in `state` that moves nothing and needs no answer here."""
    return _PLAIN[sender, state]
