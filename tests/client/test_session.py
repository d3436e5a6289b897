"""The session loses nothing that is not acknowledged and shows each number once, in order."""

from secure_chat.client.effects import (
    Dial,
    Duplicate,
    Forget,
    Hangup,
    Memory,
    Mode,
    Show,
    Transmit,
)
from secure_chat.client.events import (
    Acked,
    Disconnected,
    Left,
    Message,
    Problem,
    Refused,
)
from secure_chat.errors import HostRefused, HostUnreachable
from secure_chat.limits import Limits
from secure_chat.wire.messages import (
    Ack,
    Code,
    Error,
    Hello,
    Join,
    Live,
    Membership,
    Notice,
    People,
    Ping,
    Presence,
    Who,
)
from tests.client.sessions import GREETING, SHOWN, fed, new, opened, said, say, welcome


def test_nothing_is_written_before_the_host_spoke() -> None:
    """The greeting is answered with the cursor; what waits is sent behind the welcome only."""
    session = new(Memory("d1", 4, (say("a1"),)), mode=Mode(history=5))
    session.submit(say("a2"))
    session.opened(1)
    assert session.effects() == []
    (hello,) = fed(session, GREETING)
    assert isinstance(hello, Transmit)
    assert isinstance(hello.message, Hello)
    assert (hello.message.cursor, hello.message.history) == (4, 5)
    assert (hello.message.device, hello.message.live) == ("d1", True)
    assert fed(session, welcome()) == [Show(SHOWN), Transmit(say("a1"), 1), Transmit(say("a2"), 1)]
    assert session._welcomed


def test_an_ack_settles_and_a_second_one_says_nothing() -> None:
    """What is acknowledged is forgotten on the disk and told once."""
    session = opened(new())
    session.submit(say("a1"))
    assert session.effects() == [Transmit(say("a1"), 1)]
    assert fed(session, Ack("a1", 10, 5)) == [Forget("a1"), Show(Acked("a1", 10, 5))]
    assert fed(session, Ack("a1", 10, 5), Ack("never", 11, 5)) == []
    assert session.unsent == 0


def test_the_window_bounds_what_is_on_its_way() -> None:
    """One more leaves for each that is settled, by an ack or by an error, in order."""
    session = opened(new(limits=Limits(unacked=2)))
    for number in range(4):
        session.submit(say(f"a{number}"))
    assert session.effects() == [Transmit(say("a0"), 1), Transmit(say("a1"), 1)]
    assert fed(session, Ack("a1", 10, 0))[-1] == Transmit(say("a2"), 1)
    refusal = Error("too-long", "no", id="a0")
    assert fed(session, refusal) == [
        Forget("a0"),
        Show(Problem("too-long", "no", "a0")),
        Transmit(say("a3"), 1),
    ]
    assert fed(session, refusal) == []


def test_everything_unacknowledged_is_sent_again_in_order() -> None:
    """After a new welcome the queue begins at its head, whatever was on its way before."""
    session = opened(new(limits=Limits(unacked=2)))
    for number in range(3):
        session.submit(say(f"a{number}"))
    session.received(1, Ack("a0", 10, 0))
    session.effects()
    session.lost(1, Code.SILENT, "said nothing", None)
    assert session.effects() == [
        Show(Disconnected("silent", "said nothing", 0, 0.1)),
        Dial(0.1),
    ]
    assert fed(opened(session)) == []
    session.lost(1, Code.SILENT, "", None)
    session.effects()
    session.opened(1)
    sent = fed(session, GREETING, welcome())
    assert sent[-2:] == [Transmit(say("a1"), 1), Transmit(say("a2"), 1)]


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
    session.opened(1)
    assert fed(session, GREETING, welcome())[-1] == Show(SHOWN, 9)
    with_history = new(mode=Mode(history=3))
    with_history.opened(1)
    assert fed(with_history, GREETING, welcome())[-1] == Show(SHOWN, None)
    assert fed(with_history, said(7), Live(9)) == [
        Show(Message.of(said(7)), 7),
        Show(Live(9), 9),
    ]
    one_shot = new(mode=Mode(live=False))
    one_shot.opened(1)
    assert fed(one_shot, GREETING, welcome())[-1] == Show(SHOWN, None)


def test_a_host_with_a_new_log_is_listened_to() -> None:
    """A cursor above the head is taken back, or the new log's numbers would pass for repeats."""
    session = new(Memory("d1", 500))
    session.opened(1)
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
        Transmit(Who(1, "lobby"), 1),
        Transmit(Who(2, "tea"), 1),
        Transmit(Who(3, "tea"), 1),
    ]
    presence, people = Presence("lobby", 2), People(1, "lobby", [])
    refused = Error("not-a-member", "no", re=2)
    assert fed(session, presence, people, refused, Notice("slowed", "wait"), Ping()) == [
        Show(presence),
        Show(people),
        Show(Problem("not-a-member", "no", re=2)),
        Show(Notice("slowed", "wait")),
    ]
    session.lost(1, Code.SILENT, "", None)
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
        session.lost(1, "closed", "", HostUnreachable("nothing answers", why="refused"))
        effects = session.effects()
        shown, dial = effects[-2:]
        assert isinstance(dial, Dial)
        assert isinstance(shown, Show)
        assert isinstance(shown.event, Disconnected)
        assert shown.event.text == "nothing answers: refused"
        waits.append(dial.seconds)
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    opened(session).lost(1, "closed", "", None)
    assert session.effects()[-1] == Dial(0.1)


def test_a_first_connection_that_fails_is_final() -> None:
    """Before any welcome there is no second attempt, and nothing happens behind the end."""
    session = new()
    error = HostUnreachable("nothing answers")
    session.lost(1, "closed", "", error)
    assert session.effects() == [Show(Refused("closed", error))]
    assert session.over
    session.lost(1, "closed", "", error)
    session.opened(1)
    assert fed(session, GREETING) == []
    session.leave(flush=False)
    assert session.effects() == []


def test_a_refusal_is_final_at_any_time() -> None:
    """A revoked client does not knock again."""
    session = opened(new())
    error = HostRefused("revoked", "the host refused us")
    session.lost(1, "revoked", "", error)
    assert session.effects() == [Show(Refused("revoked", error))]


def test_leaving_at_once_keeps_the_rest_for_the_next_run() -> None:
    """The connection is ended in order and the number of the unsent is told."""
    session = opened(new())
    session.submit(say("a1"))
    session.effects()
    session.leave(flush=False)
    assert session.effects() == [Show(Left(1)), Hangup(1)]
    down = new(Memory("d1", None, (say("a1"),)))
    down.leave(flush=False)
    assert down.effects() == [Show(Left(1))]


def test_leaving_in_order_waits_for_acks_and_for_ones_own_lines() -> None:
    """The last line is acknowledged and has come back before the client goes."""
    session = opened(new())
    session.submit(say("a1"))
    session.leave(flush=True)
    assert session.effects() == [Transmit(say("a1"), 1)]
    assert fed(session, Ack("a1", 10, 0)) == [Forget("a1"), Show(Acked("a1", 10, 0))]
    assert fed(session, said(10)) == [
        Show(Message.of(said(10)), 10),
        Show(Left(0)),
        Hangup(1),
    ]
    idle = opened(new(mode=Mode(live=False)))
    idle.submit(Join("j1", "tea"))
    idle.leave(flush=True)
    assert fed(idle, Ack("j1", 10, 0))[-2:] == [Show(Left(0)), Hangup(1)]
