"""Where scenarios are played: certificates, two ends, and the journals they leave.

One for a run of the lab, used on one thread. Everything it writes is below one folder: `papers`
has the certificates, `data` the journals as an installation keeps them, so that
`securechat handshakes --data FOLDER/data` reads them like any other.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from secure_chat.clock import SystemClock
from secure_chat.handshakes.journal import read_records
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.lab import ends
from secure_chat.lab.papers import Paper, Papers
from secure_chat.limits import Limits
from secure_chat.net.dialer import Address
from secure_chat.pki.vault import Vault
from secure_chat.tls.context import Contexts, client_contexts, host_contexts

__all__ = ["Stage"]

_DEFAULTS: Final = Limits()


class Stage:
    """What a scenario is given to play with.

    Args:
        folder: where to write; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.papers = Papers(folder / "papers", SystemClock().now())
        self._data = folder / "data"
        self._seen: set[str] = set()

    # --- the real ends --------------------------------------------------------------------------

    def host(
        self, vault: Vault | None = None, limits: Limits = _DEFAULTS
    ) -> AbstractContextManager[Address]:
        """Return the real host, to be used in a `with` statement, which gives its address.

        Args:
            vault: its certificates folder; the community's own unless told otherwise.
            limits: the bounds in force.
        """
        vault = vault or self.papers.ours
        return ends.running_host(vault.folder, self._data / vault.community() / "host", limits)

    def join(self, at: Address, name: str = "alice", dialled: str = ends.LOOPBACK) -> None:
        """Let the real client of a member connect, and leave again if it is let in.

        Args:
            at: the host's address.
            name: who.
            dialled: the name or address that it uses for the host.
        """
        ends.join(self.papers.ours.folder, name, f"{dialled}:{at[1]}", self._data)

    # --- the bare ones --------------------------------------------------------------------------

    def approach(
        self,
        at: Address,
        paper: Paper | None,
        change: Callable[[Contexts], None] = lambda _contexts: None,
    ) -> None:
        """Let a client connect that the real one would not be, because its start-up checks object.

        Args:
            at: the host's address.
            paper: what it shows; None for nothing.
            change: changes its TLS settings before they are used.
        """
        shown = (None, None) if paper is None else (paper.certificate, paper.key)
        contexts = client_contexts(self.papers.ours.ca_crt, *shown)
        change(contexts)
        ends.approach(at, contexts, self._data / self.papers.ours.community() / "clients/stranger")

    def impostor(self, paper: Paper) -> AbstractContextManager[Address]:
        """Return a host for one connection that the real one would not be.

        Args:
            paper: what it shows.
        """
        ours = self.papers.ours
        contexts = host_contexts(ours.ca_crt, paper.certificate, paper.key, ours.crl)
        return ends.impostor(contexts, self._data / "impostor/host")

    # --- what is left of it ---------------------------------------------------------------------

    def records(self) -> list[HandshakeRecord]:
        """Return the records written since the last call, in the order of their beginning."""
        folders = {path.parent for path in self._data.rglob("handshakes*.jsonl")}
        found = [record for folder in folders for record in read_records(folder)]
        fresh = [record for record in found if record.uid not in self._seen]
        self._seen.update(record.uid for record in fresh)
        return sorted(fresh, key=lambda record: record.ts)
