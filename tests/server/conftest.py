"""A live host in this process: real sockets, real files, its own threads."""

import json
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.server.announce import Announcement
from secure_chat.server.app import Host, HostSettings
from tests.server.guest import Guest

__all__ = ["LiveHost", "revoke_elsewhere"]

_REVOKE = """
import sys, time
from pathlib import Path
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke
from secure_chat.pki.vault import Vault
vault = Vault(Path(sys.argv[1]))
revoke(vault, open_authority(vault), sys.argv[2], "keyCompromise", time.time(), "test")
"""


def revoke_elsewhere(certs: Path, target: str) -> None:
    """Revoke somebody from another process, as the owner's shell does."""
    subprocess.run([sys.executable, "-c", _REVOKE, str(certs), target], check=True, timeout=60)


class LiveHost:
    """A host on a free port.

    Args:
        certs: the certificates folder.
        data: its data folder.
        limits: the bounds in force.
        settings: further fields of `HostSettings`.
    """

    def __init__(self, certs: Path, data: Path, limits: Limits, **settings: Any) -> None:
        self.certs = certs
        self.data = data
        self.announced: queue.Queue[Announcement] = queue.Queue()
        self.error: SecureChatError | None = None
        given = HostSettings(
            certs=certs, data=data, port=0, enroll_port=0, limits=limits, **settings
        )
        self.host = Host(given, self.announced.put)
        self._thread = threading.Thread(target=self._run)

    def start(self) -> "LiveHost":
        """Start it and wait until it listens."""
        self._thread.start()
        self.ready = self.wait_for("ready")
        host, _, port = str(self.ready.fields["address"]).rpartition(":")
        self.address = (host, int(port))
        return self

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, if nobody has."""
        if self._thread.is_alive():
            self.stop()

    def _run(self) -> None:
        try:
            self.host.run()
        except SecureChatError as error:
            self.error = error
            self.announced.put(Announcement("failed", str(error)))

    def wait_for(self, event: str) -> Announcement:
        """Skip to the next announcement of an event."""
        while True:
            said = self.announced.get(timeout=20)
            if said.event == event:
                return said
            assert said.event != "failed", said.words

    def guest(self, name: str) -> Guest:
        """Connect as a person."""
        return Guest(self.address, self.certs, name)

    def stop(self) -> None:
        """Stop it in order."""
        self.host.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def records(self) -> list[dict[str, Any]]:
        """Return the journal, accepted and refused, in the order of time; call after `stop`."""
        found = []
        for path in self.data.glob("handshakes*.jsonl*"):
            found += [json.loads(line) for line in path.read_text().splitlines()]
        return sorted(found, key=lambda record: str(record["ts"]))


@pytest.fixture
def own(certs: Path, tmp_path: Path) -> Path:
    """A copy of the certificates folder, to be changed."""
    return Path(shutil.copytree(certs, tmp_path / "certs"))


@pytest.fixture
def live(certs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LiveHost]:
    """A running host; `@pytest.mark.parametrize("live", [{...}], indirect=True)` sets limits."""
    changes = getattr(request, "param", {})
    host = LiveHost(certs, tmp_path / "host", replace(Limits(), **changes)).start()
    yield host
    host.stop()
