"""An ack means synced to the disk: watched from outside, and with a disk that fails."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from secure_chat.wire.connection import PeerClosed
from secure_chat.wire.messages import Ack, Code, Error, Profile, Said, Say, Whois
from tests.acceptance.scene import Scene, report
from tests.acceptance.traced import Trace, acks_without_sync, read_trace

_NUMBER = 50
_CARELESS = {
    "does not sync": (sys.executable, "-m", "tests.acceptance.careless_host"),
    "acknowledges first": (sys.executable, "-m", "scripts.soaks.broken_host"),
}


def _watch(scene: Scene, path: Path, program: Sequence[str] = ()) -> tuple[int, int, int]:
    """Say things one by one under strace; return acks, acks without a sync, and syncs."""
    host = scene.host(program=program)
    with scene.guest("alice") as alice:
        # Whoever is not live hears nothing but answers.
        alice.join(live=False)
        port = alice.sock.getsockname()[1]
        with Trace(host.pid, path):
            for number in range(_NUMBER):
                alice.say(Say(id=str(number), text="watch this", room="lobby"))
                alice.wait_for(Ack)
            # An ack may be heard before strace has noted that it was written. The thread that
            # wrote it answers this only afterwards.
            alice.say(Whois(re=1, name="alice"))
            alice.wait_for(Profile)
    host.stop()
    calls = read_trace(path)
    syncs = [call for call in calls if call.name in {"fdatasync", "fsync"} and call.result == 0]
    return *acks_without_sync(calls, port, _NUMBER), len(syncs)


def test_each_ack_is_preceded_by_a_sync_that_began_behind_its_message(
    scene: Scene, tmp_path: Path
) -> None:
    """Fifty messages, fifty syncs in between, seen in the host's own system calls."""
    acks, wrong, syncs = _watch(scene, tmp_path / "trace")
    report(f"{acks} acks, {syncs} syncs, {wrong} acks without one")
    assert (acks, wrong) == (_NUMBER, 0)
    assert syncs >= acks


@pytest.mark.parametrize("careless", sorted(_CARELESS))
def test_the_watch_finds_a_careless_host(scene: Scene, tmp_path: Path, careless: str) -> None:
    """The same watch over a host that breaks the promise does not come out clean."""
    acks, wrong, syncs = _watch(scene, tmp_path / "trace", _CARELESS[careless])
    report(f"{acks} acks, {syncs} syncs, {wrong} acks without one")
    assert acks == _NUMBER
    assert wrong > _NUMBER // 2


def test_a_disk_that_fails_ends_the_host_without_an_ack(scene: Scene, tmp_path: Path) -> None:
    """After a failed sync nothing is promised any more: the sender is told, the host ends."""
    host = scene.host()
    with scene.guest("alice") as alice:
        alice.join(live=False)
        alice.say(Say(id="good", text="before", room="lobby"))
        kept = alice.wait_for(Ack)
        with Trace(host.pid, tmp_path / "trace", "fdatasync,fsync:error=EIO:when=1+"):
            alice.say(Say(id="bad", text="after", room="lobby"))
            error = alice.wait_for(Error)
            closed = alice.wait_for(PeerClosed)
            code = host.wait(10)
        assert (error.id, error.code) == ("bad", Code.INTERNAL)
        assert closed.code == Code.SHUTDOWN
        assert not [event for event in alice.heard if isinstance(event, Ack | Said)]
    assert code == 1
    what, hint = host.talk
    assert what.startswith("error: the log's disk failed: disk I/O error")
    assert "start the host again" in hint
    assert "EIO" in (tmp_path / "trace").read_text()
    # What was acknowledged before is there, and the outcome of the other one is known again.
    again = scene.host()
    with scene.guest("alice") as alice:
        alice.join(live=False)
        alice.say(Say(id="good", text="before", room="lobby"))
        assert alice.wait_for(Ack) == kept
        alice.say(Say(id="bad", text="after", room="lobby"))
        alice.wait_for(Ack)
    assert again.stop(signal.SIGTERM) == 0
    assert [entry.id for entry in scene.stored().values()] == ["good", "bad"]
