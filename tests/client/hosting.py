"""A host in this process that can be stopped and started again at the same address."""

import queue
import threading
from pathlib import Path

from secure_chat.limits import Limits
from secure_chat.pki.act import Act
from secure_chat.pki.vault import Vault
from secure_chat.server.announce import Announcement
from secure_chat.server.app import Host, HostSettings

__all__ = ["Hosting", "revoke"]


class Hosting:
    """One host, one data folder, one port.

    Args:
        certs: the certificates folder.
        data: the host's data folder.
        limits: the bounds in force.
    """

    def __init__(self, certs: Path, data: Path, limits: Limits | None = None) -> None:
        self._certs = certs
        self._data = data
        self._limits = limits or Limits()
        self.port = 0
        self._host: Host | None = None
        self._thread: threading.Thread | None = None

    @property
    def at(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> "Hosting":
        """Start it and wait until it listens."""
        said: queue.Queue[Announcement] = queue.Queue()
        settings = HostSettings(
            certs=self._certs, data=self._data, port=self.port, limits=self._limits
        )
        self._host = Host(settings, said.put)
        self._thread = threading.Thread(target=self._host.run, name="host")
        self._thread.start()
        ready = said.get(timeout=20)
        while ready.event != "ready":
            # A warning, of a certificate that ends soon for example.
            ready = said.get(timeout=20)
        self.port = int(str(ready.fields["address"]).rpartition(":")[2])
        return self

    def stop(self) -> None:
        """Stop it in order; a second time does nothing."""
        if self._host is not None and self._thread is not None:
            self._host.stop()
            self._thread.join(20)
            assert not self._thread.is_alive()
        self._host = self._thread = None


def revoke(certs: Path, name: str) -> None:
    """Take a person's certificate back in the registry."""
    vault = Vault(certs)
    identity = vault.client_files(name).identity
    vault.audit.append([Act.of("revoked", identity, at=vault.clock.now(), by="test")])
