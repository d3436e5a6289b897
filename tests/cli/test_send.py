"""`send` says one thing and knows whether it is stored."""

from pathlib import Path

import pytest

from secure_chat.hub.hub import Hub
from tests.cli.processes import Program
from tests.client.hosting import Hosting


def test_a_text_is_stored_before_it_ends(program: Program) -> None:
    """From the argument or from stdin, to a room or a person."""
    assert program.run("send", "an argument", "--as", "bob").code == 0
    assert program.run("send", "-", "--as", "bob", stdin="two\nlines\n").code == 0
    assert program.run("send", "--as", "bob", "--to", "alice", stdin="piped").code == 0
    said = program.run("history", "--as", "alice", "--json").objects()
    assert [(one["text"], one["room"], one["to"]) for one in said] == [
        ("an argument", "lobby", None),
        ("two\nlines", "lobby", None),
        ("piped", None, "alice"),
    ]


def test_the_id_makes_repeating_safe(program: Program) -> None:
    """The same id gives the same place; for something else it is refused."""
    first = program.run("send", "once", "--as", "bob", "--id", "b1", "--json").objects()
    again = program.run("send", "once", "--as", "bob", "--id", "b1", "--json").objects()
    assert first == again
    assert first[0]["event"] == "acked"
    assert first[0]["id"] == "b1"
    other = program.run("send", "twice", "--as", "bob", "--id", "b1", "--json")
    assert other.code == 1
    assert (other.objects()[0]["event"], other.objects()[0]["id"]) == ("error", "b1")


def test_no_answer_in_time_is_8_and_names_the_id(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows whether it is stored, and how to find out is said."""
    assert program.run("send", "hello", "--as", "bob").code == 0
    # A host that welcomes and never stores anything.
    monkeypatch.setattr(Hub, "drafts", lambda _: [])
    done = program.run("send", "hello?", "--as", "bob", "--timeout", "0.3", "--json")
    assert done.code == 8
    (event,) = done.objects()
    assert event["id"] in done.err
    assert "--id" in done.err


@pytest.mark.parametrize(
    ("words", "stdin", "code"),
    [
        (("x", "--to", "nobody.there"), "", 1),
        (("x", "--room", "never-joined"), "", 1),
        (("x", "--room", "a", "--to", "bob"), "", 2),
        (("-",), "", 2),
        (("-",), "x" * 1_100_000, 2),
        (("-",), "x" * 70_000, 2),
        (("x", "--id", "not an id"), "", 1),
    ],
)
def test_what_cannot_be_sent_is_explained(
    program: Program, words: tuple[str, ...], stdin: str, code: int
) -> None:
    """Nothing is stored and the exit code says whose fault it is."""
    done = program.run("send", "--as", "bob", *words, stdin=stdin)
    assert done.code == code
    assert done.err.startswith("error: ")
    assert program.run("history", "--as", "bob").out == ""


def test_nobody_there_is_4(program: Program, hosting: Hosting, tmp_path: Path) -> None:
    """And it leaves no queue behind: what failed was said."""
    hosting.stop()
    assert program.run("send", "x", "--as", "bob").code == 4
    assert not list((tmp_path / "data").glob("**/client.sqlite"))
