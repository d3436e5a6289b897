"""Two people talk while all certificates, the host's too, are renewed again and again."""

import argparse
import shutil
import tempfile
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

from scripts.soaks.judging import Verdict
from secure_chat.pki.duration import parse_duration
from secure_chat.pki.registry import SUPERSEDED
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.acceptance.actor import Actor
from tests.acceptance.scene import SECURECHAT, Scene

__all__ = ["add_arguments", "run"]

_NAMES = ("alice", "bob")
_REPORT = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--minutes", type=float, default=30, help="how long they talk")
    parser.add_argument("--life", default="3m", help="how long each certificate lives")
    parser.add_argument("--every", type=float, default=0.1, help="seconds between two messages")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    verdict = Verdict()
    life = parse_duration(arguments.life)
    with tempfile.TemporaryDirectory() as folder:
        certs = Path(folder) / "certs"
        init_certs(Vault(certs), InitRequest(clients=_NAMES, life=life))
        with Scene(certs, Path(folder) / "data") as scene:
            host = scene.host()
            # Alice's files stand beside the host's, bob's on a computer of his own.
            people = {"alice": scene.client("alice"), "bob": _elsewhere(scene, "bob")}
            for person in people.values():
                person.event("live")
            said = _talk(people, arguments.minutes * 60, arguments.every)
            for name, person in people.items():
                went = [event["left"] for event in person.events("presence") if event["left"]]
                verdict.demand(not went, f"{name} saw somebody go: {went}")
            for name, person in people.items():
                verdict.demand(person.finish() == 0, f"{name} did not leave in order")
            verdict.demand(host.stop() == 0, "the host did not end in order")
            _judge(scene, people, said, verdict)
            _count(scene, people, life, arguments.minutes, verdict)
    return verdict.close()


def _elsewhere(scene: Scene, name: str) -> Actor:
    """Start a person's client with the files as they stand on a computer of their own."""
    folder = scene.data.parent / f"{name}-elsewhere"
    (folder / "clients").mkdir(parents=True, mode=0o700)
    for file in ("ca.crt", "community", f"clients/{name}.crt", f"clients/{name}.key"):
        shutil.copy2(scene.certs / file, folder / file)
    target = f"{scene.address[0]}:{scene.address[1]}"
    places = ("--certs", str(folder), "--data", str(scene.data.parent / f"{name}-data"))
    return scene.start([*SECURECHAT, "join", target, "--json", "--as", name, *places])


def _talk(people: dict[str, Actor], seconds: float, every: float) -> dict[str, list[str]]:
    """Let both speak in turns; returns what each has said."""
    said: dict[str, list[str]] = {name: [] for name in people}
    began = time.monotonic()
    report = began + _REPORT
    while (now := time.monotonic()) < began + seconds:
        for name, person in people.items():
            text = f"{name} {len(said[name])}"
            said[name].append(text)
            person.say({"say": text, "room": "lobby"})
        if now >= report:
            report += _REPORT
            renewals = {name: _number(person, "renewed") for name, person in people.items()}
            print(f"{(now - began) / 60:.0f} min: {renewals} renewals", flush=True)
        time.sleep(every)
    return said


def _number(person: Actor, event: str) -> int:
    return sum(1 for _ in person.events(event))


def _judge(
    scene: Scene, people: dict[str, Actor], said: dict[str, list[str]], verdict: Verdict
) -> None:
    """Everything said is stored once, acknowledged once, and shown once to both, in one order."""
    stored = scene.stored()
    texts = [entry.text for entry in stored.values()]
    print(f"said {sum(map(len, said.values()))}, stored {len(texts)}")
    for name, person in people.items():
        own = [entry.text for entry in stored.values() if entry.author == name]
        verdict.demand(own == said[name], f"what {name} said is stored otherwise")
        acks = [event["seq"] for event in person.events("acked")]
        shown = [event["seq"] for event in person.events("message")]
        print(
            f"{name}: said {len(said[name])}, acknowledged {len(acks)}, shown {len(shown)},"
            f" renewals {_number(person, 'renewed')},"
            f" connected {_number(person, 'connected')} time(s),"
            f" disconnected {_number(person, 'disconnected')} time(s),"
            f" warnings {_number(person, 'expiring')}, errors {_number(person, 'error')}"
        )
        verdict.demand(len(acks) == len(set(acks)), f"{name} was told an ack twice")
        wanted = [seq for seq in sorted(stored) if seq <= max(shown, default=0)]
        verdict.demand(shown == wanted, f"{name} was shown {len(shown)} of {len(wanted)}")
        for event in ("disconnected", "expiring", "error", "refused"):
            verdict.demand(_number(person, event) == 0, f"{name} was told of {event}")
        verdict.demand(_number(person, "connected") == 1, f"{name} was connected again")
    last = max(stored, default=0)
    both = [
        max((event["seq"] for event in one.events("message")), default=0) for one in people.values()
    ]
    verdict.demand(last in both, "nobody was shown the last message")


def _count(
    scene: Scene, people: dict[str, Actor], life: timedelta, minutes: float, verdict: Verdict
) -> None:
    """As many renewals as the time has room for, each old certificate retired, nobody refused."""
    least = int(minutes * 60 / life.total_seconds())
    for name, person in people.items():
        renewals = _number(person, "renewed")
        verdict.demand(renewals >= least, f"{name} renewed {renewals} times, not {least}")
    entries = _states(scene)
    for name, states in entries.items():
        print(f"certificates of {name}: {dict(states)}")
    for name in people:
        verdict.demand(entries[name]["valid"] <= 2, f"old certificates of {name} still count")
    refused = [record for record in scene.records() if not record["established"]]
    print(f"handshakes {len(scene.records())}, refused {len(refused)}")
    verdict.demand(not refused, f"{len(refused)} handshakes were refused")


def _states(scene: Scene) -> dict[str, Counter[str]]:
    """Return how many certificates of everybody are in which state."""
    found: dict[str, Counter[str]] = {}
    for entry in Vault(scene.certs).registry().entries.values():
        state = "superseded" if entry.reason == SUPERSEDED else entry.state
        found.setdefault(entry.name, Counter())[state] += 1
    return found
