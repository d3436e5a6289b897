"""A host's worker and a client's worker over real TLS on loopback, turned by hand."""

from pathlib import Path

from secure_chat.limits import Limits
from secure_chat.net.orders import Admit, Open, Serve
from secure_chat.wire.messages import PROTOCOL_VERSION, Hello, Welcome
from secure_chat.wire.states import Role
from tests.fakes import FakeClock
from tests.net.ends import End, client_tls, host_tls, pair_of_sockets, turn_until

__all__ = ["ADDRESS", "WELCOME", "Table"]

ADDRESS = ("127.0.0.1", 4)
WELCOME = Welcome(name="alice", role="member", community="c", head=0, floor=0, rooms=["lobby"])


class Table:
    """A host's end and a client's end over TCP connections of one number each."""

    def __init__(self, certs: Path, clock: FakeClock, limits: Limits, name: str | None) -> None:
        self.clock = clock
        self.host = End(Role.HOST, host_tls(certs), clock, limits)
        self.client = End(Role.CLIENT, client_tls(certs, name), clock, limits)

    def connect(self, conn: int = 1) -> None:
        """Adopt both ends of a new TCP connection."""
        host, client = pair_of_sockets()
        self.host.worker.adopt(conn, host, ADDRESS)
        self.client.worker.adopt(conn, client, ADDRESS, server_name="127.0.0.1")

    def until(self, done: object) -> None:
        """Turn both ends until something is true."""
        turn_until(done, self.host, self.client)

    def join(self, conn: int = 1) -> None:
        """Go all the way to an open conversation that is delivered to live."""
        self.connect(conn)
        self.until(lambda: conn in self.host.heard.opened_conns)
        self.host.worker.post(Admit(conn))
        self.until(self.client.said)
        self.client.worker.send(conn, Hello(version=PROTOCOL_VERSION))
        self.until(self.host.said)
        self.host.worker.post(Open(conn, WELCOME))
        self.host.worker.post(Serve(conn, b"", 0, live=True))
        self.until(lambda: len(self.client.said()) == 2)
        self.host.heard.messages.clear()
        self.client.heard.messages.clear()

    def pass_time(self, seconds: float) -> None:
        """Let time pass in steps that a running worker would notice."""
        while seconds > 0:
            self.clock.advance(min(seconds, 1.0))
            seconds -= 1.0
            for _ in range(3):
                self.host.worker.turn(0)
                self.client.worker.turn(0)

    def stop(self) -> None:
        """Close everything."""
        self.host.stop()
        self.client.stop()
