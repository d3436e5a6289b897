"""A peer that is gone without a word is found dead within 30 seconds, on both ends."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.namespaces import may_make_namespaces
from tests.acceptance.scene import report
from tests.acceptance.silence import Silence, cut_line, stopped_client, stopped_host
from tests.tools import need

_LIMIT = 30.0
_SLACK = 5.0
"""The machine that runs the gate has other things to do; the soak demands the limit itself."""


@pytest.fixture(scope="module")
def silences(certs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Silence]]:
    """Return every kind of silence; they fall together, so that one wait is enough for all."""
    folder = tmp_path_factory.mktemp("silence")
    with ExitStack() as stack:
        found = {}
        need("ip")
        if may_make_namespaces():
            found["line"] = stack.enter_context(cut_line(folder / "line"))
        found["client"] = stack.enter_context(stopped_client(certs, folder / "client"))
        found["host"] = stack.enter_context(stopped_host(certs, folder / "host"))
        yield found


@pytest.mark.slow
def test_a_stopped_client_is_found_dead_and_comes_back(silences: dict[str, Silence]) -> None:
    """The host says after how long it gave up; the client returns when it is let go on."""
    silence = silences["client"]
    report(f"the host noticed after {silence.host_noticed(_LIMIT + _SLACK):.1f} s")
    silence.client.send(signal.SIGCONT)
    silence.client.event("disconnected")
    assert "said nothing" in silence.client.event("connected").event["dropped"]
    assert silence.client.finish() == 0


@pytest.mark.slow
def test_a_stopped_host_is_found_dead_and_joined_again(silences: dict[str, Silence]) -> None:
    """The client tells it, tries again by itself, and is let in when the host goes on."""
    silence = silences["host"]
    report(f"the client noticed after {silence.client_noticed(_LIMIT + _SLACK):.1f} s")
    silence.host.send(signal.SIGCONT)
    silence.client.event("connected", 40)
    silence.client.say({"say": "back", "room": "lobby", "id": "back"})
    silence.client.event("acked", id="back")
    assert silence.client.finish() == 0


@pytest.mark.slow
def test_a_cut_line_is_noticed_at_both_ends_and_heals(silences: dict[str, Silence]) -> None:
    """Neither end is told anything by its system, and both find out; later they meet again."""
    if "line" not in silences:
        pytest.skip("needs root and network namespaces")
    silence = silences["line"]
    assert silence.cable is not None
    host, client = (
        silence.host_noticed(_LIMIT + _SLACK),
        silence.client_noticed(_LIMIT + _SLACK),
    )
    report(f"the host noticed after {host:.1f} s, the client after {client:.1f} s")
    silence.cable.plug_in()
    silence.client.event("connected", 40)
    silence.client.say({"say": "back", "room": "lobby", "id": "back"})
    silence.client.event("acked", id="back")
    assert silence.client.finish() == 0
