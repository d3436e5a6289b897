"""What a delivery costs while idle connections, rooms or I/O workers grow in number.

Part of the bench `growth`. People talk in rooms as fast as all of their messages are delivered,
with a bounded number of messages under way.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count, product
from pathlib import Path
from typing import Final

from scripts.benches.crowd import MARK
from scripts.benches.exchange import Busy, Exchange, Line
from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.peers import Papers, SecureChat, running
from scripts.benches.report import OURS, Figure, Panel
from scripts.benches.texts import Texts
from secure_chat.server.descriptors import raise_descriptor_limit
from secure_chat.wire.codec import encode
from secure_chat.wire.messages import Join, Ping, Pong, Say

__all__ = ["COST", "PANELS", "RATE", "add_arguments", "connections", "rooms", "workers"]

COST: Final = "server CPU us/delivery"
RATE: Final = "deliveries/s"
PANELS: Final = (
    Panel(f"{COST}, most connections idle", "connections", {(COST, OURS): OURS}),
    Panel(f"{COST}, all rooms busy", "rooms", {(COST, OURS): OURS}),
)
_MEMBERS: Final = 10
_PEOPLE: Final = 100
_SPEAKERS: Final = 4
# Messages that each of those who talk has under way.
_WINDOW: Final = 64
_DELIVERIES: Final = 400_000
_LONGEST: Final = 120.0
# For everybody to be in their rooms, and to be told who else is.
_SETTLING: Final = 2.0
_LOAD_BUSY: Final = 0.95
# Connections of one person, below what a host allows.
_EACH: Final = 25
_SIZE: Final = 128
# Its version, with the letter that CPython's own programs have when they are free-threaded.
_ASK_VERSION: Final = (
    "import platform, sysconfig\n"
    "free = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''\n"
    "print(platform.python_implementation(), platform.python_version() + free)"
)
_PING, _PONG = encode(Ping()), encode(Pong())


@dataclass(frozen=True)
class Talk:
    """A room and who is in it.

    Args:
        room: its name.
        speakers: whose messages these are, in turn.
        receivers: how many connections receive each.
        listeners: how many of these read it; only what they read is counted.
    """

    room: str
    speakers: Sequence[Line]
    receivers: int
    listeners: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--connections", default="10,100,1000,10000", help="most of them idle")
    parser.add_argument("--rooms", default="1,10,100,1000", help="with ten members each")
    parser.add_argument("--workers", default="1,2", help="I/O threads of the host")
    parser.add_argument(
        "--pythons",
        default=sys.executable,
        help="by which interpreters the host with these threads is run; each is the one of a "
        "virtual environment with the project in it; the letter t is for a free-threaded one",
    )


def connections(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let ten people talk in a room of ten while others idle."""
    raise_descriptor_limit()
    for size in map(int, options.connections.split(",")):
        idle = size - _MEMBERS
        others = -(-idle // _EACH)
        papers = Papers.at(folder / f"certs-{others}", _MEMBERS + others)
        host = SecureChat(papers, folder / f"connections-{size}-{number}")

        def gather(exchange: Exchange, idle: int = idle, others: int = others) -> list[Talk]:
            exchange.grow(range(_MEMBERS))
            talk = _meet(exchange, "busy", exchange.lines[:_MEMBERS])
            for first in range(0, idle, _EACH):
                some = range(first, min(idle, first + _EACH))
                exchange.grow(_MEMBERS + place % others for place in some)
                _attend(exchange)
            return [talk]

        yield from _one(host, f"{size} connections", gather, number)


def rooms(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let a hundred people talk in many rooms of ten; each is in a tenth of the rooms."""
    papers = Papers.at(folder / f"certs-{_PEOPLE}", _PEOPLE)
    for size in map(int, options.rooms.split(",")):
        host = SecureChat(papers, folder / f"rooms-{size}-{number}")

        def gather(exchange: Exchange, size: int = size) -> list[Talk]:
            chance = random.Random(size)
            exchange.grow(range(_PEOPLE))
            return [
                _meet(exchange, f"room-{place}", chance.sample(exchange.lines, _MEMBERS))
                for place in range(size)
            ]

        yield from _one(host, f"{size} rooms", gather, number)


def workers(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let four people talk to a hundred while the host may use every processor.

    Those who only receive do not decrypt it, or the load would need a processor for itself.
    """
    papers = Papers.at(folder / f"certs-{_PEOPLE}", _PEOPLE)
    kinds = product(options.pythons.split(","), map(int, options.workers.split(",")))
    for place, (python, threads) in enumerate(kinds):
        host = _Workers(papers, folder / f"workers-{place}-{number}", python, threads)

        def gather(exchange: Exchange) -> list[Talk]:
            exchange.grow(range(_PEOPLE))
            speakers, others = exchange.lines[:_SPEAKERS], exchange.lines[_SPEAKERS:]
            _attend(exchange, _SETTLING)
            exchange.deafen(others)
            return [Talk("lobby", speakers, _PEOPLE, _SPEAKERS)]

        setting = f"100 receivers, {_version(python)}"
        peer = OURS if threads == 1 else f"{threads} workers"
        for figure in _one(host, setting, gather, number, pinned=False):
            yield replace(figure, peer=peer)


class _Workers(SecureChat):
    """Ours run by an interpreter, with several I/O threads."""

    def __init__(self, papers: Papers, folder: Path, python: str, workers: int) -> None:
        super().__init__(papers, folder)
        self._python, self._workers = python, workers

    def command(self) -> list[str]:
        program = str(Path(self._python).with_name("securechat"))
        return [program, *super().command()[1:], "--workers", str(self._workers)]


def _version(python: str) -> str:
    return subprocess.run(
        [python, "-c", _ASK_VERSION], check=True, capture_output=True, text=True
    ).stdout.strip()


def _meet(exchange: Exchange, room: str, members: list[Line]) -> Talk:
    for line in members:
        exchange.say(line, encode(Join(id=f"join-{room}", room=room)))
    return Talk(room, members, len(members), len(members))


def _one(
    host: SecureChat,
    setting: str,
    gather: Callable[[Exchange], list[Talk]],
    number: int,
    *,
    pinned: bool = True,
) -> Iterator[Figure]:
    with running(host, SERVER_CPU) as pid:
        if not pinned:
            _unpin(pid)
        gauge = Gauge(pid)
        exchange = Exchange(host, host.port, ())
        talks = gather(exchange)
        _attend(exchange, _SETTLING)
        begun: list[float] = []
        delivered, seconds, busy = _saturate(
            exchange, talks, observe=lambda: begun.append(gauge.cpu_seconds())
        )
        cpu = gauge.cpu_seconds() - begun[0]
        exchange.close()
    void = "the load was the bottleneck" if busy > _LOAD_BUSY else ""
    yield Figure(COST, setting, OURS, number, cpu / delivered * 1e6)
    yield Figure(RATE, setting, OURS, number, delivered / seconds, void)


def _unpin(pid: int) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        # A thread may have ended meanwhile.
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), range(os.cpu_count() or 1))


