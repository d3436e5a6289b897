"""New certificates for old: who is asked to get one, and how a client moves to it."""

from secure_chat.hub.commands import Command, Deliver, Drop, Note, Send, Used
from secure_chat.hub.events import Lost, Opened, Received
from secure_chat.pki.act import Deed
from secure_chat.pki.identity import Role
from secure_chat.wire.messages import Ack, Hello, Notice, Presence, Said, Say, Welcome
from tests.hub.stage import AT, Stage, identity_of
from tests.hub.trail import Trail, renewed

ALICE = identity_of("alice")
NEW = renewed(ALICE)


def ready(trail: Trail) -> Stage:
    """Return a stage with alice on 1 and bob on 2, in a quiet moment."""
    stage = Stage(registry=trail.registry())
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    stage.wait(1.0)
    return stage


def asked_of(commands: list[Command]) -> list[int]:
    """Return the connections that are asked to get a new certificate."""
    return [
        command.conn
        for command in commands
        if isinstance(command, Send)
        and isinstance(command.message, Notice)
        and command.message.code == "renew"
    ]


# --- being asked ---------------------------------------------------------------------------


def test_whoever_is_promoted_is_asked_at_once_and_once() -> None:
    """On every connection of theirs; other changes of the registry ask nobody again."""
    trail = Trail("alice bob")
    stage = ready(trail)
    stage.enter(3, "alice")
    text = "your role is operator now; a new certificate says so"
    assert stage.obey(trail.act(Deed.PROMOTED, "alice")) == [
        Send(1, Notice("renew", text)),
        Send(3, Notice("renew", text)),
    ]
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="den")) == []
    assert stage.obey(trail.act(Deed.PROMOTED, "alice")) == []
    assert asked_of(stage.obey(trail.act(Deed.PROMOTED, "bob"))) == [2]


def test_whoever_needs_none_any_more_may_be_asked_another_time() -> None:
    """Promoted, taken back before the renewal, promoted again: that is news twice."""
    trail = Trail("alice bob")
    stage = ready(trail)
    deeds = (Deed.PROMOTED, Deed.DEMOTED, Deed.DEMOTED, Deed.PROMOTED)
    assert [asked_of(stage.obey(trail.act(deed, "alice"))) for deed in deeds] == [[1], [], [], [1]]


def test_whoever_comes_with_an_outdated_certificate_is_asked_behind_the_welcome() -> None:
    """And not again by the next registry; nobody else is, nor with the new certificate."""
    trail = Trail("alice bob")
    trail.act(Deed.PROMOTED, "alice")
    operator = renewed(ALICE, role=Role.OPERATOR)
    stage = Stage(registry=trail.issue(operator, replaces=ALICE.serial))
    assert asked_of(stage.enter(1, "alice")) == [1]
    assert asked_of(stage.enter(2, "bob")) == []
    assert asked_of(stage.admit(3, operator)) == []
    assert stage.obey(trail.act(Deed.CLOSED_ROOM, room="den")) == []


def test_whoever_has_not_said_hello_yet_is_asked_behind_the_welcome() -> None:
    """A notice before it would be against the protocol."""
    trail = Trail("alice bob")
    stage = Stage(registry=trail.registry())
    stage.play(Opened(1, ALICE, "x"))
    assert stage.obey(trail.act(Deed.PROMOTED, "alice")) == []
    commands = stage.receive(1, Hello(1))
    assert asked_of(commands) == [1]
    kinds = [type(command.message) for command in commands if isinstance(command, Send)]
    assert kinds.index(Welcome) < kinds.index(Notice)


def test_a_client_that_wants_no_messages_is_not_asked() -> None:
    """It is gone before it could move."""
    trail = Trail("alice bob")
    stage = ready(trail)
    stage.enter(3, "alice", Hello(1, live=False))
    assert asked_of(stage.obey(trail.act(Deed.PROMOTED, "alice"))) == [1]
    assert asked_of(stage.enter(4, "alice", Hello(1, live=False))) == []


def test_during_a_change_over_everybody_from_the_old_authority_is_asked() -> None:
    """Those who have a certificate of the new one are not; at its end nobody is any more."""
    trail = Trail()
    trail.issue(ALICE, authority="old")
    trail.issue(identity_of("bob"), authority="new")
    stage = ready(trail)
    until = AT / 1_000 + 86_400
    beginning = trail.act(Deed.ADDED_AUTHORITY, until=until, fingerprint="new")
    assert asked_of(stage.obey(beginning)) == [1]
    assert asked_of(stage.enter(3, "alice")) == [3]
    stage.admit(4, NEW)
    ending = stage.obey(trail.act(Deed.RETIRED_AUTHORITY, fingerprint="old"))
    assert [(c.conn, c.code) for c in ending if isinstance(c, Drop)] == [
        (1, "revoked"),
        (3, "revoked"),
    ]
    assert asked_of(ending) == []


