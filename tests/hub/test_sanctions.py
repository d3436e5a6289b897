"""Mutes and closed rooms: what they refuse, who is told and when, and how they end."""

import math

import pytest

from secure_chat.hub.commands import Command, Deliver, Send
from secure_chat.hub.events import Received
from secure_chat.limits import Limits
from secure_chat.log.base import Kind
from secure_chat.pki.act import Deed
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import (
    Ack,
    Error,
    Hello,
    History,
    Join,
    Leave,
    Notice,
    Say,
    Who,
)
from tests.hub.stage import AT, FULL, Stage
from tests.hub.trail import Trail

NAMES = "alice bob carol"
FOR_EVER = Notice("muted", "you are muted until an operator or the host's owner lifts it")
UNMUTED = Notice("unmuted", "you may speak again")
CLOSED = "that room is closed; an operator or the host's owner can open it again"


def ready(trail: Trail) -> Stage:
    """Return a stage with alice on 1 and bob on 2, both in `den`, in a quiet moment."""
    stage = Stage(registry=trail.registry(), limits=Limits(messages_per_second=0))
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.receive(1, Join("d", "den"))
    stage.receive(2, Join("d", "den"))
    stage.wait(1.0)
    return stage


def errors_of(commands: list[Command]) -> list[tuple[str, str | None]]:
    """Return code and id of each error."""
    return [
        (command.message.code, command.message.id)
        for command in commands
        if isinstance(command, Send) and isinstance(command.message, Error)
    ]


def acks_of(commands: list[Command]) -> list[str]:
    """Return the id of each acknowledgement."""
    return [
        command.message.id
        for command in commands
        if isinstance(command, Send) and isinstance(command.message, Ack)
    ]


def notices_of(commands: list[Command]) -> list[tuple[int, str]]:
    """Return connection and code of each notice."""
    return [
        (command.conn, command.message.code)
        for command in commands
        if isinstance(command, Send) and isinstance(command.message, Notice)
    ]


# --- mutes ---------------------------------------------------------------------------------


def test_whoever_is_muted_is_told_and_cannot_speak() -> None:
    """In rooms and directly; everybody else can, and to them too."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.enter(3, "alice")
    assert stage.obey(trail.act(Deed.MUTED, "alice")) == [Send(1, FOR_EVER), Send(3, FOR_EVER)]
    says = (Say("a", "x", room="den"), Say("b", "x", to="bob"), Say("c", "x", to="alice"))
    refused = [("muted", "a"), ("muted", "b"), ("muted", "c")]
    assert errors_of(stage.receive(1, *says)) == refused
    assert errors_of(stage.receive(3, *says)) == refused
    commands = stage.receive(2, *says)
    assert (acks_of(commands), errors_of(commands)) == (["a", "b", "c"], [])
    assert stage.log.entries[-1][1].to == "alice"


def test_whoever_is_muted_may_do_everything_else() -> None:
    """Join, leave, ask and read."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.MUTED, "alice"))
    commands = stage.receive(1, Join("j", "attic"), Leave("l", "den"), Who(1, "attic"), History(2))
    assert (acks_of(commands), errors_of(commands)) == (["j", "l"], [])


def test_another_change_of_the_registry_tells_nobody_again() -> None:
    """A mute is news once; another end of it is news again."""
    trail = Trail(NAMES)
    stage = ready(trail)
    until = stage.at + 600
    assert notices_of(stage.obey(trail.act(Deed.MUTED, "alice", until=until))) == [(1, "muted")]
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="attic")) == []
    assert stage.obey(trail.act(Deed.MUTED, "alice", until=until)) == []
    assert notices_of(stage.obey(trail.act(Deed.MUTED, "alice", until=until + 1))) == [(1, "muted")]


def test_whoever_is_unmuted_is_told_and_speaks() -> None:
    """Once, and nobody else is told."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.MUTED, "alice"))
    assert stage.obey(trail.act(Deed.UNMUTED, "alice")) == [Send(1, UNMUTED)]
    assert stage.obey(trail.act(Deed.UNMUTED, "alice")) == []
    assert acks_of(stage.receive(1, Say("a", "x", room="den"))) == ["a"]


def test_a_mute_ends_with_its_time() -> None:
    """The hub asks to be woken for it, and is not asked for anything afterwards."""
    trail = Trail(NAMES)
    stage = ready(trail)
    assert stage.hub.next_tick() is None
    stage.obey(trail.act(Deed.MUTED, "alice", until=stage.at + 60))
    stage.obey(trail.act(Deed.MUTED, "bob", until=stage.at + 90))
    assert stage.hub.next_tick() == pytest.approx(stage.now + 60)
    assert stage.wait(59.0) == []
    assert errors_of(stage.receive(1, Say("a", "x", room="den"))) == [("muted", "a")]
    assert stage.wait(1.0) == [Send(1, UNMUTED)]
    assert acks_of(stage.receive(1, Say("a", "x", room="den"))) == ["a"]
    assert errors_of(stage.receive(2, Say("b", "x", room="den"))) == [("muted", "b")]
    assert stage.hub.next_tick() == pytest.approx(stage.now + 30)
    assert stage.wait(30.0) == [Send(2, UNMUTED)]
    assert stage.hub.next_tick() is None


def test_a_mute_that_is_over_is_not_taken_up_again() -> None:
    """Its line stands in the trail for ever, and every later registry has it."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.MUTED, "alice", until=stage.at + 60))
    stage.wait(60.0)
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="attic")) == []
    assert acks_of(stage.receive(1, Say("a", "x", room="den"))) == ["a"]


