"""How often a certificate may be asked for in vain: by one address, and by all together.

Owned by the enrolment thread; pure, time comes as an argument. A secret cannot be guessed in any
number of tries that a network carries; the bound keeps trying it cheap for the host, and seen.
"""

from collections import deque
from typing import Final

__all__ = ["Attempts"]

_WINDOW_SECONDS: Final = 60.0


class Attempts:
    """The refused requests of the last minute.

    Args:
        per_address: how many one address may have in a minute.
        in_all: how many there may be in a minute.
    """

    def __init__(self, per_address: int, in_all: int) -> None:
        self._per_address = per_address
        self._in_all = in_all
        self._made: deque[tuple[float, str]] = deque()

    def charge(self, address: str, now: float) -> bool:
        """Count a request before it is looked at; False means that it must not be.

        Args:
            address: where it comes from.
            now: seconds on the monotonic clock.
        """
        while self._made and now - self._made[0][0] >= _WINDOW_SECONDS:
            self._made.popleft()
        here = sum(other == address for _, other in self._made)
        if len(self._made) >= self._in_all or here >= self._per_address:
            return False
        self._made.append((now, address))
        return True

    def forgive(self, address: str) -> None:
        """Count a request of this address no longer: it was not in vain."""
        for at in reversed(range(len(self._made))):
            if self._made[at][1] == address:
                del self._made[at]
                return
