"""Whatever happens in whatever order: nothing is lost, shown twice or out of order."""

from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from secure_chat.client.effects import (
    DialBeside,
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
    Message,
)
from secure_chat.client.session import Session
from secure_chat.client.view import ViewState
from secure_chat.errors import HostUnreachable
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Ack,
    Code,
    Live,
    Said,
    Welcome,
)
from tests.client.model import ModelHost
from tests.client.sessions import (
    say,
)


class Interleavings(RuleBasedStateMachine):
    """Any order of saying, losing lines, changing certificates, showing and the client's death."""

    def __init__(self) -> None:
        super().__init__()
        self.host = ModelHost()
        self.submitted: list[str] = []
        self.acked: dict[str, int] = {}
        self.shown: list[int] = []
        # What the disk holds: the queue and the cursor.
        self.kept: dict[str, Outgoing] = {}
        self.cursor: int | None = None
        self.dialled = 0
        self.start()

    def start(self) -> None:
        """Begin a run of the client from what the disk holds."""
        memory = Memory("d1", self.cursor, tuple(self.kept.values()))
        self.session = Session(Limits(unacked=3), memory, Mode(history=1_000), jitter=lambda: 0.5)
        self.pending: deque[Show] = deque()
        self.view = ViewState()
        self.shown_now: list[int] = []
        self.acked_now: list[str] = []
        # The lines that this run holds, and the attempt beside one of them.
        self.up: list[int] = []
        self.beside: int | None = None
        self.quiet = False

    def settle(self) -> None:
        """Carry the session's effects out."""
        for effect in self.session.effects():
            if isinstance(effect, Transmit):
                if effect.conn in self.up:
                    self.host.lines[effect.conn].to_host.append(effect.message)
            elif isinstance(effect, Forget):
                del self.kept[effect.id]
            elif isinstance(effect, Show):
                self.pending.append(effect)
                assert not (self.quiet and isinstance(effect.event, Disconnected | Connected))
            elif isinstance(effect, DialBeside):
                self.dialled += 1
                self.beside = self.dialled
            elif isinstance(effect, Hangup):
                self.up.remove(effect.conn)
                self.host.drop(effect.conn)
                self.session.lost(effect.conn, Code.BYE, "", None)

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

    @rule(room=st.sampled_from(["lobby", "tea"]))
    def alice_moves(self, room: str) -> None:
        """Another client of hers joins or leaves a room."""
        self.host.move(room)

    @precondition(lambda self: not self.up and self.beside is None)
    @rule()
    def connect(self) -> None:
        """A connection comes up and the host greets."""
        self.dialled += 1
        self.open(self.dialled)

    @precondition(lambda self: self.session.settled and self.beside is None)
    @rule()
    def the_certificate_is_renewed(self) -> None:
        """A second connection is begun beside the first."""
        self.session.move(1_000)
        self.settle()

    @precondition(lambda self: self.beside is not None)
    @rule(comes_up=st.booleans())
    def the_one_beside_is_answered(self, comes_up: bool) -> None:  # noqa: FBT001
        """It comes up, or nobody is there."""
        conn, self.beside = self.beside, None
        assert conn is not None
        if comes_up:
            self.open(conn)
        else:
            self.quiet = False
            self.session.lost(conn, "closed", "", HostUnreachable("nothing answers"))
            self.settle()

    def open(self, conn: int) -> None:
        """Let a line come up."""
        self.up.append(conn)
        self.host.connect(conn)
        self.session.opened(conn)

    @precondition(lambda self: any(line.to_host for line in self.host.lines.values()))
    @rule(data=st.data())
    def a_frame_reaches_the_host(self, data: st.DataObject) -> None:
        """One frame on its way arrives, perhaps on a line that the client has left."""
        lines = [conn for conn, line in self.host.lines.items() if line.to_host]
        self.host.take(data.draw(st.sampled_from(lines)))

    @precondition(lambda self: any(self.host.lines[conn].to_client for conn in self.up))
    @rule(data=st.data(), twice=st.booleans())
    def a_frame_reaches_the_client(self, data: st.DataObject, twice: bool) -> None:  # noqa: FBT001
        """One frame on its way arrives; one from the log perhaps a second time."""
        lines = [conn for conn in self.up if self.host.lines[conn].to_client]
        self.read(data.draw(st.sampled_from(lines)), twice=twice)

    def everything_arrives(self) -> None:
        """Let all frames arrive that are on their way."""
        busy = True
        while busy:
            busy = False
            for conn, line in list(self.host.lines.items()):
                if line.to_host:
                    self.host.take(conn)
                    busy = True
                elif line.to_client and conn in self.up:
                    self.read(conn)
                    busy = True

    def read(self, conn: int, *, twice: bool = False) -> None:
        """Have the client read a frame."""
        message = self.host.lines[conn].to_client.popleft()
        self.session.received(conn, message)
        if twice and isinstance(message, Said | Ack | Live):
            self.session.received(conn, message)
        self.settle()
        if isinstance(message, Welcome):
            self.quiet = False

    @precondition(lambda self: self.up and self.session._welcomed)
    @rule(data=st.data())
    def a_line_is_cut(self, data: st.DataObject) -> None:
        """The host's words on their way are gone; ours may still arrive."""
        self.cut(data.draw(st.sampled_from(self.up)))

    @precondition(lambda self: self.session._welcomed and self.session.conn in self.up)
    @rule()
    def the_host_retires_our_certificate(self) -> None:
        """There is a newer one on the disk, and the next connection has it."""
        conn = self.session.conn
        assert conn is not None
        self.quiet = self.beside is None and len(self.up) == 1
        self.cut(conn, Code.SUPERSEDED, newer=1_000)

    def cut(self, conn: int, code: str = Code.SILENT, newer: int | None = None) -> None:
        """End a line."""
        self.quiet = self.quiet and newer is not None
        self.up.remove(conn)
        self.host.drop(conn)
        self.session.lost(conn, code, "", None, newer)
        self.settle()

    @precondition(lambda self: self.pending)
    @rule()
    def the_consumer_takes_an_event(self) -> None:
        """It is shown, and the cursor follows onto the disk."""
        show = self.pending.popleft()
        self.view.apply(show.event)
        if isinstance(show.event, Message):
            self.shown_now.append(show.event.seq)
            self.shown.append(show.event.seq)
        elif isinstance(show.event, Acked):
            self.acked_now.append(show.event.id)
            self.acked[show.event.id] = show.event.seq
        if show.cursor is not None:
            self.cursor = show.cursor

    @rule()
    def the_client_is_killed(self) -> None:
        """Only the disk is left."""
        self.check_run()
        cursor = self.cursor or 0
        self.shown = [seq for seq in self.shown if seq <= cursor]
        for conn in self.up:
            self.host.drop(conn)
        self.start()

    def check_run(self) -> None:
        """Within one run the numbers only rise, so none comes twice, and no ack does."""
        assert self.shown_now == sorted(set(self.shown_now))
        assert len(self.acked_now) == len(set(self.acked_now))

    def teardown(self) -> None:
        """Let everything arrive: then nothing is missing, doubled or out of order."""
        if not self.up:
            self.connect() if self.beside is None else self.the_one_beside_is_answered(True)
        self.everything_arrives()
        while self.pending:
            self.the_consumer_takes_an_event()
        self.check_run()
        assert self.shown == [entry.seq for entry in self.host.said]
        assert self.view.rooms == self.host.rooms
        ours = [entry.id for entry in self.host.said if entry.author == "alice"]
        assert ours == self.submitted
        assert not self.kept
        assert self.session.unsent == 0
        assert self.acked.items() <= {entry.id: entry.seq for entry in self.host.said}.items()


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)


