"""Bringing a connection up to date."""

import dataclasses

from secure_chat.hub.commands import Deliver, Feed, Note, ReadMissed, Send
from secure_chat.hub.events import Drained, Lagging, PageRead, Received
from secure_chat.limits import Limits
from secure_chat.log.base import Missed, Place
from secure_chat.wire.messages import Hello, Join, Leave, Live, Membership, Said, Say
from tests.hub.stage import AT, Stage, said

LIMITS = Limits(messages_per_second=0)
PLACES = (Place("alice", "lobby", 1, None), Place("bob", "lobby", 2, None))


def ready(limits: Limits = LIMITS) -> Stage:
    """Return a stage whose log had 9 entries before; bob is here on 2."""
    stage = Stage(limits=limits, places=PLACES, head=9)
    stage.enter(2, "bob")
    return stage


def text(seq: int) -> Said:
    """Return bob's message under this number."""
    return said(seq, "bob", f"m{seq}", room="lobby")


def speak(stage: Stage, first: int, last: int) -> None:
    """Let bob say the messages from one number to another in one batch."""
    stage.receive(2, *(Say(f"m{seq}", f"m{seq}", room="lobby") for seq in range(first, last + 1)))


def test_a_first_run_without_history_is_live_at_once() -> None:
    """An empty feed tells the worker from where on deliveries count."""
    stage = ready()
    assert stage.enter(1, "alice")[-2:] == [Feed(1, (), 9, live=True), Send(1, Live(9))]


def test_a_cursor_at_or_above_the_head_is_live_at_once() -> None:
    """A cursor from the future is taken for the head."""
    stage = ready()
    for conn, cursor in ((1, 9), (3, 10**9)):
        commands = stage.enter(conn, "alice", Hello(1, cursor=cursor, history=50))
        assert commands[-2:] == [Feed(conn, (), 9, live=True), Send(conn, Live(9))]


def test_a_client_that_wants_no_messages_is_served_none() -> None:
    """No feed, no delivery, whatever its cursor."""
    stage = ready()
    commands = stage.enter(1, "alice", Hello(1, cursor=0, live=False))
    assert isinstance(commands[-1], Note)
    speak(stage, 10, 10)
    assert stage.play(Drained(1), Lagging(1, 5), PageRead(1, Missed((), 9))) == []


def test_a_first_run_asks_the_reader_for_the_newest() -> None:
    """As many as wanted, at most what fits into the tail; then it is live."""
    stage = ready()
    for conn, (wanted, asked) in enumerate(((5, 5), (10**9, 4_096)), 10):
        commands = stage.enter(conn, "alice", Hello(1, history=wanted))
        assert commands[-1] == ReadMissed(conn, "alice", 9, newest=asked)
    assert stage.play(PageRead(10, Missed((text(7), text(8)), 9))) == [
        Feed(10, (text(7), text(8)), 9, live=True),
        Send(10, Live(9)),
    ]


def test_what_was_missed_is_served_page_by_page() -> None:
    """The next page is asked for when the peer has taken the one before."""
    stage = ready()
    assert stage.enter(1, "alice", Hello(1, cursor=3))[-1] == ReadMissed(1, "alice", 3)
    assert stage.play(PageRead(1, Missed((text(4), text(5)), 5))) == [
        Feed(1, (text(4), text(5)), 5, live=False)
    ]
    assert stage.play(Drained(1)) == [ReadMissed(1, "alice", 5)]
    assert stage.play(PageRead(1, Missed((text(8),), 9))) == [
        Feed(1, (text(8),), 9, live=True),
        Send(1, Live(9)),
    ]


def test_what_is_said_meanwhile_comes_from_the_tail_with_the_last_page() -> None:
    """Not as a delivery before, and as a delivery after."""
    stage = ready()
    stage.enter(1, "alice", Hello(1, cursor=3))
    speak(stage, 10, 11)
    assert stage.play(PageRead(1, Missed((text(4),), 9))) == [
        Feed(1, (text(4), text(10), text(11)), 11, live=True),
        Send(1, Live(11)),
    ]
    commands = stage.receive(2, Say("m12", "m12", room="lobby"))
    assert commands[-1] == Deliver((2, 1), (text(12),), 12)


def test_a_recent_cursor_needs_no_reader() -> None:
    """Whoever missed only what is in memory is live with the welcome."""
    stage = ready()
    speak(stage, 10, 12)
    assert stage.enter(1, "alice", Hello(1, cursor=10))[-2:] == [
        Feed(1, (text(11), text(12)), 12, live=True),
        Send(1, Live(12)),
    ]


def test_when_the_tail_has_moved_on_the_log_is_asked_again() -> None:
    """The page read ends before the oldest entry in memory."""
    stage = ready(dataclasses.replace(LIMITS, tail_entries=2))
    stage.enter(1, "alice", Hello(1, cursor=3))
    speak(stage, 10, 13)
    assert stage.play(PageRead(1, Missed((text(4),), 9))) == [Feed(1, (text(4),), 9, live=False)]
    assert stage.play(Drained(1)) == [ReadMissed(1, "alice", 9)]
    assert stage.play(PageRead(1, Missed((text(10), text(11)), 11))) == [
        Feed(1, (text(10), text(11), text(12), text(13)), 13, live=True),
        Send(1, Live(13)),
    ]


