"""What is typed and what scripts write means the same acts; a text is only ever a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.client.speech import (
    Act,
    Enter,
    Exit,
    Help,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    Speak,
    Tell,
    Wrong,
    read_json,
    read_line,
)
from secure_chat.wire.messages import Measure


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("", None),
        ("   ", None),
        ("hello there", Speak("hello there")),
        (" /quit", Speak(" /quit")),
        ("//etc/hosts", Speak("/etc/hosts")),
        ("/help", Help()),
        ("/rooms", ListRooms()),
        ("/join tea", Enter("tea")),
        ("/leave", Exit()),
        ("/leave tea", Exit("tea")),
        ("/msg bob  how are you?", Speak("how are you?", to="bob")),
        ("/who", ListPeople()),
        ("/who tea", ListPeople("tea")),
        ("/whois bob", Tell("bob")),
        ("/me waves", Speak("/me waves")),
        ("/quit", Quit()),
        ("/kick bob", Moderation(Measure.KICK, "bob")),
        ("/kick bob be nice", Moderation(Measure.KICK, "bob", reason="be nice")),
        ("/mute bob", Moderation(Measure.MUTE, "bob")),
        ("/mute bob 1h30m", Moderation(Measure.MUTE, "bob", seconds=5_400)),
        (
            "/mute bob 10m  too loud",
            Moderation(Measure.MUTE, "bob", seconds=600, reason="too loud"),
        ),
        ("/mute bob too loud", Moderation(Measure.MUTE, "bob", reason="too loud")),
        ("/unmute bob", Moderation(Measure.UNMUTE, "bob")),
        ("/ban bob spam", Moderation(Measure.BAN, "bob", reason="spam")),
        ("/close tea", Moderation(Measure.CLOSE_ROOM, room="tea")),
        ("/close tea at night", Moderation(Measure.CLOSE_ROOM, room="tea", reason="at night")),
        ("/open tea", Moderation(Measure.OPEN_ROOM, room="tea")),
    ],
)
def test_a_line_a_person_types(line: str, act: Act | None) -> None:
    """Commands begin with a slash in the first column."""
    assert read_line(line) == act


@pytest.mark.parametrize(
    "line",
    [
        "/evil",
        "/join",
        "/join evil b",
        "/whois",
        "/msg",
        "/msg evil",
        "/me",
        "/me  ",
        "/kick",
        "/mute",
        "/mute bob 10evil",
        "/mute bob 10 minutes of evil",
        "/unmute",
        "/unmute evil twin",
        "/ban ",
        "/close",
        "/open",
        "/open evil den",
    ],
)
def test_a_line_that_is_no_command_is_explained(line: str) -> None:
    """The explanation holds nothing of what was typed."""
    act = read_line(line)
    assert isinstance(act, Wrong)
    assert "evil" not in act.text


@pytest.mark.parametrize(
    ("line", "act"),
    [
        (b'"hi"', Speak("hi")),
        (b'"/quit"', Speak("/quit")),
        (b'{"say":"hi"}', Speak("hi")),
        (b'{"say":"hi","room":"tea","id":"a1"}', Speak("hi", "tea", None, "a1")),
        (b'{"say":"hi","to":"bob"}', Speak("hi", None, "bob")),
        (b'{"say":"hi","room":null}', Speak("hi")),
        (b'{"join":"tea"}', Enter("tea")),
        (b'{"leave":"tea","id":"l1"}', Exit("tea", "l1")),
        (b'{"who":"tea"}', ListPeople("tea")),
        (b'{"whois":"bob"}', Tell("bob")),
        (b'{"rooms":true}', ListRooms()),
        (
            b'{"moderate":"kick","name":"bob","reason":"spam"}',
            Moderation(Measure.KICK, "bob", reason="spam"),
        ),
        (
            b'{"moderate":"mute","name":"bob","for":"10m"}',
            Moderation(Measure.MUTE, "bob", seconds=600),
        ),
        (
            b'{"moderate":"close-room","room":"tea"}',
            Moderation(Measure.CLOSE_ROOM, room="tea"),
        ),
    ],
)
def test_a_line_a_script_writes(line: bytes, act: Act) -> None:
    """Objects and bare strings; in a string no command is looked for."""
    assert read_json(line) == act


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"[]",
        b"7",
        b"{}",
        b'{"say":7}',
        b'{"say":"hi","to":7}',
        b'{"say":"hi","id":[]}',
        b'{"join":null}',
        b'{"moderate":"behead","name":"bob"}',
        b'{"moderate":"kick","name":7}',
        b'{"moderate":"mute","name":"bob","for":"long"}',
        b'{"moderate":"mute","name":"bob","for":10}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_line_that_means_nothing_is_explained(line: bytes) -> None:
    """It is told as an error and the next line is read."""
    assert isinstance(read_json(line), Wrong)


@given(st.text(max_size=30), st.binary(max_size=30))
def test_nothing_typed_or_written_raises(line: str, data: bytes) -> None:
    """Whatever comes in is an act or nothing."""
    read_line(line)
    read_line("/" + line)
    read_json(data)
