"""Silent peers, stopped hellos, connect-close and resets by the hundred; a good client gets in."""

import argparse
import socket
import struct
import threading
import time
from collections import Counter

from scripts.soaks.judging import Verdict, community, descriptors, quantile, resident, threads
from secure_chat.limits import Limits
from tests.acceptance.crowd import ends, silent, stopped, welcome_seconds
from tests.acceptance.scene import Scene

__all__ = ["add_arguments", "run"]

_WELCOME = 1.0
_SLACK = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--silent", type=int, default=500, help="connections that say nothing")
    parser.add_argument("--stopped", type=int, default=200, help="hellos that stop midway")
    parser.add_argument("--knocks", type=int, default=1_000, help="connect-close, and resets")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    verdict = Verdict()
    with community(("alice", "bob")) as scene:
        host = scene.host()
        welcome_seconds(scene, "alice")
        before = descriptors(host.pid), threads(host.pid), resident(host.pid)
        _crowd(scene, arguments, verdict)
        _knocks(scene, arguments.knocks, verdict, reset=False)
        _knocks(scene, arguments.knocks, verdict, reset=True)
        _back_to(before, host.pid, verdict)
        verdict.demand(host.stop() == 0, "the host did not end in order")
        _count(scene, arguments, verdict)
    return verdict.close()


def _crowd(scene: Scene, arguments: argparse.Namespace, verdict: Verdict) -> None:
    """Hold hundreds of unfinished handshakes open and let good clients in all the while."""
    began = time.monotonic()
    crowd = silent(scene.address, arguments.silent) + stopped(scene.address, arguments.stopped)
    opened = time.monotonic()
    closed: list[float] = []

    def wait() -> None:
        closed.extend(ends(crowd, Limits().handshake_seconds + 10))

    waiting = threading.Thread(target=wait)
    waiting.start()
    waits = []
    while waiting.is_alive():
        waits.append(welcome_seconds(scene, "alice"))
        waiting.join(0.2)
    deadline = Limits().handshake_seconds
    verdict.demand(len(closed) == len(crowd), f"only {len(closed)} of {len(crowd)} were closed")
    last = max(closed, default=0.0)
    print(f"{len(crowd)} unfinished handshakes opened in {opened - began:.2f} s,", end=" ")
    print(f"all closed {last - opened:.2f} s after the last came (deadline {deadline:g} s)")
    verdict.demand(last - opened < deadline + _SLACK, "they were not gone after the deadline")
    verdict.demand(min(closed) - began > deadline - 1, "some were closed before the deadline")
    _judge("meanwhile", waits, verdict)


def _judge(when: str, waits: list[float], verdict: Verdict) -> None:
    print(
        f"{len(waits)} good clients {when}: welcome after {quantile(waits, 0.5) * 1000:.0f} ms"
        f" (median), {max(waits) * 1000:.0f} ms (worst)"
    )
    verdict.demand(max(waits) < _WELCOME, f"a welcome took {max(waits):.2f} s")


def _knocks(scene: Scene, number: int, verdict: Verdict, *, reset: bool) -> None:
    """Connect and go away at once, in order or with a reset."""
    began = time.monotonic()
    waits = []
    for at in range(number):
        sock = socket.create_connection(scene.address, timeout=20)
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()
        if at % 100 == 0:
            waits.append(welcome_seconds(scene, "bob"))
    kind = "resets" if reset else "connect-close"
    print(f"{number} {kind} in {time.monotonic() - began:.2f} s")
    _judge(f"during {kind}", waits, verdict)


def _back_to(before: tuple[int, int, int], pid: int, verdict: Verdict) -> None:
    deadline = time.monotonic() + 10
    while descriptors(pid) > before[0] + _SLACK and time.monotonic() < deadline:
        time.sleep(0.1)
    after = descriptors(pid), threads(pid), resident(pid)
    print(
        f"descriptors {before[0]} -> {after[0]}, threads {before[1]} -> {after[1]},"
        f" memory {before[2] >> 20} -> {after[2] >> 20} MiB"
    )
    verdict.demand(after[0] <= before[0] + _SLACK, "descriptors were left open")
    verdict.demand(after[1] == before[1], "threads were left")


def _count(scene: Scene, arguments: argparse.Namespace, verdict: Verdict) -> None:
    reasons: Counter[str] = Counter()
    for record in scene.records():
        reasons[record["reason"]] += record["count"]
    print("records:", dict(reasons))
    verdict.demand(reasons["silent"] == arguments.silent, "not one record for each silent peer")
    verdict.demand(reasons["stalled"] == arguments.stopped, "not one for each stopped hello")
    # A reset may overtake the host's first look; then there was no connection to record.
    least, most = arguments.knocks, 2 * arguments.knocks
    verdict.demand(least <= reasons["closed"] <= most, "connect-close was not recorded")
    strange = set(reasons) - {"ok", "silent", "stalled", "closed"}
    verdict.demand(not strange, f"records of another kind: {strange}")
