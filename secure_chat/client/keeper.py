"""The client's disk thread: keeps what is unsent, the cursor, the journal and the certificate.

Owns the store and the journal, and is the only one that writes the identity's files. Everybody
else posts to it, so that neither the window nor the worker ever waits for a disk. What waits is
written in one transaction, and a message goes on to the worker only when it is on the disk: a
client that is killed has lost nothing it was given. What costs milliseconds, such as reading an
encrypted key, is done here too.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from secure_chat.client.effects import Forget, Outgoing
from secure_chat.client.orders import (
    Ask,
    Compose,
    Composed,
    Hindered,
    Install,
    Leaving,
    Ready,
    Submitted,
    Trouble,
)
from secure_chat.client.store import Store
from secure_chat.errors import IdentityError, StoreError
from secure_chat.handshakes.journal import Journal
from secure_chat.limits import Limits
from secure_chat.net.inbox import Inbox
from secure_chat.net.recording import Evidence, record_of
from secure_chat.pki.identity import Identity
from secure_chat.wire.messages import Join, Leave, Say

__all__ = ["Keeper"]


class _Shown:
    """The cursor has moved; its value is read when the thread gets to it."""


class _Stop:
    """Asks the thread to end."""


_Item: TypeAlias = Outgoing | Forget | Evidence | Ask | Leaving | Compose | Install | _Shown | _Stop


class Files(Protocol):
    """What the keeper asks of `client.credentials`."""

    def newer(self, used: Identity) -> Identity | None:
        """Return the certificate on the disk when it is another one and holds."""

    def request(self) -> str:
        """Return a certificate request, PEM."""

    def install(self, certificate: str, authorities: str, present: Identity) -> Identity:
        """Put a renewed certificate onto the disk."""


class Keeper:
    """One client's disk.

    Args:
        store: the identity's state.
        journal: where handshakes are recorded; None for nowhere.
        files: the identity's files.
        deliver: hands `Submitted`, `Ask`, `Leaving`, `Trouble` and what came of a renewal to the
            worker; from this thread.
        limits: the bounds in force.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal | None,
        files: Files,
        deliver: Callable[[object], None],
        limits: Limits,
    ) -> None:
        self._store = store
        self._journal = journal
        self._files = files
        self._deliver = deliver
        self._inbox: Inbox[_Item] = Inbox(limits.inbox_items)
        self._cursor: int | None = None
        self._told = False
        self._failing = False

    # --- for any thread ------------------------------------------------------------------------

    def post(self, item: Outgoing | Forget | Evidence | Ask | Leaving | Compose | Install) -> None:
        """Have something kept, forgotten, recorded or passed on behind what was said before it."""
        self._inbox.post(item)

    def shown(self, cursor: int) -> None:
        """Note that everything up to here has been shown; the one consumer calls this.

        However many are shown before the thread gets to it, one note waits: the value is written
        before the flag is read here, and the flag is cleared before the value is read there.
        """
        self._cursor = cursor
        if not self._told:
            self._told = True
            self._inbox.post(_Shown())

    def stop(self) -> None:
        """Let `run` return once everything posted before is on the disk."""
        self._inbox.post(_Stop())

    # --- for its own thread --------------------------------------------------------------------

    def run(self) -> None:
        """Keep things until stopped; the thread's body. Closes the store and the journal."""
        try:
            going = True
            while going:
                self._inbox.wait(None)
                going = self._turn(self._inbox.take())
        finally:
            self._store.close()
            if self._journal is not None:
                self._journal.close()
            self._inbox.close()

    def _turn(self, items: list[_Item]) -> bool:
        """Write what waits in one go and pass on what is to be sent; False ends the thread."""
        keep = tuple(item for item in items if isinstance(item, Say | Join | Leave))
        forget = [item.id for item in items if isinstance(item, Forget)]
        if keep or forget or self._told:
            self._save(keep, forget)
        if keep:
            self._deliver(Submitted(keep))
        going = True
        for item in items:
            if isinstance(item, Ask | Leaving):
                self._deliver(item)
            elif isinstance(item, Evidence) and self._journal is not None:
                self._journal.write(record_of(item))
            elif isinstance(item, Compose | Install):
                self._deliver(self._renew(item))
            elif isinstance(item, _Stop):
                going = False
        return going

    def _renew(self, order: Compose | Install) -> Composed | Ready | Hindered:
        """Take one step of a renewal; see `client.renewing`."""
        try:
            if isinstance(order, Install):
                new = self._files.install(order.certificate, order.authorities, order.present)
                return Ready(new)
            newer = self._files.newer(order.present)
            return Composed(self._files.request()) if newer is None else Ready(newer)
        except IdentityError as error:
            return Hindered(error)

    def _save(self, keep: tuple[Outgoing, ...], forget: list[str]) -> None:
        self._told = False
        try:
            self._store.save(keep, forget, self._cursor)
        except StoreError as error:
            # Said once, not for every message, until the disk takes something again.
            if not self._failing:
                self._failing = True
                self._deliver(Trouble(error))
        else:
            self._failing = False
