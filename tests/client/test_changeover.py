"""A connection with a renewed certificate takes over from the one before, and nobody sees it."""

from secure_chat.client.effects import (
    Denied,
    Dial,
    DialBeside,
    Granted,
    Hangup,
    Hurry,
    Mode,
    Show,
    Stayed,
    Transmit,
)
from secure_chat.client.events import (
    Connected,
    Disconnected,
    Left,
    Message,
    Problem,
    Refused,
)
from secure_chat.client.events import Renewed as RenewedEvent
from secure_chat.errors import HostRefused, HostUnreachable
from secure_chat.wire.messages import (
    Ack,
    Code,
    Done,
    Error,
    Greeting,
    Live,
    Membership,
    Moderate,
    Notice,
    Renew,
    Renewed,
    Welcome,
    Who,
)
from tests.client.sessions import (
    GREETING,
    RENEWED,
    UNTIL,
    fed,
    moving,
    new,
    opened,
    said,
    say,
    welcome,
)


def test_a_second_connection_takes_over_at_its_welcome() -> None:
    """The first goes on until then and is hung up then; what is not acknowledged goes out again."""
    session = opened(new())
    session.submit(say("a1"))
    session.ask(Who(1, "lobby"))
    moving(session)
    assert not session.settled
    assert fed(session, said(10)) == [Show(Message.of(said(10)), 10)]
    session.submit(say("a2"))
    assert session.effects() == [Transmit(say("a2"), 1)]
    session.received(2, welcome(9))
    assert session.effects() == [
        Hangup(1),
        Show(RENEWED),
        Transmit(Who(1, "lobby"), 2),
        Transmit(say("a1"), 2),
        Transmit(say("a2"), 2),
    ]
    assert session.conn == 2
    assert fed(session, Ack("a1", 11, 0), said(12)) == []
    session.received(2, said(10))
    session.received(2, said(11))
    assert session.effects() == [Show(Message.of(said(11)), 11)]
    session.lost(1, Code.BYE, "", None)
    assert session.effects() == []


def test_nothing_is_moved_before_everything_missed_is_here() -> None:
    """A first run that is still given history has no cursor to go on from."""
    session = opened(new(mode=Mode(history=3)))
    session.move(UNTIL)
    assert session.effects() == [Stayed("there is no connection to the host")]
    fed(session, Live(9))
    session.move(UNTIL)
    session.move(UNTIL)
    assert session.effects() == [DialBeside(), Stayed("there is no connection to the host")]
    session.leave(flush=False)
    assert session.effects() == [Show(Left(0)), Hangup(1)]


def test_a_second_connection_that_fails_leaves_the_first_in_use() -> None:
    """Before it comes up and behind that; nothing is shown."""
    session = opened(new())
    fed(session, Live(9))
    session.move(UNTIL)
    session.effects()
    session.lost(2, "closed", "", HostUnreachable("nothing answers"))
    assert session.effects() == [Stayed("nothing answers")]
    moving(session)
    session.lost(2, "silent", "said nothing", None)
    assert session.effects() == [Stayed("said nothing")]
    session.submit(say("a1"))
    assert session.effects() == [Transmit(say("a1"), 1)]


def test_where_there_is_room_for_one_connection_the_first_makes_it() -> None:
    """The host allows so many to a person; nobody is told of the moment in between."""
    session = moving(opened(new()))
    session.submit(say("a1"))
    session.effects()
    full = HostRefused("too-many-connections", "the host refused us")
    session.lost(2, "too-many-connections", "", full)
    assert session.effects() == [Hangup(1), Dial(0.1)]
    session.lost(1, Code.BYE, "", None)
    assert session.effects() == []
    session.opened(3)
    session.received(3, Greeting(1, "u2"))
    session.received(3, welcome())
    assert session.effects()[1:] == [Show(RENEWED), Transmit(say("a1"), 3)]


def test_rooms_that_changed_meanwhile_are_not_forgotten() -> None:
    """The second welcome is of an earlier moment than what the first connection has told since."""
    session = opened(new())
    fed(session, Membership(9, 0, "old", member=True))
    moving(session)
    fed(session, Membership(10, 0, "tea", member=True), Membership(12, 0, "den", member=True))
    fed(session, Membership(13, 0, "lobby", member=False))
    session.received(2, Welcome("alice", "member", "c0", 11, 1, ["lobby", "old", "tea"]))
    shown = session.effects()[1]
    assert isinstance(shown, Show)
    assert isinstance(shown.event, RenewedEvent)
    assert shown.event.rooms == ("den", "old", "tea")


def test_a_first_connection_that_is_lost_meanwhile_is_not_missed() -> None:
    """What is asked and said waits for the second one; only if that fails too it is told."""
    session = moving(opened(new()))
    session.lost(1, "superseded", "a newer one is in use", None)
    session.submit(say("a1"))
    session.ask(Who(1, "lobby"))
    assert session.effects() == []
    session.received(2, welcome())
    assert session.effects() == [
        Show(RENEWED),
        Transmit(Who(1, "lobby"), 2),
        Transmit(say("a1"), 2),
    ]
    unlucky = moving(opened(new()))
    unlucky.ask(Who(1, "lobby"))
    unlucky.lost(1, "silent", "", None)
    unlucky.effects()
    unlucky.lost(2, "silent", "said nothing", None)
    problem, lost, dial = unlucky.effects()
    assert isinstance(problem, Show)
    assert isinstance(problem.event, Problem)
    assert (lost, dial) == (Show(Disconnected("silent", "said nothing", 0, 0.1)), Dial(0.1))


