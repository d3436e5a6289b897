"""`securechat get`: list the files that can be fetched, and fetch them."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from secure_chat.cli.clients import Who, connected, make_client
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import (
    As,
    At,
    Certs,
    Color,
    Data,
    Into,
    Json,
    NoInput,
    PassphraseFile,
    Profile,
    Quiet,
)

__all__ = ["EXAMPLES", "Existing", "get"]

EXAMPLES = """Examples:

  securechat get --as bob  ·  securechat get 12 13 --as bob

  securechat get --all --into ~/inbox --as bob
"""


class Existing(StrEnum):
    """What to do when a name is taken."""

    RENAME = "rename"
    SKIP = "skip"
    OVERWRITE = "overwrite"
    ASK = "ask"


def get(
    ctx: typer.Context,
    numbers: Annotated[
        list[str] | None,
        typer.Argument(metavar="NUMBER", help="What to fetch; nothing lists it."),
    ] = None,
    all_: Annotated[
        bool, typer.Option("--all", help="Everything not fetched yet.", show_default=False)
    ] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="One's own too, with --all.", show_default=False)
    ] = False,
    room: Annotated[
        str | None, typer.Option("--room", help="Only this room.", show_default=False)
    ] = None,
    with_: Annotated[
        str | None,
        typer.Option("--with", metavar="NAME", help="Only direct ones.", show_default=False),
    ] = None,
    author: Annotated[
        str | None,
        typer.Option("--from", metavar="NAME", help="Only this person's.", show_default=False),
    ] = None,
    stdout: Annotated[
        bool,
        typer.Option(
            "--stdout", help="Write one, or the newest --from NAME, there.", show_default=False
        ),
    ] = False,
    into: Into = None,
    on_exists: Annotated[
        Existing, typer.Option("--on-exists", help="When the name is taken.")
    ] = Existing.RENAME,
    executable: Annotated[
        bool,
        typer.Option("--executable", help="What was a program stays one.", show_default=False),
    ] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Show pictures here too.", show_default=False)
    ] = False,
    profile: Profile = None,
    as_: As = None,
    at: At = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """List files that can be fetched, or fetch them."""
    from secure_chat.cli.getting import Getting
    from secure_chat.cli.request import Wanted, check, number_of

    wanted = Wanted(
        numbers=tuple(number_of(text) for text in numbers or ()),
        all=all_,
        mine=mine,
        room=room,
        with_=with_,
        author=author,
        stdout=stdout,
        into=into,
        on_exists=on_exists.value,
        executable=executable,
        show=show,
        as_json=as_json,
        no_input=no_input,
        typed=frozenset(name for name in ctx.params if _typed(ctx, name)),
    )
    check(wanted)
    console = Console(color, quiet)
    who = Who(
        profile=profile,
        name=as_,
        at=at,
        certs=certs,
        data=data,
        passphrase_file=passphrase_file,
        no_input=no_input,
    )
    with connected(make_client(who), console, as_json=as_json) as client:
        Getting(client, console, wanted).run()


def _typed(ctx: typer.Context, name: str) -> bool:
    """Tell whether an option was typed, and is no default nor a variable's."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
