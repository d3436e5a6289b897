"""The parts of one client and how they are wired together, before any of its threads runs.

Used once, on the thread that makes the client. Nothing is connected here and nothing is decided
but which part knows which.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from secure_chat.client.choice import Choice
from secure_chat.client.credentials import Credentials
from secure_chat.client.effects import Mode
from secure_chat.client.keeper import Keeper
from secure_chat.client.line import Line
from secure_chat.client.outlet import Outlet
from secure_chat.client.renewal import Renewal
from secure_chat.client.renewing import Renewing
from secure_chat.client.session import Session
from secure_chat.client.store import store_for
from secure_chat.client.transfer.porter import Porter
from secure_chat.clock import Clock
from secure_chat.handshakes.journal import ACCEPTED, REFUSED, Journal
from secure_chat.limits import Limits
from secure_chat.net.worker import Worker
from secure_chat.pki.keys import Passphrase
from secure_chat.wire.states import Role

__all__ = ["Parts", "make_parts"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a client holds on to.

    Args:
        outlet: where events come out.
        keeper: the body of the disk's thread.
        worker: the body of the connection's thread.
        porter: carries files, on a thread of its own once there are any.
    """

    outlet: Outlet
    keeper: Keeper
    worker: Worker
    porter: Porter


def make_parts(  # noqa: PLR0913 -- what a client is made of, each by name
    choice: Choice,
    folder: Path,
    *,
    history: int,
    live: bool,
    remember: bool,
    passphrase: Passphrase | None,
    keylog: Path | None,
    limits: Limits,
    clock: Clock,
) -> Parts:
    """Make the parts of a client and wire them together.

    Args:
        choice: who to be and where the host is.
        folder: this identity's own data folder.
        history: on a first run, how many earlier messages to show.
        live: False to be given no messages and not to be present.
        remember: False to leave the disk's queue and cursor alone.
        passphrase: asked when the private key is encrypted.
        keylog: where the keys of every connection are written; None for nowhere.
        limits: the bounds in force.
        clock: the time.

    Raises:
        IdentityError: the identity cannot be used.
        StoreError: the data folder or the key log cannot be used.
    """
    # A renewal reads the key again, when nobody is there to be asked.
    unlock = None if passphrase is None else cache(passphrase)
    files = choice.vault.client_files(choice.name, unlock)
    credentials = Credentials(files, unlock, keylog, clock)
    store = store_for(folder, remember=remember)
    memory = store.load()
    outlet = Outlet(limits)
    for _ in memory.unsent:
        outlet.places.acquire(blocking=False)
    journal = Journal(folder / ACCEPTED, folder / REFUSED, limits, clock)

    def to_worker(order: object) -> None:
        line.worker.post(order)

    keeper = Keeper(store, journal, credentials, to_worker, limits)
    jitter: Callable[[], float] = random.SystemRandom().random
    mode = Mode(history, live, None if keylog is None else str(keylog))
    session = Session(limits, memory, mode, jitter)
    renewal = Renewal(files.identity, limits, jitter, clock.now())
    renewing = Renewing(
        session, renewal, keeper.post, outlet.put, limits=limits, clock=clock, live=live
    )
    porter = Porter(to_worker, limits)
    line = Line(session, keeper, outlet, choice.target, credentials, renewing, porter, limits)
    line.worker = Worker(line, credentials, limits, clock, role=Role.CLIENT)
    return Parts(outlet, keeper, line.worker, porter)
