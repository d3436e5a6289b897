"""What holds whatever happens: nothing lost, nothing twice, one order, under every fault we have.

Hypothesis plays clients that speak, join, leave, fall behind and lose their line, a host that is
killed and a disk that fills up, in any order. At the end everything is healed, and what each client
was shown is compared with the log.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from secure_chat.hub.commands import Deliver
from secure_chat.wire.messages import Said
from tests.hub.world import Client, World

WHO = st.integers(0, 3)
COUNT = st.integers(1, 6)
ROOM = st.sampled_from(["lobby", "den"])
PERSON = st.sampled_from(["alice", "bob", "carol"])


class Faults(RuleBasedStateMachine):
    """Three people on four clients."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(
            [
                Client("alice", "a1", 0),
                Client("alice", "a2", 3),
                Client("bob", "b1", 0),
                Client("carol", "c1", 1),
            ]
        )

    @rule(who=WHO, room=ROOM)
    def say_in_room(self, who: int, room: str) -> None:
        """Somebody speaks, whether or not they are connected."""
        self.world.say(self.world.clients[who], room, None)

    @rule(who=WHO, to=PERSON)
    def say_to_person(self, who: int, to: str) -> None:
        """Somebody writes to somebody."""
        self.world.say(self.world.clients[who], None, to)

    @rule(who=WHO, room=ROOM, join=st.booleans())
    def move(self, who: int, room: str, *, join: bool) -> None:
        """Somebody joins or leaves."""
        self.world.move(self.world.clients[who], room, join=join)

    @rule(who=WHO)
    def connect(self, who: int) -> None:
        """Somebody connects, if they are not."""
        client = self.world.clients[who]
        if client.conn is None:
            self.world.connect(client)

    @rule(who=WHO)
    def cut(self, who: int) -> None:
        """A line is cut."""
        self.world.cut(self.world.clients[who])

    @rule(who=WHO, count=COUNT)
    def take(self, who: int, count: int) -> None:
        """Some frames arrive at a client."""
        self.world.take(self.world.clients[who], count)

    @rule(count=COUNT, rounds=COUNT)
    def run(self, count: int, rounds: int) -> None:
        """The hub works some rounds off."""
        for _ in range(rounds):
            self.world.batch(count)

    @rule(count=COUNT)
    def run_with_full_disk(self, count: int) -> None:
        """The hub runs a round in which nothing can be stored."""
        self.world.batch(count, full=True)

    @rule()
    def read(self) -> None:
        """The reader answers a question."""
        self.world.read()

    @rule()
    def kill_host(self) -> None:
        """The host is killed and comes back."""
        self.world.restart()

    @rule()
    def heal(self) -> None:
        """Everything comes to rest for a moment, and all that is promised holds."""
        self.world.heal()
        check(self.world)

    def teardown(self) -> None:
        """However it ended: it comes to rest, and all that is promised holds."""
        self.heal()


def check(world: World) -> None:
    """Compare what every client saw with the log."""
    for client in world.clients:
        base = client.base
        assert base is not None
        shown = [said for said in client.shown if said.seq > base]
        assert shown == world.log.heard(client.name, base), "lost, foreign or altered"
        entitled = world.log.heard(client.name, 0)
        assert all(said in entitled for said in client.shown), "not theirs to see"
        places = {p.room for p in world.log.places() if p.person == client.name and p.left is None}
        assert client.rooms == places, "wrong about its rooms"
        check_texts(world, client)


def check_texts(world: World, client: Client) -> None:
    """Compare what a client was told of its own texts with the log."""
    stored = [(draft.id, seq) for seq, draft in world.log.entries if draft.author == client.name]
    numbers = dict(stored)
    assert len(numbers) == len(stored), "stored twice"
    for ident in client.texts & client.acked.keys():
        assert numbers.get(ident) == client.acked[ident], "acknowledged and not stored"
    assert client.texts <= client.acked.keys() | client.refused, "never answered"
    assert not client.refused & client.texts & numbers.keys(), "refused and stored"


Faults.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestFaults = Faults.TestCase


def two_at_rest(world: type[World] = World) -> World:
    """Return a world in which alice and bob are connected and up to date."""
    made = world([Client("alice", "a1", 0), Client("bob", "b1", 0)])
    made.heal()
    return made


def test_a_world_without_faults_holds() -> None:
    """The positive twin of the tests below."""
    world = two_at_rest()
    world.say(world.clients[0], "lobby", None)
    world.heal()
    check(world)
    assert [said.id for said in world.clients[1].shown] == ["a1:1"]


def test_a_lost_delivery_would_be_noticed() -> None:
    """A worker that skips a peer without saying so breaks the promise."""

    class Skipping(World):
        def deliver(self, conn: int, command: Deliver) -> None:
            if not isinstance(command.messages[0], Said) or conn != self.clients[1].conn:
                super().deliver(conn, command)

    world = two_at_rest(Skipping)
    world.say(world.clients[0], "lobby", None)
    world.heal()
    with pytest.raises(AssertionError, match="lost, foreign or altered"):
        check(world)


def test_a_doubled_delivery_would_be_noticed() -> None:
    """A worker that sends a piece twice breaks it too."""

    class Doubling(World):
        def deliver(self, conn: int, command: Deliver) -> None:
            super().deliver(conn, command)
            super().deliver(conn, command)

    world = two_at_rest(Doubling)
    world.say(world.clients[0], "lobby", None)
    with pytest.raises(AssertionError, match="shown twice or out of order"):
        world.heal()


def test_an_ack_before_the_commit_would_be_noticed() -> None:
    """A log that answers and then forgets with the host's death is what we must never be."""
    world = two_at_rest()
    world.say(world.clients[0], "lobby", None)
    world.heal()
    world.log.forget_last()
    world.restart()
    with pytest.raises(AssertionError, match="what was shown is gone"):
        world.heal()
