"""Coming in, being refused, being dropped, going."""

import dataclasses

import pytest

from secure_chat.hub.commands import Admit, Command, Deliver, Drop, Feed, LookUp, Note, Send, Used
from secure_chat.hub.events import Looked, Lost, Opened, Received
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind, Place
from secure_chat.pki.act import Deed
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import Hello, Join, Live, Notice, Say, Welcome
from tests.hub.stage import FULL, Stage, entry_of, identity_of, registry_of
from tests.hub.trail import Trail

LIMITS = Limits(messages_per_second=0)


def welcome_of(commands: list[Command]) -> Welcome:
    """Return the only welcome among commands."""
    (welcome,) = (
        command.message
        for command in commands
        if isinstance(command, Send) and isinstance(command.message, Welcome)
    )
    return welcome


def test_a_newcomer_is_greeted_then_put_into_the_lobby_then_welcomed() -> None:
    """The welcome follows the commit and tells everything a client needs to begin."""
    stage = Stage(floor=1)
    assert stage.play(Opened(1, identity_of("alice"), "127.0.0.1:9")) == [Admit(1)]
    assert stage.receive(1, Hello(1, agent="test")) == [
        Send(
            1,
            Welcome(
                "alice",
                "member",
                "c0ffee",
                head=1,
                floor=1,
                rooms=["lobby"],
                message_bytes=16_384,
                file_bytes=17_179_869_184,
                agent="host/1",
            ),
        ),
        Used(identity_of("alice")),
        Note("came", "alice", "127.0.0.1:9"),
        Feed(1, (), 1, live=True),
        Send(1, Live(1)),
    ]
    assert stage.log.entries == [(1, Draft(Kind.JOINED, "alice", "@lobby", "lobby", None, ""))]


def test_two_connections_of_a_newcomer_make_one_membership() -> None:
    """Both hellos wait for the one draft, and both are welcomed behind it."""
    stage = Stage()
    commands = stage.play(
        Opened(1, identity_of("alice"), "x"),
        Opened(2, identity_of("alice"), "y"),
        Received(1, (Hello(1),)),
        Received(2, (Hello(1),)),
    )
    welcomed = [c.conn for c in commands if isinstance(c, Send) and isinstance(c.message, Welcome)]
    assert welcomed == [1, 2]
    assert stage.log.head == 1


@pytest.mark.parametrize("left", [None, 5])
def test_whoever_was_a_member_of_anything_is_not_put_into_the_lobby(left: int | None) -> None:
    """Also when they left it: going is respected."""
    stage = Stage(places=[Place("alice", "den", 2, left)], head=7, floor=3)
    welcome = welcome_of(stage.enter(1, "alice"))
    assert (welcome.head, welcome.floor) == (7, 3)
    assert welcome.rooms == (["den"] if left is None else [])
    assert stage.log.head == 7


def test_an_operator_is_told_so() -> None:
    """The role comes from the certificate."""
    stage = Stage()
    stage.hub.registry_changed(Registry({"5eroot": entry_of("root", Role.OPERATOR)}))
    stage.play(Opened(1, identity_of("root", Role.OPERATOR), "x"))
    assert welcome_of(stage.receive(1, Hello(1))).role == "operator"


def test_who_is_not_in_good_standing_is_refused() -> None:
    """Instead of being admitted, with a note that says from where."""
    stage = Stage()
    revoked = dataclasses.replace(entry_of("alice"), state="revoked")
    stage.hub.registry_changed(Registry({"5ealice": revoked}))
    drop, note = stage.play(Opened(1, identity_of("alice"), "127.0.0.1:9"))
    assert isinstance(drop, Drop)
    assert (drop.conn, drop.code) == (1, "revoked")
    assert note == Note("refused", "alice", f"127.0.0.1:9: {drop.text}")


def test_a_certificate_nobody_knows_is_looked_up_before_it_is_refused() -> None:
    """Only when the registry is as new as the folder, its holder is told."""
    stage = Stage()
    stage.hub.registry_changed(Registry())
    assert stage.play(Opened(1, identity_of("alice"), "127.0.0.1:9")) == [LookUp(1)]
    drop, note = stage.play(Looked(1))
    assert isinstance(drop, Drop)
    assert (drop.conn, drop.code) == (1, "not-registered")
    assert note == Note("refused", "alice", f"127.0.0.1:9: {drop.text}")
    assert stage.play(Looked(1)) == []


def test_a_certificate_that_was_issued_a_moment_ago_is_found() -> None:
    """A command beside the host has made it, and its holder comes at once."""
    stage = Stage()
    stage.hub.registry_changed(Registry())
    assert stage.play(Opened(1, identity_of("alice"), "x")) == [LookUp(1)]
    stage.hub.registry_changed(Registry({"5ealice": entry_of("alice")}))
    assert stage.play(Looked(1)) == [Admit(1)]
    assert stage.play(Looked(1)) == []


