"""Each event is a line that nobody else's text can be taken for."""

from datetime import UTC, timedelta, timezone

import pytest

from secure_chat.client.events import (
    Acked,
    Connected,
    Disconnected,
    Done,
    Event,
    Expiring,
    Left,
    Live,
    Membership,
    Message,
    Moderated,
    Notice,
    People,
    Presence,
    Problem,
    Profile,
    Refused,
    Renewed,
    RoomList,
)
from secure_chat.client.view import ViewState, describe, last_of, line_of
from secure_chat.errors import HostRefused
from secure_chat.wire.messages import Attached, Content, Person, RoomInfo

AT = 1_795_348_800_123
WELCOME = Connected("alice", "member", "c0", ("lobby", "tea"), 4, "", "", "u1")
CERTIFICATE = "certificate ab12, valid until 2026-11-22T12:00:00.000Z"
HOLDS = "it holds until 2026-11-22 12:00:00 UTC"
REFUSED = Refused("revoked", HostRefused("revoked", "no"))


def test_a_view_follows_the_conversation() -> None:
    """Where we are, whether the line is up, and how many are here."""
    view = ViewState()
    view.apply(WELCOME)
    assert (view.name, view.connected, view.rooms) == ("alice", True, {"lobby", "tea"})
    view.apply(Membership(5, 0, "tea", member=False))
    view.apply(Membership(6, 0, "den", member=True))
    assert view.rooms == {"lobby", "den"}
    view.apply(Presence("lobby", 3))
    view.apply(Live(4))
    assert view.here == {"lobby": 3}
    view.apply(Renewed(AT, "member", ("lobby", "den", "tea"), "u2"))
    assert (view.connected, view.rooms) == (True, {"lobby", "den", "tea"})
    assert view.here == {"lobby": 3}
    view.apply(Disconnected("silent", "", 0, 1.0))
    assert (view.connected, view.here) == (False, {})
    for end in (REFUSED, Left(0)):
        view.connected = True
        view.apply(end)
        assert not view.connected


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (Message(1, AT, "bob", "b1", "hi", "lobby"), "12:00 [lobby] bob: hi"),
        (Message(1, AT, "bob", "b1", "hi", None, "al"), "12:00 (direct) bob to al: hi"),
        (Message(1, AT, "bob", "b1", "/me waves", "lobby"), "12:00 [lobby] * bob waves"),
        (Message(1, AT, "bob", "b1", "/mean", "lobby"), "12:00 [lobby] bob: /mean"),
        (
            Message(1, AT, "bob", "b1", "hi\n12:00 [lobby] eve: hi", "lobby"),
            "12:00 [lobby] bob: hi\n        12:00 [lobby] eve: hi",
        ),
        (
            Message(1, AT, "b\x1bb", "b1", "\x1b[2J\u202e", "l\nb"),
            r"12:00 [l\x0ab] b\x1bb: \x1b[2J<U+202E>",
        ),
    ],
)
def test_a_message_as_a_line(message: Message, line: str) -> None:
    """Room or direct, author and text, with nothing hostile left in any of them."""
    assert line_of(message, zone=UTC) == line


def test_a_kind_has_its_words_in_the_line() -> None:
    """What `wording` says of it stands behind the time and the place."""
    file = Content("file", file=Attached("u1", "a.pdf", "", 5))
    message = Message(12, AT, "bob", "b1", "", "lobby", None, file)
    assert line_of(message, zone=UTC) == "12:00 [lobby] bob sends file 12 (5 bytes): a.pdf"


def heard(seq: int, author: str, content: Content | None = None, room: str = "lobby") -> Message:
    """Return something that was said."""
    return Message(seq, AT, author, f"i{seq}", "x", room or None, None if room else "al", content)


def test_a_view_knows_what_was_said_last() -> None:
    """By oneself or by somebody else, in the room one is talking in."""
    view = ViewState(name="alice")
    assert view.last(own=True) is None
    for message in (
        heard(1, "alice"),
        heard(2, "bob"),
        heard(3, "carol"),
        heard(4, "bob", room="tea"),
        heard(5, "bob", room=""),
        heard(6, "bob", Content("reaction", of=1)),
        heard(7, "alice", Content("edit", of=1)),
    ):
        view.apply(message)
    own, others = view.last(own=True), view.last(own=False)
    assert own is not None
    assert others is not None
    assert (own.seq, others.seq) == (1, 3)
    view.apply(heard(8, "carol", Content("deletion", of=3)))
    others = view.last(own=False)
    assert others is not None
    assert others.seq == 2
    view.room = "tea"
    others = view.last(own=False)
    assert others is not None
    assert others.seq == 4
    assert view.message(5) == heard(5, "bob", room="")
    assert view.message(9) is None


def test_a_view_remembers_no_more_than_it_needs() -> None:
    """The oldest are forgotten."""
    view = ViewState()
    for seq in range(1, 302):
        view.apply(heard(seq, "bob"))
    assert (len(view.shown), view.shown[0].seq, view.shown[-1].seq) == (200, 102, 301)


