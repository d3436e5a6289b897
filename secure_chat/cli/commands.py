"""The commands there are; the module of each is loaded when that one is asked for.

One of them is run, and loading and declaring all would add a third to its start. The one rule: the
command `init-certs` is the function `init_certs` of the module `cli.init_certs`, whose `EXAMPLES`
stand below its help; a command within another, as `handshakes stats`, is the function `stats` of
the module `cli.handshakes_stats`. Of a command that takes words of its own and has others within,
as `invite NAME` and `invite list`, the first word decides; behind `--` it is never a command.
"""

import itertools
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

from secure_chat.errors import UsageError

__all__ = ["ALL", "NAMES", "WITHIN", "Commands", "load", "none_before"]

# In the order of the help.
NAMES: Final = (
    "init-certs",
    "certs",
    "host",
    "invite",
    "moderate",
    "enroll",
    "join",
    "send",
    "get",
    "tail",
    "history",
    "profiles",
    "handshakes",
    "doctor",
    "lab",
)
WITHIN: Final = {
    "certs": (
        "list",
        "issue",
        "show",
        "renew",
        "revoke",
        "check",
        "promote",
        "demote",
        "rotate-ca",
        "crl",
        "export",
        "backup",
        "restore",
    ),
    "handshakes": ("stats", "show", "explain"),
    "invite": ("list", "cancel"),
    "profiles": ("forget",),
}
"""The commands within a command; it also does something of its own without any of them."""

ALL: Final = tuple(
    name for first in NAMES for name in (first, *(f"{first} {n}" for n in WITHIN.get(first, ())))
)
"""Every command by what one types, in the order of the help."""


def load(name: str) -> tuple[Callable[..., None], str]:
    """Return a command's function and its examples.

    Args:
        name: one of `ALL`.
    """
    words = name.replace("-", "_").split()
    module = import_module(f"secure_chat.cli.{'_'.join(words)}")
    return getattr(module, words[-1]), module.EXAMPLES


def none_before(ctx: typer.Context) -> None:
    """Refuse options before a command within another, which would be lost.

    Args:
        ctx: of the command that it stands behind.

    Raises:
        UsageError: there are some.
    """
    for name in ctx.params:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"options belong behind `{ctx.invoked_subcommand}`",
                hint=f"securechat {ctx.info_name} {ctx.invoked_subcommand} --help shows what it"
                " takes.",
            )


class Commands(TyperGroup):
    """What `securechat` is to typer: a group that knows the names of its commands beforehand."""

    @property
    def takes_words(self) -> bool:
        """Whether it takes words of its own besides the commands within it."""
        return any(param.param_type_name == "argument" for param in self.params)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words; the first one may be a command within, where both are possible."""
        names = WITHIN.get(self.name or "", ())
        if not self.takes_words:
            return super().parse_args(ctx, args)
        if args and args[0] in names:
            ctx._protected_args, ctx.args = args[:1], args[1:]  # noqa: SLF001 - as its own does
            return args[1:]
        for word in itertools.takewhile(lambda word: word != "--", args):
            if word in names:
                # As a word of its own it would be taken for a name.
                ctx.fail(f"{word!r} belongs right behind {self.name!r}, its options behind it.")
        # Options may stand behind the words, as in a command with none within.
        ctx.allow_interspersed_args = True
        super().parse_args(ctx, args)
        if ctx._protected_args:  # noqa: SLF001 - what is left over
            ctx.fail(f"Got unexpected extra argument ({' '.join(ctx._protected_args)})")  # noqa: SLF001
        return []

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(WITHIN.get(self.name or "", NAMES))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, None when there is none; the nearest is then looked for among all."""
        names = self.list_commands(ctx)
        for name in (cmd_name,) if cmd_name in names else names:
            if name not in self.commands:
                self.add_command(_declared(name, self.name if self.name in WITHIN else None))
        return super().get_command(ctx, cmd_name)


def _declared(name: str, within: str | None) -> Any:
    """Return a command as typer runs it.

    Args:
        name: the last word of what one types.
        within: the words before it, None when it is alone.
    """
    function, examples = load(f"{within} {name}" if within else name)
    alone = typer.Typer(name=name, cls=Commands, add_completion=False, rich_markup_mode=None)
    if within is None and name in WITHIN:
        alone.callback(
            invoke_without_command=True, epilog=examples, subcommand_metavar="[COMMAND]..."
        )(function)
    else:
        alone.command(name, epilog=examples)(function)
    command: Any = get_command(alone)
    if isinstance(command, Commands) and command.takes_words:
        command.subcommand_metavar = "| COMMAND ..."
    return command