def test_the_clock_on_the_wall_decides_when_a_mute_ends() -> None:
    """Its end was promised in hours and minutes, so a clock that is set right moves it."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.MUTED, "alice", until=stage.at + 3_600))
    stage.hub.tick(stage.now + 1, stage.at + 3_600)
    assert stage.hub.commands() == [Send(1, UNMUTED)]


def test_the_end_is_named() -> None:
    """In the notice and in each refusal."""
    trail = Trail(NAMES)
    stage = ready(trail)
    text = "you are muted until 2026-11-22 18:00:00 UTC"
    until = AT / 1_000 + 6 * 3_600
    assert stage.obey(trail.act(Deed.MUTED, "alice", until=until)) == [
        Send(1, Notice("muted", text))
    ]
    assert stage.receive(1, Say("a", "x", room="den")) == [Send(1, Error("muted", text, id="a"))]


def test_a_mute_waits_for_whoever_is_away() -> None:
    """They are told behind the welcome, and a new host knows of it too."""
    trail = Trail(NAMES)
    registry = trail.act(Deed.MUTED, "alice")
    late = ready(Trail(NAMES))
    late.obey(registry)
    for stage in (late, Stage(registry=registry)):
        assert notices_of(stage.enter(8, "alice")) == [(8, "muted")]
        assert notices_of(stage.enter(9, "bob")) == []
        assert errors_of(stage.receive(8, Say("a", "x", to="bob"))) == [("muted", "a")]


def test_a_mute_that_ended_while_somebody_was_away_is_over() -> None:
    """Also when the host was away too."""
    trail = Trail(NAMES)
    registry = trail.act(Deed.MUTED, "alice", until=AT / 1_000 + 10)
    there = Stage(registry=registry)
    there.wait(11.0)
    for stage in (there, Stage(registry=Trail(NAMES).act(Deed.MUTED, "alice", until=AT / 1_000))):
        assert notices_of(stage.enter(1, "alice")) == []
        assert acks_of(stage.receive(1, Say("a", "x", to="bob"))) == ["a"]


def test_a_client_that_wants_no_messages_gets_no_notices_but_is_muted_too() -> None:
    """One that sends a text and goes is told by its refusal."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.enter(3, "alice", Hello(1, live=False))
    assert notices_of(stage.obey(trail.act(Deed.MUTED, "alice"))) == [(1, "muted")]
    assert notices_of(stage.enter(4, "alice", Hello(1, live=False))) == []
    for conn in (3, 4):
        assert errors_of(stage.receive(conn, Say("a", "x", to="bob"))) == [("muted", "a")]


def test_what_was_committed_before_a_mute_is_acknowledged_again() -> None:
    """The same number, no second copy; another text under that id is a conflict as ever."""
    trail = Trail(NAMES)
    stage = ready(trail)
    (ack, _) = stage.receive(1, Say("a", "x", room="den"))
    stage.obey(trail.act(Deed.MUTED, "alice"))
    assert stage.receive(1, Say("a", "x", room="den")) == [ack]
    assert errors_of(stage.receive(1, Say("a", "y", room="den"))) == [("id-conflict", "a")]


def test_a_text_and_its_mute_in_one_batch_keep_their_order() -> None:
    """What was heard before the registry counts, what came behind it does not."""
    trail = Trail(NAMES)
    stage = ready(trail)
    muted = trail.act(Deed.MUTED, "alice")
    before = stage.log.head
    stage.hub.handle(Received(1, (Say("a", "x", room="den"),)))
    stage.hub.registry_changed(muted)
    stage.hub.handle(Received(1, (Say("b", "x", room="den"),)))
    stage.hub.registry_changed(trail.act(Deed.UNMUTED, "alice"))
    stage.hub.handle(Received(1, (Say("c", "x", room="den"),)))
    commands = stage.play()
    assert (acks_of(commands), errors_of(commands)) == (["a", "c"], [("muted", "b")])
    assert [draft.id for seq, draft in stage.log.entries if seq > before] == ["a", "c"]


# --- rooms ---------------------------------------------------------------------------------


