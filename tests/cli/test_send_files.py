"""`send` sends more than words: files, folders, values, code, what comes through a pipe."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from tests.cli.processes import Program, following
from tests.client.hosting import Hosting

BYTES = bytes(range(256)) * 1_000

posix = pytest.mark.skipif(sys.platform == "win32", reason="pty needs a POSIX system")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a folder with a file, an empty folder, and a link that is not for others."""
    folder = tmp_path / "tree"
    (folder / "empty").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "link").symlink_to("/etc/passwd")
    return folder


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """Return a file."""
    path = tmp_path / "report.pdf"
    path.write_bytes(b"%PDF-" + BYTES)
    return path


def test_each_kind_is_sent_and_shown(program: Program, report: Path, tree: Path) -> None:
    """As a line of its own for people, and with its content for scripts."""
    for words, stdin in (
        (("hello",), ""),
        (("*hello*", "--markdown", "--reply", "2"), ""),
        (("--code", "python"), "print(1)\nprint(2)\n"),
        (("--value", '{"a": [1]}'), ""),
        (("--value", "-"), "[1, 2]\n"),
        (("--file", str(report), "have a\nlook"), ""),
        (("--file", str(tree)), ""),
        (("--stream", "--name", "x.tar", "live"), "bytes as they come"),
    ):
        done = program.run("send", *words, "--as", "bob", stdin=stdin)
        assert done.code == 0, done.err
    lines = program.run("history", "--as", "alice").out.splitlines()
    assert [line[20:] if line[:2] == "20" else line for line in lines] == [
        "[lobby] bob: hello",
        "[lobby] (re 2) bob: *hello*",
        "[lobby] bob: code (python)",
        "        | print(1)",
        "        | print(2)",
        '[lobby] bob: value {"a": [1]}',
        "[lobby] bob: value [1, 2]",
        "[lobby] bob sends file 7 (256.0 kB, application/pdf): report.pdf",
        "        have a",
        "        look",
        "[lobby] bob sends folder 8 (1 file, 1 bytes): tree",
        "[lobby] bob streams 9: x.tar",
        "        live",
        "[lobby] bob has ended stream 9 (18 bytes): x.tar",
    ]
    told = program.run("history", "--as", "alice", "--json").objects()
    assert "content" not in told[0]
    assert told[1]["content"] == {"kind": "", "format": "markdown", "reply": 2}
    assert told[2]["content"] == {"kind": "", "format": "code", "lang": "python"}
    assert [one.get("content", {}).get("kind") for one in told[5:]] == [
        "file",
        "folder",
        "stream",
        "stream-end",
    ]


def test_files_go_to_rooms_and_people(program: Program, report: Path, tree: Path) -> None:
    """Several at once, the text with the first of them; each with its acknowledgement."""
    words = ("send", "--file", str(report), "--file", str(tree), "look", "--to", "alice")
    done = program.run(*words, "--as", "bob", "--json")
    assert done.code == 0, done.err
    assert [one["event"] for one in done.objects()] == ["acked", "acked"]
    told = program.run("history", "--as", "alice", "--json").objects()
    assert [(one["to"], one["text"]) for one in told] == [("alice", "look"), ("alice", "")]
    assert program.run("get", "--as", "carol").out == ""


def test_what_of_a_folder_is_not_sent_is_told(program: Program, tree: Path) -> None:
    """Also to people who want to hear of nothing else; a file can be given a name."""
    done = program.run("send", "--file", str(tree), "--as", "bob", "--quiet")
    assert (done.code, done.out) == (0, "")
    assert done.err == "warning: link is left out: it is a link\n"
    done = program.run("send", "--file", str(tree / "a.txt"), "--name", "b.txt", "--as", "bob")
    assert done.err == "b.txt is sent, stored as 3\n"
    done = program.run("send", "--file", str(tree / "a.txt"), "--as", "bob", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_what_comes_through_a_pipe_becomes_a_file(program: Program, tmp_path: Path) -> None:
    """Read to its end first, so that it has a size; and the same bytes come out."""
    done = program.run("send", "--file", "-", "--name", "p.bin", "--as", "bob", stdin=BYTES)
    assert done.code == 0, done.err
    assert program.run("get", "2", "--as", "alice").code == 0
    assert (tmp_path / "inbox" / "p.bin").read_bytes() == BYTES


@pytest.mark.parametrize(
    "words",
    [
        ("--file", "x", "--value", "1"),
        ("--stream",),
        ("--value", "{"),
        ("--file", "missing"),
        ("--reply", "0", "x"),
        ("--file", "x", "--room", "a", "--to", "bob"),
    ],
)
def test_wrong_uses_are_2(program: Program, hosting: Hosting, words: tuple[str, ...]) -> None:
    """Nobody is called for them."""
    hosting.stop()
    done = program.run("send", *words, "--as", "bob")
    assert done.code == 2
    assert done.err.count("\n") >= 2


def test_what_the_host_does_not_take_is_said_before_it_is_sent(
    certs: Path, tmp_path: Path, report: Path
) -> None:
    """Nothing is said of it in the chat."""
    host = Hosting(certs, tmp_path / "small", Limits(file_bytes=1_000)).start()
    program = Program(certs, tmp_path / "data", host.at)
    try:
        done = program.run("send", "--file", str(report), "--as", "bob", "--json")
        assert done.code == 1
        assert done.objects()[0]["event"] == "error"
        assert "the host does not take" in done.err
        assert "1000 bytes" in done.err
        assert program.run("history", "--as", "bob").out == ""
    finally:
        host.stop()


@posix
def test_ctrl_c_says_how_to_go_on(certs: Path, tmp_path: Path, report: Path) -> None:
    """At a terminal with a bar; the same command goes on and says it once."""
    words = ("send", "--file", str(report), "--as", "bob")
    # A host where nobody's turn ever comes.
    host = Hosting(certs, tmp_path / "host", Limits(transfers=0)).start()
    try:
        program = Program(certs, tmp_path / "data", host.at)
        with program.terminal(*words) as terminal:
            terminal.until("report.pdf")
            terminal.until("waiting")
            terminal.interrupt()
            terminal.until("stopped. The same command goes on from where it was.")
            assert terminal.end() == 130
    finally:
        host.stop()
    host = Hosting(certs, tmp_path / "host").start()
    try:
        program = Program(certs, tmp_path / "data", host.at)
        assert program.run(*words).code == 0
        assert program.run("history", "--as", "bob").out.count("\n") == 1
    finally:
        host.stop()


@pytest.fixture
def impatient(certs: Path, tmp_path: Path) -> Iterator[Program]:
    """Return a program whose host waits only a moment for the sender of a stream."""
    host = Hosting(certs, tmp_path / "host", Limits(stream_grace_seconds=0.5)).start()
    yield Program(certs, tmp_path / "data", host.at)
    host.stop()


def test_a_stream_that_is_stopped_must_be_begun_anew(impatient: Program) -> None:
    """Its sender is told so, and so is whoever fetches it."""
    program = impatient
    with (
        following(program) as tail,
        program.start("send", "--stream", "--name", "x", "--as", "bob") as sender,
    ):
        sender.write("one")
        offer = tail.event("message")
        assert offer["content"]["kind"] == "stream"
        with program.start("get", "--stdout", "--from", "bob", "--as", "alice") as getter:
            assert getter.line(bool) == "one"
            sender.write("two")
            assert getter.line(bool) == "two"
            sender.interrupt()
            ended = sender.end()
            assert ended.code == 130
            assert "pipe it again" in ended.err
            done = getter.end()
            assert done.code == 7
            assert "error: " in done.err
