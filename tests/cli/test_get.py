"""`get` lists what was sent, fetches it into one folder, or writes it out while it still comes."""

import sys
from pathlib import Path

import pytest

from secure_chat.cli.getting import _together
from secure_chat.cli.request import number_of
from secure_chat.client import Client
from secure_chat.errors import SecureChatError, TransferIncomplete
from secure_chat.folders import inbox_folder
from tests.cli.pictures import png
from tests.cli.processes import Program
from tests.client.hosting import Hosting

posix = pytest.mark.skipif(sys.platform == "win32", reason="pty needs a POSIX system")


def test_without_a_number_it_lists(program: Program, bob: Client) -> None:
    """Number, time, who, where, name, size and type; narrowed as one likes."""
    bob.deliver("no file")
    assert program.run("get", "--as", "alice").err == "there is no file to fetch\n"
    bob.files.send_bytes(b"%PDF-1", name="a.pdf", text="look")
    bob.files.send_bytes(b"x" * 1_500, name="b.txt", to="alice")
    done = program.run("get", "--as", "alice")
    assert done.code == 0
    head, *rows = (line.split() for line in done.out.splitlines())
    assert head == ["NUMBER", "WHEN", "FROM", "WHERE", "NAME", "SIZE", "TYPE"]
    assert [[row[0], *row[3:]] for row in rows] == [
        ["4", "bob", "[lobby]", "a.pdf", "6", "bytes", "application/pdf"],
        ["5", "bob", "to", "alice", "b.txt", "1.5", "kB", "text/plain"],
    ]
    for words, seqs in (
        ((), [4, 5]),
        (("--room", "lobby"), [4]),
        (("--with", "bob"), [5]),
        (("--from", "carol"), []),
    ):
        told = program.run("get", *words, "--as", "alice", "--json").objects()
        assert [one["seq"] for one in told] == seqs
        assert {one["fetched"] for one in told} <= {False}


def test_what_is_fetched_lands_and_is_remembered(
    program: Program, bob: Client, inbox: Path
) -> None:
    """By number, or everything that was not fetched before and is not one's own."""
    bob.files.send_bytes(b"one", name="a.txt")
    bob.files.send_bytes(b"two", name="a.txt", to="alice")
    bob.files.send_bytes(b"three", name="c.txt")
    assert program.run("send", "--file", __file__, "--as", "alice").code == 0
    done = program.run("get", "2", "--as", "alice")
    assert (done.code, done.out, done.err) == (0, f"{inbox / 'a.txt'}\n", "")
    fetched = program.run("get", "--as", "alice", "--json").objects()
    assert [one["fetched"] for one in fetched] == [True, False, False, False]
    done = program.run("get", "--all", "--as", "alice", "--json")
    assert done.code == 0, done.err
    assert done.objects() == [
        {
            "event": "file",
            "seq": 3,
            "path": str(inbox / "a (2).txt"),
            "name": "a.txt",
            "type": "text/plain",
        },
        {
            "event": "file",
            "seq": 4,
            "path": str(inbox / "c.txt"),
            "name": "c.txt",
            "type": "text/plain",
        },
    ]
    assert (inbox / "a (2).txt").read_bytes() == b"two"
    again = program.run("get", "--all", "--as", "alice")
    assert again.err == "there is nothing to fetch that was not fetched already\n"
    mine = program.run("get", "--all", "--mine", "--as", "alice", "--quiet")
    assert mine.out == f"{inbox / Path(__file__).name}\n"


@pytest.mark.parametrize(
    ("on_exists", "names", "text"),
    [
        ("rename", {"a.txt", "a (2).txt"}, "old"),
        ("skip", {"a.txt"}, "old"),
        ("overwrite", {"a.txt"}, "new"),
    ],
)
def test_a_name_that_is_taken(
    program: Program, bob: Client, tmp_path: Path, on_exists: str, names: set[str], text: str
) -> None:
    """As one wants it, in a folder of one's choice."""
    into = tmp_path / "else"
    into.mkdir()
    (into / "a.txt").write_text("old")
    bob.files.send_bytes(b"new", name="a.txt")
    words = ("get", "2", "--into", str(into), "--on-exists", on_exists, "--as", "alice")
    done = program.run(*words, "--json")
    assert done.code == 0, done.err
    assert [one["event"] for one in done.objects()] == [
        "skipped" if on_exists == "skip" else "file"
    ]
    assert {path.name for path in into.iterdir()} == names
    assert (into / "a.txt").read_text() == text
    if on_exists == "skip":
        assert "2 is skipped: there is a a.txt already" in program.run(*words).err


@posix
def test_a_person_is_asked_about_a_name_that_is_taken(
    program: Program, bob: Client, inbox: Path
) -> None:
    """Until the answer is one."""
    inbox.mkdir()
    (inbox / "a.txt").write_text("old")
    bob.files.send_bytes(b"new", name="a.txt")
    with program.terminal("get", "2", "--on-exists", "ask", "--as", "alice") as terminal:
        terminal.until("a.txt is there already")
        terminal.type("what?\r")
        terminal.until("a.txt is there already")
        terminal.type("overwrite\r")
        terminal.until(f"{inbox / 'a.txt'}")
        assert terminal.end() == 0
    assert (inbox / "a.txt").read_text() == "new"


