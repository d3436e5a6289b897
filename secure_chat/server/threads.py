"""The threads of a host: started by name, joined by name, and none of them dies in silence.

Owned by the main thread.
"""

import threading
from collections.abc import Callable

from secure_chat.errors import SecureChatError

__all__ = ["Crew"]

_BUG = SecureChatError(
    "a part of the host has stopped",
    why="a bug; the traceback above says where",
    hint="Everything acknowledged is stored. Please report the traceback.",
)


class Crew:
    """Threads that report how they ended.

    Args:
        fail: called on the dying thread with the error that ended it.
    """

    def __init__(self, fail: Callable[[SecureChatError], None]) -> None:
        self._fail = fail
        self._threads: dict[str, threading.Thread] = {}
        self.failed = False

    def start(
        self, name: str, body: Callable[[], None], done: Callable[[], None] | None = None
    ) -> None:
        """Start a thread.

        Args:
            name: what `join` calls it.
            body: what it does.
            done: called on it at its end, however it ended.
        """

        def live() -> None:
            error: SecureChatError | None = _BUG
            try:
                body()
                error = None
            except SecureChatError as known:
                error = known
            finally:
                if error is not None:
                    # Anything else is on its way to the thread's own hook, with its traceback;
                    # a host with a dead part must not pretend to live.
                    self.failed = True
                    self._fail(error)
                if done is not None:
                    done()

        thread = threading.Thread(target=live, name=name)
        self._threads[name] = thread
        thread.start()

    def start_opening(self, name: str, body: Callable[[Callable[[], None]], None]) -> bool:
        """Start a thread that opens something first, and wait until it has.

        Args:
            name: what `join` calls it.
            body: what it does; it calls its argument when everything is open.

        Returns:
            Whether it is open; if not, the thread has ended by an error.
        """
        opened = threading.Event()
        self.start(name, lambda: body(opened.set), done=opened.set)
        opened.wait()
        return not self.failed

    def join(self, name: str) -> None:
        """Wait for the end of a thread, if it was ever started."""
        thread = self._threads.pop(name, None)
        if thread is not None:
            thread.join()
