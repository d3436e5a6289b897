"""Logs of any length, filled and looked after by the host's own code as in a host that is busy.

What a busy host leaves undone it does in the first pause, so a log with a long past has its search
index merged as far as the host ever merges it.
"""

import os
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from scripts.benches.texts import Texts
from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog
from secure_chat.server.announce import Announcer
from secure_chat.server.upkeep import Upkeep

__all__ = ["PEOPLE", "RARE", "ROOMS", "fill", "rest"]

# The rooms everybody is in, and how many people speak in them.
ROOMS: Final = ("lobby", *(f"room-{number}" for number in range(9)))
PEOPLE: Final = 40
# A word that is in so many messages of every log, however long.
RARE: Final = "quokka"
_RARE_TIMES: Final = 20
_SIZE: Final = 128
# Entries a commit, what the calendar says between two commits, and how long the host was at it.
_STEP: Final = 1_000
_STEP_SECONDS: Final = 60.0
_ROUND_SECONDS: Final = 0.02
# Pages of the index that are merged in a row when nobody waits.
_MERGE_PAGES: Final = 1_024
# Of so many messages one goes to a person and not to a room.
_DIRECT: Final = 20


def fill(path: Path, messages: int) -> None:
    """Make a log with an up-to-date search index.

    Args:
        path: the file; it must not be there.
        messages: how many are said in it.
    """
    path.parent.mkdir(parents=True)
    drafts, limits = _drafts(messages), Limits()
    clock = _Past(2 + messages // _STEP)
    log = SqliteLog.open(path, clock, limits)
    nobody = Announcer(lambda _: None, limits.inbox_items)
    upkeep = Upkeep(log, nobody, limits, clock, keep_seconds=None)
    try:
        while batch := list(islice(drafts, _STEP)):
            log.append(batch)
            upkeep.after_round(idle=False)
    finally:
        log.close()
        nobody.close()
    rest(path)


def rest(path: Path) -> None:
    """Do what a host does in a long pause: nothing is left to index or to merge.

    Args:
        path: the log; no host may have it open.
    """
    log = SqliteLog.open(path, SystemClock(), Limits())
    try:
        while log.index(_STEP):
            pass
        while log.merge(_MERGE_PAGES):
            pass
    finally:
        log.close()
    # What the system still has to write would fall into the next measurements.
    os.sync()


class _Past:
    """A clock that is one step further with each commit, and in the present at the end.

    Args:
        steps: how many commits there will be.
    """

    def __init__(self, steps: int) -> None:
        self._begun = time.time() - steps * _STEP_SECONDS
        self._steps = 0

    def now(self) -> float:
        self._steps += 1
        return self._begun + self._steps * _STEP_SECONDS

    def monotonic(self) -> float:
        return self._steps * _ROUND_SECONDS


def _drafts(messages: int) -> Iterator[Draft]:
    chance = random.Random(messages)
    people = [f"p{number}" for number in range(PEOPLE)]
    for number, person in enumerate(people):
        for place in ROOMS:
            yield Draft(Kind.JOINED, person, f"join-{number}-{place}", place, None, "")
    texts = Texts(_SIZE)
    rare_every = max(1, messages // _RARE_TIMES)
    for number in range(messages):
        text = next(texts)
        if number % rare_every == 1:
            text = f"{RARE} {text}"[:_SIZE]
        author, id_ = chance.choice(people), f"{number:032x}"
        if number % _DIRECT == 0:
            yield Draft(Kind.SAID, author, id_, None, chance.choice(people), text)
        else:
            yield Draft(Kind.SAID, author, id_, chance.choice(ROOMS), None, text)
