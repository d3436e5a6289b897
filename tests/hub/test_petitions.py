"""Who may ask the registrar for what about whom: every role, act and target."""

from dataclasses import replace

import pytest

from secure_chat.hub.commands import Admit, Command, Pause, Petition, Send
from secure_chat.hub.events import Lost, Opened, Received, Replied
from secure_chat.limits import Limits
from secure_chat.pki.act import Deed
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import Done, Error, Join, Measure, Moderate, Renew, Renewed, Say
from tests.hub.stage import Stage, identity_of
from tests.hub.trail import Trail

LIMITS = Limits(messages_per_second=0)
CONN = {Role.MEMBER: 1, Role.OPERATOR: 2}
ASKER = {Role.MEMBER: "alice", Role.OPERATOR: "olga"}
DONE = Done(7)


def registry() -> Registry:
    """Return two members, two operators, one to become one, somebody revoked, a closed room."""
    trail = Trail("alice bob carol dave", "olga oscar")
    trail.act(Deed.PROMOTED, "carol")
    trail.revoke(identity_of("dave"), "keyCompromise")
    return trail.act(Deed.CLOSED_ROOM, room="attic")


def ready(limits: Limits = LIMITS) -> Stage:
    """Return a stage with alice on 1, olga, who is an operator, on 2, and a room `den`."""
    stage = Stage(limits=limits, registry=registry())
    for role, conn in CONN.items():
        stage.admit(conn, identity_of(ASKER[role], role))
    stage.receive(1, Join("d", "den"))
    return stage


def codes_of(commands: list[Command]) -> list[str | None]:
    """Return for each command the code of the error, None for what the registrar gets."""
    codes: list[str | None] = []
    for command in commands:
        if isinstance(command, Petition):
            codes.append(None)
        else:
            assert isinstance(command, Send)
            assert isinstance(command.message, Error)
            assert command.message.text
            codes.append(command.message.code)
    return codes


# --- the table -----------------------------------------------------------------------------

TARGETS = {
    "self": {"name": "olga"},
    "member": {"name": "bob"},
    "operator": {"name": "oscar"},
    "promoted": {"name": "carol"},
    "revoked": {"name": "dave"},
    "unknown name": {"name": "zoe"},
    "room": {"room": "den"},
    "closed room": {"room": "attic"},
    "lobby": {"room": "lobby"},
    "unknown room": {"room": "nowhere"},
    "no name at all": {"room": "no such name"},
    "nothing": {},
    "both": {"name": "bob", "room": "den"},
}
# What an operator gets for each target; "" where the act is handed on.
ON_PEOPLE = {
    "self": "not-allowed",
    "member": "",
    "operator": "not-allowed",
    "promoted": "not-allowed",
    "revoked": "nobody",
    "unknown name": "nobody",
    "room": "bad-query",
    "closed room": "bad-query",
    "lobby": "bad-query",
    "unknown room": "bad-query",
    "no name at all": "bad-query",
    "nothing": "bad-query",
    "both": "bad-query",
}
ON_ROOMS = {
    "self": "bad-query",
    "member": "bad-query",
    "operator": "bad-query",
    "promoted": "bad-query",
    "revoked": "bad-query",
    "unknown name": "bad-query",
    "room": "",
    "closed room": "",
    "lobby": "not-allowed",
    "unknown room": "bad-room",
    "no name at all": "bad-room",
    "nothing": "bad-query",
    "both": "bad-query",
}
NOTHING = dict.fromkeys(TARGETS, "bad-query")
ACTS = {
    "kick": ON_PEOPLE,
    "mute": ON_PEOPLE,
    "unmute": ON_PEOPLE,
    "ban": ON_PEOPLE,
    "close-room": ON_ROOMS,
    "open-room": ON_ROOMS,
    "crown": NOTHING,
    "": NOTHING,
}
CASES = [
    (role, act, target, code if role is Role.OPERATOR else "not-allowed")
    for role in CONN
    for act, codes in ACTS.items()
    for target, code in codes.items()
]


def test_the_table_has_every_act_and_every_target() -> None:
    """No act of the protocol is left out, and each is tried on everything."""
    assert set(ACTS) >= set(Measure)
    assert all(set(codes) == set(TARGETS) for codes in ACTS.values())


