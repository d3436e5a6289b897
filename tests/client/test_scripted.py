"""What a script writes means acts, and in a string no command is looked for."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_chat.client.acts import (
    Act,
    Delete,
    Edit,
    Enter,
    Exit,
    Get,
    ListFiles,
    ListPeople,
    ListRooms,
    Moderation,
    React,
    SendFile,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.client.scripted import read_json
from secure_chat.wire.messages import Content, Measure

PYTHON = Content(format="code", lang="python")


@pytest.mark.parametrize(
    ("line", "act"),
    [
        (b'"hi"', Speak("hi")),
        (b'"/quit"', Speak("/quit")),
        (b'{"say":"hi"}', Speak("hi")),
        (b'{"say":"hi","room":"tea","id":"a1"}', Speak("hi", "tea", None, "a1")),
        (b'{"say":"hi","to":"bob"}', Speak("hi", None, "bob")),
        (b'{"say":"hi","room":null}', Speak("hi")),
        (b'{"say":"x = 1","code":"python"}', Speak("x = 1", content=PYTHON)),
        (b'{"say":"x","code":""}', Speak("x", content=Content(format="code"))),
        (b'{"say":"*x*","markdown":true}', Speak("*x*", content=Content(format="markdown"))),
        (b'{"say":"x","markdown":false}', Speak("x")),
        (b'{"say":"yes","reply":12}', Speak("yes", content=Content(reply=12))),
        (
            b'{"value":{"a":[1,null]},"to":"bob"}',
            Speak('{"a":[1,null]}', to="bob", content=Content(format="json")),
        ),
        (b'{"value":null,"reply":3}', Speak("null", content=Content(format="json", reply=3))),
        (b'{"react":"+1","of":12}', React("+1", 12)),
        (b'{"edit":"so","of":12}', Edit("so", 12)),
        (b'{"edit":"so","of":12,"code":"python"}', Edit("so", 12, PYTHON)),
        (b'{"delete":12}', Delete(12)),
        (b'{"file":"a.pdf"}', SendFile("a.pdf")),
        (
            b'{"file":"a.pdf","text":"look","to":"bob","name":"b.pdf"}',
            SendFile("a.pdf", "look", None, "bob", "b.pdf"),
        ),
        (b'{"get":12}', Get(12)),
        (b'{"files":true}', ListFiles()),
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
        b'{"say":"hi","reply":"12"}',
        b'{"say":"hi","reply":-1}',
        b'{"say":"hi","reply":true}',
        b'{"say":"hi","code":1}',
        b'{"say":"hi","markdown":1}',
        b'{"say":"hi","code":"python","markdown":true}',
        b'{"value":1,"to":[]}',
        b'{"react":"+1"}',
        b'{"react":"+1","of":0}',
        b'{"react":1,"of":12}',
        b'{"edit":"so"}',
        b'{"edit":"so","of":9223372036854775808}',
        b'{"edit":"so","of":12,"reply":3}',
        b'{"delete":0}',
        b'{"delete":true}',
        b'{"delete":"12"}',
        b'{"file":1}',
        b'{"file":"a.pdf","name":1}',
        b'{"get":0}',
        b'{"get":"12"}',
        b'{"join":"tea","id":[]}',
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


@pytest.mark.parametrize("depth", [1, 900, 980, 985, 990, 995, 1_000, 1_100])
def test_a_deep_value_is_read_or_refused(depth: int) -> None:
    """Whatever the interpreter bears."""
    act = read_json(b'{"value":' + b"[" * depth + b"]" * depth + b"}")
    assert isinstance(act, Speak | Wrong)


def test_a_large_number_stays_whole() -> None:
    """Which is more than most programs could say of it."""
    act = read_json(b'{"value":123456789012345678901234567890}')
    assert isinstance(act, Speak)
    assert act.text == "123456789012345678901234567890"


@given(st.binary(max_size=30))
def test_nothing_written_raises(data: bytes) -> None:
    """Whatever comes in is an act."""
    read_json(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
KEYS = ["say", "value", "react", "edit", "delete", "file", "get", "of", "reply", "code", "text"]


@given(st.dictionaries(st.sampled_from(KEYS), JSON))
def test_no_object_raises(value: dict[str, object]) -> None:
    """Whatever stands under the keys that mean something."""
    read_json(json.dumps(value).encode())
