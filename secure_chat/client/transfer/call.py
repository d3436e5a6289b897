"""One blocking call: what it has begun, what it waits for, and whom it tells how far it is.

Used on the thread of whoever called, which alone waits; the porter goes on meanwhile. Whatever ends
the call, an answer, an error, Ctrl-C or `cancel`, nothing that it began goes on behind its back.
"""

import queue
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeAlias

from secure_chat.client.asking import error_of
from secure_chat.client.events import Acked, Problem
from secure_chat.client.outlet import Slot
from secure_chat.client.transfer.inward import Inward
from secure_chat.client.transfer.outward import Outward
from secure_chat.client.transfer.porter import Porter
from secure_chat.client.transfer.progress import Phase, Progress, Told
from secure_chat.client.transfer.refusals import OutdatedError
from secure_chat.errors import TransferIncomplete
from secure_chat.limits import Limits
from secure_chat.wire.messages import Code

__all__ = ["Call", "Load"]

Load: TypeAlias = Outward | Inward

# What a call with several files under way is said to be busy with: the first of these.
_PHASES = (Phase.SENDING, Phase.RECEIVING, Phase.HASHING, Phase.VERIFYING, Phase.WAITING)


class Call:
    """One call of `Files`; use it in a `with` statement.

    Args:
        porter: carries.
        limits: `progress_seconds` is used.
        told: hears of progress; None for nobody.
        cancel: set by whoever wants the call to end; None for nobody.
        size: how many bytes there are in all; None for a stream.
    """

    def __init__(
        self,
        porter: Porter,
        limits: Limits,
        told: Told | None,
        cancel: threading.Event | None,
        size: int | None,
    ) -> None:
        self.porter = porter
        self.slot: queue.SimpleQueue[Load] = queue.SimpleQueue()
        self.size = size
        self._seconds = limits.progress_seconds
        self._told = told
        self._cancel = cancel
        self._loads: list[Load] = []
        self._passed = 0
        self._last: Progress | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop what is not over, and wait until the porter has let it go."""
        for load in self._loads:
            self.porter.drop(load, forget=load.volatile)
        while any(load.held for load in self._loads) and not self.porter.gone:
            with suppress(queue.Empty):
                self.slot.get(timeout=self._seconds)
        for load in self._loads:
            load.leave()

    def begin(self, load: Load) -> None:
        """Have something carried; `next` returns it once it is over.

        Raises:
            SecureChatError: the client is at its end.
        """
        self.porter.begin(load)
        self._loads.append(load)

    def passed(self, count: int) -> None:
        """Count bytes that need not be carried, because an earlier run has."""
        self._passed += count

    def resize(self, size: int) -> None:
        """Note how many bytes there are in all; those that came before do not count."""
        self.size, self._passed = size, 0

    def next(self) -> Load:
        """Wait until something that was begun is over, or a new upload has got its place.

        Raises:
            SecureChatError: it came to nothing.
            TransferIncomplete: the call was cancelled.
        """
        while True:
            self.tell()
            try:
                load = self.slot.get(timeout=self._seconds)
            except queue.Empty:
                if self.porter.gone and self.porter.ended is not None:
                    raise self.porter.ended from None
                continue
            if load not in self._loads:
                continue  # it was over when its place was told
            if load.over:
                self._loads.remove(load)
                self._passed += load.done if load.counts else 0
            if load.error is not None:
                raise load.error
            return load

    def all(self) -> None:
        """Wait until everything that was begun is over.

        Raises:
            SecureChatError: one of it came to nothing.
        """
        while self._loads:
            self.next()

    def acked(self, outcome: Slot) -> Acked:
        """Wait until what was said is stored for good, through any number of connections.

        Args:
            outcome: from `Saying.post`.

        Raises:
            SecureChatError: the host refused it, or the client has ended.
        """
        while True:
            self.tell()
            try:
                event = outcome.get(timeout=self._seconds)
            except queue.Empty:
                continue
            if isinstance(event, Acked):
                return event
            problem = event if isinstance(event, Problem) else None
            if problem is not None and problem.code in {Code.NO_UPLOAD, Code.ID_CONFLICT}:
                raise OutdatedError(problem.text)
            raise error_of(problem, self.porter.ended)

    def tell(self, phase: Phase | None = None) -> None:
        """Tell how far it is, when that has changed.

        Raises:
            TransferIncomplete: somebody wants the call to end.
            Exception: whatever `told` raises.
        """
        if self._cancel is not None and self._cancel.is_set():
            raise TransferIncomplete(
                "the transfer was stopped", hint="The same command goes on from where it was."
            )
        if self._told is None:
            return
        busy = {load.phase for load in self._loads}
        phase = phase or next((one for one in _PHASES if one in busy), Phase.VERIFYING)
        done = self._passed + sum(load.done for load in self._loads if load.counts)
        progress = Progress(done, self.size, phase)
        if progress != self._last:
            self._last = progress
            self._told(progress)
