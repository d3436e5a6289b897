"""`securechat lab`: what it prints, how it ends, and what it asks."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from secure_chat.cli.lab import EXAMPLES, lab
from secure_chat.errors import SecureChatError
from secure_chat.lab import catalogue
from secure_chat.lab.catalogue import SCENARIOS
from secure_chat.lab.scenario import Expected
from secure_chat.tls.vocabulary import Reason
from tests.cli.processes import Program

ALL = len(SCENARIOS)

app = typer.Typer()
app.command()(lab)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Program]:
    """The program without a host; its temporary files are in a folder that ends empty."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = Program(tmp_path / "certs", tmp_path / "data", "127.0.0.1:9")
    program.environment["TMPDIR"] = str(temporary)
    yield program
    assert list(temporary.iterdir()) == []


def test_all_scenarios_pass_and_are_told_as_json(alone: Program) -> None:
    """One object a line, in order, each with what was expected and the records as written."""
    done = alone.run("lab", "run", "--all", "--json")
    assert (done.code, done.err) == (0, f"All {ALL} went as expected.\n")
    found = done.objects()
    assert [line["scenario"] for line in found] == [scenario.name for scenario in SCENARIOS]
    for line in found:
        assert line.keys() == {"scenario", "passed", "expected", "records", "differences"}
        assert line["passed"] is True
        assert line["differences"] == []
        assert line["expected"].keys() == {"host", "client"}
        wanted = [end for end, facts in line["expected"].items() if facts is not None]
        assert [record["end"] for record in line["records"]] == wanted
    revoked = found[[line["scenario"] for line in found].index("revoked")]
    record, facts = revoked["records"][0], revoked["expected"]["host"]
    assert record["id.resp_h"] == "127.0.0.1"
    assert facts == {
        "established": False,
        "reason": "revoked",
        "verify_code": 23,
        "last_alert": "certificate_revoked",
        "host_certificate": record["cert_chain_fps"][0],
        "client_certificate": record["client_cert_chain_fps"][0],
    }


def test_some_are_played_by_name_as_pages(alone: Program) -> None:
    """Data on stdout without colour, talk on stderr."""
    done = alone.run("lab", "run", "plaintext", "success")
    assert done.code == 0
    assert done.out.startswith("1 of 2: A web browser at the door (plaintext)\n")
    assert "2 of 2: A member is let in (success)\n" in done.out
    assert "\x1b" not in done.out
    assert done.err == "All 2 went as expected.\n"


def test_colour_is_used_where_it_is_wanted(alone: Program) -> None:
    """The words are the same."""
    plain, coloured = (
        alone.run("lab", "run", "garbage", "--color", when).out for when in ("never", "always")
    )
    assert "\x1b[31m" in coloured
    assert "\x1b[32m" in coloured
    assert "\x1b" not in plain


def test_the_list_is_short_and_as_json_long(alone: Program) -> None:
    """Nothing is played for it."""
    lines = alone.run("lab", "list").out.splitlines()
    assert [line.split()[0] for line in lines] == [scenario.name for scenario in SCENARIOS]
    found = alone.run("lab", "list", "--json").objects()
    assert [line["scenario"] for line in found] == [scenario.name for scenario in SCENARIOS]
    assert all(line["title"] and line["story"] and line["lesson"] for line in found)


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("run", "--all", "success"),
        ("list", "success"),
        ("list", "--all"),
        ("--all",),
        ("--json",),
        ("walk",),
        ("run", "sucess"),
    ],
)
def test_a_wrong_call_is_explained(alone: Program, words: tuple[str, ...]) -> None:
    """With exit code 2, before anything is played."""
    done = alone.run("lab", *words)
    assert (done.code, done.out) == (2, "")
    assert "securechat lab list" in done.err


def test_what_is_kept_can_be_listed_like_any_journal(alone: Program, tmp_path: Path) -> None:
    """The command that is named at the end finds the same records."""
    kept = tmp_path / "kept"
    done = alone.run("lab", "run", "success", "member-as-host", "--json", "--keep", str(kept))
    assert f"securechat handshakes --data {kept / 'data'}" in done.err
    shown = {record["uid"] for line in done.objects() for record in line["records"]}
    listed = alone.run("handshakes", "--json", "--data", str(kept / "data")).objects()
    assert {record["uid"] for record in listed} == shown
    assert len(shown) == 4
    again = alone.run("lab", "run", "success", "--keep", str(kept))
    assert again.code == 2
    assert "is not empty" in again.err


def test_without_a_terminal_the_tour_goes_through(alone: Program) -> None:
    """Nobody is asked, and every page is there."""
    done = alone.run("lab")
    assert done.code == 0
    assert done.out.startswith(f"This is a tour of {ALL} handshakes.")
    assert max(map(len, done.out.splitlines())) <= 80
    assert "Press Enter" not in done.out + done.err
    assert f"{ALL} of {ALL}: " in done.out


def test_at_a_terminal_the_tour_waits_for_the_reader(alone: Program) -> None:
    """Enter goes on and q stops; the temporary folder is gone then too."""
    with alone.terminal("lab") as terminal:
        terminal.until(f"1 of {ALL}: ")
        terminal.until("Press Enter")
        terminal.type("\r")
        terminal.until(f"2 of {ALL}: ")
        terminal.until("Press Enter")
        terminal.type("q\r")
        terminal.until("All 2 went as expected.")
        assert terminal.end() == 0
        assert f"3 of {ALL}" not in terminal.seen


def test_an_interrupted_tour_leaves_nothing(alone: Program) -> None:
    """Ctrl-C is for whoever has seen enough, too."""
    with alone.terminal("lab") as terminal:
        terminal.until("Press Enter")
        terminal._process.send_signal(signal.SIGINT)
        assert terminal.end() == 130


def test_no_input_means_no_waiting(alone: Program) -> None:
    """Also at a terminal."""
    with alone.terminal("lab", "--no-input") as terminal:
        terminal.until(f"All {ALL} went as expected.")
        assert terminal.end() == 0
        assert "Press Enter" not in terminal.seen


def test_a_scenario_that_does_not_go_as_expected_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are played all the same, and the exit code is that of an error."""
    first, second, *_ = SCENARIOS
    wrong = replace(first, expected=first.expected._replace(host=Expected(Reason.EXPIRED)))
    monkeypatch.setattr(catalogue, "SCENARIOS", (wrong, second))
    done = CliRunner().invoke(app, ["run", "--all", "--json"])
    assert isinstance(done.exception, SecureChatError)
    assert done.exception.exit_code == 1
    assert str(done.exception) == "1 of 2 scenarios did not go as expected: success"
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["passed"] for line in found] == [False, True]
    fields = {difference["field"]: difference for difference in found[0]["differences"]}
    assert fields["reason"] == {
        "end": "host",
        "field": "reason",
        "expected": "expired",
        "found": "ok",
    }


def test_the_examples_name_scenarios_that_exist() -> None:
    """Somebody will copy them."""
    names = {scenario.name for scenario in SCENARIOS}
    for line in EXAMPLES.splitlines():
        _, run, played = line.partition(" lab run ")
        if run:
            assert {word for word in played.split() if not word.startswith("-")} <= names


def test_keys_of_the_environment_are_not_written(alone: Program, tmp_path: Path) -> None:
    """SSLKEYLOGFILE alone switches nothing on, in no end of the lab."""
    keys = tmp_path / "keys.log"
    alone.environment["SSLKEYLOGFILE"] = str(keys)
    assert alone.run("lab", "run", "success", "stalled").code == 0
    assert not keys.exists()
    assert os.environ.get("SSLKEYLOGFILE") is None
