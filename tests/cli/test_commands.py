"""The commands are known by name and loaded when they are asked for."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from secure_chat.cli.commands import ALL, NAMES, WITHIN, load
from secure_chat.cli.main import app


@pytest.mark.parametrize("name", ALL)
def test_a_name_leads_to_its_function_and_its_examples(name: str) -> None:
    """By the one rule that there is; of a command within another, the last word."""
    function, examples = load(name)
    assert function.__name__ == name.rsplit(maxsplit=1)[-1].replace("-", "_")
    assert examples.startswith("Examples:\n")
    assert f"\n  securechat {name}" in examples


def test_all_are_those_of_the_program_and_those_within_them() -> None:
    """Each behind the one it belongs to."""
    assert [name for name in ALL if " " not in name] == list(NAMES)
    for first, names in WITHIN.items():
        at = ALL.index(first)
        assert ALL[at + 1 : at + 1 + len(names)] == tuple(f"{first} {name}" for name in names)


def test_the_list_has_every_command_in_order() -> None:
    """The help of the program is made of the help of its commands."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    words = [line.split(maxsplit=1) for line in shown.partition("Commands:")[2].splitlines()]
    listed = [(word[0], word[1]) for word in words if len(word) > 1 and word[0] in NAMES]
    assert [name for name, _ in listed] == list(NAMES)
    for name, text in listed:
        assert (load(name)[0].__doc__ or "").startswith(text)


@pytest.mark.parametrize("first", WITHIN)
def test_the_help_of_a_command_lists_those_within_it(first: str) -> None:
    """In order, below its own options."""
    shown = CliRunner().invoke(app, [first, "--help"], env={"COLUMNS": "80"}).output
    rows = shown.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [row.split()[0] for row in rows] == list(WITHIN[first])
    assert "--help" in shown.partition("Commands:\n")[0]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("sned", "Did you mean 'send'"),
        ("zzz", "No such command 'zzz'"),
        ("handshakes stat", "Did you mean 'stats'"),
        ("handshakes send", "No such command 'send'"),
    ],
)
def test_a_word_that_is_no_command_is_refused(words: str, told: str) -> None:
    """And the nearest one is named, though none was loaded before."""
    refused = CliRunner().invoke(app, words.split())
    assert refused.exit_code == 2
    assert told in refused.output


@pytest.mark.parametrize("words", ["invite --json list", "invite carol list", "invite --qr cancel"])
def test_a_command_within_stands_right_behind_its_own(words: str) -> None:
    """Anywhere else it would be taken for a name, and somebody called so be invited."""
    refused = CliRunner().invoke(app, words.split())
    assert refused.exit_code == 2
    assert "belongs right behind 'invite'" in refused.output


def test_a_command_with_words_of_its_own_takes_options_on_both_sides(tmp_path: Path) -> None:
    """The first word decides; what is no command is the command's own word."""
    certs = ["--certs", str(tmp_path)]
    run = CliRunner().invoke
    assert run(app, ["init-certs", *certs]).exit_code == 0
    for words in (["invite", "erin", *certs], ["invite", *certs, "frank", "--expires", "1h"]):
        assert run(app, words).exit_code == 0
    listed = run(app, ["invite", "list", *certs]).output
    assert [line.split()[-1] for line in listed.splitlines()] == ["erin", "frank"]
    assert run(app, ["invite", *certs, "erin", "frank"]).exit_code == 2
    assert run(app, ["invite", *certs]).exit_code == 2


def test_behind_two_dashes_a_word_is_never_a_command(tmp_path: Path) -> None:
    """So somebody may be called like one."""
    certs = ["--certs", str(tmp_path)]
    run = CliRunner().invoke
    assert run(app, ["init-certs", *certs]).exit_code == 0
    assert run(app, ["invite", *certs, "--", "list"]).exit_code == 0
    assert run(app, ["invite", "list", *certs]).output.split()[-1] == "list"
