"""The session loses nothing that is not acknowledged and shows each number once, in order."""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from secure_chat.client.effects import (
    Dial,
    Duplicate,
    Effect,
    Forget,
    Hangup,
    Memory,
    Mode,
    Outgoing,
    Show,
    Transmit,
)
from secure_chat.client.events import (
    Acked,
    Connected,
    Disconnected,
    Left,
    Message,
    Problem,
    Refused,
)
from secure_chat.client.session import Session
from secure_chat.errors import HostRefused, HostUnreachable
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Ack,
    Code,
    Error,
    Greeting,
    Hello,
    Join,
    Live,
    Membership,
    Notice,
    People,
    Ping,
    Presence,
    Said,
    Say,
    Welcome,
    Who,
)
from secure_chat.wire.messages import Message as WireMessage
from tests.client.model import ModelHost

GREETING = Greeting(1, "u1")
SHOWN = Connected("alice", "member", "c0", ("lobby",), 9, "", "", "u1")


def welcome(head: int = 9) -> Welcome:
    """Return a host's welcome."""
    return Welcome("alice", "member", "c0", head, 1, ["lobby"])


def say(id_: str, text: str = "hi") -> Say:
    """Return something said in the lobby."""
    return Say(id_, text, "lobby")


def said(seq: int) -> Said:
    """Return something bob said."""
    return Said(seq, 0, "bob", f"b{seq}", "hi", "lobby")


def new(
    memory: Memory | None = None,
    *,
    mode: Mode | None = None,
    limits: Limits | None = None,
) -> Session:
    """Return a session at its start."""
    return Session(limits or Limits(), memory or Memory("d1"), mode or Mode(), jitter=lambda: 0.0)


def opened(session: Session, head: int = 9) -> Session:
    """Bring a session as far as the welcome and forget what it did for that."""
    session.opened()
    session.received(GREETING)
    session.received(welcome(head))
    session.effects()
    return session


def fed(session: Session, *messages: WireMessage) -> list[Effect]:
    """Feed messages and return the effects."""
    for message in messages:
        session.received(message)
    return session.effects()


def test_nothing_is_written_before_the_host_spoke() -> None:
    """The greeting is answered with the cursor; what waits is sent behind the welcome only."""
    session = new(Memory("d1", 4, (say("a1"),)), mode=Mode(history=5))
    session.submit(say("a2"))
    session.opened()
    assert session.effects() == []
    (hello,) = fed(session, GREETING)
    assert isinstance(hello, Transmit)
    assert isinstance(hello.message, Hello)
    assert (hello.message.cursor, hello.message.history) == (4, 5)
    assert (hello.message.device, hello.message.live) == ("d1", True)
    assert fed(session, welcome()) == [Show(SHOWN), Transmit(say("a1")), Transmit(say("a2"))]
    assert session._welcomed


def test_an_ack_settles_and_a_second_one_says_nothing() -> None:
    """What is acknowledged is forgotten on the disk and told once."""
    session = opened(new())
    session.submit(say("a1"))
    assert session.effects() == [Transmit(say("a1"))]
    assert fed(session, Ack("a1", 10, 5)) == [Forget("a1"), Show(Acked("a1", 10, 5))]
    assert fed(session, Ack("a1", 10, 5), Ack("never", 11, 5)) == []
    assert session.unsent == 0


def test_the_window_bounds_what_is_on_its_way() -> None:
    """One more leaves for each that is settled, by an ack or by an error, in order."""
    session = opened(new(limits=Limits(unacked=2)))
    for number in range(4):
        session.submit(say(f"a{number}"))
    assert session.effects() == [Transmit(say("a0")), Transmit(say("a1"))]
    assert fed(session, Ack("a1", 10, 0))[-1] == Transmit(say("a2"))
    refusal = Error("too-long", "no", id="a0")
    assert fed(session, refusal) == [
        Forget("a0"),
        Show(Problem("too-long", "no", "a0")),
        Transmit(say("a3")),
    ]
    assert fed(session, refusal) == []


