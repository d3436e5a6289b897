"""Who, rooms, whois and the right to history."""

import pytest

from secure_chat.hub.commands import Command, ReadHistory, Send
from secure_chat.hub.events import Answered
from secure_chat.limits import Limits
from secure_chat.log.base import Place, Query
from secure_chat.pki.identity import Role
from secure_chat.pki.registry import Registry
from secure_chat.wire.messages import (
    Ack,
    Error,
    Hello,
    History,
    Join,
    Leave,
    Page,
    People,
    Person,
    Profile,
    RoomInfo,
    RoomList,
    Rooms,
    Who,
    Whois,
)
from tests.hub.stage import AT, FULL, Stage, entry_of

LIMITS = Limits(messages_per_second=0, names_per_page=2)


def ready() -> Stage:
    """Return a stage with alice on 1 and bob on 2; carol is a member of the lobby and away."""
    stage = Stage(limits=LIMITS, places=[Place("carol", "lobby", 1, None)], head=1)
    stage.enter(1, "alice")
    stage.enter(2, "bob")
    return stage


def error_of(commands: list[Command]) -> tuple[str, int | None]:
    """Return code and number of the only error, which is the only command."""
    (command,) = commands
    assert isinstance(command, Send)
    assert isinstance(command.message, Error)
    return command.message.code, command.message.re


def test_who_is_paged_in_order_of_names() -> None:
    """A full page says that there is more, the last one that there is not."""
    stage = ready()
    assert stage.receive(1, Who(7, "lobby")) == [
        Send(1, People(7, "lobby", [Person("alice", 1), Person("bob", 1)], more=True))
    ]
    assert stage.receive(1, Who(8, "lobby", after="bob")) == [
        Send(1, People(8, "lobby", [Person("carol", 0)], more=False))
    ]
    assert stage.receive(1, Who(9, "lobby", after="zed")) == [Send(1, People(9, "lobby", []))]


def test_who_counts_the_connections_of_a_person() -> None:
    """Two live ones are two, a one-shot command is none."""
    stage = ready()
    stage.enter(3, "alice")
    stage.enter(4, "alice", Hello(1, live=False))
    (command,) = stage.receive(1, Who(1, "lobby"))
    assert isinstance(command, Send)
    assert isinstance(command.message, People)
    assert command.message.people[0] == Person("alice", 2)


def test_who_of_no_room_is_an_error() -> None:
    """The number of the question comes back."""
    assert error_of(ready().receive(1, Who(7, "den"))) == ("bad-room", 7)


def test_rooms_are_paged_and_say_who_is_in() -> None:
    """Members, who of them is here, and whether the asker is one."""
    stage = ready()
    stage.receive(2, Join("a", "attic"), Join("d", "den"))
    assert stage.receive(1, Rooms(1)) == [
        Send(
            1,
            RoomList(
                1,
                [
                    RoomInfo("attic", members=1, here=1, member=False),
                    RoomInfo("den", members=1, here=1, member=False),
                ],
                more=True,
            ),
        )
    ]
    assert stage.receive(1, Rooms(2, after="den")) == [
        Send(1, RoomList(2, [RoomInfo("lobby", members=3, here=2, member=True)]))
    ]


def test_a_room_that_everybody_left_is_gone_but_for_the_lobby() -> None:
    """Empty rooms cost nothing; the lobby is where the next newcomer goes."""
    stage = ready()
    stage.receive(2, Join("d", "den"))
    stage.receive(2, Leave("e", "den"), Leave("f", "lobby"))
    stage.receive(1, Leave("g", "lobby"))
    assert stage.receive(1, Rooms(1)) == [
        Send(1, RoomList(1, [RoomInfo("lobby", members=1, here=0, member=False)]))
    ]


def test_whois_of_somebody_here_shows_the_certificate_in_use() -> None:
    """With the rooms that both are in and no others."""
    stage = ready()
    stage.receive(2, Join("d", "den"), Join("a", "attic"))
    stage.receive(1, Join("d", "den"))
    assert stage.receive(1, Whois(3, "bob")) == [
        Send(
            1,
            Profile(
                3,
                "bob",
                "member",
                1,
                ["den", "lobby"],
                fingerprint="f0bob",
                serial="5ebob",
                not_before=1_000,
                not_after=2_000_000_000,
            ),
        )
    ]


