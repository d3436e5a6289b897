"""What `get` is asked for, and whether its options go together.

Pure but for what stdin and stdout are; used on the main thread before anybody is called.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secure_chat.errors import UsageError

__all__ = ["Wanted", "check", "number_of"]

# The numbers of a log are those of SQLite: 18 digits are always among them.
_NUMBER: Final = re.compile(r"0*[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The options of `get`.

    Args:
        numbers: what to fetch by number.
        all: `--all`.
        mine: `--mine`.
        room: `--room`.
        with_: `--with`.
        author: `--from`.
        stdout: `--stdout`.
        into: `--into` or its variable.
        on_exists: `--on-exists`.
        executable: `--executable`.
        show: `--show`.
        as_json: `--json`.
        no_input: `--no-input`.
        typed: the names of those parameters that were typed.
    """

    numbers: tuple[int, ...] = ()
    all: bool = False
    mine: bool = False
    room: str | None = None
    with_: str | None = None
    author: str | None = None
    stdout: bool = False
    into: Path | None = None
    on_exists: str = "rename"
    executable: bool = False
    show: bool = False
    as_json: bool = False
    no_input: bool = False
    typed: frozenset[str] = frozenset()

    @property
    def lists(self) -> bool:
        """Whether it only asks what there is."""
        return not (self.numbers or self.all or self.stdout)


def number_of(text: str) -> int:
    """Return the number of a message that somebody typed.

    Args:
        text: digits.

    Raises:
        UsageError: it is no such number.
    """
    if not _NUMBER.fullmatch(text):
        raise UsageError(
            f"{text!r} is not the number of a message",
            hint="`securechat get` alone lists what can be fetched, with its numbers.",
        )
    return int(text)


def check(wanted: Wanted) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: they do not.
    """
    for wrong, what, hint in (*_of_choice(wanted), *_of_landing(wanted)):
        if wrong:
            raise UsageError(what, hint=hint)


def _of_choice(wanted: Wanted) -> Iterator[tuple[bool, str, str]]:
    """Yield what may be wrong with what is to be fetched."""
    numbers, narrowed = wanted.numbers, (wanted.room, wanted.with_, wanted.author)
    yield (
        bool(numbers) and wanted.all,
        "numbers and --all exclude each other",
        "Leave one of them out.",
    )
    yield (
        bool(numbers) and any(narrowed),
        "a number says already which file is meant",
        "Leave out --room, --with and --from.",
    )
    yield (
        wanted.room is not None and wanted.with_ is not None,
        "--room and --with exclude each other",
        "Name one of them.",
    )
    yield wanted.mine and not wanted.all, "--mine belongs to --all", "Add --all, or name a number."
    yield (
        wanted.stdout and wanted.all,
        "--stdout is for one file",
        "Name its number, or --from NAME for the newest of a person.",
    )
    yield len(numbers) > 1 and wanted.stdout, "--stdout is for one file", "Name one number."
    yield (
        wanted.stdout and not numbers and wanted.author is None,
        "--stdout needs to know which file",
        "Name its number, or --from NAME for the newest of a person.",
    )


def _of_landing(wanted: Wanted) -> Iterator[tuple[bool, str, str]]:
    """Yield what may be wrong with how it is to land."""
    for name, option in _LANDING.items():
        yield (
            name in wanted.typed and wanted.stdout,
            f"{option} is for what lands in a folder, and --stdout writes into none",
            "Leave one of them out.",
        )
        yield (
            name in wanted.typed and wanted.lists,
            f"{option} is for what is fetched, and nothing is named",
            "Name the numbers, or --all.",
        )
    yield wanted.stdout and wanted.as_json, "--stdout and --json exclude each other", "Choose one."
    yield wanted.show and wanted.as_json, "--show and --json exclude each other", "Choose one."
    yield (
        wanted.stdout and sys.stdout.isatty(),
        "stdout is a terminal, which must not see what a file holds",
        "Pipe it: `securechat get --stdout --from bob | tar t`.",
    )
    yield (
        wanted.show and not sys.stdout.isatty(),
        "pictures are shown at a terminal, and stdout is none",
        "Leave --show out.",
    )
    asked = wanted.on_exists == "ask"
    yield (
        asked and (wanted.no_input or not (sys.stdin.isatty() and sys.stderr.isatty())),
        "there is nobody at a terminal to ask",
        "Choose --on-exists rename, skip or overwrite.",
    )


_LANDING = {
    "into": "--into",
    "on_exists": "--on-exists",
    "executable": "--executable",
    "show": "--show",
}
