"""What the log needs besides being appended to: its index, retention, scrubbing, a look at size.

Owned by the hub's thread, called between rounds. Everything is done in small steps, so that no
step holds up a commit for long.
"""

import math
from contextlib import suppress
from typing import Final

from secure_chat.clock import Clock
from secure_chat.errors import StoreFull
from secure_chat.limits import Limits
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server.announce import Announcer

__all__ = ["Upkeep"]

# A few entries cost nearly as much to index as many, so they wait for company or for a second. A
# search does not wait: it indexes first. While company comes slowly, each step is so small that it
# takes about as long as a commit. Where more than those are behind, one large step costs half.
_SMALL_LEAST: Final = 64
_SMALL_MOST: Final = 512
_INDEX_STEP: Final = 4_096
_INDEX_AGAIN_SECONDS: Final = 0.05
_INDEX_SECONDS: Final = 1.0
# The pieces of the index are merged beside that: a little now and then, which no acknowledgement
# notices, and more with every full step, so that a busy host keeps up.
_MERGE_PAGES: Final = 2
_MERGE_SECONDS: Final = 0.02
_BUSY_MERGE_PAGES: Final = 32
_PRUNE_STEP: Final = 1_000
# What was deleted is overwritten a little at a time; a reader may be in the way meanwhile.
_SCRUB_SECONDS: Final = 0.1
# That is done sooner than this, if nothing is added meanwhile to the index that it goes through.
_PURGE_SECONDS: Final = 10.0
_BUSY_ROUNDS: Final = 64
_LOOK_SECONDS: Final = 60.0


class Upkeep:
    """Looks after the log between rounds.

    Args:
        log: the log, used on the hub's thread.
        announcer: told when the log has grown large.
        limits: the bounds in force.
        clock: the time.
        keep_seconds: how long messages are kept; None for ever.
    """

    def __init__(
        self,
        log: SqliteLog,
        announcer: Announcer,
        limits: Limits,
        clock: Clock,
        keep_seconds: float | None,
    ) -> None:
        self._log = log
        self._announcer = announcer
        self._clock = clock
        self._keep_seconds = keep_seconds
        self._warn_at = limits.log_warning_bytes
        self._next_look = clock.monotonic()
        self._rounds = 0
        # When the entries that wait for company are indexed without it; when there may be room.
        self._index_at = math.inf
        self._index_not_before = clock.monotonic()
        # When a small step may follow the last one.
        self._index_again_at = clock.monotonic()
        # When pieces of the index are merged further.
        self._merge_at = math.inf
        # When what was deleted is overwritten further.
        self._scrub_at = 0.0
        self._pruning = keep_seconds is not None

    def patience(self) -> float:
        """Return how many seconds the hub may sleep when nothing else is to be done."""
        if self._pruning:
            return 0.0
        now = self._clock.monotonic()
        scrub = self._scrub_at if self._log.scrub_due else math.inf
        return max(0.0, min(self._next_look, self._index_due(now), self._merge_at, scrub) - now)

    def look_due(self) -> bool:
        """Tell whether a minute has passed since the last look at what moves slowly."""
        return self._clock.monotonic() >= self._next_look

    def after_round(self, *, idle: bool) -> int | None:
        """Do a step of what is due.

        Args:
            idle: whether the round had nothing to do, so that there is time.

        Returns:
            The oldest sequence number kept when that has changed, else None.
        """
        self._rounds += 1
        if self.look_due():
            self._next_look = self._clock.monotonic() + _LOOK_SECONDS
            self._pruning = self._keep_seconds is not None
            self._look_at_size()
        self._index()
        if idle or self._rounds % _BUSY_ROUNDS == 0:
            self._scrub()
            return self._prune()
        return None

    def index_all(self) -> None:
        """Bring the search index up to the last commit; where there is no room it stays behind."""
        with suppress(StoreFull):
            while self._log.index(_INDEX_STEP):
                # Each search may add a small piece, so these are merged like all others.
                self._index_at = math.inf
                self._merge_at = self._clock.monotonic() + _MERGE_SECONDS

    def _index(self) -> None:
        now = self._clock.monotonic()
        try:
            if now >= self._index_due(now):
                busy = self._log.unindexed >= _INDEX_STEP
                self._log.index(_INDEX_STEP)
                self._index_at = math.inf
                self._index_again_at = now + _INDEX_AGAIN_SECONDS
                if busy:
                    self._log.merge(_BUSY_MERGE_PAGES)
                self._merge_at = now + _MERGE_SECONDS
            elif now >= self._merge_at:
                more = self._log.merge(_MERGE_PAGES)
                self._merge_at = now + _MERGE_SECONDS if more else math.inf
        except StoreFull:
            # The index is only behind; it is tried again when there may be room.
            self._index_not_before = now + _LOOK_SECONDS
            self._merge_at = math.inf

    def _index_due(self, now: float) -> float:
        """Return when the index is to be filled further, on the monotonic clock."""
        behind = self._log.unindexed
        if not behind:
            return math.inf
        if behind >= _INDEX_STEP:
            return max(now, self._index_not_before)
        purging = self._log.purging
        self._index_at = min(self._index_at, now + (_PURGE_SECONDS if purging else _INDEX_SECONDS))
        few = _SMALL_LEAST <= behind <= _SMALL_MOST and not purging
        soon = self._index_again_at if few else math.inf
        return max(min(soon, self._index_at), self._index_not_before)

    def _scrub(self) -> None:
        now = self._clock.monotonic()
        if not self._log.scrub_due or now < self._scrub_at:
            return
        try:
            done = self._log.scrub()
            # Each scrub goes through the index, so those who delete often share one a minute.
            self._scrub_at = now + (_LOOK_SECONDS if done else _SCRUB_SECONDS)
        except StoreFull:
            self._scrub_at = now + _LOOK_SECONDS

    def _prune(self) -> int | None:
        if not self._pruning or self._keep_seconds is None:
            return None
        before = math.floor((self._clock.now() - self._keep_seconds) * 1000)
        try:
            self._pruning = self._log.prune(before, _PRUNE_STEP) > 0
        except StoreFull:
            self._pruning = False
        if not self._pruning:
            return None
        # What is taken out of the index is one more piece of it.
        self._merge_at = min(self._merge_at, self._clock.monotonic() + _MERGE_SECONDS)
        return self._log.floor

    def _look_at_size(self) -> None:
        size = self._log.size()
        if size >= self._warn_at:
            self._announcer.say(
                "log-large",
                f"the log has grown to {size // 1_048_576} MiB; `--keep 90d` would bound it",
                bytes=size,
            )
            while self._warn_at <= size:
                self._warn_at *= 2
