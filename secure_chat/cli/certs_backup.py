"""`securechat certs backup FILE`: a host as one encrypted file, while it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import Certs, Color, Data, Json, NoInput, Quiet
from secure_chat.cli.owner import done_by

if TYPE_CHECKING:
    from secure_chat.server.backup import Backup

__all__ = ["EXAMPLES", "BackupPassphraseFile", "backup"]

EXAMPLES: Final = """Examples:

  securechat certs backup host.backup --with-log

  securechat certs backup host.backup --backup-passphrase-file word.txt

Other programs open it too:

  tar xf host.backup && age -d -i key.age content.tar.age | tar x
"""

BackupPassphraseFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--backup-passphrase-file",
        help="A file whose first line is the passphrase of the backup. [default: ask]",
        show_default=False,
    ),
]


def backup(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file to make.", show_default=False)
    ],
    with_log: Annotated[
        bool,
        typer.Option("--with-log", help="With everything that was said.", show_default=False),
    ] = False,
    backup_passphrase_file: BackupPassphraseFile = None,
    certs: Certs = Path("certs"),
    data: Data = None,
    as_json: Json = False,
    quiet: Quiet = False,
    no_input: NoInput = False,
    color: Color = Colour.AUTO,
) -> None:
    """Back up authority, certificates and, if wanted, the log.

    One file, encrypted with a passphrase of its own; without it nobody opens the file again. The
    host may be running. Keys of people that were made elsewhere are not here, so not in it; nor are
    old sets that earlier commands put aside, nor files that people have sent: copy the folder
    `files` of the host's data for those, while the host is stopped.
    """
    from secure_chat.cli.passphrase import chosen_passphrase
    from secure_chat.cli.progress import Progress
    from secure_chat.folders import data_folder
    from secure_chat.pki.newfile import check_free
    from secure_chat.pki.vault import Vault
    from secure_chat.server.backup import LOG
    from secure_chat.server.backup import backup as write

    console = Console(color, quiet)
    vault = Vault(certs)
    check_free(file)
    log = data_folder(data, vault.community()) / "host" / LOG if with_log else None
    passphrase = chosen_passphrase(
        backup_passphrase_file,
        no_input=no_input,
        of="the backup",
        option="--backup-passphrase-file",
    )
    shown = Progress(console, log.stat().st_size if log is not None and log.exists() else 0)
    read = 0

    def told(done: int, _all: int) -> None:
        nonlocal read
        shown.read(done - read)
        read = done

    try:
        made = write(
            vault,
            log,
            file,
            passphrase,
            now=vault.clock.now(),
            by=done_by("certs backup"),
            progress=told,
        )
    finally:
        shown.clear()
    if as_json:
        console.data_json(
            {
                "file": str(made.path),
                "size": made.size,
                "files": made.files,
                "authority_key": made.authority_key,
                "head": made.head,
            }
        )
    else:
        _tell(made, console)


def _tell(made: "Backup", console: Console) -> None:
    log = "" if made.head is None else f" and the log up to message {made.head}"
    console.talk(f"{made.path}: {made.files} files of certificates{log}, {made.size:,} bytes")
    if not made.authority_key:
        console.warn(
            "ca.key is not here, so it is not in the backup: nothing can be issued from it"
        )
    console.talk("Without its passphrase nobody opens it again, you neither.")
    console.talk(f"To put it back where there is nothing: securechat certs restore {made.path}")
