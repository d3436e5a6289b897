"""A host's folders to back up, and archives made by hand."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from secure_chat.server.archive import Archive, Member, write_archive
from secure_chat.server.backup import Backup, backup
from secure_chat.server.restoring import Restored, restore
from tests.fakes import FakeClock

__all__ = ["PASSPHRASE", "Place", "files_in", "unpacked"]

PASSPHRASE = b"correct horse"
NOW = SystemClock().now()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a host is, or is going to be.

    Args:
        folder: below which everything is.
    """

    folder: Path

    @property
    def certs(self) -> Path:
        """The certificates folder."""
        return self.folder / "certs"

    @property
    def vault(self) -> Vault:
        """What is in it."""
        return Vault(self.certs, FakeClock(NOW))

    @property
    def log(self) -> Path:
        """The log."""
        return self.data("") / "log.sqlite"

    def data(self, _community: str) -> Path:
        """Return the host's data folder, of whatever community."""
        return self.folder / "data" / "host"

    def make(self, messages: int = 30) -> "Place":
        """Make certificates, and a log in which alice has said something."""
        init_certs(self.vault, InitRequest())
        self.data("").mkdir(parents=True)
        self.say(messages)
        return self

    def say(self, messages: int) -> None:
        """Let alice say something more."""
        with closing(SqliteLog.open(self.log, FakeClock(NOW), Limits())) as log:
            head = log.head
            log.append(
                [
                    Draft(Kind.SAID, "alice", f"{head}-{n}", "lobby", None, f"{head} {n} said")
                    for n in range(messages)
                ]
            )

    def backup(self, path: Path, *, with_log: bool = True) -> Backup:
        """Back it up."""
        log = self.log if with_log else None
        return backup(self.vault, log, path, PASSPHRASE, now=NOW, by="test")

    def restore(self, path: Path, *, with_log: bool = True) -> Restored:
        """Put a backup here."""
        data: Callable[[str], Path] | None = self.data if with_log else None
        return restore(path, PASSPHRASE, self.certs, data, NOW, "test")

    def head(self) -> int:
        """Return the newest number of the log."""
        with closing(SqliteLog.open(self.log, FakeClock(NOW), Limits())) as log:
            return log.head


def files_in(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder, but for locks."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(("audit.lock", "lock.sqlite"))
    }


def unpacked(path: Path) -> dict[str, bytes]:
    """Return every file of a backup."""
    found: dict[str, bytes] = {}

    def take(member: Member) -> None:
        found[member.name] = member.content.read()

    with Archive(path, PASSPHRASE) as opened:
        opened.read(take)
    return found


def packed(path: Path, files: list[tuple[str, int, bytes]]) -> Path:
    """Make a backup by hand, as somebody can who knows the passphrase."""
    write_archive(path, PASSPHRASE, [Member.of(*one) for one in files])
    return path