def test_what_comes_too_early_or_from_nowhere_changes_nothing() -> None:
    """A second connection has no say before its welcome, nor one that was never made."""
    session = moving(opened(new()))
    session.received(2, said(10))
    session.received(7, said(11))
    session.received(2, welcome())
    session.effects()
    session.lost(7, "silent", "", None)
    assert session.effects() == []
    session.received(2, said(10))
    assert session.effects() == [Show(Message.of(said(10)), 10)]


def test_leaving_ends_both_connections() -> None:
    """Neither is left behind."""
    session = moving(opened(new()))
    session.leave(flush=False)
    assert session.effects() == [Show(Left(0)), Hangup(1), Hangup(2)]


def test_a_retired_certificate_is_no_end_while_the_disk_has_a_newer_one() -> None:
    """The client comes back with that one and nobody is told; otherwise it is final."""
    session = opened(new())
    fed(session, Live(9))
    session.lost(1, "superseded", "a newer one is in use", None, UNTIL)
    session.submit(say("a1"))
    session.ask(Who(1, "lobby"))
    assert session.effects() == [Dial(0.1)]
    session.opened(2)
    session.received(2, Greeting(1, "u2"))
    session.received(2, welcome())
    assert session.effects()[1:] == [
        Show(RENEWED),
        Transmit(Who(1, "lobby"), 2),
        Transmit(say("a1"), 2),
    ]
    session.lost(2, "superseded", "a newer one is in use", None, None)
    problem, shown = session.effects()
    assert isinstance(problem, Show)
    assert isinstance(shown, Show)
    assert isinstance(shown.event, Refused)
    assert shown.event.error.exit_code == 6


def test_a_newer_certificate_helps_at_the_first_connection_too() -> None:
    """The first welcome is told as one; a host that refuses that certificate too is believed."""
    for second, kind in (("welcome", Connected), ("refusal", Refused)):
        session = new()
        session.opened(1)
        error = HostRefused("revoked", "the host does not let us in")
        session.lost(1, "revoked", "", error, UNTIL)
        assert session.effects() == [Dial(0.1)]
        session.opened(2)
        if second == "welcome":
            session.received(2, GREETING)
            session.received(2, welcome())
        else:
            session.lost(2, "revoked", "", error)
        shown = session.effects()[-1]
        assert isinstance(shown, Show)
        assert isinstance(shown.event, kind)


def test_a_line_that_is_cut_says_nothing_about_certificates() -> None:
    """A newer one on the disk changes nothing about telling that."""
    session = opened(new())
    session.lost(1, "silent", "said nothing", None, UNTIL)
    assert session.effects()[0] == Show(Disconnected("silent", "said nothing", 0, 0.1))


def test_a_certificate_is_asked_for_and_the_answer_passed_on() -> None:
    """An answer that nobody asked for is not; a refusal and a loss are reasons in words."""
    session = opened(new())
    answer = Renewed(0, "certificate", "authorities")
    assert fed(session, answer) == []
    session.renew("request")
    assert session.effects() == [Transmit(Renew(0, "request"), 1)]
    assert fed(session, answer, answer) == [Granted("certificate", "authorities")]
    session.renew("request")
    refusal = Error("no-authority", "this host cannot issue", re=0)
    assert fed(session, refusal, refusal)[1:] == [Denied("this host cannot issue (no-authority)")]
    session.renew("request")
    session.lost(1, "silent", "", None)
    assert Denied("the connection was lost before the answer") in session.effects()
    session.renew("request")
    assert session.effects() == [Denied("there is no connection to the host")]


def test_a_host_that_wants_us_to_renew_is_not_shown() -> None:
    """It is between the programs; other notices are for people."""
    session = opened(new())
    assert fed(session, Notice("renew", "your role has changed")) == [Hurry()]
    assert fed(session, Notice("muted", "you are muted")) == [
        Show(Notice("muted", "you are muted"))
    ]


def test_an_act_on_people_is_never_done_twice() -> None:
    """When the answer is lost with its connection, nobody knows; asking again is for the person."""
    session = moving(opened(new()))
    session.ask(Moderate(1, "kick", "bob"))
    assert session.effects() == [Transmit(Moderate(1, "kick", "bob"), 1)]
    session.received(2, welcome())
    effects = session.effects()
    assert not any(isinstance(effect, Transmit) for effect in effects)
    assert isinstance(effects[0], Show)
    assert isinstance(effects[0].event, Problem)
    assert effects[0].event.re == 1
    session.ask(Moderate(2, "kick", "bob"))
    session.effects()
    session.received(2, Done(2))
    assert session.effects() == [Show(Done(2))]
