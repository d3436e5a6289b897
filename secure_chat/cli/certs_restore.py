"""`securechat certs restore FILE`: a host out of a backup, where there is none."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from secure_chat.cli.certs_backup import BackupPassphraseFile
from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Data, Json, NoInput, Quiet
from secure_chat.cli.owner import done_by
from secure_chat.errors import UsageError

if TYPE_CHECKING:
    from secure_chat.server.restoring import Restored

__all__ = ["EXAMPLES", "restore"]

EXAMPLES: Final = """Examples:

  securechat certs restore host.backup

  securechat certs restore host.backup --certs elsewhere --without-log
"""


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.", show_default=False)],
    without_log: Annotated[
        bool, typer.Option("--without-log", help="Leave the log out.", show_default=False)
    ] = False,
    backup_passphrase_file: BackupPassphraseFile = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Put a backup back, into a folder where there is nothing yet.

    Nothing is ever overwritten. What was done after the backup is not in it: who was revoked since
    then counts again, until they are revoked again.
    """
    from secure_chat.cli.passphrase import passphrase_from
    from secure_chat.clock import SystemClock
    from secure_chat.folders import data_folder
    from secure_chat.server.restoring import restore as read

    console = Console(color, quiet)
    ask = passphrase_from(backup_passphrase_file, no_input=no_input, of="the backup")
    if ask is None:
        raise UsageError(
            "there is no passphrase for the backup",
            why="nobody can be asked for it",
            hint="Name a file whose first line is the passphrase with --backup-passphrase-file.",
        )
    done = read(
        file,
        ask(),
        certs,
        None if without_log else lambda community: data_folder(data, community) / "host",
        SystemClock().now(),
        done_by("certs restore"),
    )
    if as_json:
        console.data_json(
            {
                "certs": str(done.certs),
                "files": done.files,
                "community": done.community,
                "made": done.made or None,
                "log": None if done.log is None else str(done.log),
            }
        )
    else:
        _tell(done, console)


def _tell(done: "Restored", console: Console) -> None:
    console.talk(f"{done.files} files are in {done.certs} (community {done.community})")
    if done.log is not None:
        console.talk(f"the log is {done.log}")
    since = done.made or "the backup was made"
    console.warn(
        f"what was done after {since} is not known here: who was revoked since then counts again."
        " Revoke them again with `securechat certs revoke` before you start the host."
    )
    if done.log is not None:
        console.warn(
            "what was said after that is lost here, and its numbers are used again: people who have"
            " seen it should be connected when new things are said, or they miss as many of them."
        )
    console.talk("Next: securechat certs list, then securechat host")
