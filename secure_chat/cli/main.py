"""The command `securechat`: registers the commands, turns errors into two lines and an exit code.

Every command's own imports happen when it runs, so `--version` and `--help` stay fast.
"""

import os
import sys
from typing import Annotated

import typer

from secure_chat.cli import handshakes, history, host, init_certs, join, send, tail
from secure_chat.cli.console import Console
from secure_chat.errors import Exit, SecureChatError

__all__ = ["app", "run"]

app = typer.Typer(
    name="securechat",
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


for _name, _function, _examples in (
    ("init-certs", init_certs.init_certs, init_certs.EXAMPLES),
    ("host", host.host, host.EXAMPLES),
    ("join", join.join, join.EXAMPLES),
    ("send", send.send, send.EXAMPLES),
    ("tail", tail.tail, tail.EXAMPLES),
    ("history", history.history, history.EXAMPLES),
    ("handshakes", handshakes.handshakes, handshakes.EXAMPLES),
):
    app.command(_name, epilog=_examples)(_function)


def run() -> None:
    """Run the command line and exit; the console script calls this."""
    try:
        app()
    except SecureChatError as error:
        if os.environ.get("SECURECHAT_DEBUG") == "1":
            raise
        Console().fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our stdout went away; a further flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OTHER)
