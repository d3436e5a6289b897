"""`join` for scripts and pipes: objects in and out, and how it ends."""

import shutil
from pathlib import Path

import pytest

from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.cli.processes import Program
from tests.client.hosting import Hosting, revoke


def test_objects_go_in_and_come_out(program: Program) -> None:
    """Each line is acknowledged, shown, and the end of the input ends it in order."""
    done = program.run(
        "join",
        "--as",
        "alice",
        "--json",
        stdin='"bare"\n{"say":"to tea","room":"tea","id":"x0"}\n{"join":"tea","id":"x1"}\n'
        '{"say":"hi \\u001b[2J","id":"x2"}\n{"say":"psst","to":"bob"}\n{"who":"tea"}\n\n'
        "no json\n",
    )
    assert done.code == 0
    events = done.objects()
    assert [one["event"] for one in events[:1]] == ["connected"]
    assert {one["id"] for one in events if one["event"] == "acked"} >= {"x1", "x2"}
    said = [one for one in events if one["event"] == "message"]
    assert [(one["room"], one["to"], one["text"]) for one in said] == [
        ("lobby", None, "bare"),
        ("tea", None, "hi \x1b[2J"),
        (None, "bob", "psst"),
    ]
    assert said[0]["from"] == "alice"
    assert {one["code"] for one in events if one["event"] == "error"} == {
        "not-a-member",
        "bad-input",
    }
    assert [one["people"][0]["name"] for one in events if one["event"] == "people"] == ["alice"]
    assert events[-1] == {"event": "left", "unsent": 0}
    assert "\x1b" not in done.out


def test_lines_go_in_and_come_out(program: Program) -> None:
    """Without a terminal the same commands work, messages are data and the rest is talk."""
    done = program.run(
        "join",
        "--as",
        "alice",
        "--plain",
        stdin="hello\n/me waves\n/rooms\n/who\n/whois bob\n/nope\n/help\n/leave\n/quit\nnever\n",
    )
    assert done.code == 0
    assert [line[6:] for line in done.out.splitlines()] == [
        "[lobby] alice: hello",
        "[lobby] * alice waves",
    ]
    for words in (
        "-- connected as alice; in lobby",
        "-- lobby: 1 members, 1 here, you among them",
        "-- in lobby: alice (here)",
        "-- bob, member, not here now",
        "-- not done: there is no such command",
        "-- /quit ",
        "-- you are no longer in lobby",
    ):
        assert words in done.err


def test_talk_can_be_left_out(program: Program) -> None:
    """`--quiet` leaves data and errors."""
    done = program.run("join", "--as", "alice", "--quiet", stdin="hello\n")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("[lobby] alice: hello\n")


def test_a_room_is_joined_when_it_is_asked_for(program: Program) -> None:
    """Text goes there, and the target may be an argument."""
    at = program.environment.pop("SECURECHAT_AT")
    done = program.run("join", at, "--as", "alice", "--room", "tea", "--json", stdin='"hi"\n')
    assert done.code == 0
    said = [one for one in done.objects() if one["event"] == "message"]
    assert [(one["room"], one["text"]) for one in said] == [("tea", "hi")]


def test_a_first_run_shows_history_and_later_ones_what_was_missed(program: Program) -> None:
    """The cursor is kept between the runs."""
    for number in range(4):
        assert program.run("send", f"{number}", "--as", "bob").code == 0
    first = program.run("join", "--as", "alice", "--history", "2", "--quiet")
    assert [line[-1] for line in first.out.splitlines()] == ["2", "3"]
    assert program.run("send", "4", "--as", "bob").code == 0
    second = program.run("join", "--as", "alice", "--history", "2", "--quiet")
    assert [line[-1] for line in second.out.splitlines()] == ["4"]


def test_a_killed_client_loses_nothing_and_shows_nothing_twice(
    program: Program, hosting: Hosting
) -> None:
    """What it had read but not sent, the next run sends; what it had shown, stays shown."""
    with program.start("join", "--as", "alice", "--json") as alice:
        alice.event("live")
        alice.write_json({"say": "one", "id": "a1"})
        shown = alice.event("message")
        hosting.stop()
        alice.event("disconnected")
        alice.write_json({"say": "two", "id": "a2"}, {"who": "lobby"})
        # The question is answered behind the line before it, so that line was taken.
        alice.event("error")
        alice.kill()
    hosting.start()
    events = program.run("join", "--as", "alice", "--json").objects()
    messages = [one for one in events if one["event"] == "message"]
    assert [one["id"] for one in events if one["event"] == "acked"] == ["a2"]
    assert [one["text"] for one in messages if one["seq"] > shown["seq"]] == ["two"]


def test_a_restarted_host_is_found_again(program: Program, hosting: Hosting) -> None:
    """After a welcome it tries for ever, and says what happens."""
    with program.start("join", "--as", "alice", "--json") as alice:
        alice.event("live")
        hosting.stop()
        assert alice.event("disconnected")["code"] == "shutdown"
        alice.write_json("meanwhile")
        hosting.start()
        alice.event("connected")
        assert alice.event("message")["text"] == "meanwhile"
        assert alice.end().code == 0


