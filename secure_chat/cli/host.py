"""`securechat host`: run the host until it is told to stop."""

import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from secure_chat.cli.console import Colour, Console
from secure_chat.cli.options import (
    KEYLOG_WARNING,
    Certs,
    Color,
    Data,
    Json,
    KeyLog,
    PassphraseFile,
    Quiet,
)
from secure_chat.cli.passphrase import passphrase_from

if TYPE_CHECKING:
    from secure_chat.limits import Limits
    from secure_chat.pki.vault import Vault
    from secure_chat.server.announce import Announcement

__all__ = ["EXAMPLES", "host"]

EXAMPLES = """Examples:

  securechat host

  securechat host --data ./data --keep 90d --max-file 2G --keep-files 30d
"""


def host(
    certs: Certs = Path("certs"),
    data: Data = None,
    bind: Annotated[
        str, typer.Option("--bind", help="The address to listen on; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="The port; 0 for a free one.")
    ] = 65_432,
    enroll_port: Annotated[
        int,
        typer.Option(
            "--enroll-port",
            min=0,
            max=65_535,
            help="Where invited people enrol, open while an invitation is; 0 for a free port.",
        ),
    ] = 65_433,
    enroll_bind: Annotated[
        str | None,
        typer.Option("--enroll-bind", help="Its address; --bind by default."),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option("--keep", metavar="AGE", help="Forget messages older than, say, 90d."),
    ] = None,
    max_file: Annotated[
        str | None,
        typer.Option(
            "--max-file", metavar="SIZE", help="The largest file, 500M or 2G. [default: 16G]"
        ),
    ] = None,
    quota_person: Annotated[
        str | None,
        typer.Option(
            "--quota-person", metavar="SIZE", help="All files of one person. [default: 64G]"
        ),
    ] = None,
    quota_host: Annotated[
        str | None,
        typer.Option("--quota-host", metavar="SIZE", help="All files. [default: 256G]"),
    ] = None,
    keep_files: Annotated[
        str | None,
        typer.Option(
            "--keep-files",
            metavar="AGE",
            help="Forget files older than, say, 30d.",
        ),
    ] = None,
    no_files: Annotated[
        bool,
        typer.Option("--no-files", help="Take no more files."),
    ] = False,
    rate: Annotated[
        float,
        typer.Option("--rate", min=0, help="Messages a second a person may send; 0 for no bound."),
    ] = 200,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="I/O threads.")] = 1,
    passphrase_file: PassphraseFile = None,
    keylog: KeyLog = None,
    as_json: Json = False,
    quiet: Quiet = False,
    color: Color = Colour.AUTO,
) -> None:
    """Start the host; Ctrl-C stops it in order.

    It renews certificates and enrols invited people by itself when ca.key is here and can be
    opened: a passphrase is asked for at start, once, and tried for host.key and ca.key. Without
    that people can talk all the same, and the host says so. Who can read the memory of a host
    that has opened ca.key can make anyone a member.
    """
    from secure_chat.folders import data_folder
    from secure_chat.pki.duration import parse_duration
    from secure_chat.pki.vault import Vault
    from secure_chat.server.app import Host, HostSettings

    console, vault = Console(color, quiet), Vault(certs)
    settings = HostSettings(
        certs=certs,
        data=data_folder(data, vault.community()) / "host",
        bind=bind,
        port=port,
        enroll_bind=enroll_bind,
        enroll_port=enroll_port,
        workers=workers,
        keep_seconds=parse_duration(keep).total_seconds() if keep else None,
        keep_files_seconds=parse_duration(keep_files).total_seconds() if keep_files else None,
        passphrase=_asked_now(passphrase_from(passphrase_file), vault),
        keylog=keylog,
        limits=replace(
            _bounds(max_file, quota_person, quota_host, no_files=no_files),
            messages_per_second=rate,
            message_burst=max(1_000, int(rate)),
        ),
    )
    if keylog is not None:
        console.warn(KEYLOG_WARNING.format(keylog))
    running = Host(settings, _json_writer(console) if as_json else _word_writer(console))
    _stop_on_signals(running.stop)
    running.run()


def _bounds(
    max_file: str | None, quota_person: str | None, quota_host: str | None, *, no_files: bool
) -> "Limits":
    """Return the bounds of files as the options say; a file is never larger than a quota."""
    from secure_chat.cli.sizes import parse_size
    from secure_chat.limits import Limits

    usual = Limits()
    host = parse_size(quota_host) if quota_host else usual.host_bytes
    person = min(parse_size(quota_person) if quota_person else usual.person_bytes, host)
    file = min(parse_size(max_file) if max_file else usual.file_bytes, person)
    return replace(usual, file_bytes=0 if no_files else file, person_bytes=person, host_bytes=host)


def _asked_now(
    passphrase: Callable[[], bytes] | None, vault: "Vault"
) -> Callable[[], bytes] | None:
    """Ask for the passphrase before Ctrl-C means an ordered stop, if there is a locked key."""
    from secure_chat.pki.keys import key_is_encrypted

    keys = (vault.host_key, vault.ca_key, vault.previous_ca_key)
    if passphrase is not None and any(key_is_encrypted(key) for key in keys):
        passphrase()
    return passphrase


def _stop_on_signals(stop: Callable[[], None]) -> None:
    def told(number: int, _frame: object) -> None:
        # Whoever says it twice means at once.
        signal.signal(number, signal.SIG_DFL)
        stop()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, told)


def _json_writer(console: Console) -> Callable[["Announcement"], None]:
    def write(announcement: "Announcement") -> None:
        line: dict[str, Any] = {"event": announcement.event}
        line.update(announcement.fields)
        if announcement.event != "ready":
            line["text"] = announcement.words
        console.data_json(line)

    return write


def _word_writer(console: Console) -> Callable[["Announcement"], None]:
    from secure_chat.clock import SystemClock, rfc3339

    def write(announcement: "Announcement") -> None:
        console.talk(f"{rfc3339(SystemClock().now())} {announcement.words}")

    return write