def test_everything_unacknowledged_is_sent_again_in_order() -> None:
    """After a new welcome the queue begins at its head, whatever was on its way before."""
    session = opened(new(limits=Limits(unacked=2)))
    for number in range(3):
        session.submit(say(f"a{number}"))
    session.received(Ack("a0", 10, 0))
    session.effects()
    session.lost(Code.SILENT, "said nothing", None)
    assert session.effects() == [
        Show(Disconnected("silent", "said nothing", 0, 0.1)),
        Dial(0.1),
    ]
    assert fed(opened(session)) == []
    session.lost(Code.SILENT, "", None)
    session.effects()
    session.opened()
    sent = fed(session, GREETING, welcome())
    assert sent[-2:] == [Transmit(say("a1")), Transmit(say("a2"))]


def test_an_id_that_waits_is_not_queued_twice() -> None:
    """The same again is one message; the same id for something else is a problem."""
    session = new()
    session.submit(say("a1"))
    session.submit(say("a1"))
    assert session.effects() == [Duplicate("a1")]
    session.submit(say("a1", "other"))
    duplicate, shown = session.effects()
    assert duplicate == Duplicate("a1")
    assert isinstance(shown, Show)
    assert isinstance(shown.event, Problem)
    assert shown.event.code == "id-conflict"
    assert session.unsent == 1


def test_each_number_is_shown_once_and_moves_the_cursor() -> None:
    """Messages, memberships and the end of the catch-up all count; repeats do not."""
    session = opened(new(Memory("d1", 4)))
    change = Membership(6, 0, "tea", member=True)
    effects = fed(session, said(5), said(5), change, change, said(4), Live(8), said(7), said(9))
    assert effects == [
        Show(Message.of(said(5)), 5),
        Show(change, 6),
        Show(Live(8), 8),
        Show(Message.of(said(9)), 9),
    ]


def test_a_first_run_without_history_begins_at_the_head() -> None:
    """The welcome alone is the cursor then; with history the first message is."""
    session = new()
    session.opened()
    assert fed(session, GREETING, welcome())[-1] == Show(SHOWN, 9)
    with_history = new(mode=Mode(history=3))
    with_history.opened()
    assert fed(with_history, GREETING, welcome())[-1] == Show(SHOWN, None)
    assert fed(with_history, said(7), Live(9)) == [
        Show(Message.of(said(7)), 7),
        Show(Live(9), 9),
    ]
    one_shot = new(mode=Mode(live=False))
    one_shot.opened()
    assert fed(one_shot, GREETING, welcome())[-1] == Show(SHOWN, None)


def test_a_host_with_a_new_log_is_listened_to() -> None:
    """A cursor above the head is taken back, or the new log's numbers would pass for repeats."""
    session = new(Memory("d1", 500))
    session.opened()
    _, notice, shown = fed(session, GREETING, welcome(9))
    assert isinstance(notice, Show)
    assert isinstance(notice.event, Notice)
    assert shown == Show(SHOWN, 9)
    assert fed(session, said(10)) == [Show(Message.of(said(10)), 10)]


def test_answers_and_news_pass_through() -> None:
    """Presence and notices are events; an answer or an error settles its question."""
    session = opened(new())
    session.ask(Who(1, "lobby"))
    session.ask(Who(2, "tea"))
    session.ask(Who(3, "tea"))
    assert session.effects() == [
        Transmit(Who(1, "lobby")),
        Transmit(Who(2, "tea")),
        Transmit(Who(3, "tea")),
    ]
    presence, people = Presence("lobby", 2), People(1, "lobby", [])
    refused = Error("not-a-member", "no", re=2)
    assert fed(session, presence, people, refused, Notice("slowed", "wait"), Ping()) == [
        Show(presence),
        Show(people),
        Show(Problem("not-a-member", "no", re=2)),
        Show(Notice("slowed", "wait")),
    ]
    session.lost(Code.SILENT, "", None)
    unanswered = session.effects()[0]
    assert isinstance(unanswered, Show)
    assert isinstance(unanswered.event, Problem)
    assert unanswered.event.re == 3


def test_a_question_without_a_connection_is_a_problem() -> None:
    """Nobody waits for an answer that cannot come."""
    session = new()
    session.ask(Who(1, "lobby"))
    (shown,) = session.effects()
    assert isinstance(shown, Show)
    assert isinstance(shown.event, Problem)
    assert shown.event.re == 1


