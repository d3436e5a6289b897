"""Peers gone without a word (stopped, cut off) are found dead within 30 seconds on both ends."""

import argparse
import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

from scripts.soaks.judging import Verdict
from secure_chat.pki.setup import InitRequest, init_certs
from secure_chat.pki.vault import Vault
from tests.acceptance.namespaces import may_make_namespaces
from tests.acceptance.silence import Silence, cut_line, stopped_client, stopped_host

__all__ = ["add_arguments", "run"]

_LIMIT = 30.0
_PATIENCE = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rounds", type=int, default=1, help="how often each of them falls silent")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    verdict = Verdict()
    for number in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            print(f"round {number + 1} of {arguments.rounds}")
            _round(Path(folder), verdict)
    return verdict.close()


def _round(folder: Path, verdict: Verdict) -> None:
    """Let all three kinds fall silent at once, so that one wait is enough."""
    certs = folder / "certs"
    init_certs(Vault(certs), InitRequest(clients=("alice",)))
    with ExitStack() as stack:
        line = None
        if may_make_namespaces():
            line = stack.enter_context(cut_line(folder / "line"))
        else:
            print("the cut line is left out: it needs root and `ip netns`")
        client = stack.enter_context(stopped_client(certs, folder / "client"))
        host = stack.enter_context(stopped_host(certs, folder / "host"))
        _judge("client stopped, the host noticed", client.host_noticed(_PATIENCE), verdict)
        _judge("host stopped, the client noticed", host.client_noticed(_PATIENCE), verdict)
        client.client.send(signal.SIGCONT)
        client.client.event("disconnected")
        host.host.send(signal.SIGCONT)
        silences = [client, host]
        if line is not None and line.cable is not None:
            _judge("line cut, the host noticed", line.host_noticed(_PATIENCE), verdict)
            _judge("line cut, the client noticed", line.client_noticed(_PATIENCE), verdict)
            line.cable.plug_in()
            silences.append(line)
        for silence in silences:
            _heal(silence, verdict)


def _judge(what: str, seconds: float, verdict: Verdict) -> None:
    print(f"{what} after {seconds:.2f} s")
    verdict.demand(seconds <= _LIMIT, f"{what} only after {seconds:.2f} s")


def _heal(silence: Silence, verdict: Verdict) -> None:
    """Wait until the client is back and can speak."""
    dropped = silence.client.event("connected", _PATIENCE).event["dropped"]
    silence.client.say({"say": "back", "room": "lobby", "id": "back"})
    silence.client.event("acked", id="back")
    print(f"back again; the welcome said {dropped!r}")
    verdict.demand(silence.client.finish() == 0, "the client did not leave in order")