def take(machine: Interleavings, conn: int) -> None:
    """Let a frame reach the host, if one is on its way on that line."""
    line = machine.host.lines.get(conn)
    if line is not None and line.to_host:
        machine.host.take(conn)


def read(machine: Interleavings, conn: int) -> None:
    """Let a frame reach the client, if one is on its way on that line."""
    if conn in machine.up and machine.host.lines[conn].to_client:
        machine.read(conn)


def cut(machine: Interleavings, conn: int) -> None:
    """Cut a line, if it is up."""
    if conn in machine.up:
        machine.cut(conn)


STEPS: dict[str, Callable[[Interleavings], None]] = {
    "the host reads the first": lambda machine: take(machine, 1),
    "the host reads the second": lambda machine: take(machine, 2),
    "the client reads the first": lambda machine: read(machine, 1),
    "the client reads the second": lambda machine: read(machine, 2),
    "alice says something": lambda machine: machine.alice_says(),
    "bob says something": lambda machine: machine.bob_says(),
    "alice moves": lambda machine: machine.alice_moves("tea"),
}
CUTS: dict[str, Callable[[Interleavings], None]] = {
    "nothing is cut": lambda _: None,
    "the first is cut": lambda machine: cut(machine, 1),
    "the second is cut": lambda machine: cut(machine, 2),
}


@settings(max_examples=400, deadline=None)
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=12, max_size=40),
    end=st.sampled_from(sorted(CUTS)),
    at=st.integers(0, 39),
)
def test_a_change_of_certificates_is_seen_by_nobody(steps: list[str], end: str, at: int) -> None:
    """In whatever order things happen on both lines, and whichever of them is cut and when."""
    machine = Interleavings()
    machine.connect()
    machine.everything_arrives()
    machine.alice_says()
    machine.bob_says()
    machine.the_certificate_is_renewed()
    machine.the_one_beside_is_answered(comes_up=True)
    for number, step in enumerate(steps):
        STEPS[step](machine)
        if number == at:
            CUTS[end](machine)
    shown = [show.event for show in machine.pending]
    if end != "the second is cut":
        assert not any(isinstance(event, Disconnected) for event in shown)
        assert sum(isinstance(event, Connected) for event in shown) == 1
    machine.teardown()


@pytest.mark.parametrize(
    "broken", ["forgets on sending", "shows repeats", "forgets at the change", "takes over early"]
)
def test_the_check_above_finds_a_broken_session(broken: str) -> None:
    """A session with the fault in question fails the same play."""
    machine = Interleavings()
    machine.alice_says()
    machine.connect()
    machine.read(1)
    machine.host.take(1)
    talk = machine.session._talk
    if broken == "forgets on sending":
        machine.read(1)
        talk.unsent._queue.clear()
        machine.cut(1)
    elif broken == "shows repeats":
        machine.bob_says()
        while machine.host.lines[1].to_client:
            talk.position.seen = None
            machine.read(1)
        machine.session.received(1, machine.host.log[-1])
        talk.position.seen = None
        machine.session.received(1, machine.host.log[-1])
        machine.settle()
    else:
        while machine.host.lines[1].to_client:
            machine.read(1)
        machine.the_certificate_is_renewed()
        machine.the_one_beside_is_answered(True)
        machine.bob_says()
        if broken == "takes over early":
            # As if the first connection's unread messages were known.
            talk.position.seen = len(machine.host.log)
        machine.read(2)
        machine.host.take(2)
        if broken == "forgets at the change":
            talk.unsent._queue.clear()
        machine.read(2)
    with pytest.raises((AssertionError, KeyError)):
        machine.teardown()
