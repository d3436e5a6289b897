"""Cuts a stream of bytes into frames: a length of four bytes, then so many bytes of body.

Owned by one `Connection`, used on whichever thread owns that; it does no input or output. It must
never believe a length before it has judged it, never await a body it would refuse, and never hold
more than one frame and the piece that ended it. A frame that came in pieces is joined once and read
where it is: of a file's chunk each further copy would cost more than all else that is done with it.
"""

from collections.abc import Iterator
from struct import Struct

from secure_chat.errors import RemoteProtocolError
from secure_chat.wire.messages import Code

__all__ = ["PREFIX_BYTES", "FrameReader"]

_PREFIX = Struct(">I")
PREFIX_BYTES = _PREFIX.size


class FrameReader:
    """Takes bytes as they come and gives out the bodies of whole frames.

    Args:
        most: the longest body that is accepted, in bytes, without its prefix.
    """

    __slots__ = ("_held", "_most", "_need", "progress")

    def __init__(self, most: int) -> None:
        self._most = most
        # What came of a frame that is not whole yet, its prefix included.
        self._held = bytearray()
        # How many bytes must be held before looking at them again can tell anything new.
        self._need = PREFIX_BYTES
        self.progress = 0

    @property
    def begun(self) -> bool:
        """Tell whether a part of a frame is here and its rest is awaited."""
        return bool(self._held)

    def feed(self, data: bytes | memoryview) -> Iterator[bytes | memoryview]:
        """Give out the body of every frame that `data` completes, in order.

        It is a generator: nothing is taken in unless it is iterated, and it must be iterated to
        its end before the next call. `progress` grows by one for each call that completed a frame.

        Args:
            data: what arrived, of any length, cut anywhere; the bodies of a view are views.

        Raises:
            RemoteProtocolError: a length is zero or above the bound; the frames before it have
                been given out, and nothing after it can be read. Do not call again.
        """
        start, end = 0, len(data)
        if self._held:
            start = self._complete(data)
            if len(self._held) < self._need:
                return
            # The reader is done with it before the next frame, so the view lets go in time.
            whole, self._held = self._held, bytearray()
            yield memoryview(whole)[PREFIX_BYTES:]
        self._need = PREFIX_BYTES
        while end - start >= PREFIX_BYTES:
            (length,) = _PREFIX.unpack_from(data, start)
            if not 0 < length <= self._most:
                raise self._fault(length)
            stop = start + PREFIX_BYTES + length
            if stop > end:
                self._need = stop - start
                break
            yield data[start + PREFIX_BYTES : stop]
            start = stop
        if start:
            self.progress += 1
        self._held += data[start:]

    def _complete(self, data: bytes | memoryview) -> int:
        """Join to the frame that has begun what it lacks, and no byte of what follows.

        Returns:
            How many bytes of `data` that took.
        """
        held = self._held
        taken = self._need - len(held)
        held += data[:taken]
        if self._need == PREFIX_BYTES == len(held):
            (length,) = _PREFIX.unpack(held)
            if not 0 < length <= self._most:
                raise self._fault(length)
            self._need += length
            held += data[taken : taken + length]
            taken += length
        return min(taken, len(data))

    def _fault(self, length: int) -> RemoteProtocolError:
        """Say what is wrong with a length."""
        if length == 0:
            return RemoteProtocolError(Code.PROTOCOL, "a frame of length zero")
        return RemoteProtocolError(
            Code.TOO_BIG, f"a frame of {length} bytes, at most {self._most} are accepted"
        )
