"""A live host in this process: real sockets, real files, its own threads."""

import json
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.server.announce import Announcement
from secure_chat.server.app import Host, HostSettings
from tests.server.guest import Guest

__all__ = ["LiveHost"]


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
        given = HostSettings(certs=certs, data=data, port=0, limits=limits, **settings)
        self.host = Host(given, self.announced.put)
        self._thread = threading.Thread(target=self._run)

    def start(self) -> "LiveHost":
        """Start it and wait until it listens."""
        self._thread.start()
        ready = self.wait_for("ready")
        host, _, port = str(ready.fields["address"]).rpartition(":")
        self.address = (host, int(port))
        return self

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
def live(certs: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[LiveHost]:
    """A running host; `@pytest.mark.parametrize("live", [{...}], indirect=True)` sets limits."""
    changes = getattr(request, "param", {})
    host = LiveHost(certs, tmp_path / "host", replace(Limits(), **changes)).start()
    yield host
    host.stop()
