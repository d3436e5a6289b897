"""An enrolment listener in this process, with a registrar that a test decides for; and a stranger.

Real sockets, its own thread, real certificates; the trail and its rules have tests of their own.
"""

import queue
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509

from secure_chat.clock import SystemClock
from secure_chat.errors import EnrolmentRefused
from secure_chat.handshakes.record import HandshakeRecord
from secure_chat.limits import Limits
from secure_chat.net.recording import Evidence, record_of
from secure_chat.pki.invitation import Invitation, pin_of
from secure_chat.pki.setup import open_authority
from secure_chat.pki.vault import Vault
from secure_chat.server.enrolment import Enrolment
from secure_chat.server.registrar import Enrol
from secure_chat.tls.context import ENROLMENT_ALPN, enrolment_host_contexts
from secure_chat.wire.codec import encode
from secure_chat.wire.enrolment import Enrolled, FromHost, decode_from_host
from secure_chat.wire.framing import FrameReader
from secure_chat.wire.part import Part

__all__ = ["SECRET", "Listener", "Stranger", "relay", "signed"]

SECRET = "s" * 27
_PATIENCE = 20.0


def signed(certs: Path, order: Enrol, port: int = 65_432) -> Enrolled:
    """Return what a registrar gives who asks rightly, without a look at any trail."""
    vault = Vault(certs)
    request = x509.load_pem_x509_csr(order.request.encode())
    leaf = open_authority(vault).issue_member(
        order.name,
        now=SystemClock().now(),
        life=timedelta(days=1),
        key=request.public_key(),  # type: ignore[arg-type] # of a kind that the tests make
    )
    return Enrolled(
        leaf.certificate_pem.decode(), vault.ca_crt.read_text(), vault.community(), port
    )


class Listener:
    """An enrolment listener on a free port of 127.0.0.1.

    Args:
        certs: the certificates folder.
        judge: the registrar's answer to an order; None to be asked by `orders` and answer by hand.
        limits: the bounds in force.
        shown: the authorities it tells of; those of its folder unless told otherwise.
    """

    def __init__(
        self,
        certs: Path,
        judge: Callable[[Enrol], Enrolled | EnrolmentRefused] | None = None,
        limits: Limits | None = None,
        shown: str | None = None,
    ) -> None:
        vault = Vault(certs)
        self.certs = certs
        self.orders: queue.Queue[Enrol] = queue.Queue()
        self.evidence: queue.Queue[Evidence] = queue.Queue()
        self._judge = judge
        pem = vault.ca_crt.read_text() if shown is None else shown
        contexts = enrolment_host_contexts(vault.host_crt, vault.host_key)
        self.enrolment = Enrolment(
            bind="127.0.0.1",
            port=0,
            contexts=lambda: contexts,
            authorities=lambda: pem,
            registrar=self._order,
            recorded=self.evidence.put,
            limits=limits or Limits(),
            clock=SystemClock(),
        )
        self._threads = [
            threading.Thread(target=self.enrolment.run, name="enrolment"),
            threading.Thread(target=self._accept, name="accepting"),
        ]
        self._closing = threading.Event()

    def __enter__(self) -> Self:
        self.enrolment.open()
        self.address: tuple[str, int] = self.enrolment.sockets[0].getsockname()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shut()
        self.enrolment.stop()
        self._threads[0].join(_PATIENCE)
        self.enrolment.release()

    def shut(self) -> None:
        """Listen no more, as when no invitation is left."""
        self._closing.set()
        if self._threads[1].is_alive():
            self._threads[1].join(_PATIENCE)
        self.enrolment.close()

    def invitation(self, name: str = "carol", secret: str = SECRET) -> Invitation:
        """Return an invitation to this host."""
        authority = pin_of(Vault(self.certs).ca_certificate())
        host, port = self.address
        return Invitation(host=host, port=port, name=name, authority=authority, secret=secret)

    def record(self) -> HandshakeRecord:
        """Return the next record."""
        return record_of(self.evidence.get(timeout=_PATIENCE))

    def stranger(self, alpn: str | None = ENROLMENT_ALPN) -> "Stranger":
        """Connect with TLS, trusting anybody."""
        return Stranger(self.address, alpn)

    def _order(self, order: Enrol) -> None:
        self.orders.put(order)
        if self._judge is not None:
            order.answer(self._judge(order))

    def _accept(self) -> None:
        """Be the main thread of a host."""
        (listening,) = self.enrolment.sockets
        while not self._closing.is_set():
            if select.select([listening], [], [], 0.02)[0]:
                self.enrolment.accept(listening)


class Stranger:
    """Somebody at the enrolment listener who says what a test wants.

    Args:
        address: where it is.
        alpn: the protocol to offer.
    """

    def __init__(self, address: tuple[str, int], alpn: str | None = ENROLMENT_ALPN) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if alpn is not None:
            context.set_alpn_protocols([alpn])
        raw = socket.create_connection(address, timeout=_PATIENCE)
        self.sock = context.wrap_socket(raw, server_hostname="localhost")
        self._reader = FrameReader(Limits().frame_bytes)
        self._bodies: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.sock.close()

    def say(self, *messages: Part) -> None:
        """Send messages."""
        self.raw(b"".join(encode(message) for message in messages))

    def raw(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def hear(self) -> FromHost | None:
        """Return the next message, None at the end."""
        while not self._bodies:
            data = self.sock.recv(65_536)
            if not data:
                return None
            self._bodies += map(bytes, self._reader.feed(data))
        return decode_from_host(self._bodies.pop(0))


@contextmanager
def relay(address: tuple[str, int], seen: bytearray) -> Iterator[int]:
    """Pass everything on between a port of its own and an address, keeping what passes.

    Args:
        address: where to.
        seen: takes the bytes of both directions.
    """

    def pump(one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while data := one.recv(65_536):
                seen.extend(data)
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near, socket.create_connection(address, timeout=_PATIENCE) as far:
                back = threading.Thread(target=pump, args=(far, near))
                back.start()
                pump(near, far)
                back.join(_PATIENCE)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            # Closing alone would leave the thread in accept for ever.
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(_PATIENCE)
