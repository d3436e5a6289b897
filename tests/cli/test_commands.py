"""The commands are known by name and loaded when they are asked for."""

import pytest
from typer.testing import CliRunner

from secure_chat.cli.commands import NAMES, load
from secure_chat.cli.main import app


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_its_function_and_its_examples(name: str) -> None:
    """By the one rule that there is."""
    function, examples = load(name)
    assert function.__name__ == name.replace("-", "_")
    assert examples.startswith("Examples:\n")


def test_the_list_has_every_command_in_order() -> None:
    """The help of the program is made of the help of its commands."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "80"}).output
    words = [line.split(maxsplit=1) for line in shown.partition("Commands:")[2].splitlines()]
    listed = [(word[0], word[1]) for word in words if len(word) > 1 and word[0] in NAMES]
    assert [name for name, _ in listed] == list(NAMES)
    for name, text in listed:
        assert (load(name)[0].__doc__ or "").startswith(text)


@pytest.mark.parametrize(
    ("word", "told"), [("sned", "Did you mean 'send'"), ("zzz", "No such command 'zzz'")]
)
def test_a_word_that_is_no_command_is_refused(word: str, told: str) -> None:
    """And the nearest one is named, though none was loaded before."""
    refused = CliRunner().invoke(app, [word])
    assert refused.exit_code == 2
    assert told in refused.output
