"""The commands there are; the module of each is loaded when that one is asked for.

One of them is run, and loading and declaring all would add a third to its start. The one rule: the
command `init-certs` is the function `init_certs` of the module `cli.init_certs`, whose `EXAMPLES`
stand below its help; a command within another, as `handshakes stats`, is the function `stats` of
the module `cli.handshakes_stats`.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["ALL", "NAMES", "WITHIN", "Commands", "load"]

# In the order of the help.
NAMES: Final = (
    "init-certs",
    "host",
    "join",
    "send",
    "tail",
    "history",
    "handshakes",
    "doctor",
    "lab",
)
WITHIN: Final = {"handshakes": ("stats", "show", "explain")}
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


class Commands(TyperGroup):
    """What `securechat` is to typer: a group that knows the names of its commands beforehand."""

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
    return get_command(alone)
