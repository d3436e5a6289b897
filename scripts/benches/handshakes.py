"""What one full mutual handshake costs a server's processor, against OpenSSL's own server.

TLS 1.3, never resumed, one after the other, with forty certificates in turn. A handshake counts
from the connect to the end of the connection, and the server's whole part of it is proven done
before the next one begins: ours must have judged the certificate, admitted it and sent its first
frame, the others must have answered our close, which they read behind our certificate. Ours also
writes its record of every handshake meanwhile. "To the welcome" goes on until the client is in:
for ours a membership and a page of the log, for the others the subscription.
"""

import argparse
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Final

from scripts.benches.gauge import SERVER_CPU, Gauge
from scripts.benches.peers import NAMES, PEERS, Papers, Peer, SecureChat, running
from scripts.benches.report import Figure, Goal
from secure_chat.limits import Limits
from secure_chat.wire.connection import Connection
from secure_chat.wire.messages import Greeting
from secure_chat.wire.states import Role

__all__ = ["ACCEPTED", "GOALS", "add_arguments", "measure", "turn"]

COST: Final = "server CPU us/handshake"
ACCEPTED: Final = "accepted"
WELCOMED: Final = "to the welcome"
# So long a handshake may take, and so long a server may finish what a turn has left behind.
_PATIENCE: Final = 10.0
_REST: Final = 0.1

GOALS: Final = (
    Goal(COST, ACCEPTED, "openssl", 1.2),
    Goal(COST, ACCEPTED, "openssl without tickets", 1.6),
)


class OpenSsl(Peer):
    """`openssl s_server` as it comes: two tickets after each handshake, no record, no profile."""

    name = "openssl"
    program = "openssl"
    package = "openssl"

    def command(self) -> list[str]:
        certs = self.papers.folder
        return [
            *("openssl", "s_server", "-quiet", "-accept", f"127.0.0.1:{self.port}"),
            *("-Verify", "1", "-verify_return_error", "-CAfile", str(certs / "ca.crt")),
            *("-cert", str(certs / "host.crt"), "-key", str(certs / "host.key")),
        ]


class OpenSslWithoutTickets(OpenSsl):
    """The same without tickets."""

    name = "openssl without tickets"

    def command(self) -> list[str]:
        return [*super().command(), "-num_tickets", "0"]


_PEERS: Final[dict[str, type[Peer]]] = PEERS | {
    peer.name: peer for peer in (OpenSsl, OpenSslWithoutTickets)
}

_COMPARED: Final = "securechat,openssl,openssl without tickets,nats,mosquitto"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be chosen."""
    parser.add_argument("--handshakes", type=int, default=400, help="how many with each server")
    parser.add_argument("--turn", type=int, default=80, help="how many before the next one's turn")
    parser.add_argument("--peers", default=_COMPARED, help="who is compared")


def measure(options: argparse.Namespace, folder: Path, number: int) -> Iterator[Figure]:
    """Let every peer serve its handshakes, a few at a time in turn, so that noise meets all."""
    papers = Papers.at(folder / "certs")
    kinds = [_PEERS[name] for name in options.peers.split(",") if _PEERS[name].here()]
    with ExitStack() as stack:
        peers = [kind(papers, folder / f"{kind.name}-{number}") for kind in kinds]
        gauges = [Gauge(stack.enter_context(running(peer, SERVER_CPU))) for peer in peers]
        for setting in (ACCEPTED, WELCOMED):
            able = [
                (peer, gauge)
                for peer, gauge in zip(peers, gauges, strict=True)
                if setting == ACCEPTED or not isinstance(peer, OpenSsl)
            ]
            for peer, _ in able:
                turn(peer, NAMES, setting)
            spent = dict.fromkeys((peer.name for peer, _ in able), 0.0)
            turns = max(1, options.handshakes // options.turn)
            for _ in range(turns):
                for peer, gauge in able:
                    before = gauge.cpu_seconds()
                    turn(peer, options.turn, setting)
                    spent[peer.name] += gauge.cpu_seconds() - before
            for name, seconds in spent.items():
                yield Figure(COST, setting, name, number, seconds / (turns * options.turn) * 1e6)


def turn(peer: Peer, handshakes: int, setting: str) -> None:
    """Shake hands so many times, one after the other, and let the server finish its part.

    Args:
        peer: with whom.
        handshakes: how many.
        setting: how far each one goes.
    """
    for number in range(handshakes):
        with closing(_connect(peer, number)) as sock:
            if setting == WELCOMED:
                peer.enter(sock, number)
            elif isinstance(peer, SecureChat):
                _await_greeting(sock)
            _part(sock)
    time.sleep(_REST)


def _connect(peer: Peer, number: int) -> ssl.SSLSocket:
    raw = socket.create_connection(("127.0.0.1", peer.port), timeout=_PATIENCE)
    raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.greet(raw)
    sock = peer.context(number).wrap_socket(raw, server_hostname="localhost")
    assert sock.version() == "TLSv1.3"
    assert not sock.session_reused
    return sock


def _await_greeting(sock: ssl.SSLSocket) -> None:
    wire = Connection(Role.CLIENT, Limits())
    while True:
        data = sock.recv(65_536)
        if not data:
            raise ConnectionError("the host closed instead of greeting")
        wire.receive_data(data)
        for event in wire.events():
            if not isinstance(event, Greeting):
                raise ConnectionError(f"the host refused: {event}")
            return


def _part(sock: ssl.SSLSocket) -> None:
    """Say goodbye and wait until the server has ended the connection, or said why it refuses."""
    try:
        sock.unwrap()
    except ssl.SSLEOFError:
        # It ended the connection without a goodbye of its own.
        return
    except ssl.SSLError as error:
        # A frame for this client was under way already.
        if error.reason != "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
            raise