def _attend(exchange: Exchange, seconds: float = 0) -> None:
    """Answer pings for some time; at least once."""
    until = time.monotonic() + seconds
    while True:
        for line, data in exchange.hear(max(0.0, until - time.monotonic())):
            _answer(exchange, line, data)
        if time.monotonic() >= until:
            return


def _answer(exchange: Exchange, line: Line, data: bytes) -> None:
    # Idle connections hear little; a ping that comes in two pieces is asked again.
    if data.endswith(_PING):
        exchange.say(line, _PONG)


def _saturate(
    exchange: Exchange, talks: Sequence[Talk], observe: Callable[[], None]
) -> tuple[int, float, float]:
    """Let people talk until so much has been delivered.

    Args:
        exchange: everybody's connections.
        talks: the rooms, in turn.
        observe: called when the first tenth is over and the measuring begins.

    Returns:
        Deliveries to all receivers, seconds they took, and the share of that the load was busy.
    """
    each = talks[0].listeners
    under_way = _WINDOW * len({line for talk in talks for line in talk.speakers})
    wanted = _DELIVERIES * each // _MEMBERS
    frames = _frames(talks)
    total = said = skipped = 0
    busy: Busy | None = None
    limit = time.monotonic() + _LONGEST
    while total < wanted:
        if time.monotonic() > limit:
            raise TimeoutError(f"{total} of {wanted} deliveries came")
        while said - total // each < under_way:
            exchange.say(*next(frames))
            said += 1
        for line, data in exchange.hear(1.0):
            arrived = line.count(MARK, data)
            total += arrived
            if not arrived:
                _answer(exchange, line, data)
        if busy is None and total >= wanted // 10:
            observe()
            busy, skipped = Busy(), total
    assert busy is not None
    delivered = (total - skipped) // each * talks[0].receivers
    return delivered, busy.seconds(), busy.share()


def _frames(talks: Sequence[Talk]) -> Iterator[tuple[Line, bytes]]:
    texts = Texts(_SIZE - len(MARK))
    for number in count():
        talk = talks[number % len(talks)]
        speaker = talk.speakers[number // len(talks) % len(talk.speakers)]
        text = MARK.decode() + next(texts)
        yield speaker, encode(Say(id=f"{number:032x}", text=text, room=talk.room))