def test_ctrl_c_ends_it_as_interrupted(program: Program) -> None:
    """With 130, and without a word about it."""
    with program.start("join", "--as", "alice") as alice:
        alice.write("hello")
        alice.line(lambda line: "hello" in line)
        alice.interrupt()
        done = alice.end()
    assert done.code == 130
    assert "Traceback" not in done.err


def test_nobody_there_is_4(program: Program, hosting: Hosting) -> None:
    """What happened and what to do, in two lines, and an event for scripts."""
    hosting.stop()
    done = program.run("join", "--as", "alice")
    assert done.code == 4
    assert len(done.err.splitlines()) == 2
    assert "nothing answers" in done.err
    (event,) = program.run("join", "--as", "alice", "--json").objects()
    assert (event["event"], event["code"], event["exit"]) == ("error", "unreachable", 4)
    assert "uid" not in event


def test_a_foreign_host_is_5(foreign_certs: Path, certs: Path, tmp_path: Path) -> None:
    """Whatever answers there is not ours."""
    host = Hosting(foreign_certs, tmp_path / "host").start()
    program = Program(certs, tmp_path / "data", host.at)
    done = program.run("join", "--as", "alice")
    scripted = program.run("join", "--as", "alice", "--json")
    host.stop()
    assert done.code == 5
    (event,) = scripted.objects()
    assert (event["event"], event["code"], event["exit"]) == ("refused", "not-trusted", 5)
    assert len(scripted.err.splitlines()) == 2


def test_a_failed_handshake_is_explained_from_its_record(
    foreign_certs: Path, certs: Path, tmp_path: Path
) -> None:
    """What is known stands below the error in few words, and where to read on."""
    host = Hosting(foreign_certs, tmp_path / "host").start()
    program = Program(certs, tmp_path / "data", host.at)
    done = program.run("join", "--as", "alice")
    quiet = program.run("join", "--as", "alice", "--quiet")
    (event,) = program.run("join", "--as", "alice", "--json").objects()
    host.stop()

    told = done.err.splitlines()
    assert told[0].startswith("error: the host is not trusted")
    assert "The certificate is of CN=localhost, issued by" in " ".join(done.err.split())
    assert len(told) <= 8
    assert all(len(line) <= 80 for line in told[2:])
    assert [line.split()[-4:-1] for line in told[-2:]] == [
        ["securechat", "handshakes", "explain"],
        ["securechat", "handshakes", "show"],
    ]
    assert len(quiet.err.splitlines()) == 2
    for uid in (told[-1].split()[-1], event["uid"]):
        shown = program.run("handshakes", "show", uid)
        assert shown.code == 0
        assert "Alert: unknown_ca" in shown.out


def test_a_refused_client_is_6(program: Program, certs: Path, tmp_path: Path) -> None:
    """The host does not know this certificate."""
    copied = tmp_path / "copied"
    shutil.copytree(certs, copied)
    init_certs(Vault(copied), InitRequest(clients=("erin",)))
    done = program.run("join", "--as", "erin", "--certs", str(copied), "--json")
    assert done.code == 6
    (event,) = done.objects()
    assert (event["event"], event["code"]) == ("refused", "not-registered")
    assert len(done.err.splitlines()) == 2
    explained = program.run("handshakes", "explain", event["uid"], "--json")
    assert explained.objects()[0]["reason"] == "not-registered"


def test_who_is_revoked_meanwhile_is_6_too(certs: Path, tmp_path: Path) -> None:
    """It is told as an event and does not come back."""
    copied = tmp_path / "certs"
    shutil.copytree(certs, copied)
    host = Hosting(copied, tmp_path / "host").start()
    with Program(copied, tmp_path / "data", host.at).start("join", "--as", "bob", "--json") as bob:
        bob.event("live")
        revoke(copied, "bob")
        assert bob.event("refused")["code"] == "revoked"
        assert bob.process.wait(30) == 6
    host.stop()


def test_no_identity_is_3(program: Program, tmp_path: Path) -> None:
    """Several need a choice, and an empty folder has none."""
    several = program.run("join")
    assert several.code == 3
    assert "alice, bob, carol, dave" in several.err
    assert program.run("join", "--certs", str(tmp_path / "nowhere")).code == 3


@pytest.mark.parametrize(
    "words", [("join", "nowhere:0"), ("join", "--history", "-1"), ("join", "--nope")]
)
def test_wrong_usage_is_2(program: Program, words: tuple[str, ...]) -> None:
    """Nothing is connected to."""
    assert program.run(*words, "--as", "alice").code == 2


def test_too_long_a_line_is_told_and_the_next_one_is_read(program: Program) -> None:
    """Whoever pipes a file without line ends does not fill the memory."""
    done = program.run(
        "join", "--as", "alice", "--json", stdin=b'"' + b"x" * 2_000_000 + b'"\n"after"\n"last"'
    )
    assert done.code == 0
    events = done.objects()
    assert [one["text"] for one in events if one["event"] == "message"] == ["after", "last"]
    assert [one["code"] for one in events if one["event"] == "error"] == ["bad-input"]


def test_a_flood_from_a_pipe_arrives_whole_and_in_order(program: Program) -> None:
    """The input waits for the acks; nothing is refused and nothing lost."""
    lines = [f"line {number}" for number in range(1_200)]
    done = program.run("join", "--as", "alice", "--quiet", stdin="\n".join(lines))
    assert done.code == 0
    assert [line.partition("alice: ")[2] for line in done.out.splitlines()] == lines
