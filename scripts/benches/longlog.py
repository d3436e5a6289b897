"""What a host with a long log does: start after a kill, pages of history, searches, and acks.

Part of the bench `growth`.
"""

import argparse
import math
import os
import random
import signal
import time
from collections.abc import Iterator
from itertools import cycle, repeat
from pathlib import Path
from typing import Final

from scripts.benches.acked import QuietChat, Senders
from scripts.benches.bareloop import log_of
from scripts.benches.exchange import Exchange, percentile
from scripts.benches.filling import PEOPLE, RARE, fill, rest
from scripts.benches.gauge import SERVER_CPU
from scripts.benches.peers import Papers, running
from scripts.benches.report import OURS, Figure, Goal, Panel
from scripts.benches.texts import FREQUENT, MIDDLING
from secure_chat.limits import Limits
from secure_chat.wire.codec import decode_from_host, encode
from secure_chat.wire.framing import FrameReader
from secure_chat.wire.messages import History, Page

__all__ = ["GOALS", "PANELS", "add_arguments", "measure"]

START: Final = "seconds to a welcome after SIGKILL"
NEWEST: Final = "p50 ms, newest page of a room"
MIDDLE: Final = "p50 ms, page amid a room"
SEARCHES: Final = {
    f"p50 ms, search for {kind}": words
    for kind, words in (
        ("a rare word", RARE),
        ("a frequent word", FREQUENT),
        ("a rare and a frequent word", f"{RARE} {FREQUENT}"),
        ("two middling words", " ".join(MIDDLING)),
    )
}
ACK: Final = "p99 ack ms while searches run"
ACK_NOW_AND_THEN: Final = "p99 ack ms, two searches a second"
QUIET: Final = "the same without searches"
_SENDERS: Final = 8
_PAGE: Final = 50
_PAUSE: Final = 0.5
_SAID_BEFORE_KILL: Final = 2_000
_LONGEST: Final = 60.0

_UNIT: Final = "messages in the log"

