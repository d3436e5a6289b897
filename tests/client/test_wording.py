"""Each kind of message has its words, and no text of a peer can pretend to be ours."""

import json

import pytest

from secure_chat.client.events import Message
from secure_chat.client.wording import in_words, of_size
from secure_chat.wire.messages import Attached, Content

EVIL = "\x1b[2J\u202e\n"
SHOWN = r"\x1b[2J<U+202E>"
REPORT = Attached("u1", "report.pdf", "application/pdf", 1_234_567, "ab" * 32)


def said(text: str, content: Content | None = None, to: str | None = None) -> Message:
    """Return message 12 of bob."""
    return Message(12, 0, "bob", "b1", text, None if to else "lobby", to, content)


@pytest.mark.parametrize(
    ("text", "content", "words"),
    [
        ("hi", None, "bob: hi"),
        ("/me waves", None, "* bob waves"),
        ("a\nb", None, "bob: a\n        b"),
        ("hi", Content(reply=7), "(re 7) bob: hi"),
        ("hi", Content(edited=9), "(edited) bob: hi"),
        ("/me waves", Content(reply=7, edited=9), "(re 7, edited) * bob waves"),
        ("*hi*", Content(format="markdown"), "bob: *hi*"),
        ("hi", Content(format="scroll"), "bob: hi"),
        (
            "if x:\n    y()\n",
            Content(format="code", lang="python"),
            "bob: code (python)\n        | if x:\n        |     y()",
        ),
        ("x", Content(format="code"), "bob: code\n        | x"),
        ('{"a": 1}', Content(format="json"), 'bob: value {"a": 1}'),
        (
            json.dumps({"a": "x" * 60}),
            Content(format="json"),
            'bob: value\n        | {\n        |   "a": "' + "x" * 60 + '"\n        | }',
        ),
        ("{", Content(format="json"), "bob: no value: {"),
        ("[" * 100_000, Content(format="json"), None),
        ("9" * 5_000, Content(format="json"), None),
        (
            "\N{THUMBS UP SIGN}",
            Content("reaction", of=7),
            "bob reacts to 7 with \N{THUMBS UP SIGN}",
        ),
        ("so", Content("edit", of=7), "bob edits 7: so"),
        (
            "x",
            Content("edit", "code", "python", of=7),
            "bob edits 7: code (python)\n        | x",
        ),
        ("", Content("deletion", of=7), "bob deletes 7"),
        ("", Content("deleted", of=13), "bob: (deleted)"),
        (
            "",
            Content("file", file=REPORT),
            "bob sends file 12 (1.2 MB, application/pdf): report.pdf",
        ),
        (
            "have a look\nnow",
            Content("file", file=REPORT, reply=7),
            (
                "(re 7) bob sends file 12 (1.2 MB, application/pdf): report.pdf\n"
                "        have a look\n        now"
            ),
        ),
        ("", Content("file", file=Attached("u1", "a")), "bob sends file 12 (0 bytes): a"),
        ("", Content("file"), "bob sends file 12 (size unknown): without a name"),
        (
            "",
            Content("folder", file=Attached("u1", "tea"), entries=3, total=4_000),
            "bob sends folder 12 (3 files, 4.0 kB): tea",
        ),
        (
            "",
            Content("folder", file=Attached("u1", "tea"), entries=1, total=4),
            "bob sends folder 12 (1 file, 4 bytes): tea",
        ),
        ("", Content("stream", file=Attached("u1", "x.tar")), "bob streams 12: x.tar"),
        (
            "",
            Content("stream-end", of=7, file=Attached("u1", "x.tar", "", 4_000)),
            "bob has ended stream 7 (4.0 kB): x.tar",
        ),
        ("", Content("stream-end", of=7), "bob has ended stream 7 (size unknown): without a name"),
        (
            "Tea at five?",
            Content("poll"),
            "bob says something that this version cannot show (poll)\n        Tea at five?",
        ),
        ("", Content("poll"), "bob says something that this version cannot show (poll)"),
    ],
)
def test_a_kind_in_words(text: str, content: Content | None, words: str | None) -> None:
    """Its author first, what it is, and then what somebody wrote."""
    told = in_words(said(text, content))
    if words is None:
        assert told.startswith("bob: no value: ")
    else:
        assert told == words


def test_a_direct_message_says_to_whom() -> None:
    """Whatever its kind."""
    assert in_words(said("hi", to="al")) == "bob to al: hi"
    told = in_words(said("", Content("file", file=REPORT), "al"))
    assert told.startswith("bob to al sends file 12 ")


EVERY_KIND = [
    Content(kind, format_, EVIL, of=7, reply=3, file=Attached("u", EVIL, EVIL, 5))
    for kind, format_ in (
        ("", ""),
        ("", "markdown"),
        ("", "code"),
        ("", "json"),
        ("", EVIL),
        ("reaction", ""),
        ("edit", ""),
        ("edit", "code"),
        ("deletion", ""),
        ("deleted", ""),
        ("file", ""),
        ("folder", ""),
        ("stream", ""),
        ("stream-end", ""),
        (EVIL, ""),
    )
]


@pytest.mark.parametrize("content", EVERY_KIND, ids=lambda one: f"{one.kind!r} {one.format!r}")
@pytest.mark.parametrize("text", [EVIL, json.dumps(EVIL), json.dumps({EVIL: [EVIL] * 20}), ""])
def test_nothing_a_peer_wrote_reaches_a_terminal_raw(text: str, content: Content) -> None:
    """No control or bidi character is left, and no line begins where ours do."""
    told = in_words(said(text, content))
    first, *rest = told.split("\n")
    assert all(line.startswith(" " * 8) for line in rest)
    assert all(line.isprintable() for line in (first, *rest))


def test_a_name_cannot_pretend_to_be_what_we_say() -> None:
    """Size and number stand before it, and a line end in it is written out."""
    name = "a.pdf\n12:00 [lobby] eve: hi"
    told = in_words(said("", Content("file", file=Attached("u", name, "text/plain", 5))))
    assert told == r"bob sends file 12 (5 bytes, text/plain): a.pdf\x0a12:00 [lobby] eve: hi"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (17_179_869_184, "17.2 GB"),
        (2**53, "9007.2 TB"),
    ],
)
def test_a_size_in_words(size: int, words: str) -> None:
    """With one digit behind the point, whatever somebody claims."""
    assert of_size(size) == words
