"""A host as one encrypted file, while it runs.

On the thread of the command that asks. The log is copied as it stands at one moment, then the
certificates folder is read under its lock, so no change of it is cut in half and whoever wrote in
the log is known in the registry. `server.restoring` is the way back.
"""

import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from secure_chat.clock import rfc3339
from secure_chat.errors import IdentityError
from secure_chat.log.copying import LogCopy, ToldPages, copied_log
from secure_chat.pki.act import Act
from secure_chat.pki.change import finish_change
from secure_chat.pki.newfile import check_free
from secure_chat.pki.request import check_passphrase
from secure_chat.pki.vault import Vault
from secure_chat.server.archive import Member, write_archive

__all__ = ["BACKED_UP", "CERTS", "LOG", "Backup", "backup", "belongs"]

CERTS: Final = "certs"
LOG: Final = "log.sqlite"
BACKED_UP: Final = "backed-up"
"""The act by which the trail in a backup tells when it was made."""

_FILES: Final = frozenset(
    {
        "audit.jsonl",
        "ca.crt",
        "ca.key",
        "community",
        "crl.pem",
        "host.crt",
        "host.key",
        "previous-ca.key",
    }
)
_FOLDERS: Final = frozenset({"clients", "devices"})
_END: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What was put into a backup.

    Args:
        path: the file.
        size: its bytes.
        files: how many files of the certificates folder are in it.
        authority_key: whether the authority's key is among them.
        head: the newest sequence number of the log in it; None without the log.
    """

    path: Path
    size: int
    files: int
    authority_key: bool
    head: int | None


def backup(  # noqa: PLR0913 - a backup has as many parts
    vault: Vault,
    log: Path | None,
    path: Path,
    passphrase: bytes,
    *,
    now: float,
    by: str,
    progress: ToldPages | None = None,
) -> Backup:
    """Put the certificates folder, and if wanted the log, into one encrypted file.

    Left out are old sets that earlier commands have put aside, and whatever else is not part of a
    certificates folder.

    Args:
        vault: the certificates folder of whoever runs the host.
        log: the log's file; None for a backup without it.
        path: the file to make; nothing may stand there.
        passphrase: what opens it again; text in UTF-8.
        now: seconds since 1970 UTC.
        by: who does it, for the audit trail.
        progress: told the bytes of the log that are copied and how many there are.

    Raises:
        UsageError: the passphrase cannot be used.
        IdentityError: this is no host's certificates folder, or it cannot be read.
        StoreError: the log cannot be read, or the file cannot be written.
    """
    check_passphrase(passphrase)
    check_free(path)
    _check_owned(vault)
    with ExitStack() as leaving:
        copy = None if log is None else leaving.enter_context(copied_log(log, progress))
        with vault.audit.lock():
            finish_change(vault.folder)
            # Before the folder is read: what the backup holds tells of itself.
            vault.audit.append_locked([Act(at=rfc3339(now), act=BACKED_UP, by=by)])
            members = list(_members(vault))
        size = write_archive(path, passphrase, [*members, *_log_member(copy)])
    return Backup(
        path=path,
        size=size,
        files=len(members),
        authority_key=any(member.name == f"{CERTS}/{vault.ca_key.name}" for member in members),
        head=None if copy is None else copy.head,
    )


def belongs(name: PurePosixPath) -> bool:
    """Tell whether a file is part of a certificates folder, by its path in it.

    Args:
        name: relative; the same on every platform.
    """
    parts = name.parts
    if name.is_absolute() or not all(map(_is_plain, parts)):
        return False
    if len(parts) == 1:
        return parts[0] in _FILES
    return len(parts) >= _END and parts[0] in _FOLDERS


def _is_plain(part: str) -> bool:
    """Tell whether a part of a path is a name on every platform and no draft."""
    return not part.startswith(".") and part.isprintable() and not set(part) & set('\\/:*?"<>|')


def _check_owned(vault: Vault) -> None:
    if not vault.audit_file.exists():
        raise IdentityError(
            f"{vault.audit_file} is missing",
            why="only the folder of whoever runs the host has it",
            hint="name that folder with --certs",
        )
    vault.community()


def _members(vault: Vault) -> Iterator[Member]:
    for path in sorted(vault.folder.rglob("*")):
        name = PurePosixPath(path.relative_to(vault.folder).as_posix())
        if belongs(name) and path.is_file():
            mode = stat.S_IMODE(path.stat().st_mode)
            yield Member.of(f"{CERTS}/{name}", mode, vault.read(path))


def _log_member(copy: LogCopy | None) -> Iterator[Member]:
    if copy is not None:
        yield Member(LOG, 0o600, copy.size, copy.file)
