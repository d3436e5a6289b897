"""A host that acknowledges before it commits: the durability soak must find it out."""

import time
from collections.abc import Sequence

from secure_chat.cli.main import run
from secure_chat.log.base import Committed, Draft, Outcome
from secure_chat.log.sqlite import SqliteLog

__all__: list[str] = []

_append = SqliteLog.append
_waiting: list[Draft] = []
_last = [0.0]


def _acknowledge_first(self: SqliteLog, drafts: Sequence[Draft]) -> list[Outcome]:
    """Promise numbers now and store what they stand for up to a second later."""
    first = self.head + len(_waiting) + 1
    _waiting.extend(drafts)
    if time.monotonic() - _last[0] > 1.0:
        _last[0] = time.monotonic()
        _append(self, _waiting)
        _waiting.clear()
    now = int(time.time() * 1000)
    return [Committed(first + at, now) for at in range(len(drafts))]


SqliteLog.append = _acknowledge_first  # type: ignore[method-assign] # that is the point
run()
