"""A community in a folder of its own, and the processes of the installed command that use it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from secure_chat.limits import Limits
from secure_chat.log.base import Query
from secure_chat.log.reader import SqliteReader
from secure_chat.pki.vault import Vault
from secure_chat.wire.messages import History
from tests.acceptance.actor import Actor
from tests.cli.processes import Outcome
from tests.server.guest import Guest

__all__ = ["SECURECHAT", "Scene", "Stored", "report", "stored_in"]

SECURECHAT = (str(Path(sys.executable).with_name("securechat")),)


def report(figures: str) -> None:
    """Print what was measured; `pytest -s` shows it."""
    sys.stdout.write(f"{figures}\n")


class Stored(NamedTuple):
    """One message of the log.

    Args:
        author: who said it.
        id: the author's id for it.
        text: what was said.
        room: where.
    """

    author: str
    id: str
    text: str
    room: str | None


class Scene:
    """Starts processes, and ends what is left of them at the end of its `with` statement.

    Args:
        certs: the certificates folder.
        data: the data folder.
        address: where the host listens; port 0 for a free one, kept from its first start on.
    """

    def __init__(
        self, certs: Path, data: Path, address: tuple[str, int] = ("127.0.0.1", 0)
    ) -> None:
        self.certs = certs
        self.data = data
        self.address = address
        self.actors: list[Actor] = []
        self.environment = os.environ | {"PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "TZ": "UTC"}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for actor in reversed(self.actors):
            actor.kill()

    @property
    def host_data(self) -> Path:
        """The host's own folder."""
        return self.data / Vault(self.certs).community() / "host"

    def start(self, command: Sequence[str], *, deaf: bool = False) -> Actor:
        """Start any command."""
        actor = Actor(command, self.environment, deaf=deaf)
        self.actors.append(actor)
        return actor

    def host(self, *options: str, before: Sequence[str] = (), program: Sequence[str] = ()) -> Actor:
        """Start the host and wait until it is ready.

        Args:
            options: further options.
            before: a command that runs it, such as `ip netns exec NAME`.
            program: what to run instead of the installed command.
        """
        bind, port = self.address
        words = ["host", "--json", "--bind", bind, "--port", str(port), *self._folders(), *options]
        host = self.start([*before, *(program or SECURECHAT), *words])
        ready = host.event("ready").event
        self.address = (bind, int(str(ready["address"]).rpartition(":")[2]))
        return host

    def client(
        self, name: str, *options: str, before: Sequence[str] = (), deaf: bool = False
    ) -> Actor:
        """Start a person's client; wait for its event `connected`."""
        target = f"{self.address[0]}:{self.address[1]}"
        words = ["join", target, "--json", "--as", name, *self._folders(), *options]
        return self.start([*before, *SECURECHAT, *words], deaf=deaf)

    def guest(self, name: str) -> Guest:
        """Connect as a person, without a process."""
        return Guest(self.address, self.certs, name)

    def run(self, *words: str, seconds: float = 20.0) -> Outcome:
        """Run a command to its end."""
        done = subprocess.run(
            [*SECURECHAT, *words, *self._folders()],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    def _folders(self) -> tuple[str, ...]:
        return ("--certs", str(self.certs), "--data", str(self.data))

    def records(self) -> list[dict[str, Any]]:
        """Return the host's journal, accepted and refused, in the order of time."""
        found: list[dict[str, Any]] = []
        for path in self.host_data.glob("handshakes*.jsonl*"):
            found += [json.loads(line) for line in path.read_text().splitlines()]
        return sorted(found, key=lambda record: str(record["ts"]))

    def stored(self, *rooms: str) -> dict[int, Stored]:
        """Return every message of some rooms by its number."""
        return stored_in(self.host_data / "log.sqlite", *(rooms or ("lobby",)))


def stored_in(path: Path, *rooms: str) -> dict[int, Stored]:
    """Return every message of some rooms by its number, from a log that nobody writes."""
    reader = SqliteReader.open(path, Limits())
    found: dict[int, Stored] = {}
    after, more = 0, True
    while more:
        page = reader.history(Query("nobody", rooms, History(re=0, after=after, limit=1_000)))
        for said in page.messages:
            found[said.seq] = Stored(said.author, said.id, said.text, said.room)
            after = said.seq
        more = page.more
    reader.close()
    return found