def test_in_a_closed_room_nobody_speaks_and_nobody_joins_it() -> None:
    """Other rooms and letters go on; the room's members stay, read, ask and may leave."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.enter(3, "carol")
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="den")) == []
    say = Say("a", "x", room="den")
    assert stage.receive(1, say) == [Send(1, Error("room-closed", CLOSED, id="a"))]
    assert stage.receive(3, Join("j", "den")) == [Send(3, Error("room-closed", CLOSED, id="j"))]
    assert errors_of(stage.receive(3, say)) == [("room-closed", "a")]
    assert acks_of(stage.receive(1, Say("b", "x", room="lobby"), Say("c", "x", to="bob"))) == [
        "b",
        "c",
    ]
    commands = stage.receive(1, Who(1, "den"), History(2, room="den"), Leave("l", "den"))
    assert (acks_of(commands), errors_of(commands)) == (["l"], [])


def test_an_opened_room_is_as_before() -> None:
    """With its members; others may join again."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.enter(3, "carol")
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    stage.obey(trail.act(Deed.OPENED_ROOM, room="den"))
    commands = stage.receive(1, Say("a", "a", room="den"))
    assert [c.conns for c in commands if isinstance(c, Deliver)] == [(1, 2)]
    assert acks_of(stage.receive(3, Join("j", "den"), Say("b", "b", room="den"))) == ["j", "b"]


def test_a_closed_room_that_everybody_left_is_not_made_anew() -> None:
    """Nor is one that was closed before anybody joined it."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    stage.receive(1, Leave("l", "den"))
    stage.receive(2, Leave("l", "den"))
    assert errors_of(stage.receive(1, Join("j", "den"))) == [("room-closed", "j")]


def test_the_lobby_is_open_whatever_the_registry_says() -> None:
    """Everybody starts there."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="lobby"))
    assert acks_of(stage.receive(1, Say("a", "x", room="lobby"))) == ["a"]
    stage.enter(3, "carol")
    assert acks_of(stage.receive(3, Say("a", "x", room="lobby"))) == ["a"]


def test_what_was_committed_before_a_room_was_closed_is_acknowledged_again() -> None:
    """A text, a joining of somebody who is a member, and one of somebody who left since."""
    trail = Trail(NAMES)
    stage = ready(trail)
    (said, _) = stage.receive(1, Say("a", "x", room="den"))
    stage.enter(3, "carol")
    joined = next(c for c in stage.receive(3, Join("j", "den")) if isinstance(c, Send))
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    assert stage.receive(1, Say("a", "x", room="den")) == [said]
    assert stage.receive(3, Join("j", "den")) == [joined]
    stage.receive(3, Leave("l", "den"))
    assert stage.receive(3, Join("j", "den")) == [joined]
    assert errors_of(stage.receive(3, Join("k", "den"))) == [("room-closed", "k")]
    assert stage.hub.commands() == []


def test_when_nothing_can_be_stored_that_is_the_reason() -> None:
    """Whether it was a repetition cannot be told then."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    commands = stage.receive(1, Say("a", "x", room="den"), failed=FULL)
    assert errors_of(commands) == [("disk-full", "a")]


def test_a_new_host_knows_which_rooms_are_closed() -> None:
    """The trail says so."""
    stage = Stage(registry=Trail(NAMES).act(Deed.CLOSED_ROOM, room="den"))
    stage.enter(1, "alice")
    assert errors_of(stage.receive(1, Join("j", "den"))) == [("room-closed", "j")]
    assert [draft.kind for _, draft in stage.log.entries] == [Kind.JOINED]


def test_each_text_of_a_batch_is_refused_for_its_own_reason() -> None:
    """Whatever else is refused with it."""
    trail = Trail(NAMES)
    stage = ready(trail)
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    says = (
        Say("a", "x", room="den"),
        Say("b", "x", room="attic"),
        Say("c", "x", to="zoe"),
        Say("e", "x", room="lobby"),
    )
    assert errors_of(stage.receive(1, *says)) == [
        ("room-closed", "a"),
        ("not-a-member", "b"),
        ("nobody", "c"),
    ]


def test_a_mute_weighs_more_than_a_closed_room() -> None:
    """Opening the room would not help."""
    trail = Trail(NAMES)
    stage = ready(trail)
    trail.act(Deed.MUTED, "alice")
    stage.obey(trail.act(Deed.CLOSED_ROOM, room="den"))
    assert errors_of(stage.receive(1, Say("a", "x", room="den"))) == [("muted", "a")]


def test_a_registry_without_any_of_it_changes_nothing() -> None:
    """Nobody is told anything."""
    trail = Trail(NAMES)
    stage = ready(trail)
    assert stage.obey(trail.registry()) == []
    assert trail.registry() == Registry(trail.registry().entries)
    assert math.isinf(stage.hub.next_tick() or math.inf)