def test_what_is_deleted_or_about_others_is_not_the_last() -> None:
    """Whatever is left of it; a file is, and so is a reply."""
    left = [
        heard(1, "bob", Content("file", file=Attached("u1", "a"))),
        heard(2, "bob", Content("deleted", of=9)),
        heard(3, "bob", Content("stream-end", of=1)),
    ]
    found = last_of(left, "alice", own=False)
    assert found is not None
    assert found.seq == 1
    assert last_of(left, "alice", own=True) is None
    found = last_of([*left, heard(4, "bob", Content(reply=1))], "alice", own=False)
    assert found is not None
    assert found.seq == 4


def test_the_time_is_the_readers() -> None:
    """In their zone, with the date where it is wanted, and never an error."""
    message = Message(1, AT, "bob", "b1", "hi", "lobby")
    east = timezone(timedelta(hours=2))
    assert line_of(message, zone=east, date=True) == "2026-11-22 14:00:00 [lobby] bob: hi"
    far = Message(1, 2**53, "bob", "b1", "hi", "lobby")
    assert line_of(far, zone=UTC, date=True).startswith("9999-12-30 00:00:00")
    assert line_of(far, zone=east)
    assert line_of(message)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (WELCOME, "connected as alice; in lobby, tea"),
        (Disconnected("silent", "x\x1b", 0, 1.0), r"disconnected (x\x1b); trying again"),
        (Disconnected("closed", "x", 3, 1.0), None),
        (Membership(5, 0, "tea", member=True), "you are now in tea"),
        (Membership(5, 0, "tea", member=False), "you are no longer in tea"),
        (Problem("empty", "no\x1b"), r"not done: no\x1b (empty)"),
        (Notice("slowed", "wait"), "the host says: wait"),
        (Notice("muted", "you are muted\x1b"), r"you are muted\x1b"),
        (Notice("unmuted", "you may speak again"), "you may speak again"),
        (
            Renewed(AT, "member", ("lobby",), "u2"),
            f"your certificate was renewed; {HOLDS}",
        ),
        (
            Renewed(AT, "operator", ("lobby",), "u2"),
            f"your certificate was renewed and is an operator's; {HOLDS}",
        ),
        (Moderated("kick", "bo\x1b", "", 0, ""), r"bo\x1b was sent away; they may join again"),
        (Moderated("mute", "bob", "", 600, ""), "bob is muted for 10m"),
        (Moderated("mute", "bob", "", 0, ""), "bob is muted until somebody lifts it"),
        (Moderated("unmute", "bob", "", 0, ""), "bob may speak again"),
        (
            Moderated("ban", "bob", "", 0, ""),
            "bob is banned: the certificate is revoked and the name used no more",
        ),
        (
            Moderated("close-room", "", "tea", 0, ""),
            "tea is closed: nobody speaks in it or joins it",
        ),
        (Moderated("open-room", "", "tea", 0, ""), "tea is open again"),
        (Done(3), None),
        (Left(0), None),
        (Left(2), "2 not acknowledged; the next run sends them"),
        (Presence("lobby", 2, ["bob"], ["eve"]), "bob came; eve went (lobby, 2 here)"),
        (Presence("lobby", 2, ["alice"], ["alice"]), None),
        (Presence("lobby", 2, [], ["eve"]), "eve went (lobby, 2 here)"),
        (Presence("lobby", 500), None),
        (People(1, "tea", [Person("bob", 1), Person("al", 0)]), "in tea: bob (here), al"),
        (People(1, "tea", []), "in tea: nobody"),
        (
            RoomList(1, [RoomInfo("a", 2, 1, member=True), RoomInfo("b", 1, 0, member=False)]),
            "a: 2 members, 1 here, you among them\nb: 1 members, 0 here",
        ),
        (Profile(1, "bo\x1b", "", 0, []), r"nobody is called bo\x1b"),
        (
            Profile(1, "bob", "member", 0, ["lobby"], "ab12", "01", 0, 1_795_348_800),
            "bob, member, not here now; shares with you: lobby\n" + CERTIFICATE,
        ),
        (
            Profile(1, "bob", "operator", 2, [], "ab12", "01", 0, 1_795_348_800),
            "bob, operator, on 2 clients now; shares with you: no room\n" + CERTIFICATE,
        ),
        (Acked("a1", 5, 0), None),
        (Live(4), None),
    ],
)
def test_an_event_in_words(event: Event, words: str | None) -> None:
    """What a person need not know is not said."""
    assert describe(event, "alice") == words


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (14 * 86_400, "in 14 days"),
        (86_400, "in 24 hours"),
        (7_199, "in 119 minutes"),
        (59, "in 59 seconds"),
        (-5, "in 0 seconds"),
    ],
)
def test_an_end_that_comes_near(left: int, words: str) -> None:
    """When, why, and whom to ask."""
    told = describe(Expiring(AT, left, "no\x1b"))
    assert told == (
        f"your certificate ends {words}, on 2026-11-22 12:00:00 UTC, and could not be renewed:"
        r" no\x1b"
        "\nask whoever runs the host for a new one before that: `securechat invite` makes an"
        " invitation"
    )


def test_a_drop_is_told_at_the_next_welcome() -> None:
    """And being in no room reads like that."""
    dropped = Connected("alice", "member", "c0", (), 4, "took no data\x1b", "", "u1")
    assert describe(dropped) == (
        "connected as alice; in no room\n"
        r"the connection before was dropped: took no data\x1b"
    )
