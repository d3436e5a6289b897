"""A peer that says anything at all: it is answered, and the log gets only what keeps the rules.

The rules are told here once more, in another way than `hub.contents` does it, and held against
every draft that a hub lets through.
"""

import json
import re
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from secure_chat.hub.commands import Deliver, Send
from secure_chat.hub.events import Forgotten, Received, Uploaded
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.wire.messages import Ack, Attached, Content, Error, Said, Say
from tests.hub.stage import Stage

LIMITS: Final = Limits(messages_per_second=0, message_bytes=40, reaction_chars=5, json_depth=2)
SHA: Final = "ab" * 32
# What everybody's uploads are, by id; a stream that is open has no hash.
UPS: Final = {"a": (5, SHA), "b": (0, "cd" * 32), "s": (0, "")}

A, S = Attached("a", "a.txt", "text/plain"), Attached("s", "log")
RIGHT: Final = [
    ("hello", Content()),
    ("# hi", Content(format="markdown", reply=3)),
    ("x = 1", Content(format="code", lang="c++")),
    ("[1]", Content(format="json")),
    ("+1", Content("reaction", of=2)),
    ("better", Content("edit", of=2)),
    ("", Content("deletion", of=2)),
    ("", Content("file", file=A)),
    ("a caption", Content("folder", file=A, entries=1, total=5)),
    ("", Content("stream", file=S)),
    ("", Content("stream-end", of=3, file=A)),
]
NUMBER = st.sampled_from([0, 1, 2, 3, 5, 6, 2**53])
TYPE = st.sampled_from(["", "text", "a/b/c", "text/\u00e4"]) | st.text(max_size=4)
FILE = st.one_of(
    st.builds(Attached, st.sampled_from(["a", "b", "s", "x", ""]), st.just("a.txt")),
    st.builds(Attached, st.just("a"), st.sampled_from(["", " "]) | st.text(max_size=3)),
    st.builds(Attached, st.just("a"), st.just("a.txt"), TYPE),
    st.builds(
        Attached, st.just("a"), st.just("n"), st.just(""), NUMBER, st.sampled_from(["", SHA, "z"])
    ),
)
TEXT = st.sampled_from(["", "hello", " ", "[1]", "[[[1]]]", "{", "a\nb", "x" * 41]) | st.text(
    max_size=12
)
FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "kind": st.sampled_from([content.kind for _, content in RIGHT] + ["deleted", "call"])
    | st.text(max_size=3),
    "format": st.sampled_from(["", "markdown", "code", "json", "html"]) | st.text(max_size=3),
    "lang": st.sampled_from(["", "c", "c c", "c" * 33]) | st.text(max_size=3),
    "reply": NUMBER,
    "of": NUMBER,
    "file": st.none() | FILE,
    "entries": NUMBER,
    "total": NUMBER,
    "edited": NUMBER,
}
TARGET = st.sampled_from([("lobby", None)] * 6 + [(None, "bob"), (None, None), ("den", None)])


@st.composite
def saying(draw: st.DrawFn) -> tuple[int, str, tuple[str | None, str | None], Content]:
    """Draw who says what to whom: what is right, or with some of its fields changed."""
    text, content = draw(st.sampled_from(RIGHT))
    text = draw(st.one_of(st.just(text), st.just(text), st.just(text), TEXT))
    names = draw(st.sets(st.sampled_from(["file", *sorted(FIELDS), "file"]), max_size=2))
    content = replace(content, **{name: draw(FIELDS[name]) for name in sorted(names)})
    return draw(st.sampled_from([1, 1, 1, 2])), text, draw(TARGET), content


SAYS = st.lists(saying(), min_size=1, max_size=10)


def ready() -> Stage:
    """Return a stage with alice on 1 and bob on 2; each said something and offered a stream."""
    stage = Stage(limits=LIMITS)
    for conn, name in ((1, "alice"), (2, "bob")):
        stage.enter(conn, name)
        stage.hub.uploaded(Uploaded(name, "a", 0, ""))
        stream = Say("second", "", room="lobby", content=Content("stream", file=A))
        stage.receive(conn, Say("first", "first", room="lobby"), stream)
        for up, (size, sha256) in UPS.items():
            stage.hub.uploaded(Uploaded(name, up, size, sha256))
    assert stage.log.head == 6
    return stage


