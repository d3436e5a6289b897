"""`securechat lab`: every handshake failure made on purpose, with the records both ends wrote.

Everything happens on this computer, in a folder of its own. Plain `securechat lab` is a tour for
people; `lab list` and `lab run` are for looking something up and for checking the program itself.
"""

import shlex
import sys
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Color, Json, NoInput, Quiet
from secure_chat.errors import SecureChatError, UsageError

if TYPE_CHECKING:
    from secure_chat.lab.checking import Outcome
    from secure_chat.lab.pages import Line
    from secure_chat.lab.scenario import Scenario

__all__ = ["EXAMPLES", "lab"]

EXAMPLES: Final = """Examples:

  securechat lab

  securechat lab list

  securechat lab run revoked wrong-name

  securechat lab run --all --json
"""

_WELCOME: Final = """\
This is a tour of {total} handshakes. The first one succeeds, and each of the
others fails in a way of its own. All of them are real: a host and a client
meet on this computer, with certificates that are made now and are worth
nothing afterwards. Each page says what is done, what host and client wrote
down about it, and what it teaches.
"""


def lab(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[list | run NAME...]",
            help="List the scenarios, or play some of them; without either, the tour of all.",
            show_default=False,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Play all scenarios.", show_default=False)
    ] = False,
    keep: Annotated[
        Path | None,
        typer.Option(
            "--keep",
            metavar="DIR",
            help="Leave certificates and journals in this new folder.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    no_input: NoInput = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Make handshakes fail on purpose, to learn from them.

    Each scenario also checks itself; the exit code is 0 only when every record is as expected.
    """
    console = Console(color, quiet)
    action, *names = words or ["tour"]
    if action == "list" and not (names or everything or keep):
        _list(console, as_json=json)
    elif action == "run" and bool(names) != everything:
        _run(console, names, keep, as_json=json)
    elif not (words or everything or json):
        _tour(console, keep, pausing=not no_input)
    else:
        raise UsageError(
            "the lab does not know what to do",
            why="it takes nothing, `list`, `run NAME...` or `run --all`",
            hint="`securechat lab list` shows the names",
        )


def _list(console: Console, *, as_json: bool) -> None:
    from secure_chat.lab.catalogue import SCENARIOS
    from secure_chat.lab.pages import contents

    for scenario in SCENARIOS:
        if as_json:
            console.data_json(
                {
                    "scenario": scenario.name,
                    "title": scenario.title,
                    "story": scenario.story,
                    "refused_by": scenario.refused_by,
                    "lesson": scenario.lesson,
                }
            )
        else:
            _print(console, [contents(scenario)])


def _run(console: Console, names: list[str], keep: Path | None, *, as_json: bool) -> None:
    from secure_chat.lab.catalogue import SCENARIOS, chosen

    show = _show_json if as_json else _show_page
    _play(console, chosen(names) if names else SCENARIOS, keep, show)


def _tour(console: Console, keep: Path | None, *, pausing: bool) -> None:
    from secure_chat.lab.catalogue import SCENARIOS

    console.data(_WELCOME.format(total=len(SCENARIOS)))
    person = pausing and not console.quiet and sys.stdin.isatty() and sys.stdout.isatty()
    go_on = _ask if person else _go_on
    _play(console, SCENARIOS, keep, _show_page, go_on)


def _go_on(_console: Console) -> bool:
    return True


def _ask(console: Console) -> bool:
    """Wait for the person; False when they have seen enough."""
    console.talk("Press Enter for the next one, or q and Enter to stop.")
    answer = sys.stdin.readline()
    # The end of the input is no line at all.
    return answer.endswith("\n") and not answer.lower().startswith("q")


def _play(
    console: Console,
    scenarios: "tuple[Scenario, ...]",
    keep: Path | None,
    show: "Callable[[Console, Outcome, int, int], None]",
    go_on: "Callable[[Console], bool]" = _go_on,
) -> None:
    """Play scenarios, show each, and end with an error when one was not as expected.

    Raises:
        SecureChatError: records were not as expected, or the lab cannot run here.
        UsageError: the folder to keep things in is not empty.
    """
    from secure_chat.lab.running import play

    total, number, failed = len(scenarios), 0, []
    with closing(play(scenarios, keep)) as outcomes:
        for number, outcome in enumerate(outcomes, start=1):
            show(console, outcome, number, total)
            if not outcome.passed:
                failed.append(outcome.scenario.name)
            if number < total and not go_on(console):
                break
    if keep is not None:
        console.talk(f"Certificates and journals are in {keep}; to read the journals:")
        console.talk(f"  securechat handshakes --data {shlex.quote(str(keep / 'data'))}")
    if failed:
        raise SecureChatError(
            f"{len(failed)} of {number} scenarios did not go as expected",
            why=", ".join(failed),
            hint="What differs is said above; with --keep DIR the journals can be looked at.",
        )
    console.talk(f"All {number} went as expected.")


def _show_page(console: Console, outcome: "Outcome", number: int, total: int) -> None:
    from secure_chat.lab.pages import page

    _print(console, page(outcome, number, total))


def _show_json(console: Console, outcome: "Outcome", _number: int, _total: int) -> None:
    line: dict[str, Any] = {
        "scenario": outcome.scenario.name,
        "passed": outcome.passed,
        "expected": outcome.expected,
        "records": outcome.records,
        "differences": outcome.differences,
    }
    console.data_json(line)


def _print(console: Console, lines: "Iterable[Line]") -> None:
    for line in lines:
        console.data(console.paint(line.text, line.style) if line.style else line.text)
