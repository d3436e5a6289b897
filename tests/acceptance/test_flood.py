"""Hundreds of peers that never finish a handshake, against a host with its default limits."""

import time

import pytest

from secure_chat.limits import Limits
from tests.acceptance.crowd import ends, silent, stopped, welcome_seconds
from tests.acceptance.scene import Scene, report

_SILENT = 500
_STOPPED = 200


@pytest.mark.slow
def test_silent_and_stopped_peers_keep_nobody_waiting_and_are_gone_after_the_deadline(
    scene: Scene,
) -> None:
    """A good client is welcomed meanwhile; each of the others is closed and recorded once."""
    host = scene.host()
    deadline = Limits().handshake_seconds
    began = time.monotonic()
    crowd = silent(scene.address, _SILENT) + stopped(scene.address, _STOPPED)
    opened = time.monotonic()
    waits = [welcome_seconds(scene, name) for name in ("alice", "bob", "carol")]
    report(f"welcomes after {', '.join(f'{seconds:.3f} s' for seconds in waits)}")
    # The strict second is the soak's, which runs on a machine with nothing else to do.
    assert max(waits) < 5
    closed = ends(crowd, deadline + 10)
    report(f"closed {min(closed) - began:.2f} to {max(closed) - began:.2f} s after the first came")
    # Nobody is closed before the deadline, and nobody is given a second one.
    assert min(closed) - began >= deadline - 0.5
    assert max(closed) - opened < deadline + 5
    assert host.stop() == 0
    reasons = [record["reason"] for record in scene.records()]
    assert reasons.count("silent") == _SILENT
    assert reasons.count("stalled") == _STOPPED
    assert reasons.count("ok") == len(waits)
    assert len(reasons) == _SILENT + _STOPPED + len(waits)