def test_who_is_gone_before_the_look_is_not_admitted() -> None:
    """Nothing of them is left."""
    stage = Stage()
    stage.hub.registry_changed(Registry())
    assert stage.play(Opened(1, identity_of("alice"), "x"), Lost(1, "closed")) == [LookUp(1)]
    stage.hub.registry_changed(Registry({"5ealice": entry_of("alice")}))
    assert stage.play(Looked(1)) == []


def test_a_full_host_refuses() -> None:
    """Unfinished greetings count; whoever goes makes room."""
    stage = Stage(limits=dataclasses.replace(LIMITS, connections=1))
    stage.play(Opened(1, identity_of("alice"), "x"))
    drop, _ = stage.play(Opened(2, identity_of("bob"), "x"))
    assert isinstance(drop, Drop)
    assert drop.code == "host-full"
    stage.play(Lost(1, "bye"))
    assert stage.play(Opened(3, identity_of("bob"), "x")) == [Admit(3)]


def test_a_person_with_enough_connections_is_refused_another() -> None:
    """Others are not affected."""
    stage = Stage(limits=dataclasses.replace(LIMITS, connections_per_person=1))
    stage.play(Opened(1, identity_of("alice"), "x"))
    drop, _ = stage.play(Opened(2, identity_of("alice"), "x"))
    assert isinstance(drop, Drop)
    assert drop.code == "too-many-connections"
    assert stage.play(Opened(3, identity_of("bob"), "x")) == [Admit(3)]


def test_another_version_of_the_protocol_is_refused() -> None:
    """And forgotten: what it says next is ignored."""
    stage = Stage()
    stage.play(Opened(1, identity_of("alice"), "x"))
    drop, note = stage.receive(1, Hello(2))
    assert isinstance(drop, Drop)
    assert drop.code == "version"
    assert note == Note("refused", "alice", f"x: {drop.text}")
    assert stage.receive(1, Hello(1)) == []


def test_nothing_is_heard_before_the_hello_and_between_it_and_the_welcome() -> None:
    """The protocol's states forbid it already; the hub does not rely on that."""
    stage = Stage()
    stage.play(Opened(1, identity_of("alice"), "x"))
    assert stage.receive(1, Say("m", "x", to="alice")) == []
    stage.play(Received(1, (Hello(1), Hello(1), Join("j", "den"))), Received(1, (Hello(1),)))
    assert stage.log.head == 1


def test_a_newcomer_is_welcomed_without_a_room_when_nothing_can_be_stored() -> None:
    """They are told why; the next connection tries again."""
    stage = Stage()
    stage.play(Opened(1, identity_of("alice"), "x"))
    commands = stage.receive(1, Hello(1), failed=FULL)
    assert welcome_of(commands).rooms == []
    assert Send(1, Notice("disk-full", "the host's disk is full; join lobby later")) in commands
    assert commands[-1] == Send(1, Live(0))
    assert welcome_of(stage.enter(2, "alice")).rooms == ["lobby"]


def test_a_newcomer_who_is_gone_before_the_commit_is_not_welcomed() -> None:
    """Their membership is stored all the same; only the host's owner hears of them."""
    stage = Stage()
    stage.play(Opened(1, identity_of("alice"), "x"))
    commands = stage.play(Received(1, (Hello(1),)), Lost(1, "slow", "too slow"))
    assert commands == [Note("dropped", "alice", "x: too slow")]
    assert stage.log.head == 1
    assert welcome_of(stage.enter(2, "alice")).dropped == ""


def test_a_cursor_below_what_is_kept_is_told_so() -> None:
    """One that missed nothing is not, and neither is a client that wants no messages."""
    places = [Place("alice", "lobby", 1, None)]
    stage = Stage(places=places, head=9, floor=5)
    notice = Send(1, Notice("pruned", "messages before number 5 are no longer kept"))
    assert notice in stage.enter(1, "alice", Hello(1, cursor=3))
    others = (Hello(1, cursor=4), Hello(1), Hello(1, cursor=3, live=False))
    for conn, hello in enumerate(others, 2):
        commands = stage.enter(conn, "alice", hello)
        assert not any(isinstance(c, Send) and isinstance(c.message, Notice) for c in commands)
    stage.hub.pruned(6)
    notice = Send(9, Notice("pruned", "messages before number 6 are no longer kept"))
    commands = stage.enter(9, "alice", Hello(1, cursor=4))
    assert notice in commands
    assert welcome_of(commands).floor == 6


def test_the_reason_of_a_drop_is_told_to_the_same_device_once() -> None:
    """Not to another device of the person, not to another person, not a second time."""
    stage = Stage()
    stage.enter(1, "alice", Hello(1, device="phone"))
    assert stage.play(Lost(1, "slow", "no data was taken for 20 s")) == [
        Note("dropped", "alice", "127.0.0.1:1: no data was taken for 20 s")
    ]
    hellos = [("alice", "desk"), ("bob", "phone"), ("alice", "phone"), ("alice", "phone")]
    told = [
        welcome_of(stage.enter(conn, name, Hello(1, device=device))).dropped
        for conn, (name, device) in enumerate(hellos, 2)
    ]
    assert told == ["", "", "no data was taken for 20 s", ""]


