"""`history` finds, prints and exports what was said."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.processes import Program
from tests.client.hosting import Hosting


@pytest.fixture(scope="module")
def spoken(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return a program whose host has heard some things; only read from it."""
    folder = tmp_path_factory.mktemp("spoken")
    host = Hosting(certs, folder / "host").start()
    program = Program(certs, folder / "data", host.at)
    program.run("join", "--as", "alice", "--json", stdin='{"join":"tea"}\n"green tea"\n')
    program.run("send", "green build", "--as", "bob")
    program.run("send", "a red build", "--as", "alice")
    program.run("send", "psst", "--as", "bob", "--to", "alice")
    program.run("send", "not yours", "--as", "bob", "--to", "carol")
    yield program
    host.stop()


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        ((), ["green tea", "green build", "a red build", "psst"]),
        (("green",), ["green tea", "green build"]),
        (("build", "red"), ["a red build"]),
        (("--room", "tea"), ["green tea"]),
        (("--with", "bob"), ["psst"]),
        (("--from", "alice"), ["green tea", "a red build"]),
        (("--limit", "2"), ["a red build", "psst"]),
        (("--since", "1h", "--limit", "1"), ["psst"]),
        (("--since", "2030-01-01"), []),
        (("--until", "1h"), []),
        (("nothing of it",), []),
    ],
)
def test_what_is_asked_for_is_printed_in_order(
    spoken: Program, words: tuple[str, ...], texts: list[str]
) -> None:
    """Each filter alone; others' direct messages never."""
    done = spoken.run("history", "--as", "alice", "--json", *words)
    assert done.code == 0, done.err
    assert [one["text"] for one in done.objects()] == texts


def test_lines_carry_the_date(spoken: Program) -> None:
    """For people, one message a line."""
    lines = spoken.run("history", "--as", "alice").out.splitlines()
    assert [line[20:] for line in lines] == [
        "[tea] alice: green tea",
        "[lobby] bob: green build",
        "[lobby] alice: a red build",
        "(direct) bob to alice: psst",
    ]
    assert datetime.fromisoformat(lines[0][:19]).year >= 2026


def test_a_long_history_comes_whole(program: Program) -> None:
    """Through all its pages, and as many of the newest as are wanted."""
    lines = [f"{number}" for number in range(450)]
    assert program.run("join", "--as", "alice", "--quiet", stdin="\n".join(lines)).code == 0
    everything = program.run("history", "--as", "bob", "--json").objects()
    assert [one["text"] for one in everything] == lines
    newest = program.run("history", "--as", "bob", "--json", "--limit", "300").objects()
    assert newest == everything[-300:]


def test_a_room_one_is_not_in_is_an_error(program: Program) -> None:
    """Its history is for its members."""
    done = program.run("history", "--as", "alice", "--room", "tea")
    assert done.code == 1
    assert "Join the room first" in done.err