def test_a_folder_keeps_its_programs_only_when_asked(
    program: Program, bob: Client, tmp_path: Path, inbox: Path
) -> None:
    """The bit comes with --executable."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "run.sh").write_text("#!/bin/sh\n")
    (tree / "run.sh").chmod(0o755)
    bob.files.send(tree)
    assert program.run("get", "2", "--as", "alice").code == 0
    assert not (inbox / "tree" / "run.sh").stat().st_mode & 0o111
    words = ("get", "2", "--executable", "--into", str(tmp_path / "other"), "--as", "alice")
    assert program.run(*words).code == 0
    assert (tmp_path / "other" / "tree" / "run.sh").stat().st_mode & 0o100


def test_a_name_that_lies_is_warned_of(
    program: Program, bob: Client, tmp_path: Path, inbox: Path
) -> None:
    """Of a file, and of the first few of a folder; for scripts it is a field."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(7):
        (tree / f"{number}.png").write_bytes(b"\x7fELF")
    (tree / "8.png").write_bytes(png(1, 1))
    bob.files.send_bytes(b"\x7fELF", name="cat.png")
    bob.files.send(tree)
    done = program.run("get", "2", "3", "--as", "alice", "--quiet")
    assert done.code == 0
    warnings = done.err.splitlines()
    assert warnings[0] == "warning: cat.png: called .png, but it is a program"
    assert warnings[1].startswith("warning: tree/")
    assert warnings[-1] == "warning: and 2 more of them"
    assert len(warnings) == 7
    told = program.run("get", "2", "--as", "alice", "--json").objects()
    assert told[0]["warnings"] == ["cat (2).png: called .png, but it is a program"]
    assert (inbox / "cat.png").exists()


def test_one_that_cannot_be_fetched_keeps_no_other_back(
    program: Program, bob: Client, inbox: Path
) -> None:
    """At the end it is said how many there were."""
    bob.files.send_bytes(b"one", name="a.txt")
    gone = bob.files.send_bytes(b"gone", name="b.txt")
    bob.files.send_bytes(b"three", name="c.txt")
    no_file = bob.deliver("no file")
    bob.delete(gone.seq)
    bob.deliver("now it is gone")
    done = program.run("get", "2", str(gone.seq), str(no_file.seq), "4", "--as", "alice", "--json")
    assert done.code == 1
    assert [one["event"] for one in done.objects()] == ["file", "error", "error", "file"]
    assert "2 of 4 could not be fetched" in done.err
    assert {path.name for path in inbox.iterdir()} == {"a.txt", "c.txt"}
    alone = program.run("get", str(no_file.seq), "--as", "alice")
    assert (alone.code, "has no file" in alone.err) == (1, True)
    assert program.run("get", "999", "--as", "alice").code == 1


def test_what_can_be_gone_on_with_decides_the_exit_code() -> None:
    """Of several that failed."""
    refused, stopped = SecureChatError("no"), TransferIncomplete("stopped")
    assert _together([refused, stopped], 3).exit_code == 7
    assert _together([refused], 3).exit_code == 1


def test_files_land_among_the_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder of ours, unless another one is named."""
    monkeypatch.setattr("platformdirs.user_downloads_path", lambda: tmp_path)
    assert inbox_folder(None) == tmp_path / "securechat"
    assert inbox_folder(Path("else")) == Path("else")


def test_an_inbox_that_cannot_be_used_ends_it(
    program: Program, bob: Client, tmp_path: Path
) -> None:
    """Every other file would only meet the same."""
    (tmp_path / "file").write_text("x")
    bob.files.send_bytes(b"one", name="a.txt")
    bob.files.send_bytes(b"two", name="b.txt")
    done = program.run("get", "--all", "--into", str(tmp_path / "file"), "--as", "alice")
    assert done.code == 1
    assert done.err.count("error: ") == 1


def test_bytes_go_to_stdout(program: Program, bob: Client) -> None:
    """Those of a number, or of somebody's newest; nothing is kept."""
    data = bytes(range(256)) * 2_000
    bob.files.send_bytes(b"old", name="a.bin")
    bob.files.send_bytes(data[1:], name="b.bin")
    done = program.run("get", "2", "--stdout", "--as", "alice")
    assert (done.code, done.out, done.err) == (0, "old", "")
    text = ("get", "--stdout", "--from", "bob", "--room", "lobby", "--as", "alice")
    bob.files.send_bytes(b"newest", name="c.txt")
    assert program.run(*text).out == "newest"
    none = program.run("get", "--stdout", "--from", "carol", "--as", "alice")
    assert none.code == 1
    assert "there is no file from 'carol'" in none.err


def test_a_folder_does_not_go_to_stdout(program: Program, bob: Client, tmp_path: Path) -> None:
    """It is more than one file."""
    (tmp_path / "tree").mkdir()
    bob.files.send(tmp_path / "tree")
    done = program.run("get", "2", "--stdout", "--as", "alice")
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    "words",
    [
        ("0",),
        ("five",),
        ("-5",),
        ("5" * 30,),
        ("\u0665",),
        ("5", "--all"),
        ("--stdout",),
        ("5", "--on-exists", "explode"),
        ("5", "--show"),
        ("5", "--on-exists", "ask"),
        ("--executable",),
        ("--into", "x"),
        ("5", "--stdout", "--into", "x"),
    ],
)
def test_wrong_uses_are_2(program: Program, hosting: Hosting, words: tuple[str, ...]) -> None:
    """Nobody is called for them, and a variable is no option."""
    hosting.stop()
    done = program.run("get", *words, "--as", "alice")
    assert done.code == 2, done.err
    assert done.err.count("\n") >= 2
    assert program.run("get", "--as", "alice").code == 4


def test_what_is_no_number_of_a_message_is_said_with_what_to_do(program: Program) -> None:
    """Also a number that no message can have."""
    done = program.run("get", "five", "--as", "alice")
    assert "'five' is not the number of a message" in done.err
    assert "`securechat get` alone lists" in done.err
    assert number_of("0012") == 12
    assert number_of("9" * 18) == 10**18 - 1
