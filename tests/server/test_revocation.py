"""Revocation while a host runs: who is in goes, who comes is refused, also after a restart."""

import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from secure_chat.limits import Limits
from secure_chat.wire.connection import Connection, Event, PeerClosed
from secure_chat.wire.messages import Ack, Code, Greeting, Said, Say
from secure_chat.wire.states import Role
from tests.server.conftest import LiveHost, revoke_elsewhere
from tests.server.guest import context_for

CERTIFICATE_REVOKED = "alert certificate revoked"


def refused_by_alert(host: LiveHost, name: str) -> str:
    """Try to come in; returns what OpenSSL says of the alert that the host sent."""
    raw = socket.create_connection(host.address, timeout=20)
    with (
        context_for(host.certs, name).wrap_socket(raw, server_hostname="127.0.0.1") as tls,
        pytest.raises(ssl.SSLError) as caught,
    ):
        tls.recv(10)
    return str(caught.value).lower()


def test_whoever_is_revoked_is_out_and_stays_out(own: Path, tmp_path: Path) -> None:
    """The live connection ends with the reason, the next handshake too, also after a restart."""
    host = LiveHost(own, tmp_path / "host", Limits())
    with host, host.guest("alice") as alice, host.guest("bob") as bob:
        alice.join()
        bob.join()
        revoke_elsewhere(own, "bob")
        assert bob.closed().code == Code.REVOKED
        host.wait_for("certificates")
        assert CERTIFICATE_REVOKED in refused_by_alert(host, "bob")
        alice.say(Say(id="1", text="he is gone", room="lobby"))
        assert alice.wait_for(Ack).seq
        assert not [event for event in bob.heard if isinstance(event, Said)]
    with LiveHost(own, tmp_path / "host", Limits()) as again:
        assert CERTIFICATE_REVOKED in refused_by_alert(again, "bob")
        with again.guest("alice") as alice:
            assert alice.join().name == "alice"
    assert refusals(again) == ["revoked", "revoked"]


def refusals(host: LiveHost) -> list[str]:
    """Return why handshakes were refused, once the host has stopped."""
    return [record["reason"] for record in host.records() if not record["established"]]


class SlowHandshake:
    """A handshake that stops when the host has said all of its part, and goes on when told.

    Args:
        host: whom to knock at.
        name: who to be.
    """

    def __init__(self, host: LiveHost, name: str) -> None:
        self.sock = socket.create_connection(host.address, timeout=20)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = context_for(host.certs, name)
        self._tls = context.wrap_bio(self._in, self._out, server_hostname="127.0.0.1")

    def begin(self) -> None:
        """Go as far as one's own certificate, and keep that back."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.sock.sendall(self._out.read())
                self._in.write(self.sock.recv(65_536))
            else:
                return

    def end(self) -> Event:
        """Send the certificate and return what the host says to it first."""
        self.sock.sendall(self._out.read())
        wire, heard = Connection(Role.CLIENT, Limits()), list[Event]()
        while not heard:
            self._in.write(self.sock.recv(65_536))
            with suppress(ssl.SSLWantReadError):
                while data := self._tls.read(65_536):
                    wire.receive_data(data)
            heard += wire.events()
        self.sock.close()
        return heard[0]


def test_whoever_is_revoked_during_the_handshake_is_refused_behind_it(
    own: Path, tmp_path: Path
) -> None:
    """The handshake began under the old list, so the registry is what keeps them out."""
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        slow = SlowHandshake(host, "bob")
        slow.begin()
        revoke_elsewhere(own, "bob")
        host.wait_for("certificates")
        heard = slow.end()
        assert isinstance(heard, PeerClosed)
        assert heard.code == Code.REVOKED
    assert refusals(host) == ["revoked"]


def test_a_handshake_that_only_takes_its_time_is_let_in(own: Path, tmp_path: Path) -> None:
    """What refused in the test before is the revocation and nothing else about it."""
    with LiveHost(own, tmp_path / "host", Limits()) as host:
        slow = SlowHandshake(host, "bob")
        slow.begin()
        revoke_elsewhere(own, "carol")
        host.wait_for("certificates")
        assert isinstance(slow.end(), Greeting)
