"""Each event is one JSON object with the names that scripts rely on."""

import json

import pytest
from msgspec.structs import replace

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
    Page,
    People,
    Presence,
    Problem,
    Profile,
    Refused,
    Renewed,
    RoomList,
    as_json,
    when,
)
from secure_chat.errors import HostRefused
from secure_chat.wire.messages import Attached, Content, Error, Person, RoomInfo, Said

AT = 1_795_348_800_123
WHEN = "2026-11-22T12:00:00.123Z"
SAID = Said(7, AT, "bob", "b1", "hi", "lobby")
SPOKEN = {
    "seq": 7,
    "room": "lobby",
    "to": None,
    "from": "bob",
    "text": "hi",
    "at": WHEN,
    "id": "b1",
}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (Message.of(SAID), {"event": "message", **SPOKEN}),
        (Acked("a1", 9, AT), {"event": "acked", "id": "a1", "seq": 9, "at": WHEN}),
        (
            Connected("bob", "member", "c0", (), 4, "", "securechat", "u1", "bob.keys"),
            {
                "event": "connected",
                "name": "bob",
                "role": "member",
                "community": "c0",
                "rooms": [],
                "head": 4,
                "dropped": "",
                "agent": "securechat",
                "uid": "u1",
                "keylog": "bob.keys",
            },
        ),
        (Page(3, [SAID]), {"event": "page", "re": 3, "messages": [SPOKEN], "more": False}),
        (
            Connected("bob", "member", "c0", ("lobby",), 4, "", "securechat", "u1"),
            {
                "event": "connected",
                "name": "bob",
                "role": "member",
                "community": "c0",
                "rooms": ["lobby"],
                "head": 4,
                "dropped": "",
                "agent": "securechat",
                "uid": "u1",
            },
        ),
        (
            Refused("revoked", HostRefused("revoked", "the host refused us", why="w", hint="h")),
            {
                "event": "refused",
                "code": "revoked",
                "text": "the host refused us",
                "why": "w",
                "hint": "h",
                "exit": 6,
            },
        ),
        (
            Disconnected("silent", "nothing heard", 0, 0.25),
            {
                "event": "disconnected",
                "code": "silent",
                "text": "nothing heard",
                "attempt": 0,
                "retry": 0.25,
            },
        ),
        (
            Problem.of(Error("too-long", "no", id="a1")),
            {"event": "error", "code": "too-long", "text": "no", "id": "a1"},
        ),
        (Live(4), {"event": "live", "seq": 4}),
        (
            Renewed(AT, "operator", ("lobby",), "u2"),
            {
                "event": "renewed",
                "until": WHEN,
                "role": "operator",
                "rooms": ["lobby"],
                "uid": "u2",
            },
        ),
        (
            Expiring(AT, 86_400, "this host cannot issue (no-authority)"),
            {
                "event": "expiring",
                "until": WHEN,
                "left": 86_400,
                "why": "this host cannot issue (no-authority)",
            },
        ),
        (
            Moderated("mute", "bob", "", 600, "noise"),
            {
                "event": "moderated",
                "act": "mute",
                "name": "bob",
                "room": "",
                "seconds": 600,
                "reason": "noise",
            },
        ),
        (Done(3), {"event": "done", "re": 3}),
        (Left(2), {"event": "left", "unsent": 2}),
        (Notice("slowed", "wait"), {"event": "notice", "code": "slowed", "text": "wait"}),
        (
            Membership(5, AT, "tea", member=True),
            {"event": "membership", "seq": 5, "at": WHEN, "room": "tea", "member": True},
        ),
        (
            Presence("lobby", 2, ["bob"]),
            {"event": "presence", "room": "lobby", "here": 2, "joined": ["bob"], "left": []},
        ),
        (
            People(1, "lobby", [Person("bob", 1)]),
            {
                "event": "people",
                "re": 1,
                "room": "lobby",
                "people": [{"name": "bob", "here": 1}],
                "more": False,
            },
        ),
        (
            RoomList(1, [RoomInfo("tea", 2, 1, member=False)]),
            {
                "event": "rooms",
                "re": 1,
                "rooms": [{"name": "tea", "members": 2, "here": 1, "member": False}],
                "more": False,
            },
        ),
        (
            Profile(1, "bob", "member", 1, ["lobby"]),
            {
                "event": "profile",
                "re": 1,
                "name": "bob",
                "role": "member",
                "here": 1,
                "rooms": ["lobby"],
                "fingerprint": "",
                "serial": "",
                "not_before": 0,
                "not_after": 0,
            },
        ),
    ],
)
def test_an_event_as_scripts_read_it(event: Event, expected: dict[str, object]) -> None:
    """The object has exactly these fields, and the kind comes first."""
    said = as_json(event)
    assert json.loads(json.dumps(said)) == expected
    assert next(iter(said)) == "event"


def test_a_moment_beyond_the_calendar_is_still_written() -> None:
    """A host whose clock is out of its mind does not stop a client."""
    assert when(0) == "1970-01-01T00:00:00.000Z"
    assert when(2**53) == "9999-12-31T23:59:59.000Z"


def test_what_a_message_is_beside_its_text_is_told() -> None:
    """Only when there is something; of a file what matters to people, never the upload's id."""
    file = Attached("u1", "x.png", "image/png", 5, "ab")
    said = replace(SAID, content=Content("file", reply=3, file=file))
    assert as_json(Message.of(said))["content"] == {
        "kind": "file",
        "reply": 3,
        "file": {"name": "x.png", "size": 5, "type": "image/png", "sha256": "ab"},
    }
    stream = replace(SAID, content=Content("stream", file=Attached("u1", "x")))
    assert as_json(Message.of(stream))["content"] == {
        "kind": "stream",
        "file": {"name": "x", "size": 0, "type": "", "sha256": ""},
    }


def test_a_kind_that_is_not_known_here_stays_what_it_is() -> None:
    """A script may know it."""
    said = replace(SAID, content=Content("dance", format="steps", lang="waltz"))
    assert Message.of(said).content == said.content
    assert as_json(Message.of(said))["content"] == {
        "kind": "dance",
        "format": "steps",
        "lang": "waltz",
    }
    code = replace(SAID, content=Content(format="code", lang="python"))
    told = {"kind": "", "format": "code", "lang": "python"}
    assert as_json(Message.of(code))["content"] == told
