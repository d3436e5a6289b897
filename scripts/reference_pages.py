"""Writes what the code knows best: REFERENCE.md and the module map in ARCHITECTURE.md.

Reads the commands, the limits, the exit codes and the module docstrings; `--check` writes nothing
and fails when a page differs from what they say.
"""

import argparse
import ast
import enum
import inspect
import re
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import typer.models

from secure_chat import limits
from secure_chat.cli.commands import ALL, load
from secure_chat.errors import Exit

__all__ = ["ARCHITECTURE", "ENVIRONMENT", "REFERENCE", "architecture", "main", "reference"]

PACKAGE = Path(limits.__file__).parent
REFERENCE = PACKAGE / "REFERENCE.md"
ARCHITECTURE = PACKAGE / "ARCHITECTURE.md"

BEGIN = "<!-- begin of the module map, made by scripts/reference -->"
END = "<!-- end of the module map -->"

HEAD = """# Reference

Every option, variable, exit code and limit. This page is made by `scripts/reference` from the
code itself; what it is all for stands in the [README](../README.md).
"""

EXIT_MEANINGS = {
    Exit.DONE: "done; also a host that was stopped by a signal",
    Exit.OTHER: "any other failure",
    Exit.USAGE: "the command was called wrongly",
    Exit.NO_IDENTITY: "there is no usable certificate or key here",
    Exit.UNREACHABLE: "nothing that speaks securechat answers at the address",
    Exit.NOT_TRUSTED: "something answers and cannot prove to be our host; never tried again",
    Exit.REFUSED: "our host does not let us in; never tried again",
    Exit.INCOMPLETE: "a transfer stopped before its end",
    Exit.UNKNOWN: "no answer came in time; repeating it with the printed `--id` is safe",
    Exit.INTERRUPTED: "interrupted with Ctrl-C",
}

# Those that no option is the twin of.
ENVIRONMENT = {
    "SECURECHAT_DEBUG": "`1` shows an error's traceback instead of its two lines",
    "NO_COLOR": "with any value: no colour, unless `--color always`; pictures become letters",
    "TERM": "`dumb`: no colour, unless `--color always`; also how pictures are shown",
    "COLORTERM": "`truecolor` or `24bit`: pictures have all colours",
    "TERM_PROGRAM": "how pictures are shown: iTerm2, WezTerm, Ghostty and mintty say so here",
    "LC_TERMINAL": "`iTerm2`: pictures are shown as it takes them",
    "KITTY_WINDOW_ID": "with any value: pictures are shown as kitty takes them",
    "WEZTERM_PANE": "with any value: pictures are shown as WezTerm takes them",
    "WT_SESSION": "with any value and no `TERM`: pictures have all colours",
    "TMUX": "with any value: pictures are shown as coloured cells",
    "STY": "with any value: pictures are shown as coloured cells, in 256 colours",
    "ZELLIJ": "with any value: pictures are shown as coloured cells",
}

_WORDS: dict[type, str] = {Path: "PATH", int: "NUMBER", float: "NUMBER", str: "TEXT"}


def reference() -> str:
    """Return REFERENCE.md as the code has it."""
    parts = (HEAD, *_commands(), _exit_codes(), _environment(), *_limits())
    return "\n".join(parts)


def architecture(page: str) -> str:
    """Return ARCHITECTURE.md with the module map as the code has it.

    Args:
        page: as it is.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit("ARCHITECTURE.md has lost the marks of its module map")
    return before + "\n".join((BEGIN, "", *_modules(), END)) + after


# --- commands ------------------------------------------------------------------------------


def _commands() -> Iterator[str]:
    yield "## Commands\n"
    yield "An option with a variable takes its default from there. `--help` says the same."
    for name in ALL:
        function, examples = load(name)
        yield f"\n### `securechat {name}`\n"
        yield inspect.cleandoc(function.__doc__ or "")
        yield ""
        yield "| option | what it does | default | variable |"
        yield "|---|---|---|---|"
        yield from map(_row, _parameters(function))
        yield "\n```sh"
        yield from _examples(examples)
        yield "```"
    yield ""


def _examples(text: str) -> Iterator[str]:
    for line in re.split(r"\n|  ·", text.partition("Examples:")[2]):
        if line.strip():
            yield line.strip()


def _parameters(
    function: Callable[..., Any],
) -> Iterator[tuple[typer.models.ParameterInfo, object, object]]:
    """Yield what each parameter of a command is declared as, with its kind and its default."""
    hints = typing.get_type_hints(function, include_extras=True)
    for parameter in inspect.signature(function).parameters.values():
        # A command with others within it is also told which of them was asked for.
        if hints[parameter.name] is not typer.Context:
            kind, declared = typing.get_args(hints[parameter.name])
            yield declared, kind, parameter.default


def _row(parameter: tuple[typer.models.ParameterInfo, object, object]) -> str:
    declared, kind, default = parameter
    # A default that the command works out by itself stands in its help text.
    text, _, worked_out = (declared.help or "").partition(" [default: ")
    shown = worked_out.removesuffix("]") or _default(default)
    return _cells(_name(declared, kind), text, shown, _variable(declared))


def _cells(*cells: str) -> str:
    escaped = (cell.replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _name(declared: typer.models.ParameterInfo, kind: object) -> str:
    value = declared.metavar or _value(kind)
    if isinstance(declared, typer.models.ArgumentInfo):
        return f"`{value}`"
    names = ", ".join(_options(declared))
    return f"`{names} {value}`" if value else f"`{names}`"


def _options(declared: typer.models.ParameterInfo) -> list[str]:
    """Return an option's names; inside `Annotated` typer keeps the first one as a default."""
    return [str(declared.default), *(declared.param_decls or ())]


