"""The client as a library: connect, say, listen, ask; everything a window or a script needs.

`Client` may be used from any thread but for its events, which one thread consumes. It starts two
threads, the worker that owns the connection and the keeper that owns the disk, and with the first
file a third one, the porter; it never prints and never exits.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from secure_chat.client.asking import Asking
from secure_chat.client.choice import Ask, Wanted, choose, client_folder
from secure_chat.client.effects import Dial
from secure_chat.client.events import Event, Expiring, Message, Refused
from secure_chat.client.orders import Leaving, Relieved
from secure_chat.client.parts import make_parts
from secure_chat.client.saying import Saying
from secure_chat.clock import Clock, SystemClock
from secure_chat.errors import SecureChatError
from secure_chat.limits import Limits
from secure_chat.pki.keys import Passphrase
from secure_chat.pki.vault import Vault

if TYPE_CHECKING:
    from secure_chat.client.transfer.files import Files

__all__ = ["Client"]

_BUG = SecureChatError(
    "a part of the client has stopped",
    why="a bug; the traceback above says where",
    hint="What is unsent is on the disk. Please report the traceback.",
)


class Client(Saying):
    """One person's client.

    Use it in a `with` statement, which connects and, at its end, waits a moment for what is not
    acknowledged yet and leaves; or call `connect` and `close`. The first client of an identity
    keeps its queue and cursor on the disk; further ones, while it runs, keep them in memory.

    Args:
        name: who to be; None for the only identity in `certs`, or else the only profile.
        at: the host, `HOST[:PORT]`; None for the profile's, or this computer.
        profile: the label of the profile to use; it comes before a name.
        certs: the folder with the certificates.
        data: replaces the platform's folder for user data.
        history: on a first run, how many earlier messages to show.
        live: False to be given no messages and not to be present.
        remember: False to leave the disk's queue and cursor alone.
        passphrase: asked when the private key is encrypted.
        ask: asks a person which identity to take when there are several.
        keylog: where the keys of every connection are written, for packet readers; whoever can
            read the file can read everything said. None for nowhere.
        limits: the bounds in force.
        clock: the time.

    Raises:
        IdentityError: there is no usable identity.
        StoreError: the data folder or the key log cannot be used.
        UsageError: `at` is no address.
    """

    def __init__(  # noqa: PLR0913 -- the one door of the library, all with defaults
        self,
        name: str | None = None,
        *,
        at: str | None = None,
        profile: str | None = None,
        certs: Path | str = "certs",
        data: Path | str | None = None,
        history: int = 0,
        live: bool = True,
        remember: bool = True,
        passphrase: Passphrase | None = None,
        ask: Ask | None = None,
        keylog: Path | None = None,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        limits = limits or Limits()
        clock = clock or SystemClock()
        wanted = Wanted(profile=profile, name=name, at=at)
        choice = choose(Vault(Path(certs), clock), wanted, ask=ask)
        community = choice.vault.community()
        self.live = live
        folder = client_folder(None if data is None else Path(data), community, choice.name)
        self.folder = folder
        parts = make_parts(
            choice,
            folder,
            history=history,
            live=live,
            remember=remember,
            passphrase=passphrase,
            keylog=keylog,
            limits=limits,
            clock=clock,
        )
        super().__init__(choice.name, parts.keeper.post, parts.outlet, limits)
        self._keeper, self._worker, self._porter = parts.keeper, parts.worker, parts.porter
        self._threads = (
            _thread("client-keeper", self._keeper.run, self._died),
            _thread("client-worker", self._worker.run, self._died),
        )
        self._started = False
        self._closed = False
        self.ask = Asking(parts.keeper.post, parts.outlet, limits)
        self._where = folder / "transfers", clock, community

    @cached_property
    def files(self) -> "Files":
        """What it can do with files."""
        from secure_chat.client.transfer.files import Files  # only here: many send no file
        from secure_chat.client.transfer.journal import Journal

        folder, clock, community = self._where
        journal = Journal(folder, self._limits, clock)
        return Files(self._porter, self, self.ask, journal, community, self._limits)

    # --- beginning and end ---------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(patience=self._limits.stop_seconds if kind is None else 0.0)

    def connect(self) -> None:
        """Start the threads and wait for the host's welcome.

        Raises:
            HostUnreachable: nothing answers.
            HostNotTrusted: something answers that is not our host.
            HostRefused: our host does not let us in.
        """
        self._started = True
        for thread in self._threads:
            thread.start()
        self._worker.post(Dial(0.0))
        with ExitStack() as undo:
            # Ctrl-C while waiting must not leave the threads behind.
            undo.callback(self.close)
            self._outlet.decided.wait()
            undo.pop_all()
        if self._outlet.error is not None:
            self.close()
            raise self._outlet.error

    def finish(self) -> None:
        """Leave as soon as all is acknowledged and shown; `events` ends then. Returns at once."""
        self._keeper.post(Leaving(flush=True))

    def close(self, patience: float = 0.0) -> None:
        """Leave; what is not acknowledged stays on the disk for the next run.

        Args:
            patience: seconds to wait for acks before.
        """
        if self._closed:
            return
        self._closed = True
        if not self._started:
            for thread in self._threads:
                thread.start()
        keeper, worker = self._threads
        if patience:
            self._keeper.post(Leaving(flush=True))
            worker.join(patience)
        self._keeper.post(Leaving(flush=False))
        worker.join()
        self._porter.end(self._outlet.error)
        self._porter.join()
        self._keeper.stop()
        keeper.join()

    # --- listening -----------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """Yield what happens, in order, until this client ends; one thread consumes them.

        An event counts as shown when the next one is asked for: after a kill, what was not is
        yielded again by the next run.
        """
        outlet = self._outlet
        while True:
            show = outlet.events.get()
            if show is None:
                # Whoever asks again gets the same answer.
                outlet.events.put(None)
                return
            if outlet.holding and outlet.eased:
                self._worker.post(Relieved())
            yield show.event
            if show.cursor is not None:
                self._keeper.shown(show.cursor)

    def messages(self) -> Iterator[Message]:
        """Yield what is said, and nothing else, until this client ends.

        Raises:
            HostRefused: the host keeps us out from now on.
            HostNotTrusted: what answers now is not our host.
        """
        for event in self.events():
            if isinstance(event, Message):
                yield event
            elif isinstance(event, Refused):
                raise event.error

    @property
    def rooms(self) -> tuple[str, ...]:
        """The rooms we were in at the first welcome; events tell what changes."""
        return self._outlet.rooms

    @property
    def expiring(self) -> Expiring | None:
        """What was last said of our certificate's end, None as long as it is renewed in time."""
        return self._outlet.expiring

    @property
    def error(self) -> SecureChatError | None:
        """Why this client ended by itself, None when it did not."""
        return self._outlet.error

    # --- inside --------------------------------------------------------------------------------

    def _died(self) -> None:
        """Let nobody wait for a thread that has ended by a bug."""
        self._outlet.error = self._outlet.error or _BUG
        self._outlet.end()
        self._porter.end(self._outlet.error)


def _thread(name: str, body: Callable[[], None], died: Callable[[], None]) -> threading.Thread:
    """Return a thread that reports when it ended by an exception, which its hook prints."""

    def live() -> None:
        ended = False
        try:
            body()
            ended = True
        finally:
            if not ended:
                died()

    return threading.Thread(target=live, name=name, daemon=True)
