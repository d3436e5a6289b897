"""Two computers on one: network namespaces with a cable between them that can be pulled."""

import os
import subprocess
from types import TracebackType
from typing import Self

__all__ = ["HOST_ADDRESS", "Cable", "may_make_namespaces"]

# Addresses that RFC 5737 keeps for examples, so nothing real is ever meant by them.
HOST_ADDRESS = "192.0.2.1"
_CLIENT_ADDRESS = "192.0.2.2"


def may_make_namespaces() -> bool:
    """Tell whether this system lets us make network namespaces."""
    name = f"sc-try-{os.getpid()}"
    if os.name != "posix" or os.geteuid() != 0:
        return False
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False)
    if made.returncode == 0:
        _ip("netns", "delete", name)
    return made.returncode == 0


class Cable:
    """A host's and a client's namespace and the line between them; gone with the `with`."""

    def __init__(self) -> None:
        self._host = f"sc-host-{os.getpid()}"
        self._client = f"sc-client-{os.getpid()}"

    @property
    def at_host(self) -> tuple[str, ...]:
        """What to put before a command that shall run on the host's computer."""
        return ("ip", "netns", "exec", self._host)

    @property
    def at_client(self) -> tuple[str, ...]:
        """What to put before a command that shall run on the client's computer."""
        return ("ip", "netns", "exec", self._client)

    def __enter__(self) -> Self:
        for name in (self._host, self._client):
            _ip("netns", "add", name)
        _ip(
            "-n",
            self._host,
            "link",
            "add",
            "line",
            "type",
            "veth",
            "peer",
            "line",
            "netns",
            self._client,
        )
        for name, address in ((self._host, HOST_ADDRESS), (self._client, _CLIENT_ADDRESS)):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", "line")
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", "line", "up")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in (self._host, self._client):
            _ip("netns", "delete", name)

    def pull(self) -> None:
        """Cut the line; neither end is told."""
        _ip("-n", self._client, "link", "set", "line", "down")

    def plug_in(self) -> None:
        """Let the line work again."""
        _ip("-n", self._client, "link", "set", "line", "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=20)