@pytest.mark.parametrize(("role", "act", "target", "code"), CASES)
def test_an_act_is_handed_on_or_refused(role: Role, act: str, target: str, code: str) -> None:
    """Either the registrar gets it with who asked for it, or the asker gets the reason."""
    stage = ready()
    aim = TARGETS[target]
    asked = Moderate(7, act, aim.get("name", ""), aim.get("room", ""), reason="because")
    commands = stage.receive(CONN[role], asked)
    if code:
        assert codes_of(commands) == [code]
        (command,) = commands
        assert isinstance(command, Send)
        assert isinstance(command.message, Error)
        assert (command.conn, command.message.re) == (CONN[role], 7)
    else:
        assert commands == [Petition(CONN[role], identity_of(ASKER[role], role), asked)]


@pytest.mark.parametrize("role", CONN)
def test_everybody_may_ask_for_a_new_certificate(role: Role) -> None:
    """For themselves, which is all that the request can say."""
    asked = Renew(7, "a request")
    identity = identity_of(ASKER[role], role)
    assert ready().receive(CONN[role], asked) == [Petition(CONN[role], identity, asked)]


def test_acting_on_oneself_and_on_an_operator_are_refused_in_different_words() -> None:
    """The owner can do the one for them; the other is a slip."""
    stage = ready()
    texts = set()
    for number, name in enumerate(("olga", "oscar")):
        (command,) = stage.receive(2, Moderate(number, Measure.BAN, name))
        assert isinstance(command, Send)
        assert isinstance(command.message, Error)
        texts.add(command.message.text)
    assert len(texts) == 2


def test_what_is_handed_on_changes_nothing_by_itself() -> None:
    """Before the registry says so nobody is gone, mute or shut out."""
    stage = ready()
    for number, act in enumerate((Measure.KICK, Measure.MUTE, Measure.BAN)):
        stage.receive(2, Moderate(number, act, "alice"))
    stage.receive(2, Moderate(9, Measure.CLOSE_ROOM, room="den"))
    commands = stage.receive(1, Say("m", "m", room="den"))
    assert isinstance(commands[0], Send)
    assert not isinstance(commands[0].message, Error)


def test_an_act_says_who_did_it_by_certificate() -> None:
    """An operator's other certificate is another one in the trail."""
    other = replace(identity_of("olga", Role.OPERATOR), serial="77", fingerprint="f77")
    trail = Trail("bob", "olga")
    stage = Stage(registry=trail.issue(other))
    stage.admit(1, other)
    asked = Moderate(1, Measure.KICK, "bob")
    assert stage.receive(1, asked) == [Petition(1, other, asked)]


def test_the_role_is_that_of_the_connection() -> None:
    """Somebody promoted is a member where their old certificate is in use."""
    stage = ready()
    stage.admit(3, identity_of("carol"))
    assert codes_of(stage.receive(3, Moderate(1, Measure.KICK, "bob"))) == ["not-allowed"]


def test_somebody_demoted_can_be_acted_on() -> None:
    """Their operator's certificates are gone and the next one is a member's."""
    trail = Trail("bob", "olga oscar")
    stage = Stage(registry=trail.registry())
    stage.admit(1, identity_of("olga", Role.OPERATOR))
    assert codes_of(stage.receive(1, Moderate(1, Measure.BAN, "oscar"))) == ["not-allowed"]
    trail.revoke(identity_of("oscar", Role.OPERATOR), "privilegeWithdrawn")
    trail.act(Deed.DEMOTED, "oscar")
    member = replace(identity_of("oscar"), serial="77", fingerprint="f77")
    stage.obey(trail.issue(member))
    assert codes_of(stage.receive(1, Moderate(2, Measure.BAN, "oscar"))) == [None]


@pytest.mark.parametrize(
    ("act", "seconds", "code"),
    [
        ("mute", 1, None),
        ("mute", LIMITS.mute_seconds, None),
        ("mute", LIMITS.mute_seconds + 1, "bad-query"),
        ("mute", 2**53, "bad-query"),
        ("kick", 1, "bad-query"),
        ("unmute", 1, "bad-query"),
    ],
)
def test_only_a_mute_has_a_length_and_it_has_a_bound(
    act: str, seconds: int, code: str | None
) -> None:
    """A kick for ten minutes would be a promise that nobody keeps."""
    assert codes_of(ready().receive(2, Moderate(1, act, "bob", seconds=seconds))) == [code]


def test_a_room_has_no_length_either() -> None:
    """It is closed until it is opened."""
    asked = Moderate(1, Measure.CLOSE_ROOM, room="den", seconds=60)
    assert codes_of(ready().receive(2, asked)) == ["bad-query"]