def test_waits_double_up_to_their_bound_and_begin_anew_after_a_welcome() -> None:
    """Each failed attempt waits longer; a welcome takes all of that back."""
    session = opened(new())
    waits = []
    for _ in range(9):
        session.lost("closed", "", HostUnreachable("nothing answers", why="refused"))
        effects = session.effects()
        shown, dial = effects[-2:]
        assert isinstance(dial, Dial)
        assert isinstance(shown, Show)
        assert isinstance(shown.event, Disconnected)
        assert shown.event.text == "nothing answers: refused"
        waits.append(dial.seconds)
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    opened(session).lost("closed", "", None)
    assert session.effects()[-1] == Dial(0.1)


def test_a_first_connection_that_fails_is_final() -> None:
    """Before any welcome there is no second attempt, and nothing happens behind the end."""
    session = new()
    error = HostUnreachable("nothing answers")
    session.lost("closed", "", error)
    assert session.effects() == [Show(Refused("closed", error))]
    assert session.over
    session.lost("closed", "", error)
    session.opened()
    assert fed(session, GREETING) == []
    session.leave(flush=False)
    assert session.effects() == []


def test_a_refusal_is_final_at_any_time() -> None:
    """A revoked client does not knock again."""
    session = opened(new())
    error = HostRefused("revoked", "the host refused us")
    session.lost("revoked", "", error)
    assert session.effects() == [Show(Refused("revoked", error))]


def test_leaving_at_once_keeps_the_rest_for_the_next_run() -> None:
    """The connection is ended in order and the number of the unsent is told."""
    session = opened(new())
    session.submit(say("a1"))
    session.effects()
    session.leave(flush=False)
    assert session.effects() == [Show(Left(1)), Hangup()]
    down = new(Memory("d1", None, (say("a1"),)))
    down.leave(flush=False)
    assert down.effects() == [Show(Left(1))]


def test_leaving_in_order_waits_for_acks_and_for_ones_own_lines() -> None:
    """The last line is acknowledged and has come back before the client goes."""
    session = opened(new())
    session.submit(say("a1"))
    session.leave(flush=True)
    assert session.effects() == [Transmit(say("a1"))]
    assert fed(session, Ack("a1", 10, 0)) == [Forget("a1"), Show(Acked("a1", 10, 0))]
    assert fed(session, said(10)) == [
        Show(Message.of(said(10)), 10),
        Show(Left(0)),
        Hangup(),
    ]
    idle = opened(new(mode=Mode(live=False)))
    idle.submit(Join("j1", "tea"))
    idle.leave(flush=True)
    assert fed(idle, Ack("j1", 10, 0))[-2:] == [Show(Left(0)), Hangup()]