# --- moving --------------------------------------------------------------------------------


def test_each_welcome_tells_the_registrar_which_certificate_is_in_use() -> None:
    """A greeting alone does not, and neither does a refusal."""
    trail = Trail("alice bob")
    stage = Stage(registry=trail.issue(NEW, replaces=ALICE.serial))
    opened = [*stage.play(Opened(1, NEW, "x")), *stage.play(Opened(2, renewed(ALICE, 2), "x"))]
    assert not any(isinstance(command, Used) for command in opened)
    for conn, hello in ((1, Hello(1)), (3, Hello(1, live=False))):
        if conn > 1:
            stage.play(Opened(conn, NEW, "x"))
        commands = stage.receive(conn, hello)
        assert [command for command in commands if isinstance(command, Used)] == [Used(NEW)]


def test_a_client_that_moves_to_its_new_certificate_is_never_away() -> None:
    """The old connection gets everything until the new one does, and nobody hears of the change."""
    trail = Trail("alice bob")
    stage = ready(trail)
    stage.obey(trail.issue(NEW, replaces=ALICE.serial))
    assert presences(stage.wait(1.0)) == []
    stage.receive(2, Say("a", "a", room="lobby"))
    commands = stage.admit(3, NEW, Hello(1, cursor=2))
    assert Used(NEW) in commands
    assert heard_by(3, commands) == ["a"]
    superseded = stage.obey(trail.revoke(ALICE, "superseded"))
    drop, note = superseded
    assert isinstance(drop, Drop)
    assert (drop.conn, drop.code) == (1, "superseded")
    assert note == Note("went", "alice", "127.0.0.1:1")
    assert stage.play(Lost(1, "superseded", drop.text)) == []
    assert presences(stage.wait(1.0)) == []
    assert heard_by(3, stage.receive(2, Say("b", "b", room="lobby"))) == ["b"]
    stage.play(Lost(3, "bye"))
    assert [change.left for change in presences(stage.wait(1.0))] == [["alice"]]


def test_what_was_not_acknowledged_on_the_old_connection_is_on_the_new_one() -> None:
    """It was committed while the old one was dropped: one copy, and its number again."""
    trail = Trail("alice bob")
    stage = ready(trail)
    trail.issue(NEW, replaces=ALICE.serial)
    stage.obey(trail.registry())
    stage.admit(3, NEW)
    say = Say("a", "a", room="lobby")
    stage.hub.handle(Received(1, (say,)))
    stage.hub.registry_changed(trail.revoke(ALICE, "superseded"))
    commands = stage.play()
    assert Send(1, Ack("a", 3, AT + 3)) not in commands
    assert heard_by(3, commands) == ["a"]
    assert stage.receive(3, say) == [Send(3, Ack("a", 3, AT + 3))]


def test_whoever_comes_with_the_old_certificate_is_told_that_there_is_a_newer_one() -> None:
    """Whoever was revoked is told that; the reason of the one does not hide the other."""
    trail = Trail("alice bob")
    trail.issue(NEW, replaces=ALICE.serial)
    trail.revoke(ALICE, "superseded")
    stage = Stage(registry=trail.revoke(identity_of("bob"), "keyCompromise"))
    assert code_of(stage.play(Opened(1, ALICE, "x"))) == "superseded"
    assert code_of(stage.play(Opened(2, identity_of("bob"), "x"))) == "revoked"
    stage.admit(3, NEW)
    assert code_of(stage.obey(trail.revoke(NEW, "keyCompromise"))) == "revoked"


def presences(commands: list[Command]) -> list[Presence]:
    """Return the frames about who came and went."""
    found = []
    for command in commands:
        messages = command.messages if isinstance(command, Deliver) else ()
        found += [message for message in messages if isinstance(message, Presence)]
    return found


def heard_by(conn: int, commands: list[Command]) -> list[str]:
    """Return the texts that a connection gets."""
    found = []
    for command in commands:
        conns = getattr(command, "conns", (getattr(command, "conn", None),))
        if conn in conns:
            messages = getattr(command, "messages", ())
            found += [message.text for message in messages if isinstance(message, Said)]
    return found


def code_of(commands: list[Command]) -> str:
    """Return why the only one who is dropped is."""
    (drop,) = (command for command in commands if isinstance(command, Drop))
    return drop.code
