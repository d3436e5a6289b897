"""What a message may be beside its text: each line of the table, and what the host fills in."""

import pytest
from msgspec.structs import replace

from secure_chat.hub.commands import Send
from secure_chat.hub.events import Uploaded
from secure_chat.wire.messages import Ack, Content, Say
from tests.hub.saying import (
    FILE,
    LIMITS,
    REFERRING,
    RIGHT,
    SHA,
    STREAM,
    error_of,
    ready,
    say,
    stored,
)
from tests.hub.stage import AT


@pytest.mark.parametrize(("text", "content"), RIGHT)
def test_what_is_right_is_stored_as_it_is(text: str, content: Content) -> None:
    """Every kind without a file, with everything that it may have."""
    assert stored(ready(), text, content) == content


@pytest.mark.parametrize(("text", "content"), REFERRING)
def test_a_file_is_stored_with_what_the_depot_told_of_it(text: str, content: Content) -> None:
    """Size and hash are never the author's word, whatever it is."""
    assert content.file is not None
    completed = replace(content, file=replace(content.file, size=5, sha256=SHA))
    assert stored(ready(), text, content) == completed
    lie = replace(content, edited=7, file=replace(content.file, size=99, sha256="cd" * 32))
    assert stored(ready(), text, lie) == completed


def test_a_stream_is_offered_open_and_ended_with_its_hash() -> None:
    """The same upload: without an end while it is being sent, then as the depot has verified it."""
    stage = ready()
    lie = Content("stream", file=replace(STREAM, size=9, sha256=SHA))
    assert stored(stage, "my log", lie) == Content("stream", file=STREAM)
    stage.hub.uploaded(Uploaded("alice", "s", 9, SHA))
    end = Say("end", "", room="lobby", content=Content("stream-end", of=4, file=STREAM))
    assert stage.receive(1, end)[0] == Send(1, Ack("end", 5, AT + 5))
    sealed = replace(STREAM, size=9, sha256=SHA)
    assert stage.log.entries[-1][1].content == Content("stream-end", of=4, file=sealed)


@pytest.mark.parametrize("content", [Content(), Content(edited=9)])
def test_a_content_that_says_nothing_is_none(content: Content) -> None:
    """It is plain text, and comes to everybody as that."""
    assert stored(ready(), "hello", content) is None


ALL = [*RIGHT, *REFERRING, ("", Content("stream", file=STREAM))]
END = ("", Content("stream-end", of=3, file=FILE))
MORE = {
    "reply": 3,
    "of": 3,
    "file": FILE,
    "format": "code",
    "lang": "c",
    "entries": 1,
    "total": 1,
}
MAY = {
    "": {"reply", "format", "lang"},
    "reaction": {"of"},
    "edit": {"of", "format", "lang"},
    "deletion": {"of"},
    "file": {"file", "reply", "format", "lang"},
    "folder": {"file", "reply", "format", "lang", "entries", "total"},
    "stream": {"file", "reply", "format", "lang"},
    "stream-end": {"of", "file"},
}
WRONG = [
    (text, replace(content, **{name: value}))
    for text, content in {content.kind: (text, content) for text, content in [*ALL, END]}.values()
    for name, value in MORE.items()
    if name not in MAY[content.kind]
]


@pytest.mark.parametrize(("text", "content"), WRONG)
def test_a_field_that_a_kind_does_not_have_is_refused(text: str, content: Content) -> None:
    """Leaving it out would change what was said; the sentence names kind and field."""
    stage = ready()
    error = error_of(stage.receive(1, say(text, content)))
    assert error.code == "bad-content"
    assert f"kind {content.kind or 'text'} has no " in error.text
    assert stage.log.head == 3