@pytest.mark.parametrize(("code", "text"), [("bye", "see you"), ("silent", "")])
def test_an_ordered_end_leaves_no_reason(code: str, text: str) -> None:
    """Nor does one that has no words for it."""
    stage = Stage()
    stage.enter(1, "alice")
    assert stage.play(Lost(1, code, text)) == [Note("went", "alice", "127.0.0.1:1")]
    assert welcome_of(stage.enter(2, "alice")).dropped == ""


def test_the_last_reason_counts_and_the_oldest_are_forgotten() -> None:
    """The notes are bounded by number of devices; a new reason makes a device the newest."""
    stage = Stage(limits=dataclasses.replace(LIMITS, drop_notes=2))
    for conn, device in enumerate("abac", 1):
        stage.enter(conn, "alice", Hello(1, device=device, live=False))
    for conn in (1, 2, 3, 4):
        stage.play(Lost(conn, "slow", f"reason {conn}"))
    told = {
        device: welcome_of(stage.enter(ord(device), "alice", Hello(1, device=device))).dropped
        for device in "abc"
    }
    assert told == {"a": "reason 3", "b": "", "c": "reason 4"}


def test_a_connection_that_never_said_hello_and_breaks_off_is_told_to_the_owner() -> None:
    """An ordered end before the hello is not worth a line, a disordered one is."""
    stage = Stage()
    stage.play(Opened(1, identity_of("alice"), "x"))
    note = Note("dropped", "alice", "x: said nothing")
    assert stage.play(Lost(1, "silent", "said nothing")) == [note]
    stage.play(Opened(2, identity_of("alice"), "x"))
    assert stage.play(Lost(2, "bye")) == []


def test_a_certificate_that_ends_while_its_holder_is_connected_ends_the_connection() -> None:
    """Everybody else stays; the reason names what to do."""
    stage = Stage()
    stage.enter(1, "alice")
    stage.hub.expire(identity_of("alice").not_after)
    assert stage.hub.commands() == []
    stage.hub.expire(identity_of("alice").not_after + 1)
    drop, note = stage.hub.commands()
    assert isinstance(drop, Drop)
    assert (drop.conn, drop.code) == (1, "expired")
    assert note == Note("dropped", "alice", f"127.0.0.1:1: {drop.text}")


def test_a_changed_registry_drops_who_is_revoked_and_nobody_else() -> None:
    """At once: what had arrived before counts, what comes after is ignored."""
    stage = Stage()
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.hub.registry_changed(registry_of(["bob"]))
    drop, note = stage.hub.commands()
    assert isinstance(drop, Drop)
    assert (drop.conn, drop.code) == (1, "not-registered")
    assert note == Note("dropped", "alice", f"127.0.0.1:1: {drop.text}")
    assert stage.receive(1, Say("m", "x", room="lobby")) == []
    assert stage.play(Lost(1, "bye")) == []
    commands = stage.receive(2, Say("m", "x", room="lobby"))
    assert [c.conns for c in commands if isinstance(c, Deliver)] == [(2,)]


def test_whoever_is_kicked_goes_on_all_connections_and_may_come_back() -> None:
    """Greeted ones included; nobody else goes, and the next registry sends nobody away again."""
    trail = Trail("alice bob")
    stage = Stage(registry=trail.registry())
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.enter(3, "alice", Hello(1, live=False))
    stage.play(Opened(4, identity_of("alice"), "x"))
    commands = stage.obey(trail.act(Deed.KICKED, "alice"))
    drops = [command for command in commands if isinstance(command, Drop)]
    assert [(drop.conn, drop.code) for drop in drops] == [
        (1, "kicked"),
        (3, "kicked"),
        (4, "kicked"),
    ]
    assert Note("dropped", "alice", f"127.0.0.1:1: {drops[0].text}") in commands
    assert stage.receive(1, Say("m", "x", room="lobby")) == []
    assert welcome_of(stage.enter(5, "alice")).rooms == ["lobby"]
    assert stage.obey(trail.act(Deed.KICKED, "zoe")) == []
    assert [c.conn for c in stage.obey(trail.act(Deed.KICKED, "alice")) if isinstance(c, Drop)] == [
        5
    ]


def test_a_kick_from_before_the_host_was_started_sends_nobody_away() -> None:
    """It was about connections that are gone."""
    trail = Trail("alice bob")
    stage = Stage(registry=trail.act(Deed.KICKED, "alice"))
    stage.enter(1, "alice")
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="den")) == []


def test_whoever_is_banned_while_kicked_is_told_the_reason_that_lasts() -> None:
    """Coming back would be in vain."""
    trail = Trail("alice bob")
    stage = Stage(registry=trail.registry())
    stage.enter(1, "alice")
    trail.act(Deed.KICKED, "alice")
    drop, _ = stage.obey(trail.revoke(identity_of("alice")))
    assert isinstance(drop, Drop)
    assert drop.code == "revoked"
