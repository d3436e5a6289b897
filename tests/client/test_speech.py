"""What is typed means acts; a text is only ever a text."""

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
    Help,
    Last,
    ListFiles,
    ListPeople,
    ListRooms,
    Moderation,
    Quit,
    React,
    Reply,
    SendFile,
    Speak,
    Tell,
    Wrong,
)
from secure_chat.client.speech import _COMMANDS, HELP, Block, Typing, read_line
from secure_chat.limits import Limits
from secure_chat.wire.messages import Content, Measure

PYTHON = Content(format="code", lang="python")


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
        ("/last", Last()),
        ("/reply yes", Reply("yes")),
        ("/reply 12 yes, we do", Reply("yes, we do", 12)),
        ("/reply #12  yes", Reply("yes", 12)),
        ("/reply 12th of May", Reply("12th of May")),
        ("/react +1", React("+1")),
        ("/react 12 \N{THUMBS UP SIGN}", React("\N{THUMBS UP SIGN}", 12)),
        ("/edit better so", Edit("better so")),
        ("/edit 12 better so", Edit("better so", 12)),
        ("/delete", Delete()),
        ("/delete 12", Delete(12)),
        ("/code", Block("")),
        ("/code python", Block("python")),
        ("/code python print(1)", Speak("print(1)", content=PYTHON)),
        ("/file a.pdf", SendFile("a.pdf")),
        ("/file a.pdf  don't open it", SendFile("a.pdf", "don't open it")),
        ('/file "my report.pdf" have a look', SendFile("my report.pdf", "have a look")),
        ("/file 'my report.pdf'", SendFile("my report.pdf")),
        (r"/file my\ report.pdf look", SendFile("my report.pdf", "look")),
        (r"/file C:\Users\bob\a.pdf", SendFile(r"C:\Users\bob\a.pdf")),
        ("/files", ListFiles()),
        ("/get 12", Get(12)),
        ("/get #12", Get(12)),
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
        "/reply",
        "/reply 12",
        "/react 0 evil",
        "/react 12",
        "/edit 12 ",
        "/delete evil",
        "/delete 12 evil",
        "/delete 0",
        "/file",
        "/get",
        "/get evil",
        "/get 0",
        "/get 12 evil",
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


def typed(*lines: str, limits: Limits | None = None) -> tuple[list[Act | None], Typing]:
    """Return what each line asks for, and who has read them."""
    typing = Typing(limits or Limits())
    return [typing.read(line) for line in lines], typing


def test_lines_of_code_make_one_text() -> None:
    """Up to a single dot; in between nothing is a command, and two dots are one."""
    acts, typing = typed("/code python", "if x:", "    /quit", "", "..", "...", ".", "/quit")
    code = "if x:\n    /quit\n\n.\n..."
    assert acts == [None, None, None, None, None, None, Speak(code, content=PYTHON), Quit()]
    assert not typing.in_block
    assert typing.end() is None


def test_code_without_a_language_or_on_one_line() -> None:
    """The first word is the language, and the rest the code."""
    acts, _ = typed("/code", "x", ".", "/code python  print(1) ")
    assert acts[2] == Speak("x", content=Content(format="code"))
    assert acts[3] == Speak(" print(1)", content=PYTHON)


def test_code_that_says_nothing_is_not_said() -> None:
    """Neither an empty block nor one that has no end."""
    acts, typing = typed("/code python", " ", ".", "/code", "x")
    assert isinstance(acts[2], Wrong)
    assert typing.in_block
    end = typing.end()
    assert isinstance(end, Wrong)
    assert "nothing was said" in end.text
    assert typing.end() is None


def test_code_has_a_bound() -> None:
    """Beyond that of a message it is forgotten line by line; a dot ends it all the same."""
    limits = Limits(message_bytes=8)
    acts, typing = typed("/code", "1234567", ".", "/code", "12345678", "9", ".", limits=limits)
    assert acts[2] == Speak("1234567", content=Content(format="code"))
    assert isinstance(acts[-1], Wrong)
    assert "8 bytes" in acts[-1].text
    assert not typing.in_block


def test_each_command_has_its_line_of_help() -> None:
    """And each line of help is a command."""
    assert {line.split()[0][1:] for line in HELP if line.startswith("/")} == set(_COMMANDS)


WORDS = st.sampled_from(["code", "file", "get", "edit", "react", "delete", "reply"])


@given(st.text(max_size=30), WORDS)
def test_nothing_typed_raises(line: str, word: str) -> None:
    """Whatever comes in is an act or nothing."""
    read_line(line)
    read_line("/" + line)
    read_line(f"/{word} {line}")
    typing = Typing(Limits())
    for one in (f"/{word} {line}", line, "."):
        typing.read(one)
