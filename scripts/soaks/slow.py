"""Two members stop reading while others send 200 MB: the others and the host must not care."""

import argparse
import threading
import time
from dataclasses import dataclass, field

from scripts.soaks.judging import Memory, Verdict, community, quantile
from secure_chat.limits import Limits
from secure_chat.wire.messages import Ack, Said, Say
from tests.acceptance.actor import Actor
from tests.acceptance.scene import Scene
from tests.server.guest import Guest

__all__ = ["add_arguments", "run"]

_SPEAKERS = ("alice", "bob")
_SIZE = 16_000
_GROWTH = 64
"""MiB: the outboxes of three readers, the recent messages, the log's cache, and Python's own."""
_DROP_SLACK = 9.0
"""Seconds: until the system's own buffers are full, and a ping that still fits into them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--mb", type=int, default=200, help="how much is sent meanwhile")
    parser.add_argument("--before", type=int, default=1_500, help="messages before, to compare")
    parser.set_defaults(run=run)


@dataclass
class Reader:
    """One who listens, and may stop to; comes back by itself when dropped.

    Args:
        scene: where the host is.
        name: who.
    """

    scene: Scene
    name: str
    seqs: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    reading: threading.Event = field(default_factory=threading.Event)
    live: threading.Event = field(default_factory=threading.Event)
    stopping: bool = False
    thread: threading.Thread | None = None

    def start(self) -> None:
        """Connect and listen on a thread of its own."""
        self.reading.set()
        self.thread = threading.Thread(target=self._listen)
        self.thread.start()
        if not self.live.wait(20):
            raise RuntimeError(f"{self.name} is not live")

    def stop(self) -> None:
        """End it."""
        self.stopping = True
        self.reading.set()
        if self.thread is not None:
            self.thread.join(20)

    def _listen(self) -> None:
        cursor = 0
        while not self.stopping:
            with self.scene.guest(self.name) as guest:
                welcome = guest.join(cursor=cursor, live=True)
                self.dropped.append(welcome.dropped)
                self._take(guest)
                self.live.set()
                self._read_all(guest)
            cursor = self.seqs[-1] if self.seqs else 0

    def _read_all(self, guest: Guest) -> None:
        while not self.stopping:
            self.reading.wait()
            guest.sock.settimeout(0.5)
            try:
                more = guest.read()
            except TimeoutError:
                continue
            except OSError:
                # Whatever the way a dropped connection ends.
                more = False
            self._take(guest)
            if not more:
                return

    def _take(self, guest: Guest) -> None:
        now = time.monotonic()
        for event in guest.heard:
            if isinstance(event, Said):
                self.seqs.append(event.seq)
                self.delays.append(now - float(event.text.partition(" ")[0]))
        guest.heard.clear()


@dataclass
class Speaker:
    """One who says one thing after the other and measures how long each ack takes."""

    scene: Scene
    name: str
    acked: list[int] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

    def say(self, number: int) -> None:
        """Say so many messages, each when the one before is acknowledged."""
        self.delays.clear()
        with self.scene.guest(self.name) as guest:
            guest.join(live=False)
            for _ in range(number):
                began = time.monotonic()
                text = f"{began!r} ".ljust(_SIZE, "x")
                guest.say(Say(id=f"{len(self.acked)}", text=text, room="lobby"))
                self.acked.append(guest.wait_for(Ack, 60).seq)
                guest.heard.clear()
                self.delays.append(time.monotonic() - began)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    verdict = Verdict()
    with community((*_SPEAKERS, "carol", "dave", "erin")) as scene:
        host = scene.host("--rate", "0")
        speakers = [Speaker(scene, name) for name in _SPEAKERS]
        carol, dave = Reader(scene, "carol"), Reader(scene, "dave")
        try:
            _play(scene, host, speakers, (carol, dave), arguments, verdict)
        finally:
            for reader in (carol, dave):
                reader.stop()
        verdict.demand(host.stop() == 0, "the host did not end in order")
    return verdict.close()


def _play(  # noqa: PLR0913, PLR0917 -- everybody who takes part
    scene: Scene,
    host: Actor,
    speakers: list[Speaker],
    readers: tuple[Reader, Reader],
    arguments: argparse.Namespace,
    verdict: Verdict,
) -> None:
    carol, dave = readers
    for reader in readers:
        reader.start()
    # A whole client as people run it, whose window stops taking events.
    erin = scene.client("erin")
    erin.event("live")
    with Memory(host.pid) as memory:
        _speak(speakers, arguments.before // len(speakers))
        before = _figures("everybody reads", speakers, carol)
        deaf_at = time.monotonic()
        dave.reading.clear()
        erin.go_deaf()
        began = time.monotonic()
        number = arguments.mb * 1_000_000 // _SIZE // len(speakers)
        _speak(speakers, number)
        print(f"{arguments.mb} MB in {number * len(speakers)} messages said in", end=" ")
        print(f"{time.monotonic() - began:.1f} s")
        during = _figures("two do not read", speakers, carol)
        _dropped(host, deaf_at, verdict)
        print(f"host's memory {memory.first >> 20} MiB, at most {memory.grown:.0f} MiB more")
        _come_back(speakers, readers, erin, verdict)
    print(f"host's memory at most {memory.grown:.0f} MiB more after they came back")
    verdict.demand(memory.grown <= _GROWTH, f"the host grew by {memory.grown:.0f} MiB")
    _compare(before, during, verdict)


def _speak(speakers: list[Speaker], number: int) -> None:
    threads = [threading.Thread(target=speaker.say, args=(number,)) for speaker in speakers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _figures(when: str, speakers: list[Speaker], carol: Reader) -> tuple[float, float, float]:
    """Return and print median and p99 of the acks, and the p99 of what carol was shown."""
    acks = [delay for speaker in speakers for delay in speaker.delays]
    shown, carol.delays = carol.delays, []
    found = quantile(acks, 0.5) * 1e3, quantile(acks, 0.99) * 1e3, quantile(shown, 0.99) * 1e3
    print(
        f"{when}: ack after {found[0]:.2f} ms (median) {found[1]:.2f} ms (p99)"
        f" {max(acks) * 1e3:.1f} ms (worst), shown to carol after {found[2]:.2f} ms (p99)"
    )
    return found


def _dropped(host: Actor, deaf_at: float, verdict: Verdict) -> None:
    """Wait until the host has given both up."""
    stuck = Limits().stuck_seconds
    dave = host.event("dropped", 60, person="dave")
    seconds = dave.at - deaf_at
    print(f"dave dropped {seconds:.1f} s after he stopped reading: {dave.event['text']}")
    verdict.demand(stuck <= seconds <= stuck + _DROP_SLACK, f"dave was dropped after {seconds} s")
    gone = {heard.event["person"] for heard in host.heard if heard.event["event"] == "dropped"}
    if "erin" not in gone:
        host.event("dropped", 60, person="erin")
    erin = next(
        h for h in host.heard if h.event.get("person") == "erin" and h.event["event"] == "dropped"
    )
    print(f"erin dropped {erin.at - deaf_at:.1f} s after her window stopped: {erin.event['text']}")
    verdict.demand("took no data" in erin.event["text"], "erin was dropped for another reason")


def _come_back(
    speakers: list[Speaker], readers: tuple[Reader, Reader], erin: Actor, verdict: Verdict
) -> None:
    """Let the deaf read again and check that nothing is lost, doubled or out of order."""
    carol, dave = readers
    wanted = sorted(seq for speaker in speakers for seq in speaker.acked)
    began = time.monotonic()
    dave.reading.set()
    erin.listen()
    erin.wait_until(lambda: _last_shown(erin) >= wanted[-1], 120)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not all(
        reader.seqs and reader.seqs[-1] >= wanted[-1] for reader in readers
    ):
        time.sleep(0.1)
    print(f"both have caught up {time.monotonic() - began:.1f} s after they read again")
    seqs = {"carol": carol.seqs, "dave": dave.seqs, "erin": list(_shown(erin))}
    for name, shown in seqs.items():
        verdict.demand(shown == wanted, f"{name} was shown {len(shown)} of {len(wanted)}")
    print({name: len(shown) for name, shown in seqs.items()}, "shown of", len(wanted))
    print("dave's welcomes:", dave.dropped)
    why = [event["dropped"] for event in erin.events("connected")]
    print("erin's welcomes:", why)
    verdict.demand(carol.dropped == [""], "carol was dropped")
    for name, told in (("dave", dave.dropped), ("erin", why)):
        verdict.demand("took no data" in told[-1], f"{name} was not told why")
        verdict.demand(len(told) == 2, f"{name} was dropped {len(told) - 1} times")


def _shown(erin: Actor) -> list[int]:
    return [event["seq"] for event in erin.events("message")]


def _last_shown(erin: Actor) -> int:
    for heard in reversed(erin.heard):
        if heard.event["event"] == "message":
            return int(heard.event["seq"])
    return 0


def _compare(
    before: tuple[float, float, float], during: tuple[float, float, float], verdict: Verdict
) -> None:
    """Slower by less than half and a millisecond at the median, by 10 ms at the 99th percentile."""
    verdict.demand(during[0] <= before[0] * 1.5 + 1, f"acks {before[0]:.2f} -> {during[0]:.2f} ms")
    verdict.demand(during[1] <= before[1] + 10, f"p99 {before[1]:.2f} -> {during[1]:.2f} ms")
    verdict.demand(during[2] <= before[2] + 10, f"shown {before[2]:.2f} -> {during[2]:.2f} ms")
