"""One upload: what is to be read, said and believed, whichever connection carries it.

Pure: facts go in, frames come out; owned by the porter, on its thread. It never sends more than
was granted nor a byte twice on one connection, and never seals what it has not hashed.

The hash is of the bytes from the first one on and runs along with what is sent. An upload that an
earlier run began goes on where the host is, so the bytes before are read and hashed first; after
a lost connection some bytes are sent again that are hashed already.
"""

import hashlib
from enum import Enum, auto
from typing import Final, NamedTuple

from secure_chat.limits import Limits
from secure_chat.wire.messages import Code, Seal, Upload

__all__ = ["Sending", "Stage", "Want"]

# How often in a row, without a byte getting on, the host may lose track before it is given up.
_FAULTS: Final = 3


class Stage(Enum):
    """How far an upload is on the present connection."""

    IDLE = auto()
    ASKED = auto()
    OPEN = auto()
    SEALING = auto()
    DONE = auto()
    FAILED = auto()


class Want(NamedTuple):
    """These bytes are to be read next and handed to `Sending.take`.

    Args:
        at: the first one.
        size: how many.
    """

    at: int
    size: int


class Sending:
    """One upload across all connections.

    Args:
        up: its id.
        size: how many bytes it has; None for a stream.
        limits: `chunk_bytes` and `rehash_bytes` are used.
        within: the upload of the folder's manifest, "" for none.
        ready: how many bytes can be read already; None for all of them.
    """

    def __init__(
        self,
        up: str,
        size: int | None,
        limits: Limits,
        *,
        within: str = "",
        ready: int | None = None,
    ) -> None:
        self.up = up
        self.size = size
        self.chunk_bytes = limits.chunk_bytes
        self.stage = Stage.IDLE
        self.code = ""
        self.why = ""
        self.sha256 = ""
        self.at = 0
        self.upto = 0
        self.oldest = 0
        """The first byte that can still be read; a stream forgets what the host has."""
        self._request = Upload(up, size, within)
        self._limits = limits
        self._ready = (size or 0) if ready is None else ready
        self._hash = hashlib.sha256()
        self._hashed = 0
        self._stalled = False
        self._faults = 0
        self._restarted = False

    @property
    def over(self) -> bool:
        """Whether nothing is to be done any more."""
        return self.stage in {Stage.DONE, Stage.FAILED}

    @property
    def behind(self) -> int:
        """How many bytes must be hashed before sending goes on."""
        return max(0, self.at - self._hashed)

    @property
    def idle(self) -> bool:
        """Whether `begin` is to be said on a connection."""
        if self.stage is not Stage.IDLE or self.behind:
            return False
        return not self._stalled or self._ready > self.at or self._complete

    @property
    def _complete(self) -> bool:
        return self._ready == self.size

    # --- from this end -------------------------------------------------------------------------

    def prepared(self, ready: int) -> None:
        """Note that more bytes can be read: up to `ready`."""
        self._ready = ready

    def ended(self) -> None:
        """Note that a stream has all its bytes."""
        self.size = self._ready

    def want(self, chunks: int = 1) -> Want | None:
        """Return what is to be read now, None when nothing is.

        Args:
            chunks: how many of them may be sent in a row.
        """
        if self.over:
            return None
        if self.behind:
            return Want(self._hashed, min(self.behind, self._limits.rehash_bytes))
        if self.stage is not Stage.OPEN:
            return None
        share = chunks * self.chunk_bytes
        count = min(share, self.upto - self.at, self._ready - self.at)
        return Want(self.at, count) if count > 0 else None

    def take(self, at: int, data: bytes) -> bool:
        """Take in what was wanted.

        Args:
            at: where it begins.
            data: all of it; less means that the file has become shorter.

        Returns:
            Whether they are to be sent; some had only to be hashed.
        """
        fresh = data[self._hashed - at :] if at < self._hashed else data
        self._hash.update(fresh)
        self._hashed += len(fresh)
        if at != self.at:
            return False
        self.at += len(data)
        return True

    def seal(self) -> Seal | None:
        """Return the last frame when all else is said."""
        if self.stage is not Stage.OPEN or self.behind:
            return None
        if not self._complete or self.at != self.size:
            return None
        self.stage = Stage.SEALING
        self.sha256 = self._hash.hexdigest()
        return Seal(self.up, self.size, self.sha256)

    def fail(self, code: str, why: str) -> None:
        """Give up.

        Args:
            code: a word of `wire.messages.Code`, or "" for a fault of this end.
            why: the reason in words.
        """
        if not self.over:
            self.stage, self.code, self.why = Stage.FAILED, code, why

    # --- from the connections ------------------------------------------------------------------

    def begin(self) -> Upload:
        """Ask for a place on a connection; for each new one, and whenever `idle`."""
        self.stage = Stage.ASKED
        self._stalled = False
        return self._request

    def lose(self) -> None:
        """There is no connection any more."""
        if not self.over:
            self.stage = Stage.IDLE

    def placed(self, at: int, upto: int) -> None:
        """The host has so many bytes and lets us go so far."""
        if self.stage is not Stage.ASKED:
            return
        if not self.oldest <= at <= self._ready:
            self.fail(Code.WRONG_OFFSET, "the host goes on where nothing can be read")
            return
        if at > self.at:
            self._faults = 0
        self.stage, self.at, self.upto = Stage.OPEN, at, upto

    def granted(self, upto: int) -> None:
        """The host lets us go further; what was let go before it lost track does not count."""
        if self.stage is Stage.OPEN and upto > self.upto:
            self.upto = upto
            self._faults = 0

    def sealed(self, size: int, sha256: str) -> None:
        """The host has all of it, verified: now, or since an earlier run."""
        if self.stage is Stage.ASKED:
            known = size == self._request.size
        elif self.stage is Stage.SEALING:
            known = (size, sha256) == (self.size, self.sha256)
        else:
            return
        if known:
            self.stage, self.at, self.sha256 = Stage.DONE, size, sha256
        else:
            self.fail(Code.HASH_DIFFERS, "the host has other bytes under this id")

    def refused(self, code: str, text: str) -> None:
        """The host says that something is wrong with it.

        What was on its way then may be refused too; by then another `begin` is said, and only what
        comes behind its answer counts. Only a folder's file may learn that its folder is unknown.

        Args:
            code: a word of `wire.messages.Code`.
            text: one sentence.
        """
        if self.over:
            return
        if code == Code.STALLED:
            self._stalled, self.stage = True, Stage.IDLE
        elif code == Code.HASH_DIFFERS and not self._restarted and not self.oldest:
            self._restart()
        elif code in {Code.WRONG_OFFSET, Code.NO_UPLOAD}:
            self._lost_track(code, text)
        else:
            self.fail(code, text)

    def _lost_track(self, code: str, text: str) -> None:
        if self.stage is Stage.ASKED and not self._request.within:
            # About something that was said before; the answer to the last request still comes.
            return
        self._faults += 1
        if self._faults > _FAULTS:
            self.fail(code, text)
        else:
            self.stage = Stage.IDLE

    def _restart(self) -> None:
        self._restarted = True
        self._hash, self._hashed, self.at = hashlib.sha256(), 0, 0
        self.stage = Stage.IDLE