GOALS: Final = (
    Goal(START, f"1000000 {_UNIT}", OURS, 2.0),
    *(
        Goal(quantity, f"{size} {_UNIT}", QUIET, 1.25)
        for size in (1_000_000, 5_000_000)
        for quantity in (ACK, ACK_NOW_AND_THEN)
    ),
)
PANELS: Final = (
    Panel(START, _UNIT, {(START, OURS): OURS}),
    Panel(
        "p50 ms of a page of history",
        _UNIT,
        {(NEWEST, OURS): "newest", (MIDDLE, OURS): "any other"},
    ),
    Panel(
        "p50 ms of a search",
        _UNIT,
        {(quantity, OURS): quantity.partition("for ")[2] for quantity in SEARCHES},
    ),
    Panel(
        "p99 ms of an ack",
        _UNIT,
        {
            (ACK, OURS): "searches without a pause",
            (ACK_NOW_AND_THEN, OURS): "two a second",
            (ACK, QUIET): "none",
        },
    ),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--logs", default="1000,100000,1000000,5000000", help="messages in the log")
    parser.add_argument("--pages", type=int, default=100, help="pages of each kind")
    parser.add_argument("--rate", type=int, default=200, help="messages a second beside searches")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long, each time")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Look at every length once; a log is filled in the first round and used again in the next.

    Searches leave work behind, so the log has a rest before each round, and the quiet run is first.
    """
    papers = Papers.at(folder / "certs", PEOPLE)
    for size in map(int, options.logs.split(",")):
        host = QuietChat(papers, folder / f"log-{size}")
        if not log_of(host).exists():
            fill(log_of(host), size)
        else:
            rest(log_of(host))
        yield from _one(host, size, options, number)


def _one(host: QuietChat, size: int, options: argparse.Namespace, number: int) -> Iterator[Figure]:
    setting = f"{size} {_UNIT}"

    def figure(quantity: str, value: float, peer: str = OURS) -> Figure:
        return Figure(quantity, setting, peer, number, value)

    _end_by_kill(host)
    begun = time.monotonic()
    with running(host, SERVER_CPU):
        Questions(host).close()
        yield figure(START, time.monotonic() - begun)
        senders = Senders(host, _SENDERS)
        quiet = senders.pace(options.rate, options.seconds)
        senders.close()
        reader = Questions(host)
        for quantity, questions in _questions(size, number).items():
            yield figure(quantity, reader.p50_ms(questions, options.pages))
        reader.close()
        for quantity, pause in ((ACK_NOW_AND_THEN, _PAUSE), (ACK, 0.0)):
            senders = Senders(host, _SENDERS)
            searching = Searching(senders.exchange, pause)
            beside = senders.pace(options.rate, options.seconds, others=searching.go_on)
            senders.close()
            yield figure(quantity, percentile(beside, 0.99))
            yield figure(quantity, percentile(quiet, 0.99), QUIET)
            yield figure(
                f"searches a second meanwhile ({quantity})", searching.done / options.seconds
            )


def _end_by_kill(host: QuietChat) -> None:
    """Let a host say something and die of it, so that the next one finds what a crash leaves."""
    with running(host, SERVER_CPU) as pid:
        senders = Senders(host, _SENDERS)
        senders.saturate(64, _SAID_BEFORE_KILL, observe=lambda: None)
        os.kill(pid, signal.SIGKILL)
        senders.close()


def _questions(size: int, seed: int) -> dict[str, Iterator[History]]:
    chance = random.Random(seed)
    return {
        NEWEST: repeat(History(1, room="lobby", newest=True, limit=_PAGE)),
        MIDDLE: (
            History(1, room="lobby", newest=True, before=before, limit=_PAGE)
            for before in iter(lambda: chance.randint(size // 4, size), None)
        ),
        **{quantity: repeat(_search(words)) for quantity, words in SEARCHES.items()},
    }


def _search(words: str) -> History:
    return History(1, search=words, newest=True, limit=_PAGE)


class Questions:
    """One connection that asks and waits.

    Args:
        host: whom.
    """

    def __init__(self, host: QuietChat) -> None:
        self._exchange = Exchange(host, host.port, [0])
        self._pages = _Pages()

    def p50_ms(self, questions: Iterator[History], count: int) -> float:
        """Return the median of the time from a question to its page.

        Args:
            questions: gives the next one.
            count: how many; fewer when that would take too long.
        """
        line = self._exchange.lines[0]
        taken: list[float] = []
        limit = time.monotonic() + _LONGEST
        while len(taken) < count and time.monotonic() < limit:
            asked = encode(next(questions))
            begun = time.perf_counter()
            self._exchange.say(line, asked)
            while not any(self._pages.arrived(data) for _, data in self._exchange.hear(1.0)):
                if time.monotonic() > limit:
                    raise TimeoutError("no page came")
            taken.append((time.perf_counter() - begun) * 1e3)
        return percentile(taken, 0.5)

    def close(self) -> None:
        """Go away."""
        self._exchange.close()


class Searching:
    """One connection that searches again when it has a page.

    Args:
        exchange: where the connection is added.
        pause: seconds from a page to the next search.
    """

    def __init__(self, exchange: Exchange, pause: float) -> None:
        exchange.grow([_SENDERS])
        self._exchange = exchange
        self._line = exchange.lines[-1]
        self._words = cycle(SEARCHES.values())
        self._pages = _Pages()
        self.done = 0
        self._pause = pause
        self._next_at = time.monotonic()

    def go_on(self, data: bytes) -> None:
        """Take what arrived, if anything, and search when it is time."""
        if self._pages.arrived(data):
            self.done += 1
            self._next_at = time.monotonic() + self._pause
        if time.monotonic() >= self._next_at:
            self._next()

    def _next(self) -> None:
        self._next_at = math.inf
        self._exchange.say(self._line, encode(_search(next(self._words))))


class _Pages:
    """Sees when a page has arrived whole."""

    def __init__(self) -> None:
        self._frames = FrameReader(Limits().frame_bytes)

    def arrived(self, data: bytes) -> bool:
        return Page in [type(decode_from_host(frame)) for frame in self._frames.feed(data)]
