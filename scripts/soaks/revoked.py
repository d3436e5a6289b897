"""Members are revoked, and the host's certificate is renewed, while others come, talk and go."""

import argparse
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Self

from scripts.soaks.judging import Verdict, community, quantile
from secure_chat.pki.issuing import renew_host
from secure_chat.pki.opening import open_authority
from secure_chat.pki.revoking import revoke
from secure_chat.pki.vault import Vault
from secure_chat.wire.messages import Ack, Code, Say
from tests.acceptance.scene import Scene

__all__ = ["add_arguments", "run"]

_GOAL: Final = 1.0
"""Seconds within which somebody who was revoked must be out, and within which a new certificate
of the host must be shown."""
_BY: Final = "soak"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--members", type=int, default=40, help="how many are revoked")
    parser.add_argument("--crowd", type=int, default=50, help="how many come and go meanwhile")
    parser.add_argument("--renewals", type=int, default=5, help="new certificates of the host")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the soak and return 0 when nothing was violated."""
    verdict = Verdict()
    goers = [f"goer-{number}" for number in range(arguments.members)]
    crowd = [f"stayer-{number}" for number in range(arguments.crowd)]
    with community(("talker", "probe", *goers, *crowd)) as scene:
        host = scene.host("--rate", "0", "--enroll-port", "0")
        with Crowd(scene, crowd) as moving:
            _revoke_all(scene, goers, verdict)
            _renew(scene, arguments.renewals, verdict)
        print(f"meanwhile {moving.joined} joins of {len(crowd)} others, {moving.failed} failed")
        verdict.demand(moving.failed == 0, f"somebody else was turned away: {moving.why}")
        verdict.demand(host.stop() == 0, "the host did not end in order")
        host = scene.host("--enroll-port", "0")
        let_in = [name for name in goers if not _refused(scene, name)]
        print(f"after a restart {len(goers) - len(let_in)} of {len(goers)} are refused")
        verdict.demand(not let_in, f"let in again: {let_in}")
    return verdict.close()


class Crowd:
    """People who come, say something and go, again and again, on threads of their own."""

    def __init__(self, scene: Scene, names: list[str]) -> None:
        self._scene = scene
        self._names = names
        self._end = threading.Event()
        self._pool = ThreadPoolExecutor(len(names) + 1)
        self.joined = self.failed = 0
        self.why = ""

    def __enter__(self) -> Self:
        for name in self._names:
            self._pool.submit(self._come_and_go, name)
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._pool.shutdown()

    def _come_and_go(self, name: str) -> None:
        while not self._end.is_set():
            try:
                with self._scene.guest(name) as guest:
                    guest.join()
                    guest.say(Say(id=str(time.monotonic_ns()), text="hello", room="lobby"))
                    guest.wait_for(Ack)
                self.joined += 1
            except (OSError, AssertionError) as error:
                self.failed += 1
                self.why = repr(error)
            # As a person would; without it the processors would measure the crowd.
            self._end.wait(1.0)


def _revoke_all(scene: Scene, goers: list[str], verdict: Verdict) -> None:
    """Revoke everybody while they are in and while they come, and tell how long each took."""
    vault = Vault(scene.certs)
    authority = open_authority(vault)
    live, new = [], []
    for name in goers:
        with scene.guest(name) as guest:
            guest.join()
            revoke(vault, authority, name, "keyCompromise", time.time(), _BY)
            began = time.monotonic()
            verdict.demand(guest.closed().code == Code.REVOKED, f"{name} was not told why")
            live.append(time.monotonic() - began)
        while not _refused(scene, name):
            continue
        new.append(time.monotonic() - began)
    for what, seconds in (("closed", live), ("refused by an alert", new)):
        print(
            f"{what} after {quantile(seconds, 0.5) * 1e3:.0f} ms (median),"
            f" {max(seconds) * 1e3:.0f} ms (worst of {len(seconds)})"
        )
        verdict.demand(max(seconds) < _GOAL, f"{what} after {max(seconds):.2f} s")


def _refused(scene: Scene, name: str) -> bool:
    """Try to come in; whether the handshake itself was refused because of a revocation."""
    with scene.guest(name) as guest:
        try:
            guest.closed()
        except ssl.SSLError as error:
            return "revoked" in str(error).lower()
        return False


def _renew(scene: Scene, times: int, verdict: Verdict) -> None:
    """Give the host new certificates and tell how long it took until each was shown."""
    vault = Vault(scene.certs)
    authority = open_authority(vault)
    seconds = []
    for _ in range(times):
        leaf = renew_host(vault, authority, time.time(), _BY, force=True)
        began = time.monotonic()
        while leaf is not None and _shown(scene) != leaf.identity.serial:
            continue
        seconds.append(time.monotonic() - began)
    print(
        f"a new certificate of the host is shown after {quantile(seconds, 0.5) * 1e3:.0f} ms"
        f" (median), {max(seconds) * 1e3:.0f} ms (worst of {len(seconds)})"
    )
    verdict.demand(max(seconds) < _GOAL, f"the host's certificate took {max(seconds):.2f} s")


def _shown(scene: Scene) -> str:
    with scene.guest("probe") as guest:
        guest.join()
        shown = guest.sock.getpeercert() or {}
        return str(shown["serialNumber"]).lower().lstrip("0")