class Interleavings(RuleBasedStateMachine):
    """Any order of saying, losing the line, repeats, showing and the client's own death."""

    def __init__(self) -> None:
        super().__init__()
        self.host = ModelHost()
        self.submitted: list[str] = []
        self.acked: dict[str, int] = {}
        self.shown: list[int] = []
        # What the disk holds: the queue and the cursor.
        self.kept: dict[str, Outgoing] = {}
        self.cursor: int | None = None
        self.start()

    def start(self) -> None:
        """Begin a run of the client from what the disk holds."""
        memory = Memory("d1", self.cursor, tuple(self.kept.values()))
        self.session = Session(Limits(unacked=3), memory, Mode(history=1_000), jitter=lambda: 0.5)
        self.to_host: deque[WireMessage] = deque()
        self.pending: deque[Show] = deque()
        self.this_run: list[int] = []
        self.up = False

    def settle(self) -> None:
        """Carry the session's effects out."""
        for effect in self.session.effects():
            if isinstance(effect, Transmit):
                self.to_host.append(effect.message)
            elif isinstance(effect, Forget):
                del self.kept[effect.id]
            elif isinstance(effect, Show):
                self.pending.append(effect)

    @rule()
    def alice_says(self) -> None:
        """A line is kept on the disk first and submitted then."""
        message = say(f"a{len(self.submitted)}")
        self.submitted.append(message.id)
        self.kept[message.id] = message
        self.session.submit(message)
        self.settle()

    @rule()
    def bob_says(self) -> None:
        """Somebody else's message is committed."""
        self.host.commit("bob", f"b{len(self.host.log)}", "hi")

    @precondition(lambda self: not self.up)
    @rule()
    def connect(self) -> None:
        """A connection comes up and the host greets."""
        self.up = True
        self.to_host.clear()
        self.host.connect()
        self.session.opened()

    @precondition(lambda self: self.up and self.to_host)
    @rule()
    def a_frame_reaches_the_host(self) -> None:
        """One frame on its way arrives."""
        self.host.take(self.to_host.popleft())

    @precondition(lambda self: self.up and self.host.to_client)
    @rule(twice=st.booleans())
    def a_frame_reaches_the_client(self, twice: bool) -> None:  # noqa: FBT001
        """One frame on its way arrives; one from the log perhaps a second time."""
        message = self.host.to_client.popleft()
        self.session.received(message)
        if twice and isinstance(message, Said | Ack | Live):
            self.session.received(message)
        self.settle()

    @precondition(lambda self: self.up and self.session._welcomed)
    @rule()
    def the_line_is_cut(self) -> None:
        """Everything on its way is gone, in both directions."""
        self.up = False
        self.host.open = False
        self.host.to_client.clear()
        self.to_host.clear()
        self.session.lost(Code.SILENT, "", None)
        self.settle()

    @precondition(lambda self: self.pending)
    @rule()
    def the_consumer_takes_an_event(self) -> None:
        """It is shown, and the cursor follows onto the disk."""
        show = self.pending.popleft()
        if isinstance(show.event, Message):
            self.this_run.append(show.event.seq)
            self.shown.append(show.event.seq)
        elif isinstance(show.event, Acked):
            self.acked[show.event.id] = show.event.seq
        if show.cursor is not None:
            self.cursor = show.cursor

    @rule()
    def the_client_is_killed(self) -> None:
        """Only the disk is left."""
        self.check_run()
        cursor = self.cursor or 0
        self.shown = [seq for seq in self.shown if seq <= cursor]
        self.host.open = False
        self.host.to_client.clear()
        self.start()

    def check_run(self) -> None:
        """Within one run the numbers only rise, so none comes twice."""
        assert self.this_run == sorted(set(self.this_run))

    def teardown(self) -> None:
        """Let everything arrive: then nothing is missing, doubled or out of order."""
        if not self.up:
            self.connect()
        while self.to_host or self.host.to_client:
            if self.to_host:
                self.a_frame_reaches_the_host()
            if self.host.to_client:
                self.a_frame_reaches_the_client(twice=False)
        while self.pending:
            self.the_consumer_takes_an_event()
        self.check_run()
        assert self.shown == [entry.seq for entry in self.host.log]
        ours = [entry.id for entry in self.host.log if entry.author == "alice"]
        assert ours == self.submitted
        assert not self.kept
        assert self.session.unsent == 0
        assert self.acked.items() <= {entry.id: entry.seq for entry in self.host.log}.items()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


@pytest.mark.parametrize("broken", ["forgets on sending", "shows repeats"])
def test_the_check_above_finds_a_broken_session(broken: str) -> None:
    """A session with the fault in question fails the same play."""
    machine = Interleavings()
    machine.alice_says()
    machine.connect()
    machine.a_frame_reaches_the_client(twice=False)
    machine.a_frame_reaches_the_host()
    machine.a_frame_reaches_the_client(twice=False)
    machine.a_frame_reaches_the_client(twice=False)
    if broken == "forgets on sending":
        machine.session._queue.clear()
        machine.session._flying.clear()
        machine.session._waiting.clear()
        machine.the_line_is_cut()
    else:
        machine.bob_says()
        machine.session._seen = None
        machine.a_frame_reaches_the_client(twice=False)
        machine.session._seen = None
        machine.session.received(machine.host.log[-1])
        machine.settle()
    with pytest.raises((AssertionError, KeyError)):
        machine.teardown()
