"""The command `securechat`: runs what was asked for, turns errors into two lines and an exit code.

Whatever not every command needs is imported by those that do, when they run.
"""

import os
import sys
from typing import Annotated

import typer

from secure_chat.cli.commands import Commands
from secure_chat.errors import Exit, SecureChatError

__all__ = ["app", "run"]

app = typer.Typer(
    name="securechat",
    cls=Commands,
    help="Private chat over mutual TLS on a host of your own.",
    epilog=(
        "Examples:\n\n  securechat init-certs\n\n  securechat host\n\n  securechat join --as alice"
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    from secure_chat.cli.version import versions

    for line in versions():
        typer.echo(line)
    raise typer.Exit


@app.callback()
def securechat(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_version,
            is_eager=True,
            help="Show the versions of securechat, Python, OpenSSL and SQLite.",
        ),
    ] = False,
) -> None:
    """Private chat over mutual TLS on a host of your own."""


def run() -> None:
    """Run the command line and exit; the console script calls this."""
    try:
        app()
    except SecureChatError as error:
        if os.environ.get("SECURECHAT_DEBUG") == "1":
            raise
        from secure_chat.cli.console import Console

        Console().fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our stdout went away; a further flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OTHER)
