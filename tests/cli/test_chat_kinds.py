"""In the chat: code, replies, reactions, edits, deletions, and files that come and go meanwhile."""

import sys
from pathlib import Path

import pytest

from secure_chat.client import Client
from secure_chat.client.inbox import media_type
from secure_chat.limits import Limits
from tests.cli.pictures import png
from tests.cli.processes import Program, Running
from tests.client.hosting import Hosting

posix = pytest.mark.skipif(sys.platform == "win32", reason="pty needs a POSIX system")


def joined(program: Program, *words: str) -> Running:
    """Return alice in the chat, line by line, once she is there."""
    running = program.start("join", "--plain", "--as", "alice", *words)
    running.talk(lambda line: "connected as alice" in line)
    return running


def said(running: Running, text: str) -> str:
    """Skip to the line of the chat with a text, and return it without its time."""
    return running.line(lambda line: text in line)[6:]


def test_messages_are_answered_and_changed(program: Program, bob: Client) -> None:
    """Without a number the last one that it can be; with one, that one."""
    with joined(program) as alice:
        first = bob.deliver("tea at five?")
        said(alice, "tea at five?")
        alice.write("/reply yes")
        assert said(alice, "yes") == f"[lobby] (re {first.seq}) alice: yes"
        alice.write("/react +1")
        assert said(alice, "+1") == f"[lobby] alice reacts to {first.seq} with +1"
        second = bob.deliver("or six?")
        said(alice, "or six?")
        alice.write(f"/reply {first.seq} five")
        assert said(alice, "five") == f"[lobby] (re {first.seq}) alice: five"
        alice.write("/edit half past five")
        assert " edits " in said(alice, "half past five")
        alice.write("/last")
        alice.talk(lambda line: line.startswith("--") and line.endswith("bob: or six?"))
        five = alice.talk(lambda line: line.endswith(", edited) alice: half past five"))
        alice.write("/delete")
        assert said(alice, "deletes") == f"[lobby] alice deletes {five.split()[1]}"
        alice.write(f"/edit {second.seq} or seven?")
        alice.talk(lambda line: line.startswith("-- not done: "))
        assert alice.end().code == 0
    texts = program.run("history", "--as", "bob").out
    assert "alice: (deleted)" in texts
    assert "half past five" not in texts
    assert "bob: or six?" in texts


def test_what_can_be_answered_is_looked_for_at_the_host(program: Program, bob: Client) -> None:
    """By who has only just come; where there is nothing, that is said."""
    bob.deliver("tea at five?")
    bob.deliver("psst", to="alice")
    with joined(program, "--history", "0") as alice:
        alice.write("/react +1")
        assert "reacts to 2 with +1" in said(alice, "+1")
        alice.write("/reply 3 yes?")
        assert said(alice, "yes?") == "(direct) (re 3) alice to bob: yes?"
        alice.write("/react 4 !")
        alice.write("/join tea", "/delete")
        alice.talk(lambda line: "there is no such message here" in line)
        alice.write("/react 999 +1")
        alice.talk(lambda line: "there is no message 999" in line)
        assert alice.end().code == 0


def test_code_in_lines(program: Program) -> None:
    """It is one message; without its end nothing is said."""
    done = program.run(
        "join",
        "--plain",
        "--as",
        "alice",
        stdin="/code python\nif x:\n    /quit\n.\n/code c int x;\n/edit int y;\n/code\nlost\n",
    )
    assert done.code == 0
    lines = [line[6:] if line[0] != " " else line for line in done.out.splitlines()]
    assert lines[:5] == [
        "[lobby] alice: code (python)",
        "        | if x:",
        "        |     /quit",
        "[lobby] alice: code (c)",
        "        | int x;",
    ]
    assert "nothing was said" in done.err
    assert "lost" not in done.out


def test_files_come_and_go_while_one_chats(program: Program, bob: Client, tmp_path: Path) -> None:
    """Beginning, end and failure are lines of talk; the end of the input waits for them."""
    report = tmp_path / "my report.txt"
    report.write_text("x" * 300_000)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to("x")
    inbox = tmp_path / "inbox"
    bob.files.send_bytes(b"\x7fELF", name="cat.png", text="look")
    with joined(program) as alice:
        alice.write("/files")
        alice.talk(lambda line: line.startswith("-- NUMBER"))
        alice.talk(lambda line: "cat.png" in line and "4 bytes" in line)
        alice.write("/get 2")
        alice.talk(lambda line: line == "-- fetching 2, cat.png")
        alice.talk(lambda line: line == f"-- 2 is here: {inbox / 'cat.png'}")
        alice.talk(lambda line: line.startswith("-- warning: cat.png: called .png"))
        alice.write("/file missing.txt", "/get 1", "/get 999")
        alice.talk(lambda line: "there is no such file or folder" in line)
        alice.talk(lambda line: "999" in line)
        alice.write(f'/file "{report}" as you asked', f'/file "{tree}"')
        done = alice.end()
    assert done.code == 0
    assert "-- sending my report.txt" in done.err
    assert "-- my report.txt is sent, stored as " in done.err
    assert "-- link is left out: it is a link" in done.err
    told = program.run("history", "--as", "bob").out
    assert "my report.txt\n        as you asked" in told
    assert "alice sends folder" in told
    again = program.run("get", "--all", "--as", "alice").err
    assert "there is nothing to fetch" in again


