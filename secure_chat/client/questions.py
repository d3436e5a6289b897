"""Questions on their way: which still wait for an answer, and what becomes of them at a loss.

Pure; owned by the client's session, on its worker's thread. Nobody who asked waits for ever: each
question ends in its answer or in a problem with its number.
"""

from secure_chat.client.effects import Request
from secure_chat.client.events import Problem
from secure_chat.wire.messages import Code, Moderate

__all__ = ["Questions"]


class Questions:
    """What one client has asked and not been told yet, in the order it was asked."""

    def __init__(self) -> None:
        self._waiting: dict[int, Request] = {}

    def add(self, request: Request) -> None:
        """Remember a question."""
        self._waiting[request.re] = request

    def answered(self, re: int) -> None:
        """Forget a question that has its answer, or was refused."""
        self._waiting.pop(re, None)

    def again(self) -> list[Request]:
        """Return what is to be asked once more on another connection."""
        return list(self._waiting.values())

    def leave(self) -> list[Problem]:
        """Leave the connection they were asked on for another one.

        Returns:
            A problem for each act that must not be done twice; questions can be asked again.
        """
        acts = [re for re, asked in self._waiting.items() if isinstance(asked, Moderate)]
        return [self._problem(re, _UNKNOWN) for re in acts]

    def lose(self) -> list[Problem]:
        """There is no connection any more; returns a problem for each of them."""
        return [self._problem(re, _LOST) for re in sorted(self._waiting)]

    def _problem(self, re: int, text: str) -> Problem:
        del self._waiting[re]
        return Problem(Code.SILENT, text, re=re)


_LOST = "the connection was lost before the answer"
_UNKNOWN = "the connection was lost before the answer; whether it was done is not known"
