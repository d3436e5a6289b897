"""A host told to stop in the middle of everything: what was acknowledged stays, clients know."""

import signal
import time

import pytest

from tests.acceptance.actor import Actor
from tests.acceptance.scene import Scene, Stored, report

_NUMBER = 3_000
_NAMES = ("alice", "bob")


def _lines(name: str) -> list[dict[str, str]]:
    return [
        {"say": f"{name} says {at}", "room": "lobby", "id": f"{name}-{at}"} for at in range(_NUMBER)
    ]


def _acked(client: Actor) -> dict[str, int]:
    return {event["id"]: event["seq"] for event in client.events("acked")}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_host_stopped_under_load_loses_nothing_and_tells_everybody(
    scene: Scene, number: signal.Signals
) -> None:
    """Exit 0 in time, `shutdown` to the clients, who come back; every ack is in the log once."""
    host = scene.host("--rate", "0")
    clients = [scene.client(name) for name in _NAMES]
    for client in clients:
        # On a first run only the newest of what was said before is shown.
        client.event("connected")
    for name, client in zip(_NAMES, clients, strict=True):
        client.say(*_lines(name))
    for client in clients:
        client.wait_until(lambda client=client: len(_acked(client)) >= 100)  # type: ignore[misc]
    began = time.monotonic()
    assert host.stop(number, 10) == 0
    took = time.monotonic() - began
    report(f"stopped in {took:.2f} s")
    assert took < 5
    early = [_acked(client) for client in clients]
    assert sum(map(len, early)) < _NUMBER * len(clients), "there was no load left to stop in"
    stored = scene.stored()
    for name, acked in zip(_NAMES, early, strict=True):
        for ident, seq in acked.items():
            text = f"{name} says {ident.partition('-')[2]}"
            assert stored[seq] == Stored(name, ident, text, "lobby")
    for client in clients:
        client.event("disconnected", code="shutdown")
    host = scene.host("--rate", "0")
    for client in clients:
        client.event("connected")
    assert [client.finish(60) for client in clients] == [0, 0]
    assert host.stop() == 0
    _judge(scene, clients)


def _judge(scene: Scene, clients: list[Actor]) -> None:
    """Check that everything said is acknowledged, stored once and shown once in one order."""
    stored = scene.stored()
    assert len(stored) == _NUMBER * len(clients)
    places = {entry.id: seq for seq, entry in stored.items()}
    for name, client in zip(_NAMES, clients, strict=True):
        acked = _acked(client)
        assert acked == {f"{name}-{at}": places[f"{name}-{at}"] for at in range(_NUMBER)}
        own = [entry.text for entry in stored.values() if entry.author == name]
        assert own == [line["say"] for line in _lines(name)]
        shown = [event["seq"] for event in client.events("message")]
        assert shown == sorted(set(shown))
        # Whoever leaves first does not see what the other says afterwards.
        assert shown == list(stored)[: len(shown)]
        assert shown[-1] >= max(acked.values())


def test_a_second_signal_means_at_once(scene: Scene) -> None:
    """Whoever asks twice is not kept waiting for a peer that does not take its farewell."""
    host = scene.host()
    with scene.guest("alice") as alice:
        alice.join()
        host.send(signal.SIGTERM)
        host.send(signal.SIGTERM)
        assert host.wait(5) in {0, -signal.SIGTERM}


def test_a_host_without_clients_stops_at_once(scene: Scene) -> None:
    """The last thing it prints says so, and the folder can be used again."""
    host = scene.host()
    assert host.stop(signal.SIGINT) == 0
    assert [heard.event["event"] for heard in host.heard] == ["ready", "stopped"]
    assert scene.host().stop() == 0
