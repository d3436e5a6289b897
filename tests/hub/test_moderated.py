"""Whatever operators, the owner and renewals do: nothing is lost, nothing twice, one order.

The same machine as in `test_invariants`, and besides its faults people are kicked, muted and given
other roles, a room is closed and opened, certificates are renewed and the old ones retired.
"""

from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from secure_chat.hub.sanctions import Sanctions
from secure_chat.log.base import Absent, Draft, Outcome
from secure_chat.pki.act import Deed
from secure_chat.wire.messages import FromClient, FromHost
from tests.hub.moderated import Moderated
from tests.hub.stage import MemoryLog
from tests.hub.test_invariants import check
from tests.hub.world import Client

WHO = st.integers(0, 3)
COUNT = st.integers(1, 6)
PERSON = st.sampled_from(["alice", "bob", "carol"])
ON_PEOPLE = st.sampled_from(
    [Deed.KICKED, Deed.MUTED, Deed.UNMUTED, Deed.UNMUTED, Deed.PROMOTED, Deed.DEMOTED]
)
ON_ROOMS = st.sampled_from([Deed.CLOSED_ROOM, Deed.OPENED_ROOM])


class Moderation(RuleBasedStateMachine):
    """Three people on four clients."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Moderated(
            [
                Client("alice", "a1", 0),
                Client("alice", "a2", 3),
                Client("bob", "b1", 0),
                Client("carol", "c1", 1),
            ]
        )

    @rule(deed=ON_PEOPLE, name=PERSON)
    def act_on_person(self, deed: Deed, name: str) -> None:
        """Somebody is kicked, muted, unmuted, promoted or demoted."""
        self.world.act(deed, name)

    @rule(deed=ON_ROOMS)
    def act_on_room(self, deed: Deed) -> None:
        """A room is closed or opened."""
        self.world.act(deed, "den")

    @rule(who=WHO, rounds=COUNT)
    def renew(self, who: int, rounds: int) -> None:
        """A client gets its next certificate and begins to move."""
        self.world.renew(self.world.clients[who])
        self.run(6, rounds)

    @rule()
    def retire(self) -> None:
        """The registrar retires what has a successor in use."""
        self.world.retire()

    @rule(who=WHO, room=st.sampled_from(["lobby", "den"]))
    def say_in_room(self, who: int, room: str) -> None:
        """Somebody speaks, whether or not they are connected and may."""
        self.world.say(self.world.clients[who], room, None)

    @rule(who=WHO, to=PERSON)
    def say_to_person(self, who: int, to: str) -> None:
        """Somebody writes to somebody."""
        self.world.say(self.world.clients[who], None, to)

    @rule(who=WHO, join=st.booleans())
    def move(self, who: int, *, join: bool) -> None:
        """Somebody joins or leaves the room that is closed at times."""
        self.world.move(self.world.clients[who], "den", join=join)

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
        self.world.check_silences()

    def teardown(self) -> None:
        """However it ended: it comes to rest, and all that is promised holds."""
        self.heal()


Moderation.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestModeration = Moderation.TestCase


# --- the machine would notice --------------------------------------------------------------


def two_at_rest(kind: type[Client] = Client) -> Moderated:
    """Return a world in which alice and bob are connected and up to date."""
    made = Moderated([kind("alice", "a1", 0), kind("bob", "b1", 0)])
    made.heal()
    return made


def act_and_move(world: Moderated) -> None:
    """Speak, renew, speak on, retire, mute, speak."""
    alice, bob = world.clients
    world.say(bob, "lobby", None)
    world.renew(alice)
    world.batch(100)
    world.say(bob, "lobby", None)
    world.batch(100)
    world.heal()
    world.retire()
    world.act(Deed.MUTED, "bob")
    world.say(bob, "lobby", None)
    world.heal()
    check(world)
    world.check_silences()


def test_a_world_that_keeps_order_holds() -> None:
    """The positive twin of the tests below: alice is on her new certificate, bob is muted."""
    world = two_at_rest()
    act_and_move(world)
    alice, bob = world.clients
    assert [said.id for said in alice.shown] == ["b1:1", "b1:2"]
    assert bob.refused == {"b1:3"}
    entry = world.trail.registry().get("a1")
    assert entry is not None
    assert entry.reason == "superseded"


def test_a_mute_that_is_not_enforced_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub that overlooks it lets a text through."""
    monkeypatch.setattr(Sanctions, "registry_changed", lambda *_: setattr(_[0], "closed", set()))
    with pytest.raises(AssertionError, match="heard while muted"):
        act_and_move(two_at_rest())


def test_a_client_that_shows_repetitions_would_be_noticed() -> None:
    """The second connection brings what the first has brought already."""

    class Careless(Client):
        def take(self, frame: FromHost) -> list[FromClient]:
            self.overlap = 0
            return super().take(frame)

    with pytest.raises(AssertionError, match="shown twice or out of order"):
        act_and_move(two_at_rest(Careless))


def test_a_refusal_of_what_was_committed_would_be_noticed() -> None:
    """Whoever did not hear the acknowledgement would take it for lost."""

    class Forgetful(MemoryLog):
        def _append(self, draft: Draft) -> Outcome:
            return Absent() if draft.again else super()._append(draft)

    for log, judge in ((MemoryLog, check), (Forgetful, fails)):
        world = two_at_rest()
        log_kept, world.log = world.log, log()
        world.log.__dict__.update(log_kept.__dict__)
        world.restart()
        world.heal()
        alice, _ = world.clients
        world.say(alice, "lobby", None)
        world.batch(100)
        world.cut(alice)
        world.act(Deed.MUTED, "alice")
        world.heal()
        judge(world)


def fails(world: Moderated, judge: Callable[[Moderated], None] = check) -> None:
    """See that a world does not hold."""
    with pytest.raises(AssertionError, match="refused and stored"):
        judge(world)
