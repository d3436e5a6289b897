"""`tail` follows what is said and changes nothing by it."""

from pathlib import Path

from tests.cli.processes import Program
from tests.client.hosting import Hosting


def test_it_follows_as_json(program: Program, tmp_path: Path) -> None:
    """Beginning with what is wanted of the past; the cursor of `join` stays where it is."""
    program.run("send", "before", "--as", "bob")
    with program.start("tail", "--as", "alice", "--history", "5", "--json") as tail:
        assert tail.event("message")["text"] == "before"
        tail.event("live")
        program.run("send", "psst", "--as", "bob", "--to", "alice")
        assert tail.event("message")["to"] == "alice"
        tail.interrupt()
        assert tail.end().code == 130
    assert not list((tmp_path / "data").glob("**/client.sqlite"))
    joined = program.run("join", "--as", "alice", "--quiet")
    assert len(joined.out.splitlines()) == 2


def test_it_follows_one_room_as_lines(program: Program, hosting: Hosting) -> None:
    """Nothing of other rooms and no direct messages; a host that comes back is followed on."""
    with program.start("tail", "--as", "alice", "--room", "lobby") as tail:
        tail.talk(lambda line: "connected as alice" in line)
        program.run("send", "psst", "--as", "bob", "--to", "alice")
        program.run("send", "in the room", "--as", "bob")
        line = tail.line(lambda _: True)
        assert line.endswith("[lobby] bob: in the room")
        hosting.stop()
        tail.talk(lambda line: "disconnected" in line)
        hosting.start()
        tail.talk(lambda line: "connected as alice" in line)
        program.run("send", "again", "--as", "bob")
        assert tail.line(lambda _: True).endswith("[lobby] bob: again")


def test_a_room_one_is_not_in_is_an_error(program: Program) -> None:
    """Or it would stay silent for ever."""
    done = program.run("tail", "--as", "alice", "--room", "tea")
    assert done.code == 1
    assert "you are not in the room" in done.err


def test_nobody_there_is_4(program: Program, hosting: Hosting) -> None:
    """As for every command that needs the host."""
    hosting.stop()
    done = program.run("tail", "--as", "alice", "--json")
    assert done.code == 4
    assert [one["event"] for one in done.objects()] == ["error"]