@settings(max_examples=400, deadline=None)
@given(SAYS, st.sets(st.sampled_from([*UPS, "x"])))
def test_a_lying_peer_is_answered_and_stores_nothing_that_breaks_a_rule(
    says: list[tuple[int, str, tuple[str | None, str | None], Content]], lost: set[str]
) -> None:
    """Each request has one answer, and what everybody is told is what is stored."""
    stage = ready()
    stage.hub.forgotten(Forgotten(tuple(("alice", up) for up in lost)))
    commands = stage.play(
        *(
            Received(conn, (Say(f"m{number}", text, room, to, content),))
            for number, (conn, text, (room, to), content) in enumerate(says)
        )
    )
    answers = [
        command.message.id
        for command in commands
        if isinstance(command, Send) and isinstance(command.message, Ack | Error)
    ]
    assert sorted(map(str, answers)) == sorted(f"m{number}" for number in range(len(says)))
    stored = stage.log.entries[6:]
    for _, draft in stored:
        check(draft, lost if draft.author == "alice" else set())
    told = {
        message.seq: message
        for command in commands
        if isinstance(command, Deliver)
        for message in command.messages
        if isinstance(message, Said)
    }
    assert [(seq, draft.text, draft.content) for seq, draft in stored] == [
        (seq, message.text, message.content) for seq, message in sorted(told.items())
    ]


def check(draft: Draft, lost: set[str]) -> None:
    """Hold a draft against the rules.

    Args:
        draft: what has reached the log.
        lost: uploads that its author may not refer to.
    """
    content = draft.content
    if content is None:
        assert draft.text.strip(), "says nothing"
        return
    assert content != Content(), "plain text with a content"
    assert not content.edited, "an author's word for the host's"
    check_words(draft.text, content)
    check_numbers(content)
    check_file(content, lost)


def check_words(text: str, content: Content) -> None:
    """Check the text and how it is to be shown."""
    if content.kind in {"", "edit", "reaction"}:
        assert text.strip(), "says nothing"
    if content.kind in {"deletion", "stream-end"}:
        assert not text, "a text where none is"
    if content.kind in {"reaction", "deletion", "stream-end"}:
        assert not content.format, "a format where none is"
    if content.kind == "reaction":
        assert len(text) <= 5, "too long a reaction"
        assert len(text.splitlines()) == 1, "more than one line"
        assert all(ord(char) >= 32 for char in text), "a control character"
    assert content.format in {"", "markdown", "code", "json"}, "an unknown format"
    if content.lang:
        assert content.format == "code", "a language of no code"
        assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9+#._-]{0,31}", content.lang), "a bad language"
    if content.format == "json" and text:
        assert depth(json.loads(text)) <= 2, "too deep"


def depth(value: object) -> int:
    """Return how many arrays and objects are within each other."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def check_numbers(content: Content) -> None:
    """Check which messages it refers to, and what it says of a folder."""
    about = content.kind in {"reaction", "edit", "deletion", "stream-end"}
    assert bool(content.of) is about, "about something, or nothing"
    if about:
        assert not content.reply, "an answer that is none"
    if content.kind != "folder":
        assert not content.entries, "entries of no folder"
        assert not content.total, "a total of no folder"


def check_file(content: Content, lost: set[str]) -> None:
    """Check the file, if it is of a kind with one."""
    file = content.file
    assert (file is not None) is (content.kind in {"file", "folder", "stream", "stream-end"})
    if file is None:
        assert content.kind in {"", "reaction", "edit", "deletion"}, "an unknown kind"
        return
    assert file.up not in lost, "an upload that is forgotten"
    assert (file.size, file.sha256) == UPS[file.up], "not what the depot told"
    assert (not file.sha256) is (content.kind == "stream"), "a stream or none"
    assert file.name.strip(), "no name"
    assert not file.type or re.fullmatch(r"[!-.0-~]+/[!-.0-~]+", file.type), "no media type"


@pytest.mark.parametrize(
    ("text", "content", "match"),
    [
        ("x", Content(edited=1), "an author's word"),
        ("x", Content(), "plain text"),
        ("x", Content("deletion", of=1), "a text where none is"),
        ("+1", Content("reaction"), "about something"),
        ("[[[1]]]", Content(format="json"), "too deep"),
        ("", Content("file", file=Attached("a", "n", "", 6, SHA)), "not what the depot told"),
        ("", Content("file", file=Attached("s", "n")), "a stream or none"),
        ("", Content("file", file=Attached("b", "n")), "an upload that is forgotten"),
        ("x", Content("call"), "an unknown kind"),
    ],
)
def test_a_broken_rule_would_be_noticed(text: str, content: Content, match: str) -> None:
    """The negative twin: the checks above can fail."""
    draft = Draft(Kind.SAID, "alice", "m", "lobby", None, text, content=content)
    with pytest.raises(AssertionError, match=match):
        check(draft, {"b"})
