"""A host with a folder of its own that tests may change, and clients of its people."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from secure_chat.client import Client
from secure_chat.client.events import Event
from secure_chat.pki.authority import Authority
from secure_chat.pki.opening import open_authority
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.client.certificates import DAY
from tests.client.hosting import Hosting
from tests.fakes import FakeClock

__all__ = ["Community", "aged_community", "until"]


@dataclass
class Community:
    """The host and what clients of it there are.

    Args:
        certs: the certificates folder.
        data: the clients' data folder.
        hosting: the host.
    """

    certs: Path
    data: Path
    hosting: Hosting
    clients: list[Client] = field(default_factory=list)

    @property
    def vault(self) -> Vault:
        """The certificates folder."""
        return Vault(self.certs)

    @property
    def authority(self) -> Authority:
        """Who issues now."""
        return open_authority(self.vault)

    def now(self) -> float:
        """Return the moment."""
        return self.vault.clock.now()

    def client(self, name: str, *, certs: Path | None = None, live: bool = True) -> Client:
        """Return a person's client, connected."""
        client = Client(
            name,
            at=self.hosting.at,
            certs=certs or self.certs,
            data=self.data,
            live=live,
            remember=False,
        )
        self.clients.append(client)
        client.connect()
        return client

    def elsewhere(self, name: str) -> Vault:
        """Return a person's files as they stand on a computer of their own."""
        folder = self.data.parent / f"{name}-elsewhere"
        (folder / "clients").mkdir(parents=True, mode=0o700)
        for file in ("ca.crt", "community", f"clients/{name}.crt", f"clients/{name}.key"):
            shutil.copy2(self.certs / file, folder / file)
        return Vault(folder)

    def end(self) -> None:
        """Stop everything."""
        for client in self.clients:
            client.close()
        self.hosting.stop()


def aged_community(folder: Path, days: int) -> Community:
    """Return a community whose certificates were made some days ago to live for 90.

    Args:
        folder: where everything goes.
        days: how long ago.
    """
    certs = folder / "certs"
    then = FakeClock(wall=Vault(certs).clock.now() - days * DAY)
    init_certs(Vault(certs, then), InitRequest(clients=("alice", "bob")))
    return Community(certs, folder / "data", Hosting(certs, folder / "host"))


def until(events: Iterator[Event], wanted: Callable[[Event], bool]) -> list[Event]:
    """Return the events up to one that is wanted."""
    seen = []
    for event in events:
        seen.append(event)
        if wanted(event):
            return seen
    raise AssertionError(f"the client ended before that: {seen}")
