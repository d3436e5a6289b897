"""What tests of single parts of a host stand on: a folder of its own, a clock, an ear."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from secure_chat.clock import SystemClock
from secure_chat.pki.bundle import certificates_in
from secure_chat.pki.csr import make_request
from secure_chat.pki.identity import Identity
from secure_chat.pki.keys import key_from_pem
from secure_chat.pki.profile import read_member
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcement, Announcer
from secure_chat.server.custodian import Custodian
from secure_chat.server.gate import Gate
from secure_chat.server.issuer import Issuer
from secure_chat.server.papers import HostPapers
from secure_chat.server.unlock import Unlock
from tests.fakes import FakeClock

__all__ = ["Office", "Told", "held", "identity_of", "request_of"]


class Told(Announcer):
    """Keeps announcements in order instead of writing them; it needs no thread."""

    def __init__(self) -> None:
        self.all: list[Announcement] = []

    def say(self, event: str, words: str, **fields: object) -> None:
        """Keep it."""
        self.all.append(Announcement(event, words, fields))

    def take(self) -> list[Announcement]:
        """Return what was said since the last time."""
        said, self.all = self.all, []
        return said

    def events(self) -> list[str]:
        """Return the events since the last time."""
        return [said.event for said in self.take()]


class Office:
    """A host's certificates folder with the parts that look after it, and no thread.

    Args:
        folder: the folder, which will be changed.
        passphrase: asked for the keys; None when there is nobody to ask.
    """

    def __init__(self, folder: Path, passphrase: Callable[[], bytes] | None = None) -> None:
        # OpenSSL goes by the computer's own clock.
        self.clock = FakeClock(wall=float(int(SystemClock().now())))
        self.vault = Vault(folder, self.clock)
        self.told = Told()
        self.unlock = Unlock(passphrase)
        self.papers = HostPapers(self.vault, self.unlock)
        self.issuer = Issuer(self.vault, self.unlock)
        self.gate = Gate(self.vault, 0.0)
        self.custodian = Custodian(
            vault=self.vault,
            issuer=self.issuer,
            gate=self.gate,
            papers=self.papers,
            announcer=self.told,
            clock=self.clock,
        )

    def work(self) -> bool:
        """Have the custodian look at everything, with the registry as it is."""
        self.custodian.hurry()
        return self.custodian.work(self.vault.registry())


def identity_of(vault: Vault, name: str) -> Identity:
    """Return what a person's certificate in the folder says."""
    (certificate,) = certificates_in(vault.client_crt(name).read_bytes())
    return read_member(certificate.public_bytes(Encoding.DER))


def request_of(vault: Vault, name: str) -> str:
    """Return a request for the key that a person has already."""
    key = vault.client_key(name)
    return make_request(key_from_pem(key.read_bytes(), None, where=str(key)), name)


@contextmanager
def held(vault: Vault) -> Iterator[None]:
    """Hold the folder's lock as another command does."""
    with closing(sqlite3.connect(vault.folder / "audit.lock", isolation_level=None)) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        yield
