"""Logs of any length, filled by the host's own code in the steps a busy host takes."""

import os
import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

from scripts.benches.texts import Texts
from secure_chat.limits import Limits
from secure_chat.log.base import Draft, Kind
from secure_chat.log.sqlite import SqliteLog

__all__ = ["PEOPLE", "RARE", "ROOMS", "fill"]

# The rooms everybody is in, and how many people speak in them.
ROOMS: Final = ("lobby", *(f"room-{number}" for number in range(9)))
PEOPLE: Final = 40
# A word that is in so many messages of every log, however long.
RARE: Final = "quokka"
_RARE_TIMES: Final = 20
_SIZE: Final = 128
# Entries a transaction of the log and of its search index.
_STEP: Final = 1_000
_STEP_SECONDS: Final = 60.0
# Of so many messages one goes to a person and not to a room.
_DIRECT: Final = 20


def fill(path: Path, messages: int) -> None:
    """Make a log with an up-to-date search index.

    Args:
        path: the file; it must not be there.
        messages: how many are said in it.
    """
    path.parent.mkdir(parents=True)
    drafts = _drafts(messages)
    log = SqliteLog.open(path, _Past(2 + messages // _STEP), Limits())
    try:
        while batch := list(islice(drafts, _STEP)):
            log.append(batch)
            log.index(_STEP)
        while log.index(_STEP):
            pass
    finally:
        log.close()
    # What the system still has to write would fall into the first measurements.
    os.sync()


class _Past:
    """A clock that is one step further each time, and in the present at the end.

    Args:
        steps: how often it will be asked.
    """

    def __init__(self, steps: int) -> None:
        self._now = time.time() - steps * _STEP_SECONDS

    def now(self) -> float:
        self._now += _STEP_SECONDS
        return self._now

    def monotonic(self) -> float:
        return self._now


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
