"""The commands there are; the module of each is loaded when that one is asked for.

One of them is run, and loading and declaring all would add a third to its start. The one rule: the
command `init-certs` is the function `init_certs` of the module `cli.init_certs`, whose `EXAMPLES`
stand below its help.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command

__all__ = ["NAMES", "Commands", "load"]

# In the order of the help.
NAMES: Final = ("init-certs", "host", "join", "send", "tail", "history", "handshakes")


def load(name: str) -> tuple[Callable[..., None], str]:
    """Return a command's function and its examples.

    Args:
        name: one of `NAMES`.
    """
    word = name.replace("-", "_")
    module = import_module(f"secure_chat.cli.{word}")
    return getattr(module, word), module.EXAMPLES


class Commands(TyperGroup):
    """What `securechat` is to typer: a group that knows the names of its commands beforehand."""

    def list_commands(self, ctx: object) -> list[str]:
        """Return the names of all commands."""
        del ctx
        return list(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, None when there is none; the nearest is then looked for among all."""
        for name in (cmd_name,) if cmd_name in NAMES else NAMES:
            if name not in self.commands:
                self.add_command(_declared(name))
        return super().get_command(ctx, cmd_name)


def _declared(name: str) -> Any:
    """Return a command as typer runs it."""
    function, examples = load(name)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, epilog=examples)(function)
    return get_command(alone)
