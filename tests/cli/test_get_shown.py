"""What `get` shows besides: a stream that still comes, a picture, hostile names made harmless."""

import sys
from pathlib import Path

import pytest

from secure_chat.client import Client
from tests.cli.pictures import png
from tests.cli.processes import Program, following

posix = pytest.mark.skipif(sys.platform == "win32", reason="pty needs a POSIX system")

EVIL = "\x1b[2J\u202egnp.exe"


def test_a_stream_is_read_while_it_is_sent(program: Program, inbox: Path) -> None:
    """From its beginning to its end, by several; --all waits until it has ended."""
    with (
        following(program) as tail,
        program.start("send", "--stream", "--name", "x.txt", "--as", "bob") as sender,
    ):
        sender.write("one")
        number = str(tail.event("message")["seq"])
        with program.start("get", number, "--stdout", "--as", "alice") as getter:
            assert getter.line(bool) == "one"
            sender.write("two")
            assert getter.line(bool) == "two"
            not_yet = program.run("get", "--all", "--as", "alice")
            assert (not_yet.code, not_yet.out) == (0, "")
            assert f"`securechat get {number}` follows it" in not_yet.err
            with program.start("get", number, "--stdout", "--as", "carol") as late:
                assert late.line(bool) == "one"
                assert late.line(bool) == "two"
                late.interrupt()
                done = late.end()
                assert (done.code, done.err) == (130, "stopped\n")
            assert sender.end().code == 0
            assert getter.end().code == 0
    assert program.run("get", "--all", "--as", "alice").out == f"{inbox / 'x.txt'}\n"
    assert (inbox / "x.txt").read_text() == "one\ntwo\n"


@posix
def test_ctrl_c_says_how_to_go_on(program: Program) -> None:
    """What has come is kept."""
    with (
        following(program) as tail,
        program.start("send", "--stream", "--name", "x.txt", "--as", "bob") as sender,
    ):
        sender.write("one")
        number = str(tail.event("message")["seq"])
        with program.terminal("get", number, "--as", "alice") as terminal:
            terminal.until("x.txt")
            terminal.interrupt()
            terminal.until("stopped. The same command goes on from where it was.")
            assert terminal.end() == 130
        assert sender.end().code == 0


@posix
def test_pictures_are_shown_at_a_terminal(program: Program, bob: Client, inbox: Path) -> None:
    """Made of cells from decoded pixels; one that is none has a polite line."""
    pytest.importorskip("PIL")
    bob.files.send_bytes(png(8, 8), name="red.png")
    bob.files.send_bytes(png(8, 8)[:40], name="torn.png")
    bob.files.send_bytes(b"text", name="a.txt")
    with program.terminal("get", "2", "3", "4", "--show", "--as", "alice") as terminal:
        terminal.until(str(inbox / "red.png"))
        terminal.until("\N{UPPER HALF BLOCK}")
        terminal.until(str(inbox / "torn.png"))
        terminal.until("the picture is broken")
        terminal.until(str(inbox / "a.txt"))
        assert terminal.end() == 0


def test_nothing_a_peer_wrote_reaches_a_terminal_raw(
    program: Program, bob: Client, inbox: Path
) -> None:
    """Neither names nor captions, in the list, on landing, or in a line of the chat."""
    bob.files.send_bytes(b"x", name=EVIL, text=EVIL)
    bob.files.send_bytes(b"x", name=f"../../{EVIL}\n12:00 [lobby] eve: hi", text=EVIL)
    for words in (
        ("get",),
        ("get", "2", "3"),
        ("get", "--json"),
        ("get", "2", "--json"),
        ("history",),
        ("history", "--json"),
    ):
        done = program.run(*words, "--as", "alice")
        assert done.code == 0
        shown = done.out + done.err
        assert all(line.isprintable() for line in shown.splitlines())
        assert "\u202e" not in shown
        assert not any(line.startswith("12:00") for line in shown.splitlines())
    assert all(path.parent == inbox and path.name.isprintable() for path in inbox.iterdir())
