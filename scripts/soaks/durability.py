"""Kill host and clients at random while everybody talks; nothing acknowledged may be lost."""

import argparse
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from scripts.soaks.processes import Child, Community
from scripts.soaks.torn import tear_wal
from secure_chat.clock import SystemClock
from secure_chat.limits import Limits
from secure_chat.log.base import Place, Query
from secure_chat.log.reader import SqliteReader
from secure_chat.log.sqlite import SqliteLog
from secure_chat.wire.messages import History

__all__ = ["add_arguments", "run"]

ROOMS = ("lobby", "den")
NAMES = ("alice", "bob", "carol", "dave")
Entry = tuple[str, str, str, str]
BROKEN = [sys.executable, "-m", "scripts.soaks.broken_host"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--kills", type=int, default=100, help="how often the host is killed")
    parser.add_argument("--rate", type=float, default=60, help="messages a second and person")
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's random choices")
    parser.add_argument(
        "--broken", action="store_true", help="acknowledge before the commit: must be found out"
    )
    parser.set_defaults(run=run)


@dataclass
class Person:
    """One person: their client processes one after the other, and all they were told."""

    name: str
    community: Community
    rate: float
    child: Child | None = None
    # One list of shown messages for each life of the client, and the cursor it began with.
    runs: list[list[dict[str, Any]]] = field(default_factory=list)
    cursors: list[int] = field(default_factory=list)
    acked: dict[str, int] = field(default_factory=dict)
    open: dict[str, dict[str, str]] = field(default_factory=dict)
    numbers: int = 0
    violations: list[str] = field(default_factory=list)
    talking: bool = True
    reader: threading.Thread | None = None
    connected: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start a client, and say again what nobody has acknowledged."""
        self.connected.clear()
        self.cursors.append(self._cursor())
        self.runs.append([])
        self.child = self.community.start_client(self.name)
        self.reader = threading.Thread(target=self._listen, args=(self.child, self.runs[-1]))
        self.reader.start()
        # A first connection that fails ends a client, by design; so the host lives until then.
        if not self.connected.wait(20):
            self.violations.append(f"{self.name}'s client did not connect: {self.child.talk}")
        for room in ROOMS:
            self.child.say({"join": room})
        for line in list(self.open.values()):
            self.child.say(line)

    def _cursor(self) -> int:
        path = self.community.client_data(self.name) / "client.sqlite"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            row = db.execute("SELECT value FROM state WHERE name = 'cursor'").fetchone()
        return int(row[0] or 0) if row else 0

    def _listen(self, child: Child, shown: list[dict[str, Any]]) -> None:
        while (event := child.events.get()) is not None:
            if event["event"] == "message":
                shown.append(event)
            elif event["event"] == "connected":
                self.connected.set()
            elif event["event"] == "acked":
                self._acked(event["id"], event["seq"])

    def _acked(self, ident: str, seq: int) -> None:
        if not ident.startswith(f"{self.name}-"):
            # Joining a room is acknowledged too.
            return
        if self.acked.setdefault(ident, seq) != seq:
            self.violations.append(f"{ident} acknowledged as {self.acked[ident]} and as {seq}")
        self.open.pop(ident, None)

    def talk(self) -> None:
        """Say numbered messages at the rate until told to stop; a thread's body."""
        while self.talking:
            time.sleep(1 / self.rate)
            if len(self.open) > 200 or self.child is None:
                continue
            self.numbers += 1
            ident = f"{self.name}-{self.numbers}"
            line = {"say": f"{ident} says", "room": random.choice(ROOMS), "id": ident}
            self.open[ident] = line
            self.child.say(line)

    def kill(self) -> None:
        """Kill the client and start the next one."""
        child, self.child = self.child, None
        assert child is not None
        assert self.reader is not None
        child.kill()
        self.reader.join()
        self.start()

    def leave(self) -> None:
        """Close stdin and wait for the client to leave by itself."""
        assert self.child is not None
        assert self.child.process.stdin is not None
        assert self.reader is not None
        if self.child.process.poll() is not None:
            self.violations.append(f"{self.name}'s client ended: {''.join(self.child.talk[-5:])}")
            return
        self.child.process.stdin.close()
        try:
            self.child.process.wait(30)
        except subprocess.TimeoutExpired:
            self.violations.append(f"{self.name}'s client did not leave")
            self.child.kill()
        self.reader.join()


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    seed = arguments.seed if arguments.seed is not None else random.randrange(2**32)
    random.seed(seed)
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        community = Community(Path(folder), NAMES)
        people = [Person(name, community, arguments.rate) for name in NAMES]
        _storm(community, people, arguments)
        violations = _judge(community, people)
    for violation in sorted(violations, key=len, reverse=True)[:20]:
        print("VIOLATION", violation)
    print("violations:", len(violations))
    return 1 if violations else 0


def _storm(community: Community, people: list[Person], arguments: argparse.Namespace) -> None:
    program = BROKEN if arguments.broken else None
    options = ("--rate", "0")
    host = community.start_host(*options, program=program)
    for person in people:
        person.start()
    talkers = [threading.Thread(target=person.talk) for person in people]
    for talker in talkers:
        talker.start()
    client_kills = 0
    for number in range(arguments.kills):
        time.sleep(random.uniform(0.1, 1.5))
        host.kill()
        tear_wal(community.host_data / "log.sqlite-wal")
        host = community.start_host(*options, program=program)
        if random.random() < 0.3:
            client_kills += 1
            random.choice(people).kill()
        if (number + 1) % 10 == 0:
            acked = sum(len(person.acked) for person in people)
            print(f"host killed {number + 1}, clients {client_kills}, acknowledged {acked}")
    for person in people:
        person.talking = False
    for talker in talkers:
        talker.join()
    _settle(people, 20 if arguments.broken else 120)
    for person in people:
        person.leave()
    print("host stopped with", host.stop())


def _settle(people: list[Person], seconds: float) -> None:
    """Wait until everything said is acknowledged and shown to everybody."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        last = max(max(person.acked.values(), default=0) for person in people)
        done = all(
            not person.open and person.runs[-1] and person.runs[-1][-1]["seq"] >= last
            for person in people
        )
        if done:
            return
        time.sleep(0.2)
    print(f"not everything was acknowledged and shown within {seconds:g} s")


def _judge(community: Community, people: list[Person]) -> list[str]:
    log = _read_log(community.host_data / "log.sqlite")
    places = _read_places(community.host_data / "log.sqlite")
    violations = [text for person in people for text in person.violations]
    by_id = Counter(ident for ident, *_ in log.values())
    where = {ident: seq for seq, (ident, *_) in log.items()}
    for person in people:
        for ident, seq in person.acked.items():
            if by_id[ident] != 1:
                violations.append(f"{ident}: acknowledged, {by_id[ident]} times in the log")
            elif where[ident] != seq:
                violations.append(f"{ident}: acknowledged as {seq}, stored as {where[ident]}")
        violations += [f"{ident}: never acknowledged" for ident in person.open]
        since = {place.room: place.joined for place in places if place.person == person.name}
        violations += _judge_shown(person, log, since)
    acked = sum(len(person.acked) for person in people)
    shown = sum(len(run) for person in people for run in person.runs)
    lives = sum(len(person.runs) for person in people)
    print(f"in the log {len(log)}, acknowledged {acked}, shown {shown} in {lives} client lives")
    return violations


def _judge_shown(person: Person, log: dict[int, Entry], since: dict[str, int]) -> list[str]:
    violations = []
    seen: set[int] = set()
    for number, (shown, cursor) in enumerate(zip(person.runs, person.cursors, strict=True)):
        seqs = [event["seq"] for event in shown]
        if any(later <= earlier for earlier, later in pairwise(seqs)):
            violations.append(f"{person.name}, life {number}: shown twice or out of order")
        if seqs and number and seqs[0] <= cursor:
            violations.append(f"{person.name}, life {number}: {seqs[0]} again behind {cursor}")
        for event in shown:
            want = log.get(event["seq"])
            if want != (event["id"], event["from"], event["text"], event["room"]):
                violations.append(f"{person.name} saw {event}, the log has {want}")
        seen.update(seqs)
    missing = [
        seq for seq, (_, _, _, room) in log.items() if seq >= since[room] and seq not in seen
    ]
    return violations + [f"{person.name} never saw {seq}" for seq in missing]


def _read_places(path: Path) -> list[Place]:
    log = SqliteLog.open(path, SystemClock(), Limits())
    places = list(log.places())
    log.close()
    return places


def _read_log(path: Path) -> dict[int, Entry]:
    """Return every message of the log: id, author, text and room by sequence number."""
    reader = SqliteReader.open(path, Limits())
    found: dict[int, Entry] = {}
    after = 0
    while True:
        page = reader.history(Query("alice", ROOMS, History(re=0, after=after, limit=1_000)))
        for said in page.messages:
            found[said.seq] = (said.id, said.author, said.text, said.room or "")
            after = said.seq
        if not page.more:
            break
    reader.close()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return found