def _value(kind: object) -> str:
    """Return what stands behind an option, "" for a flag."""
    kinds = typing.get_args(kind) or (kind,)
    if isinstance(kinds[0], type) and issubclass(kinds[0], enum.Enum):
        return "|".join(str(item.value) for item in kinds[0])
    return "" if kinds[0] is bool else _WORDS[kinds[0]]


def _default(default: object) -> str:
    if default is None or default is False or default == "":
        return ""
    if default is inspect.Parameter.empty:
        return ""
    value = getattr(default, "value", default)
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _variable(declared: typer.models.ParameterInfo) -> str:
    return f"`{declared.envvar}`" if declared.envvar else ""


# --- exit codes, variables, limits ---------------------------------------------------------


def _exit_codes() -> str:
    rows = (_cells(str(int(code)), EXIT_MEANINGS[code]) for code in Exit)
    return "\n".join(("## Exit codes\n", "| code | meaning |", "|---|---|", *rows, ""))


def _environment() -> str:
    twins: dict[str, str] = {}
    for name in ALL:
        function, _ = load(name)
        for declared, _, _ in _parameters(function):
            if isinstance(declared.envvar, str):
                twins[declared.envvar] = f"the same as `{_options(declared)[0]}`, which wins"
    rows = (_cells(f"`{name}`", text) for name, text in sorted((twins | ENVIRONMENT).items()))
    head = ("## Environment variables\n", "| variable | meaning |", "|---|---|")
    return "\n".join((*head, *rows, ""))


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield "Every cap and every time-out has a name, and what happens there is decided. The Python"
    yield "API takes others as `Client(limits=Limits(...))`; `securechat host --rate` sets"
    yield "`messages_per_second`, and a `message_burst` that is not below it."
    groups = _groups()
    for field in fields(limits.Limits):
        if field.name in groups:
            yield f"\n### {groups[field.name].capitalize()}\n"
            yield "| name | default | unit | what happens there |"
            yield "|---|---|---|---|"
        told = field.metadata
        yield _cells(f"`{field.name}`", f"{field.default:,}", told["unit"], told["at"])
    yield ""


def _groups() -> dict[str, str]:
    """Return the comments in the class of all limits, by the name of the limit behind each."""
    source = inspect.getsource(limits.Limits)
    return {name: text for text, name in re.findall(r"\n    # (.+)\n    (\w+):", source)}


# --- modules -------------------------------------------------------------------------------


def _modules() -> Iterator[str]:
    """Yield every module with the first line of its docstring, folder by folder."""
    folders = sorted({path.parent for path in PACKAGE.rglob("*.py")})
    for folder in folders:
        name = "" if folder == PACKAGE else f"{folder.relative_to(PACKAGE).as_posix()}/"
        yield f"**`{name or 'secure_chat/'}`** {_first_line(folder / '__init__.py')}"
        yield ""
        for path in sorted(folder.glob("*.py")):
            if path.name != "__init__.py":
                yield f"- `{name}{path.name}`: {_first_line(path)}"
        yield ""


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]


# --- the command ---------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Write the pages, or check them; returns the exit code.

    Args:
        arguments: of the command line.
    """
    parser = argparse.ArgumentParser(prog="scripts/reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail on a difference")
    check = parser.parse_args(arguments).check
    old = ARCHITECTURE.read_text(encoding="utf-8")
    pages = {REFERENCE: reference(), ARCHITECTURE: architecture(old)}
    stale = [path for path, text in pages.items() if not _is(path, text)]
    for path in stale:
        if check:
            print(f"{path.name} is not what the code says; run scripts/reference", file=sys.stderr)
        else:
            path.write_text(pages[path], encoding="utf-8")
            print(f"wrote {path.name}")
    return 1 if check and stale else 0


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