def test_a_peer_that_lags_is_served_again_when_it_has_drained() -> None:
    """Deliveries pass it by meanwhile, and nothing is missing afterwards."""
    stage = ready()
    stage.enter(1, "alice")
    speak(stage, 10, 11)
    assert stage.play(Lagging(1, 10)) == []
    commands = stage.receive(2, Say("m12", "m12", room="lobby"))
    assert commands[-1] == Deliver((2,), (text(12),), 12)
    assert stage.play(Drained(1)) == [
        Feed(1, (text(11), text(12)), 12, live=True),
        Send(1, Live(12)),
    ]


def test_events_out_of_their_phase_are_ignored() -> None:
    """Races between the threads are normal: a page or a drain nobody waits for changes nothing."""
    stage = ready()
    stage.enter(1, "alice", Hello(1, cursor=3))
    assert stage.play(Drained(1), Lagging(1, 5)) == []
    stage.play(PageRead(1, Missed((), 9)))
    assert stage.play(Drained(1), PageRead(1, Missed((text(4),), 9))) == []


def test_a_long_tail_is_fed_in_pieces_that_fit_the_outbox() -> None:
    """At least one message each time, and at most half of what may wait for a peer."""
    stage = ready(dataclasses.replace(LIMITS, outbox_bytes=1_000))
    speak(stage, 10, 16)
    assert stage.enter(1, "alice", Hello(1, cursor=9))[-1] == Feed(
        1, (text(10), text(11), text(12)), 12, live=False
    )
    assert stage.play(Drained(1)) == [Feed(1, (text(13), text(14), text(15)), 15, live=False)]
    assert stage.play(Drained(1)) == [Feed(1, (text(16),), 16, live=True), Send(1, Live(16))]


def test_a_heavy_page_goes_before_the_tail() -> None:
    """What the page takes of the outbox is no longer there for the tail."""
    stage = ready(dataclasses.replace(LIMITS, outbox_bytes=1_000))
    stage.enter(1, "alice", Hello(1, cursor=3))
    speak(stage, 10, 11)
    page = tuple(text(seq) for seq in (4, 5, 6))
    assert stage.play(PageRead(1, Missed(page, 9))) == [Feed(1, page, 9, live=False)]
    assert stage.play(Drained(1))[0] == Feed(1, (text(10), text(11)), 11, live=True)


def test_a_tiny_outbox_still_gets_one_message_at_a_time() -> None:
    """Progress is certain whatever the limits."""
    stage = ready(dataclasses.replace(LIMITS, outbox_bytes=1))
    speak(stage, 10, 11)
    assert stage.enter(1, "alice", Hello(1, cursor=9))[-1] == Feed(1, (text(10),), 10, live=False)
    assert stage.play(Drained(1)) == [Feed(1, (text(11),), 11, live=True), Send(1, Live(11))]


def test_a_membership_that_changes_meanwhile_comes_in_its_place() -> None:
    """Between the messages of a page from the log, and between those of the tail."""
    stage = ready(dataclasses.replace(LIMITS, tail_entries=1))
    stage.enter(3, "alice")
    stage.enter(1, "alice", Hello(1, cursor=3))
    stage.receive(3, Join("j", "den"))
    speak(stage, 11, 11)
    stage.receive(3, Leave("l", "lobby"))
    joined = Membership(10, AT + 10, "den", member=True)
    left = Membership(12, AT + 12, "lobby", member=False)
    assert stage.play(PageRead(1, Missed((text(4), text(11)), 11))) == [
        Feed(1, (text(4), joined, text(11), left), 12, live=True),
        Send(1, Live(12)),
    ]


def test_a_membership_from_before_the_welcome_is_not_told_again() -> None:
    """The welcome has named the rooms, however old the cursor."""
    stage = ready()
    stage.enter(3, "alice")
    stage.receive(3, Join("j", "den"))
    assert stage.enter(1, "alice", Hello(1, cursor=9))[-2] == Feed(1, (), 10, live=True)
    stage.enter(4, "alice", Hello(1, cursor=2))
    assert stage.play(PageRead(4, Missed((), 10)))[0] == Feed(4, (), 10, live=True)


def test_who_becomes_live_in_a_batch_hears_what_is_committed_in_it() -> None:
    """The feed comes first, the delivery second, and no number is in both."""
    stage = ready()
    stage.enter(1, "alice", Hello(1, cursor=3))
    commands = stage.play(
        PageRead(1, Missed((text(4),), 9)),
        Received(2, (Say("m10", "m10", room="lobby"),)),
    )
    assert commands[0] == Feed(1, (text(4),), 9, live=True)
    assert commands[-1] == Deliver((2, 1), (text(10),), 10)