def test_whois_of_somebody_away_shows_the_certificate_issued_last() -> None:
    """Known from the registry alone, or from the log too."""
    stage = ready()
    stage.hub.registry_changed(
        Registry({f"5e{n}": entry_of(n, Role.MEMBER) for n in ("alice", "bob", "carol", "dave")})
    )
    for name, shared in (("carol", ["lobby"]), ("dave", [])):
        (command,) = stage.receive(1, Whois(4, name))
        assert isinstance(command, Send)
        assert isinstance(command.message, Profile)
        answer = command.message
        assert (answer.name, answer.role, answer.here) == (name, "member", 0)
        assert (answer.fingerprint, answer.rooms) == (f"f0{name}", shared)


def test_whois_of_somebody_only_the_log_remembers() -> None:
    """A member from before the registry: no certificate is shown, because there is none."""
    stage = Stage(["alice"], places=[Place("old", "lobby", 1, None)], head=1)
    stage.enter(1, "alice")
    assert stage.receive(1, Whois(5, "old")) == [Send(1, Profile(5, "old", "", 0, ["lobby"]))]


def test_whois_of_nobody_is_an_error() -> None:
    """The number of the question comes back."""
    assert error_of(ready().receive(1, Whois(5, "mallory"))) == ("nobody", 5)


@pytest.mark.parametrize(
    ("history", "rooms"),
    [
        (History(1), ("den", "lobby")),
        (History(1, room="den"), ("den",)),
        (History(1, with_="bob"), ()),
    ],
)
def test_history_goes_to_the_reader_with_its_rights_settled(
    history: History, rooms: tuple[str, ...]
) -> None:
    """All rooms of the asker, one of them, or none for letters only."""
    stage = ready()
    stage.receive(1, Join("d", "den"))
    stage.receive(2, Join("a", "attic"))
    assert stage.receive(1, history) == [ReadHistory(1, Query("alice", rooms, history))]


@pytest.mark.parametrize(
    ("history", "code"),
    [
        (History(6, room="attic"), "not-a-member"),
        (History(6, room="nowhere"), "not-a-member"),
        (History(6, room="lobby", with_="bob"), "bad-query"),
        (History(6, limit=0), "bad-query"),
        (History(6, files=True, search="words"), "bad-query"),
        (History(6, files=True, author="bob"), "bad-query"),
    ],
)
def test_history_that_may_not_be_read_or_makes_no_sense(history: History, code: str) -> None:
    """A foreign room and one that does not exist look the same."""
    stage = ready()
    stage.receive(2, Join("a", "attic"))
    assert error_of(stage.receive(1, history)) == (code, 6)


def test_the_readers_answer_goes_to_whoever_asked() -> None:
    """And to nobody when they are gone."""
    stage = ready()
    page = Page(1, [])
    assert stage.play(Answered(1, page)) == [Send(1, page)]
    assert stage.play(Answered(99, page)) == []


def test_a_question_behind_a_request_is_answered_behind_it() -> None:
    """Whoever joins and asks at once sees themselves; each kind of question waits."""
    stage = ready()
    commands = stage.receive(1, Join("d", "den"), Who(1, "den"), History(2, room="den"))
    assert commands[0] == Send(1, Ack("d", 4, AT + 4))
    assert commands[-2] == Send(1, People(1, "den", [Person("alice", 1)]))
    assert commands[-1] == ReadHistory(1, Query("alice", ("den",), History(2, room="den")))


def test_a_question_behind_a_request_that_failed_is_answered_as_things_are() -> None:
    """The room was not made, so there is none."""
    stage = ready()
    commands = stage.receive(1, Join("d", "den"), Who(1, "den"), failed=FULL)
    assert error_of(commands[-1:]) == ("bad-room", 1)
