"""A short conversation over one link, as steps: each says what the socket must be ready for.

A step runs on the thread that owns the link. That thread takes the steps of many conversations in
its selector, or those of one with `take_alone`, under one deadline for all of it. A step never
waits by itself.
"""

from collections import deque
from collections.abc import Generator
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import Final, TypeAlias, TypeVar

from secure_chat.clock import Clock
from secure_chat.tls.link import Link, Want
from secure_chat.wire.framing import FrameReader

__all__ = ["INTEREST", "Exchange", "Steps", "take_alone"]

Result = TypeVar("Result")

Steps: TypeAlias = Generator[Want, None, Result]
"""Something that takes several turns; each one ends by saying what to wait for."""

INTEREST: Final = {Want.READ: EVENT_READ, Want.WRITE: EVENT_WRITE}
"""What a selector is asked to wait for."""

_WRITE_BYTES: Final = 16_384


class Exchange:
    """Frames both ways over one link.

    Args:
        link: new; its owner closes it in the end.
        most: the longest body of a frame that is accepted, in bytes.
    """

    def __init__(self, link: Link, most: int) -> None:
        self.link = link
        self._reader = FrameReader(most)
        self._bodies: deque[bytes] = deque()

    def shake(self) -> Steps[None]:
        """Do the handshake.

        Raises:
            LinkFailed: it failed.
        """
        while (want := self.link.handshake()) is not None:
            yield want

    def say(self, frame: bytes) -> Steps[None]:
        """Send a frame.

        Raises:
            LinkFailed: the line was cut.
        """
        left = memoryview(frame)
        while left:
            written = self.link.write(left[:_WRITE_BYTES])
            if isinstance(written, Want):
                yield written
            else:
                left = left[written:]

    def hear(self) -> Steps[bytes]:
        """Return the body of the next frame, b"" when the other end has closed in order.

        Raises:
            LinkFailed: the line was cut, or the other end sent an alert.
            RemoteProtocolError: its length cannot be one; nothing after it can be heard.
        """
        while not self._bodies:
            data = self.link.read()
            if isinstance(data, Want):
                yield data
            elif not data:
                return b""
            else:
                self._bodies.extend(map(bytes, self._reader.feed(data)))
        return self._bodies.popleft()

    def part(self) -> Steps[None]:
        """Say farewell, then drop what still comes, so that no reset overtakes what was said last.

        It ends when the other end has closed too; whoever will not wait so long closes the link.
        """
        while (want := self.link.shut()) is not None:
            yield want
        self.link.finish_sending()
        while not self.link.discard():
            yield Want.READ


def take_alone(steps: Steps[Result], link: Link, deadline: float, clock: Clock) -> Result:
    """Take all steps of one conversation, waiting for its socket in between.

    Args:
        steps: of a conversation over `link`.
        link: owned by this thread.
        deadline: seconds on the monotonic clock, for all steps together.
        clock: the time.

    Raises:
        TimeoutError: the deadline has passed.
    """
    with DefaultSelector() as selector:
        while True:
            try:
                want = next(steps)
            except StopIteration as end:
                done: Result = end.value
                return done
            selector.register(link, INTEREST[want])
            left = deadline - clock.monotonic()
            if left <= 0 or not selector.select(left):
                raise TimeoutError("no answer in time")
            selector.unregister(link)