@pytest.mark.parametrize(
    ("text", "content", "name"),
    [
        ("+1", Content("reaction"), "of"),
        ("x", Content("edit"), "of"),
        ("", Content("deletion"), "of"),
        ("", Content("stream-end", file=FILE), "of"),
        ("", Content("stream-end", of=3), "file"),
        ("", Content("file"), "file"),
        ("", Content("folder", entries=1), "file"),
        ("", Content("stream"), "file"),
    ],
)
def test_a_field_that_a_kind_must_have_is_missed(text: str, content: Content, name: str) -> None:
    """Without it the message would be about nothing."""
    error = error_of(ready().receive(1, say(text, content)))
    assert (error.code, error.text) == (
        "bad-content",
        f"a message of kind {content.kind} needs {name}",
    )


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("x", Content("deleted", of=3)),
        ("x", Content("call")),
        ("x", Content(format="html")),
        ("x", Content("Edit", of=3)),
        ("not empty", Content("deletion", of=3)),
        ("not empty", Content("stream-end", of=3, file=FILE)),
        ("x", Content(lang="c")),
        ("x", Content(format="markdown", lang="c")),
        ("x", Content(format="code", lang="c c")),
        ("x", Content(format="code", lang="+c")),
        ("x", Content(format="code", lang="c\n")),
        ("x", Content(format="code", lang="\u00e9")),
        ("x", Content(format="code", lang="c" * 7)),
        ("+++++", Content("reaction", of=3)),
        ("a\nb", Content("reaction", of=3)),
        ("a\u2028", Content("reaction", of=3)),
        ("\x1b[m", Content("reaction", of=3)),
        ("a\x9b", Content("reaction", of=3)),
        ("", Content("file", file=replace(FILE, name=""))),
        ("", Content("file", file=replace(FILE, name=" \n"))),
        ("", Content("file", file=replace(FILE, type="text"))),
        ("", Content("file", file=replace(FILE, type="text/"))),
        ("", Content("file", file=replace(FILE, type="/plain"))),
        ("", Content("file", file=replace(FILE, type="text/plain; a=b"))),
        ("", Content("file", file=replace(FILE, type="text/plain\n"))),
        ("", Content("file", file=replace(FILE, type="text/a/b"))),
        ("", Content("file", file=replace(FILE, type="text/pl\u00e4in"))),
        ("", Content("file", file=replace(FILE, type="-text/plain"))),
    ],
)
def test_what_breaks_a_rule_is_refused(text: str, content: Content) -> None:
    """Unknown kinds and formats, and words that are not formed as they must be."""
    stage = ready()
    assert error_of(stage.receive(1, say(text, content))).code == "bad-content"
    assert stage.log.head == 3


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("++++", Content("reaction", of=3)),
        ("\U0001f469\u200d\U0001f4bb", Content("reaction", of=3)),
        ("x", Content(format="code", lang="c" * 6)),
        ("x", Content(format="code", lang="7.a_-#")),
    ],
)
def test_what_just_keeps_a_rule_is_taken(text: str, content: Content) -> None:
    """The twin of the test above; an emoji is of several characters that one does not see."""
    assert stored(ready(), text, content) == content


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/vnd.a+json", "0/a!#$&^_.+-"])
def test_a_media_type_may_be_anything_that_is_formed_like_one(media_type: str) -> None:
    """The author's program judged it; the host does not know all that there are."""
    content = stored(ready(), "", Content("file", file=replace(FILE, type=media_type)))
    assert content is not None
    assert content.file is not None
    assert content.file.type == media_type


@pytest.mark.parametrize(
    "content",
    [Content(format="code"), Content(reply=3), Content("edit", of=3), Content("reaction", of=3)],
)
@pytest.mark.parametrize("text", ["", " \n\u2003"])
def test_a_message_of_words_says_something(text: str, content: Content) -> None:
    """Like a plain one."""
    assert error_of(ready().receive(1, say(text, content))).code == "empty"


def test_a_caption_is_as_long_as_a_text_at_most() -> None:
    """The bound is of the message and not of its kind, and so are those of id and target."""
    stage = ready()
    content = Content("file", file=FILE)
    long = "x" * (LIMITS.message_bytes + 1)
    assert error_of(stage.receive(1, say(long, content))).code == "too-long"
    assert error_of(stage.receive(1, Say("m", "", content=content))).code == "bad-target"


@pytest.mark.parametrize(
    "text",
    ["1", ' {"a": [1, "]]]]"]} ', "[[[]], [[]]]", "null", '"\\ud83d\\ude00 [[[[ \\""', "-1.5e3"],
)
def test_one_json_value_is_taken(text: str) -> None:
    """Whatever it is; brackets in strings do not count as levels."""
    content = Content(format="json")
    assert stored(ready(), text, content) == content


@pytest.mark.parametrize(
    "text",
    [
        "[1,]",
        "1 2",
        "NaN",
        "{'a': 1}",
        "[[[[1]]]]",
        '{"a": [[[1]]], "a": 1}',
        "[" * 8_000 + "]" * 8_000,
        "[" * 8_000,
        "1e999",
        '"\\ud800"',
        '"a\nb"',
        "\ufeff1",
    ],
)
@pytest.mark.parametrize("kind", ["", "edit", "file"])
def test_what_is_not_one_json_value_is_refused(text: str, kind: str) -> None:
    """No other program could read it; nesting is bounded even where a repeated name hides it."""
    content = Content(
        kind, "json", of=3 if kind == "edit" else 0, file=FILE if kind == "file" else None
    )
    assert error_of(ready().receive(1, say(text, content))).code == "bad-content"