def test_a_chat_without_files_lists_none(program: Program) -> None:
    """In words."""
    done = program.run("join", "--plain", "--as", "alice", stdin="/files\n")
    assert "-- there is no file to fetch" in done.err


def test_scripts_do_the_same_with_objects(program: Program, bob: Client, tmp_path: Path) -> None:
    """And get objects back, content among them."""
    (tmp_path / "a.txt").write_text("a")
    bob.files.send_bytes(b"b", name="b.txt")
    with program.start("join", "--as", "alice", "--json") as alice:
        alice.event("live")
        alice.write_json({"say": "x = 1", "code": "python", "id": "c1"})
        code = alice.event("message")
        assert code["content"] == {"kind": "", "format": "code", "lang": "python"}
        alice.write_json({"value": {"a": [1]}, "reply": code["seq"]})
        value = alice.event("message")
        assert (value["text"], value["content"]["reply"]) == ('{"a":[1]}', code["seq"])
        alice.write_json({"react": "+1", "of": code["seq"]})
        assert alice.event("message")["content"]["kind"] == "reaction"
        alice.write_json({"edit": "x = 2", "of": code["seq"], "code": "python"})
        assert alice.event("message")["content"]["of"] == code["seq"]
        alice.write_json({"delete": value["seq"]})
        assert alice.event("message")["content"]["kind"] == "deletion"
        alice.write_json({"file": str(tmp_path / "a.txt"), "text": "look", "to": "bob"})
        sent = alice.event("sent")
        assert sent["file"] == str(tmp_path / "a.txt")
        alice.write_json({"files": True})
        files = [alice.event("message"), alice.event("message")]
        while files[-1]["seq"] != sent["seq"]:
            files.append(alice.event("message"))
        alice.write_json({"get": 2})
        came = alice.event("file")
        assert Path(came["path"]).read_bytes() == b"b"
        assert came["type"] == media_type(b"b")
        alice.write_json({"file": "missing"}, {"get": code["seq"]})
        assert "no such file" in alice.event("error")["text"]
        assert "has no file" in alice.event("error")["text"]
        assert alice.end().code == 0


def test_there_is_a_bound_to_what_is_on_its_way(certs: Path, tmp_path: Path) -> None:
    """Ctrl-C stops all of them, and each can be gone on with."""
    # A host where nobody's turn ever comes.
    host = Hosting(certs, tmp_path / "host", Limits(transfers=0)).start()
    try:
        program = Program(certs, tmp_path / "data", host.at)
        for number in range(9):
            (tmp_path / f"{number}.txt").write_text("x")
        with joined(program) as alice:
            alice.write(*(f"/file {tmp_path / f'{number}.txt'}" for number in range(9)))
            alice.talk(lambda line: "8 files are on their way already" in line)
            alice.interrupt()
            done = alice.end()
        assert done.code == 130
        assert "transfers are stopped; asked for again, they go on from there" in done.err
        assert "Traceback" not in done.err
    finally:
        host.stop()


def test_a_file_that_the_host_does_not_take_is_told(certs: Path, tmp_path: Path) -> None:
    """The chat goes on."""
    host = Hosting(certs, tmp_path / "host", Limits(file_bytes=10)).start()
    try:
        program = Program(certs, tmp_path / "data", host.at)
        (tmp_path / "a.txt").write_text("x" * 11)
        with joined(program, "--into", str(tmp_path / "a.txt")) as alice:
            alice.write(f"/file {tmp_path / 'a.txt'}")
            alice.talk(lambda line: line.startswith("-- not done: the host does not take it"))
            (tmp_path / "b.txt").write_text("x")
            alice.write(f"/file {tmp_path / 'b.txt'}")
            seq = alice.talk(lambda line: "b.txt is sent" in line).split()[-1]
            alice.write(f"/get {seq}")
            alice.talk(lambda line: "cannot be used for what comes in" in line)
            alice.write("still here")
            assert said(alice, "still here")
            assert alice.end().code == 0
    finally:
        host.stop()


@posix
def test_at_a_prompt(program: Program, bob: Client) -> None:
    """Code has a prompt of its own, and a picture is shown when it has come."""
    pytest.importorskip("PIL")
    bob.files.send_bytes(png(8, 8), name="red.png")
    bob.files.send_bytes(png(8, 8)[:40], name="torn.png")
    with program.terminal("join", "--as", "alice") as terminal:
        terminal.until("alice@lobby>")
        terminal.type("/code python\r")
        terminal.until("code, a dot ends it>")
        terminal.type("x = 1\r")
        terminal.type(".\r")
        terminal.until("alice: code (python)")
        terminal.until("| x = 1")
        terminal.type("/get 2\r")
        terminal.until("2 is here: ")
        terminal.until("\N{UPPER HALF BLOCK}")
        terminal.type("/get 3\r")
        terminal.until("3 is here: ")
        terminal.until("the picture is broken")
        terminal.type("/quit\r")
        assert terminal.end() == 0
