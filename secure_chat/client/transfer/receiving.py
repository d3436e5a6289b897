"""One download: what is asked for, what is written and what is believed of it.

Pure: facts go in, frames come out; owned by the porter, on its thread. It never takes more bytes
than it let come nor more than the file has, and never calls a file whole whose hash differs.
"""

import hashlib
from enum import Enum, auto
from typing import TYPE_CHECKING

from secure_chat.limits import Limits
from secure_chat.wire.messages import Code, Fetch, More

if TYPE_CHECKING:
    from hashlib import _Hash

__all__ = ["Receiving", "Stage"]


class Stage(Enum):
    """How far a download is on the present connection."""

    IDLE = auto()
    ASKED = auto()
    COMING = auto()
    DONE = auto()
    FAILED = auto()
    # What is here is not what it should be: it is thrown away and everything asked for again.
    SPOILT = auto()


class Receiving:
    """One download across all connections.

    Args:
        seq: the message.
        up: which file of its folder, "" for the message's own.
        size: how many bytes it must have; None for a stream.
        sha256: their hash by the message or the manifest; "" when only the host's word at the
            end is to be had.
        limits: `transfer_window_bytes` is used.
        again: whether it may be thrown away and fetched once more when it turns out wrong.
        had: the hash of what an earlier run has written; None for nothing.
        at: how many bytes that is.
    """

    def __init__(  # noqa: PLR0913 -- what is known of it from a message, and what is here already
        self,
        seq: int,
        up: str,
        size: int | None,
        sha256: str,
        limits: Limits,
        *,
        again: bool = True,
        had: "_Hash | None" = None,
        at: int = 0,
    ) -> None:
        self.seq = seq
        self.up = up
        self.size = size
        self.sha256 = sha256
        self.stage = Stage.IDLE
        self.code = ""
        self.why = ""
        self.re = 0
        self.at = at
        self._window = limits.transfer_window_bytes
        self._upto = 0
        self._hash = had or hashlib.sha256()
        self._again = again

    @property
    def over(self) -> bool:
        """Whether nothing is to be done any more."""
        return self.stage in {Stage.DONE, Stage.FAILED}

    # --- from this end -------------------------------------------------------------------------

    def begin(self, re: int) -> Fetch:
        """Ask for the rest on a connection; for each new one, and after `rewound`.

        Args:
            re: a number that was never used before, so that nothing old is taken for an answer.
        """
        self.stage, self.re, self._upto = Stage.ASKED, re, self.at + self._window
        return Fetch(re, self.seq, self.up, self.at, self._upto)

    def more(self, written: int) -> More | None:
        """Let more come when enough was written; half a window at a time.

        Args:
            written: how many bytes of the file have been written.
        """
        upto = written + self._window
        if self.stage is not Stage.COMING or upto - self._upto < self._window // 2:
            return None
        self._upto = upto
        return More(self.re, upto)

    def rewound(self) -> None:
        """What was wrong has been thrown away: `begin` from the first byte."""
        self._hash, self.at, self._again = hashlib.sha256(), 0, False
        self.stage = Stage.IDLE

    def fail(self, code: str, why: str) -> None:
        """Give up.

        Args:
            code: a word of `wire.messages.Code`, or "" for a fault of this end.
            why: the reason in words.
        """
        if not self.over:
            self.stage, self.code, self.why = Stage.FAILED, code, why

    # --- from the connections ------------------------------------------------------------------

    def lose(self) -> None:
        """There is no connection any more."""
        if not self.over:
            self.stage = Stage.IDLE

    def sending(self, size: int | None) -> None:
        """The bytes follow; the host says how many the file has in all."""
        if self.stage is not Stage.ASKED:
            return
        if self.size is not None and size is not None and size != self.size:
            self.fail(Code.TOO_LARGE, f"the file was to have {self.size} bytes and has {size}")
            return
        self.stage = Stage.COMING

    def piece(self, at: int, data: bytes) -> bool:
        """Take in the next bytes; True when they are to be written."""
        if self.stage is not Stage.COMING:
            return False
        if at != self.at:
            self.fail(Code.WRONG_OFFSET, "the host left bytes out")
            return False
        end = at + len(data)
        if end > self._upto or (self.size is not None and end > self.size):
            self.fail(Code.TOO_LARGE, "the host sent more bytes than were to come")
            return False
        self._hash.update(data)
        self.at = end
        return True

    def sent(self, size: int, sha256: str) -> None:
        """All bytes were sent: believe it only when both ends and the author agree."""
        if self.stage is not Stage.COMING:
            return
        ours = self._hash.hexdigest()
        known = self.sha256 in {"", ours} and self.size in {None, size}
        if known and (size, sha256) == (self.at, ours):
            self.stage, self.size, self.sha256 = Stage.DONE, size, ours
        else:
            self._spoil(Code.HASH_DIFFERS, "the bytes are not those that were sent")

    def refused(self, code: str, text: str) -> None:
        """The host does not send it, or stops.

        Args:
            code: a word of `wire.messages.Code`.
            text: one sentence.
        """
        if code == Code.WRONG_OFFSET:
            self._spoil(code, text)
        else:
            self.fail(code, text)

    def _spoil(self, code: str, why: str) -> None:
        if self._again and not self.over:
            self.stage = Stage.SPOILT
        else:
            self.fail(code, why)