# --- how much ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "code"),
    [("x" * 8_192, None), ("x" * 8_193, "too-long"), ("é" * 4_097, "too-long")],
)
def test_a_certificate_request_has_a_bound_in_bytes(request_: str, code: str | None) -> None:
    """No certificate of ours needs as much."""
    assert codes_of(ready().receive(1, Renew(1, request_))) == [code]


def test_one_renewal_waits_on_a_connection() -> None:
    """The next one may come when the first has its answer, good or bad."""
    stage = ready()
    assert codes_of(stage.receive(1, Renew(1, "r"), Renew(2, "r"))) == [None, "bad-query"]
    answers: tuple[Renewed | Error, ...] = (
        Renewed(1, "c", "a"),
        Error("no-authority", "the key is locked", re=3),
    )
    for number, answer in zip((3, 4), answers, strict=True):
        assert stage.play(Replied(1, answer)) == [Send(1, answer)]
        assert codes_of(stage.receive(1, Renew(number, "r"))) == [None]


def test_renewals_of_two_connections_do_not_meet() -> None:
    """Each device of a person has its own certificate."""
    stage = ready()
    stage.admit(3, identity_of("alice"))
    assert codes_of(stage.receive(1, Renew(1, "r"))) == [None]
    assert codes_of(stage.receive(3, Renew(1, "r"))) == [None]


def test_acts_may_wait_beside_a_renewal() -> None:
    """An operator needs not wait for a certificate to keep order."""
    stage = ready()
    asked = (Renew(1, "r"), Moderate(2, "kick", "bob"), Moderate(3, "ban", "bob"))
    assert codes_of(stage.receive(2, *asked)) == [None, None, None]


def test_a_number_that_waits_is_not_used_twice() -> None:
    """Its answer could not be told apart; afterwards the number is free."""
    stage = ready()
    asked = Moderate(7, "kick", "bob")
    assert codes_of(stage.receive(2, asked, asked)) == [None, "bad-query"]
    stage.play(Replied(2, DONE))
    assert codes_of(stage.receive(2, asked)) == [None]


def test_an_error_that_answers_no_request_sets_none_free() -> None:
    """It is passed on, and what waits goes on waiting."""
    stage = ready()
    asked, trouble = Moderate(7, "kick", "bob"), Error("internal", "the disk failed")
    stage.receive(2, asked)
    assert stage.play(Replied(2, trouble)) == [Send(2, trouble)]
    assert codes_of(stage.receive(2, asked)) == ["bad-query"]


def test_no_more_than_the_bound_wait() -> None:
    """The registrar has to write each of them to a disk."""
    stage = ready(replace(LIMITS, petitions=2))
    asked = [Moderate(number, "kick", "bob") for number in range(4)]
    assert codes_of(stage.receive(2, *asked[:3])) == [None, None, "bad-query"]
    stage.play(Replied(2, Done(0)))
    assert codes_of(stage.receive(2, asked[3])) == [None]


def test_a_petition_costs_as_much_as_a_message() -> None:
    """Whoever asks too often is read more slowly."""
    stage = ready(Limits(messages_per_second=10, message_burst=4))
    stage.wait(1.0)
    commands = stage.receive(1, *[Renew(number, "r") for number in range(6)])
    assert Pause(1, 0.2) in commands


# --- the answer ----------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [DONE, Error("internal", "the disk failed", re=7)])
def test_the_answer_goes_to_the_connection_that_asked(answer: Done | Error) -> None:
    """And to no other one of the person."""
    stage = ready()
    stage.admit(3, identity_of("olga", Role.OPERATOR))
    stage.receive(2, Moderate(7, "kick", "bob"))
    assert stage.play(Replied(2, answer)) == [Send(2, answer)]


def test_the_answer_to_a_connection_that_is_gone_is_ignored() -> None:
    """Nobody else gets it, also when the person is back on another one."""
    stage = ready()
    stage.receive(2, Moderate(7, "kick", "bob"))
    stage.play(Lost(2, "silent", "the line was cut"))
    stage.admit(3, identity_of("olga", Role.OPERATOR))
    assert stage.play(Replied(2, DONE), Replied(99, DONE)) == []


def test_nothing_is_asked_before_the_welcome() -> None:
    """The protocol's states forbid it already; the hub does not rely on that."""
    stage = ready()
    assert stage.play(Opened(4, identity_of("bob"), "x"), Received(4, (Renew(1, "r"),))) == [
        Admit(4)
    ]
