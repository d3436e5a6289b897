"""The servers that are compared, all with mutual TLS from one authority; how to talk to them."""

import shutil
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.benches.crowd import payload
from scripts.benches.gauge import pinned
from scripts.soaks.processes import free_port
from secure_chat.limits import Limits
from secure_chat.tls.context import ALPN
from secure_chat.wire.codec import encode
from secure_chat.wire.connection import Connection
from secure_chat.wire.messages import PROTOCOL_VERSION, Greeting, Hello, Live, Say
from secure_chat.wire.states import Role

__all__ = ["PEERS", "Papers", "Peer", "running"]

NAMES = 40


@dataclass(frozen=True)
class Papers:
    """One authority, a host's certificate and many clients'.

    Args:
        folder: the certificates folder.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Papers":
        """Return those in a folder, made when they are missing."""
        if folder.exists():
            return cls(folder)
        from secure_chat.pki.setup import InitRequest, init_certs
        from secure_chat.pki.vault import Vault

        names = tuple(f"p{number}" for number in range(NAMES))
        init_certs(Vault(folder), InitRequest(clients=names))
        return cls(folder)

    def context(self, number: int, alpn: str | None = None) -> ssl.SSLContext:
        """Return a client's context."""
        name = f"p{number % NAMES}"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.folder / "ca.crt")
        context.load_cert_chain(
            self.folder / "clients" / f"{name}.crt", self.folder / "clients" / f"{name}.key"
        )
        if alpn:
            context.set_alpn_protocols([alpn])
        return context


class Peer:
    """A server and its dialect.

    Args:
        papers: the certificates.
        folder: for its files.
        size: of a payload, bytes.
    """

    name = ""
    program = ""
    # What to install from Debian to have it.
    package = ""

    def __init__(self, papers: Papers, folder: Path, size: int = 128) -> None:
        self.papers = papers
        self.folder = folder
        self.port = free_port()
        self.payload = payload(size)
        self._contexts: dict[int, ssl.SSLContext] = {}
        self._told = 0

    @classmethod
    def here(cls) -> bool:
        """Tell whether its program is installed."""
        return shutil.which(cls.program) is not None or Path("/usr/sbin", cls.program).exists()

    def context(self, number: int) -> ssl.SSLContext:
        """Return a client's context, one for each name."""
        key = number % NAMES
        if key not in self._contexts:
            self._contexts[key] = self.papers.context(number, self.alpn())
        return self._contexts[key]

    def alpn(self) -> str | None:
        """Return the application protocol to offer."""
        return None

    def command(self) -> list[str]:
        """Write the configuration and return the command."""
        raise NotImplementedError

    def greet(self, raw: socket.socket) -> None:
        """Do what comes before TLS; most have nothing."""

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        """Say hello and subscribe."""
        raise NotImplementedError

    def publish(self, number: int) -> bytes:
        """Return the bytes that say the payload once."""
        raise NotImplementedError


class SecureChat(Peer):
    """Ours, with everything switched on: durable log, acks, records."""

    name = "securechat"
    program = sys.executable

    def alpn(self) -> str | None:
        return ALPN

    def command(self) -> list[str]:
        program = str(Path(sys.executable).with_name("securechat"))
        return [
            *(program, "host", "--certs", str(self.papers.folder), "--data", str(self.folder)),
            *("--port", str(self.port), "--rate", "0", "--quiet"),
        ]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        wire = Connection(Role.CLIENT, Limits())
        heard: list[object] = []
        while not any(isinstance(event, Live) for event in heard):
            wire.receive_data(sock.recv(65_536))
            for event in wire.events():
                heard.append(event)
                if isinstance(event, Greeting):
                    wire.send(Hello(version=PROTOCOL_VERSION, cursor=2**62, device=str(number)))
                    sock.sendall(b"".join(wire.data_to_send()))

    def publish(self, number: int) -> bytes:
        # Each message has an id of its own.
        self._told += 1
        ident = f"{time.time_ns() // 1_000_000:012x}{self._told:020x}"
        return encode(Say(id=ident, text=self.payload.decode(), room="lobby"))


class Nats(Peer):
    """nats-server: core publish and subscribe, stores nothing."""

    name = "nats"
    program = "nats-server"
    package = "nats-server"

    def command(self) -> list[str]:
        certs = self.papers.folder
        return [
            *("nats-server", "-a", "127.0.0.1", "-p", str(self.port), "--tlsverify"),
            *("--tlscert", str(certs / "host.crt"), "--tlskey", str(certs / "host.key")),
            *("--tlscacert", str(certs / "ca.crt"), "-l", str(self.folder / "log")),
        ]

    def greet(self, raw: socket.socket) -> None:
        # The server introduces itself in the clear and then upgrades.
        while raw.recv(1) != b"\n":
            pass

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        sock.sendall(b'CONNECT {"verbose":false,"pedantic":false}\r\nSUB room 1\r\nPING\r\n')
        heard = b""
        while b"PONG" not in heard:
            heard += sock.recv(65_536)

    def publish(self, number: int) -> bytes:
        return b"PUB room %d\r\n%s\r\n" % (len(self.payload), self.payload)


class Mosquitto(Peer):
    """mosquitto: MQTT 3.1.1 with QoS 0, stores nothing."""

    name = "mosquitto"
    program = "mosquitto"
    package = "mosquitto"

    def command(self) -> list[str]:
        certs = self.papers.folder
        config = self.folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\ncafile {certs / 'ca.crt'}\n"
            f"certfile {certs / 'host.crt'}\nkeyfile {certs / 'host.key'}\n"
            "require_certificate true\nallow_anonymous true\nuser root\n"
            "max_queued_messages 0\nset_tcp_nodelay true\nlog_dest none\n"
        )
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        return [program, "-c", str(config)]

    def enter(self, sock: ssl.SSLSocket, number: int) -> None:
        client = f"c{number}".encode()
        body = b"\x00\x04MQTT\x04\x02\x00\x00" + struct.pack(">H", len(client)) + client
        sock.sendall(bytes([0x10, len(body)]) + body)
        self._expect(sock, 0x20)
        sock.sendall(b"\x82\x09\x00\x01\x00\x04room\x00")
        self._expect(sock, 0x90)

    @staticmethod
    def _expect(sock: ssl.SSLSocket, kind: int) -> None:
        if sock.recv(100)[0] != kind:
            raise ConnectionError("mosquitto refused")

    def publish(self, number: int) -> bytes:
        body = b"\x00\x04room" + self.payload
        length = len(body)
        prefix = bytearray([0x30])
        while True:
            length, low = divmod(length, 128)
            prefix.append(low | (128 if length else 0))
            if not length:
                return bytes(prefix) + body


PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (SecureChat, Nats, Mosquitto)}


@contextmanager
def running(peer: Peer, cpu: int) -> Iterator[int]:
    """Start a peer bound to one processor, wait until it listens, and stop it afterwards.

    Yields:
        Its process id.
    """
    peer.folder.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        pinned(cpu, peer.command()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(peer.folder / "stderr").open("wb"),
    )
    try:
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", peer.port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise
                time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)
